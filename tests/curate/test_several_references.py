"""A film with two references, from files to pairs, through the command line."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from unfade.commands.failures import EXIT_USER_ERROR
from unfade.curate.matching.best_reference import best_matches, film_detail
from unfade.curate.matching.frames import FrameMatches
from unfade.film.alignment import Alignments
from unfade.film.match import MatchRecord
from unfade.film.pair import Pair, PairList
from unfade.film.shot import Shot
from unfade.film.time import FrameRange

from .conftest import clip_frames, fade

SHOTS = (("bikes.mp4", 40), ("bigbuckbunny.mp4", 30))
LENGTH = 24
SOFT, SHARP = (120, 96), (360, 192)
FILM = '[film]\ntitle = "Film"\n[source]\npath = "scan/%04d.png"\n'
BOTH = FILM + "".join(
    f'[[reference]]\nname = "{name}"\npath = "{name}/%04d.png"\n' for name in ("soft", "sharp")
)

Run = Callable[..., tuple[int, str]]


def store(folder: Path, pictures: Sequence[np.ndarray]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        assert cv2.imwrite(str(folder / f"{number:04d}.png"), picture[..., ::-1])


def resized(clean: Sequence[np.ndarray], size: tuple[int, int]) -> list[np.ndarray]:
    """The film's picture as a reference of a given size shows it."""
    return [cv2.resize(one[6:-9, 10:-5], size, interpolation=cv2.INTER_AREA) for one in clean]


