"""`unfade construct` and `unfade palette` on a film without a reference."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import unfade
from unfade import media
from unfade.color.srgb import srgb_colour, working_rgb
from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.commands.failures import EXIT_USER_ERROR
from unfade.construct.assumptions import read_assumptions
from unfade.construct.dye_start import light_of
from unfade.construct.records import as_toml, keep_colour, read_construction, read_palette
from unfade.errors import ProjectError
from unfade.film.construction import Palette, PaletteColour
from unfade.film.target import Targets
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

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
        ("nan,20,#867e76,card", "'--point' is nan; use"),
        ("-3,20,#867e76,card", "'--point' is -3.0; use"),
        ("20,20,#867e76,a\x1bcard", "'--point' is 'a\\x1bcard': it holds a control character"),
        (f"20,20,#867e76,{'card' * 200}", "use a text of 0 to 500 letters"),
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
        (
            'frame = 2\n[[point]]\nat = [[1, 2]]\ncolour = "grey"\nsize = 3\n',
            "unknown key 'size' of",
        ),
        ('\ufeffframe = 2\n[[point]]\nat = [[1, 2]]\ncolour = "gray"\n', "a colour 'gray'"),
        ("frame = 2\n[point]\nat = [[1, 2]]\n", "write it as [[point]]"),
        (
            'frame = 2\n[[point]]\nat = [[-1, 2]]\ncolour = "grey"\nsource = "memory"\n',
            "'at' of [[point]] 1 ('memory') is [[-1, 2]]; use a list, each a list of 2, each a "
            "number from 0 to 100,000",
        ),
        ('frame = 2\nauthor = "A\\u001bB"\n', "holds a control character or a line break"),
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


def test_a_point_that_is_there_is_not_added_again(film: Path, run: Run) -> None:
    """The command may have been killed, or the disk may have been full, and is repeated."""
    for _ in range(2):
        assert run("construct", film, 2, *points()[:4], "--author", "Ada")[0] == 0
    assert len(read_construction(film.parent, 2).point) == 2
    run("construct", film, 2, *points()[:2], "--author", "Grace")
    assert [one.author for one in read_construction(film.parent, 2).point] == ["", "", "Grace"]


def test_more_points_than_a_file_may_have_are_refused(film: Path, run: Run) -> None:
    run("construct", film, 2, *points()[:2])
    path = film.parent / "construct/0000002.toml"
    one = path.read_text().partition("[[point]]")[2]
    path.write_text("frame = 2\n" + f"[[point]]{one}\n" * 500)
    text = path.read_text()
    status, output = run("construct", film, 2, *points()[2:4])
    assert (status, "use at most 500 tables" in output) == (EXIT_USER_ERROR, True)
    assert path.read_text() == text


def test_a_sheet_is_not_written_over_when_the_points_are_gone(film: Path, run: Run) -> None:
    run("construct", film, 2, *points())
    folder = film.parent / "construct"
    (folder / "0000002.toml").unlink()
    sheet = (folder / "0000002.png").read_bytes()
    for arguments in (("construct", film, 2), ("run", film, "--quiet")):
        status, output = run(*arguments)
        assert (status, "has no points, but frame 2 is a" in output) == (EXIT_USER_ERROR, True)
    assert (folder / "0000002.png").read_bytes() == sheet
    assert run("construct", film, 2, *points())[0] == 0


def test_commands_at_once_lose_no_point_that_was_stored(film: Path) -> None:
    """Those that come too late say so, and are repeated."""
    command = [sys.executable, "-m", "unfade", "construct", str(film), "2", "--propose", "0"]
    environment = {**os.environ, "PYTHONPATH": str(Path(unfade.__file__).parents[1])}

    def construct(number: int) -> None:
        for _ in range(40):
            option = points()[2 * number : 2 * number + 2]
            done = subprocess.run(
                [*command, *option], env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                return
            assert re.search("was changed elsewhere meanwhile|is in use by", done.stderr)
        raise AssertionError("never written")

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(construct, range(3)))
    stored = read_construction(film.parent, 2).point
    assert {one.source for one in stored} == {f"lobby card {number}" for number in range(3)}
    job = Job(load_project(film), film.parent, SilentProgress())
    assert len(read_assumptions(job, 2).points) == 3


def test_colours_kept_at_once_are_all_in_the_palette(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(
                lambda one: keep_colour(tmp_path, f"coat {one}", "#4a5b3c", "museum"), range(24)
            )
        )
    assert len(read_palette(tmp_path).colour) == 24


def test_a_palette_that_is_full_is_said(tmp_path: Path) -> None:
    colours = tuple(
        PaletteColour(name=f"coat {one}", colour="#4a5b3c", source="museum") for one in range(1000)
    )
    (tmp_path / "palette.toml").write_text(as_toml(Palette(colour=colours)))
    with pytest.raises(ProjectError, match="use at most 1,000 tables"):
        keep_colour(tmp_path, "shoe", "#4a5b3c", "museum")


def test_a_palette_lies_beside_a_film_toml(tmp_path: Path, run: Run) -> None:
    (tmp_path / "notes.toml").write_text("title = 'notes'\n")
    status, _ = run("palette", tmp_path / "notes.toml", "coat", "#4a5b3c", "--source", "card")
    assert status == EXIT_USER_ERROR
    assert not (tmp_path / "palette.toml").exists()


def test_frames_that_state_a_changed_colour_of_the_palette_are_named(film: Path, run: Run) -> None:
    run("palette", film, "coat", "#4a5b3c", "--source", "museum")
    run("construct", film, 2, "--point", "20,20,coat,", *points()[:2])
    again = run("palette", film, "coat", "#4a5b3c", "--source", "museum")[1]
    assert "states it" not in again
    output = run("palette", film, "coat", "#4a5b3d", "--source", "museum")[1]
    assert "'coat' is #4a5b3d; it was #4a5b3c" in output
    assert f"frame 2 states it; now: unfade construct {film} 2" in output


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
        (("coat", "card.png", "--at", "-0.5,2"), "and -1,2 is none of them"),
        (("coat", "#4a5b3"), "#4a5b3: is no colour; write it with six digits"),
        (("", "#4a5b3c"), "'name' of [[colour]] 1 ('') is ''; use a text of 1 to 100 letters"),
        (("#4a5b3c", "#4a5b3c"), "starts with '#'"),
        (("coat, worn", "#4a5b3c"), "holds a comma, so that no point could name it"),
        (("coat\x1b", "#4a5b3c"), "holds a control character"),
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
