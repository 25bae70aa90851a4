"""`unfade construct` and `unfade palette` on a film without a reference."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from unfade import media
from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.commands.failures import EXIT_USER_ERROR
from unfade.construct.dye_start import light_of
from unfade.construct.palettes import srgb_colour, working_rgb
from unfade.construct.records import read_construction, read_palette
from unfade.film.target import Targets
from unfade.project.file import load_project

from ..fixtures import load_artefact, soft_shapes

Run = Callable[..., tuple[int, str]]

HEIGHT, WIDTH = 120, 160
LOST = torch.tensor([0.6, 0.05, 0.35])[:, None, None]
PLACES = ((20, 20), (60, 90), (140, 30), (100, 60), (30, 100), (120, 100), (80, 20), (150, 70))


def truth() -> Tensor:
    """R'G'B' (3, H, W) of the unfaded print."""
    amounts = 0.1 + 0.9 * soft_shapes(3, (3, 4, 5), HEIGHT, WIDTH).float()
    return light_of(amounts.flatten(1)).reshape(amounts.shape)


@pytest.fixture
def film(tmp_path: Path, run: Run) -> Path:
    """The film.toml of a faded film of four frames."""
    amounts = 0.1 + 0.9 * soft_shapes(3, (3, 4, 5), HEIGHT, WIDTH).float()
    faded = light_of((amounts * (1 - LOST)).flatten(1)).reshape(amounts.shape)
    (tmp_path / "reel/scan").mkdir(parents=True)
    for frame in range(1, 5):
        media.write_dpx(tmp_path / f"reel/scan/s.{frame:04d}.dpx", faded)
    assert run("new", tmp_path / "reel", "--source", tmp_path / "reel/scan/s.%04d.dpx")[0] == 0
    return tmp_path / "reel/film.toml"


def points(wrong: int | None = None) -> list[str]:
    """The options that state the colours of the truth at `PLACES`; one may be a bright green."""
    true_rgb, options = truth(), []
    for number, (x, y) in enumerate(PLACES):
        colour = "#00e020" if number == wrong else srgb_colour(true_rgb[:, y, x])
        options += ["--point", f"{x + 0.5},{y + 0.5},{colour},lobby card {number}"]
    return options


def test_without_a_point_it_proposes_some_and_makes_no_pair(film: Path, run: Run) -> None:
    status, output = run("construct", film, 2, "--propose", 3)
    assert status == 0
    assert "estimated losses of the film's dyes: cyan" in output
    assert output.count("of chroma)") == 3
    assert [one.name for one in (film.parent / "construct").iterdir()] == ["0000002.png"]
    assert not load_project(film).pair


def test_points_make_a_pair_near_the_truth_at_the_luma_of_the_scan(film: Path, run: Run) -> None:
    status, output = run("construct", film, 2, *points(), "--author", "A. Colourist")
    assert status == 0
    assert "source frame 2 is a pair of kind 'constructed'" in output
    (pair,) = load_project(film).pair
    assert (pair.reference, pair.kind, pair.aligned) == (
        "construct/0000002.exr",
        "constructed",
        True,
    )
    assert "lobby card 0" in pair.note
    constructed = media.read_picture(film.parent / "construct/0000002.exr")
    scan = media.read_picture(film.parent / "scan/s.0002.dpx")
    assert float((luma(constructed) - luma(scan)).abs().max()) < 1e-3
    chroma, true, faded = (rgb_to_ycbcr(one)[1:] for one in (constructed, truth(), scan))
    assert float((chroma - true).abs().mean()) < 0.15 * float((faded - true).abs().mean())
    stored = read_construction(film.parent, 2)
    assert (stored.author, len(stored.point)) == ("A. Colourist", len(PLACES))


def test_target_learns_from_the_constructed_picture(film: Path, run: Run) -> None:
    run("construct", film, 2, *points())
    assert run("run", film, "--to", "target", "--quiet")[0] == 0
    (target,) = load_artefact(film.parent, Targets).targets
    assert (target.pair.kind, target.pair.source) == ("constructed", 2)
    built = media.read_picture(film.parent / "04-target" / target.truth)
    constructed = media.read_picture(film.parent / "construct/0000002.exr")
    assert float((built - constructed).abs().max()) < 4e-3


def test_a_point_that_contradicts_the_others_is_named_and_left_out(film: Path, run: Run) -> None:
    assert "contradicts the others" not in run("construct", film, 2, *points())[1]
    (film.parent / "construct/0000002.toml").unlink()
    output = run("construct", film, 2, *points(wrong=3))[1]
    assert "point 4 (#00e020, lobby card 3) contradicts the others, by which it is #" in output
    assert output.count("contradicts the others") == 1
    assert "lobby card 3" not in load_project(film).pair[0].note


def test_points_are_added_to_those_of_before(film: Path, run: Run) -> None:
    options = points()
    run("construct", film, 2, *options[:4])
    run("construct", film, 2, *options[4:6])
    assert [one.source for one in read_construction(film.parent, 2).point] == [
        f"lobby card {number}" for number in range(3)
    ]