def subtitled(picture: np.ndarray) -> np.ndarray:
    """A picture with a subtitle burned in."""
    height, width = picture.shape[:2]
    for shade, thickness in ((10, 5), (245, 2)):
        place = (width // 8, height * 7 // 8)
        cv2.putText(
            picture, "Where have you been?", place, 0, width / 480, (shade,) * 3, thickness,
            cv2.LINE_AA,
        )  # fmt: skip
    return picture


@pytest.fixture(scope="module")
def clean() -> list[np.ndarray]:
    return [frame for name, first in SHOTS for frame in clip_frames(name, first, LENGTH)]


@pytest.fixture
def film(tmp_path: Path, clean: list[np.ndarray]) -> Path:
    """The folder of a film with its scan."""
    noise = np.random.default_rng(2)
    store(tmp_path / "scan", [fade(frame, noise) for frame in clean])
    return tmp_path


def pairs_of(run: Run, folder: Path, text: str) -> tuple[Pair, ...]:
    """The pairs of a film.toml after a run to curate."""
    (folder / "film.toml").write_text(text)
    status, output = run("run", folder / "film.toml", "--to", "curate", "--quiet")
    assert status == 0, output
    return PairList.from_json((folder / PairList.PATH).read_text()).pairs


def test_each_shot_takes_the_reference_that_contains_it(
    film: Path, clean: list[np.ndarray], run: Run
) -> None:
    other = clip_frames("carphone_pristine.mp4", 0, 10)
    store(film / "soft", resized([*clean[:LENGTH], *other], SOFT))
    store(film / "sharp", resized([*other, *clean[LENGTH:]], SHARP))
    pairs = pairs_of(run, film, BOTH)
    assert {(pair.shot, pair.of) for pair in pairs} == {(1, "soft"), (2, "sharp")}
    for pair in pairs:
        offset = 0 if pair.of == "soft" else len(other) - LENGTH
        assert pair.reference == pair.source + offset
    status, output = run("run", film / "film.toml", "--to", "align", "--quiet")
    assert status == 0, output
    admitted = Alignments.from_json((film / Alignments.PATH).read_text()).admitted
    assert {one.pair.of for one in admitted} == {"soft", "sharp"}
    status, output = run("pairs", "list", film / "film.toml")
    listed = {(row.split()[2:4][-1], row.split()[4]) for row in output.splitlines()[1:]}
    assert listed == {("soft", "s001"), ("sharp", "s002")}
    assert "of sharp" in run("pairs", "why", film / "film.toml", pairs[-1].source)[1]


def test_the_sharper_reference_is_taken_except_under_a_subtitle(
    film: Path, clean: list[np.ndarray], run: Run
) -> None:
    store(film / "soft", resized(clean, SOFT))
    sharp = resized(clean, SHARP)
    store(film / "sharp", sharp)
    pairs = pairs_of(run, film, BOTH)
    assert {pair.of for pair in pairs} == {"sharp"}
    found = MatchRecord.from_json((film / MatchRecord.PATH).read_text()).references
    assert (found["sharp"].detail or 0) > 1.05 * (found["soft"].detail or 1)
    first_half = sum(pair.source < LENGTH // 2 for pair in pairs)
    assert first_half > 0
    covered = [subtitled(one) if k < LENGTH // 2 else one for k, one in enumerate(sharp)]
    store(film / "sharp", covered)
    pairs = pairs_of(run, film, BOTH)
    for pair in pairs:
        assert pair.of == ("soft" if pair.source < LENGTH // 2 else "sharp")


def test_frames_in_a_dissolve_of_one_copy_take_the_other(
    film: Path, clean: list[np.ndarray], run: Run
) -> None:
    store(film / "soft", resized(clean, SOFT))
    sharp = [one.astype(np.float32) for one in resized(clean, SHARP)]
    for step in range(16):
        place, share = LENGTH - 8 + step, (step + 1) / 17
        sharp[place] = (1 - share) * sharp[LENGTH - 9] + share * sharp[LENGTH + 8]
    store(film / "sharp", [one.astype(np.uint8) for one in sharp])
    pairs = pairs_of(run, film, BOTH)
    mixed = [pair for pair in pairs if LENGTH - 7 <= pair.source < LENGTH + 7]
    assert mixed
    assert {pair.of for pair in mixed} == {"soft"}
    assert {pair.of for pair in pairs} == {"soft", "sharp"}


def test_a_changed_reference_without_pairs_keeps_align_fresh(
    film: Path, clean: list[np.ndarray], run: Run
) -> None:
    other = resized(clip_frames("carphone_pristine.mp4", 0, 10), SOFT)
    store(film / "soft", other)
    store(film / "sharp", resized(clean, SHARP))
    pairs_of(run, film, BOTH)
    run("run", film / "film.toml", "--to", "align", "--quiet")
    store(film / "soft", [one - one // 16 for one in other])
    assert run("status", film / "film.toml")[1].count("stale") == 3
    pairs_of(run, film, BOTH)
    _, output = run("status", film / "film.toml")
    states = dict(line.split()[:2] for line in output.splitlines())
    assert {states[stage] for stage in ("ingest", "curate", "align")} == {"fresh"}, output


def test_a_persons_pair_names_its_reference(film: Path, clean: list[np.ndarray], run: Run) -> None:
    place = film / "film.toml"
    place.write_text(BOTH)
    status, output = run("pairs", "add", place, 5, 5)
    assert status == EXIT_USER_ERROR
    assert "not of which reference; set its 'of' to 'soft' or 'sharp'" in output
    assert run("pairs", "add", place, 5, 5, "--of", "soft")[0] == 0
    assert 'of = "soft"' in place.read_text()
    store(film / "soft", resized(clean, SOFT))
    store(film / "sharp", resized(clean, SHARP))
    pairs = pairs_of(run, film, place.read_text())
    assert [pair.of for pair in pairs if pair.chosen_by == "person"] == ["soft"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOTH.replace('"sharp"', '"soft"'), "two references are called 'soft'"),
        (
            FILM + '[[reference]]\npath = "a/t.mkv"\n[[reference]]\npath = "b/t.mkv"\n',
            "two references are called 't'; give one of them another 'name'",
        ),
        (
            BOTH + '[[pair]]\nsource = 5\nreference = 5\nof = "sharq"\n',
            "names reference frame 5 of 'sharq', but there is no such reference; the nearest is "
            "'sharp'",
        ),
        (
            BOTH + '[[pair]]\nsource = 5\nreference = "a.png"\nof = "soft"\n',
            "names a picture, which is 'of' no reference",
        ),
        (BOTH.replace('"soft"', '"so/ft"'), "'so/ft' is no name of a reference"),
    ],
)
def test_an_unusable_film_toml_is_reported_in_one_sentence(
    tmp_path: Path, run: Run, text: str, message: str
) -> None:
    (tmp_path / "film.toml").write_text(text)
    status, output = run("run", tmp_path / "film.toml")
    assert status == EXIT_USER_ERROR
    assert output.count("\n") == 1
    assert message in output


def _matches(similarity: Sequence[float], doubt: Sequence[str]) -> FrameMatches:
    count = len(similarity)
    return FrameMatches(
        np.arange(count),
        np.array(similarity, np.float32),
        np.zeros(count, np.float32),
        np.array(doubt, object),
    )


SHOT = (Shot(number=1, frames=FrameRange(first=1, last=6)),)


def test_certainty_precedes_a_clear_picture_and_that_precedes_detail() -> None:
    each = {
        "a": _matches([0.90, 0.90, 0.86, 0.90, 0.90, 0.70], ["", "", "", "", "", "doubt"]),
        "b": _matches([0.95, 0.95, 0.95, 0.95, 0.91, 0.60], ["", "doubt", "", "", "", "doubt"]),
    }
    best = best_matches(each, np.array([[0.6, 0.5]]), SHOT, 1)
    assert best.best_index.tolist() == [0, 0, 1, 0, 0, 0]
    best = best_matches(each, np.array([[0.5, 0.6]]), SHOT, 1)
    assert best.best_index.tolist() == [1, 0, 1, 1, 0, 0]


def test_the_films_preferred_reference_yields_only_to_clearly_more_detail() -> None:
    count = 6
    each = {name: _matches([0.9] * count, [""] * count) for name in "ab"}
    shots = tuple(
        Shot(number=k + 1, frames=FrameRange(first=1 + 2 * k, last=2 + 2 * k)) for k in range(3)
    )
    detail = np.array([[0.6, 0.5], [0.5, 0.55], [0.3, 0.5]])
    best = best_matches(each, detail, shots, 1)
    assert best.best_index.tolist() == [0, 0, 0, 0, 1, 1]
    assert film_detail(np.full((3, 2), np.nan)).tolist() == [0, 0]
    unmeasured = np.array([[0.6, 0.5], [np.nan, np.nan], [0.6, 0.5]])
    assert best_matches(each, unmeasured, shots, 1).best_index.tolist() == [0] * 6
