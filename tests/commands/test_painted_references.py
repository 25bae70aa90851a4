"""From a scan without any reference to pairs that somebody paints, at the command line."""

import sys
from collections.abc import Callable
from pathlib import Path

import OpenImageIO as oiio
import pytest
import torch

from unfade import media
from unfade.color.ycbcr import luma
from unfade.commands import app as cli
from unfade.commands.failures import EXIT_USER_ERROR
from unfade.film.clip import Area, Clips
from unfade.project.file import load_project

Unfade = Callable[..., tuple[int, str]]

SIZE = (180, 200)
LIVE = Area(x=0, y=30, width=200, height=120)


@pytest.fixture
def unfade(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Unfade:
    """Runs a command; gives its exit status and all that it said."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["unfade", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        said = capsys.readouterr()
        return int(caught.value.code or 0), said.out + said.err

    return run


def scan(folder: Path) -> None:
    """Four letterboxed frames of 16 bits."""
    folder.mkdir()
    generator = torch.Generator().manual_seed(0)
    for frame in range(10, 14):
        picture = torch.zeros(3, *SIZE)
        noise = torch.rand(3, LIVE.height, LIVE.width, generator=generator)
        picture[:, LIVE.y : LIVE.y + LIVE.height] = 0.1 + 0.8 * noise
        media.write_dpx(folder / f"scan.{frame:04d}.dpx", picture, bits=16)


@pytest.fixture
def film(tmp_path: Path, unfade: Unfade) -> Path:
    """A project without reference, as `new` writes it."""
    scan(tmp_path / "scan")
    status, said = unfade("new", tmp_path / "reel", "--source", tmp_path / "scan/scan.%04d.dpx")
    place = tmp_path / "reel" / "film.toml"
    assert status == 0
    assert "names nothing to take colour from yet" in said
    assert f"unfade pairs export {place}" in said
    assert not load_project(place).has_colour()
    return place


def test_nothing_can_be_run_on_it_yet_and_it_says_how(film: Path, unfade: Unfade) -> None:
    status, said = unfade("run", film)
    assert status == EXIT_USER_ERROR
    assert said.count("\n") == 1
    assert f"unfade pairs export {film} FRAME" in said


def test_a_frame_comes_back_as_it_was_written(film: Path, unfade: Unfade) -> None:
    status, said = unfade("pairs", "export", film.parent, 12, 10, 12)
    paint = film.parent / "paint"
    assert status == 0
    assert sorted(place.name for place in paint.iterdir()) == [
        "000010.png",
        "000012.png",
        "live-area.png",
    ]
    source = media.read_picture(film.parents[1] / "scan/scan.0012.dpx")
    back = media.read_picture(paint / "000012.png")
    assert back.shape == source.shape
    assert float((back - source).abs().max()) < 0.51 / 65535
    image = oiio.ImageInput.open(str(paint / "000012.png"))
    described = image.spec()["ICCProfile:profile_description"], image.spec().format
    image.close()
    assert described == ("Gamma 2.4 Rec.709", oiio.TypeDesc("uint16"))
    assert "unfade pairs add" in said


def test_the_live_area_is_marked_in_a_layer_of_its_own(film: Path, unfade: Unfade) -> None:
    unfade("pairs", "export", film, 11, "--out", film.parent / "elsewhere")
    image = oiio.ImageInput.open(str(film.parent / "elsewhere" / "live-area.png"))
    shade = image.read_image("uint8")
    image.close()
    live = Clips.from_json((film.parent / Clips.PATH).read_text()).source.live_area
    assert shade.shape == (*SIZE, 4)
    assert int((shade[..., 3] == 0).sum()) == live.width * live.height
    assert shade[live.y, live.x, 3] == 0
    assert live.height < SIZE[0]


def test_what_may_have_been_painted_on_is_never_overwritten(film: Path, unfade: Unfade) -> None:
    unfade("pairs", "export", film, 11)
    place = film.parent / "paint" / "000011.png"
    place.write_text("painted")
    status, said = unfade("pairs", "export", film, 10, 11)
    assert status == EXIT_USER_ERROR
    assert "000011.png: exists already, and may have been painted on" in said
    assert place.read_text() == "painted"
    assert not (film.parent / "paint" / "000010.png").exists()


def test_a_painted_picture_is_taken_back(film: Path, unfade: Unfade) -> None:
    unfade("pairs", "export", film, 11)
    place = film.parent / "paint" / "000011.png"
    status, said = unfade("pairs", "add", film, 11, place)
    assert status == EXIT_USER_ERROR
    assert "is frame 11 as the scan has it; paint it first" in said
    picture = media.read_picture(place)
    tint = torch.tensor([1.2, 0.9, 0.7]).reshape(3, 1, 1)
    media.write_png(place, luma(picture) * tint, bits=16, with_profile=True)
    status, said = unfade("pairs", "add", film, 11, place)
    assert status == 0
    assert "is a pair of kind 'constructed' (it has the scan's raster)" in said
    (pair,) = load_project(film).pair
    assert (pair.source, pair.reference, pair.kind) == (11, "paint/000011.png", "constructed")
    unfade("pairs", "add", film, 11, place, "--kind", "direct")
    assert load_project(film).pair[0].kind == "direct"


def test_what_is_no_picture_and_no_frame_is_refused(film: Path, unfade: Unfade) -> None:
    text = film.read_text()
    (film.parent / "notes.png").write_text("no picture")
    status, said = unfade("pairs", "add", film, 11, film.parent / "notes.png")
    assert status == EXIT_USER_ERROR
    assert "notes.png: cannot be read" in said
    status, said = unfade("pairs", "export", film, 14)
    assert "has no frame 14; choose one of 10 to 13" in said
    assert film.read_text() == text