def test_a_pair_with_another_picture_is_not_replaced(film: Path, run: Run) -> None:
    painted = film.parent / "paint/000002.png"
    run("pairs", "export", film, 2)
    media.write_png(painted, truth())
    assert run("pairs", "add", film, 2, painted)[0] == 0
    text = film.read_text()
    status, output = run("construct", film, 2, *points()[:2])
    assert status == EXIT_USER_ERROR
    assert "source frame 2 is a pair with paint/000002.png, which the constructed" in output
    assert film.read_text() == text
    assert not (film.parent / "construct").exists()
    (film.parent / "construct").mkdir()
    by_hand = '[[point]]\nat = [[20, 20]]\ncolour = "#8a7a6c"\nsource = "memory"\n'
    (film.parent / "construct/0000002.toml").write_text(f"frame = 2\n{by_hand}")
    assert run("construct", film, 2)[0] == EXIT_USER_ERROR
    assert film.read_text() == text
    assert run("pairs", "drop", film, 2)[0] == 0
    assert run("construct", film, 2, *points()[:2])[0] == 0


def test_scribbles_and_regions_count_at_several_places(film: Path, run: Run) -> None:
    path = film.parent / "construct/0000002.toml"
    path.parent.mkdir()
    path.write_text(
        'frame = 2\n[[point]]\nat = [[10, 10], [40, 12]]\ncolour = "grey"\n'
        '[[point]]\nat = [[80, 60], [120, 60], [120, 90]]\narea = true\ncolour = "foliage"\n'
    )
    status, output = run("construct", film, 2)
    assert status == 0
    assert "its 2 points" in output


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("20,20,#867e76", "is not a place, a colour and a source; write it as"),
        ("20,left,#867e76,card", "is not a place, a colour and a source; write it as"),
        (
            "20,20,blueish,card",
            "no palette has a colour 'blueish'; use a name that",
        ),
        ("20,20,#867e76,", "does not say where its colour is known from; set 'source'"),
        ("900,20,#867e76,card", "point 1 lies outside the live area, 160 x 120 pixels from 0, 0"),
    ],
)
def test_a_point_that_cannot_be_used_is_refused(
    film: Path, run: Run, option: str, words: str
) -> None:
    status, output = run("construct", film, 2, "--point", option)
    assert status == EXIT_USER_ERROR
    assert words in output
    assert not (film.parent / "construct").exists()
    assert not load_project(film).pair


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("frame = ", "cannot be used"),
        ("frame = 3\n", "is of frame 3; name the file after that frame"),
        ('frame = 2\n[[point]]\nat = [[1, 2]]\ncolour = "grey"\nsize = 3\n', "'point.0.size'"),
        ('frame = 2\n[[point]]\nat = [[1, 2]]\narea = true\ncolour = "grey"\n', "outline it"),
    ],
)
def test_a_damaged_file_is_named(film: Path, run: Run, text: str, words: str) -> None:
    path = film.parent / "construct/0000002.toml"
    path.parent.mkdir()
    path.write_text(text)
    status, output = run("construct", film, 2)
    assert status == EXIT_USER_ERROR
    assert f"{path}: " in output
    assert words in output
    assert path.read_text() == text


def test_a_frame_that_the_scan_lacks_is_refused(film: Path, run: Run) -> None:
    status, output = run("construct", film, 9)
    assert (status, "has no frame 9; choose one of 1 to 4" in output) == (EXIT_USER_ERROR, True)


def test_a_palette_keeps_stated_and_measured_colours(film: Path, run: Run) -> None:
    assert run("palette", film, "coat", "#4A5B3C", "--source", "museum")[0] == 0
    card = film.parent / "card.png"
    media.write_png(card, working_rgb("#c29682").float()[:, None, None].expand(3, 40, 60), bits=16)
    output = run("palette", film, "face", card, "--at", "30,20", "--source", "lobby card")[1]
    assert "'face' is #c29682" in output
    run("palette", film, "coat", "#4a5b3d", "--source", "museum, again")
    palette = {one.name: (one.colour, one.source) for one in read_palette(film.parent).colour}
    assert palette == {"face": ("#c29682", "lobby card"), "coat": ("#4a5b3d", "museum, again")}
    assert run("construct", film, 2, "--point", "20,20,coat,")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("coat", "card.png"), "does not say where"),
        (("coat", "card.png", "--at", "70,20"), "has 60 x 40 pixels"),
        (("coat", "#4a5b3c", "--at", "7,2"), "is no picture; leave --at out"),
        (("", "#4a5b3c"), "mend that value"),
    ],
)
def test_a_palette_colour_that_cannot_be_used_is_refused(
    film: Path, run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(film.parent)
    media.write_png(Path("card.png"), torch.full((3, 40, 60), 0.5))
    status, output = run("palette", film, *arguments, "--source", "card")
    assert (status, words in output) == (EXIT_USER_ERROR, True)
    assert not (film.parent / "palette.toml").exists()


def test_colours_survive_the_way_to_the_working_space_and_back() -> None:
    for colour in ("#000000", "#0a0305", "#735244", "#ffffff"):
        assert srgb_colour(working_rgb(colour)) == colour
    # sRGB 188 is half the light of 255: IEC 61966-2-1.
    assert working_rgb("#bcbcbc").numpy() == pytest.approx(
        np.full(3, 0.5028 ** (1 / 2.4)), abs=1e-3
    )
