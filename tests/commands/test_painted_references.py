"""Export of frames to paint on, and painted pictures as pairs, at the command line."""

from collections.abc import Callable
from pathlib import Path

import OpenImageIO as oiio
import pytest
import torch

from unfade import media
from unfade.color.ycbcr import luma
from unfade.commands.failures import EXIT_USER_ERROR
from unfade.film.clip import Area, Clips
from unfade.project.file import load_project

Run = Callable[..., tuple[int, str]]

SIZE = (180, 200)
LIVE = Area(x=0, y=30, width=200, height=120)


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
def film(tmp_path: Path, run: Run) -> Path:
    """A project without reference, as `new` writes it."""
    scan(tmp_path / "scan")
    status, output = run("new", tmp_path / "reel", "--source", tmp_path / "scan/scan.%04d.dpx")
    path = tmp_path / "reel" / "film.toml"
    assert status == 0
    assert "names nothing to take colour from yet" in output
    assert f"unfade pairs export {path}" in output
    assert not load_project(path).has_colour()
    return path


def test_without_pairs_the_error_names_the_export(film: Path, run: Run) -> None:
    status, output = run("run", film)
    assert status == EXIT_USER_ERROR
    assert output.count("\n") == 1
    assert f"unfade pairs export {film} FRAME" in output


def test_an_exported_frame_has_the_values_of_the_scan(film: Path, run: Run) -> None:
    status, output = run("pairs", "export", film.parent, 12, 10, 12)
    paint = film.parent / "paint"
    assert status == 0
    assert sorted(path.name for path in paint.iterdir()) == [
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
    assert "unfade pairs add" in output


def test_the_outside_of_the_live_area_is_shaded_in_an_overlay(film: Path, run: Run) -> None:
    run("pairs", "export", film, 11, "--out", film.parent / "elsewhere")
    image = oiio.ImageInput.open(str(film.parent / "elsewhere" / "live-area.png"))
    shade = image.read_image("uint8")
    image.close()
    live = Clips.from_json((film.parent / Clips.PATH).read_text()).source.live_area
    assert shade.shape == (*SIZE, 4)
    assert int((shade[..., 3] == 0).sum()) == live.width * live.height
    assert shade[live.y, live.x, 3] == 0
    assert live.height < SIZE[0]


def test_an_exported_picture_is_never_overwritten(film: Path, run: Run) -> None:
    run("pairs", "export", film, 11)
    path = film.parent / "paint" / "000011.png"
    path.write_text("painted")
    status, output = run("pairs", "export", film, 10, 11)
    assert status == EXIT_USER_ERROR
    assert "000011.png: exists already, and may have been painted on" in output
    assert path.read_text() == "painted"
    assert not (film.parent / "paint" / "000010.png").exists()


def test_a_painted_picture_becomes_a_pair_and_an_unpainted_one_is_refused(
    film: Path, run: Run
) -> None:
    run("pairs", "export", film, 11)
    path = film.parent / "paint" / "000011.png"
    status, output = run("pairs", "add", film, 11, path)
    assert status == EXIT_USER_ERROR
    assert "is frame 11 as the scan has it; paint it first" in output
    picture = media.read_picture(path)
    tint = torch.tensor([1.2, 0.9, 0.7]).reshape(3, 1, 1)
    media.write_png(path, luma(picture) * tint, bits=16, with_profile=True)
    status, output = run("pairs", "add", film, 11, path)
    assert status == 0
    assert "is a pair of kind 'constructed' (it has the scan's raster)" in output
    (pair,) = load_project(film).pair
    assert (pair.source, pair.reference, pair.kind) == (11, "paint/000011.png", "constructed")
    run("pairs", "add", film, 11, path, "--kind", "direct")
    assert load_project(film).pair[0].kind == "direct"


def test_an_invalid_picture_or_frame_is_refused(film: Path, run: Run) -> None:
    text = film.read_text()
    (film.parent / "notes.png").write_text("no picture")
    status, output = run("pairs", "add", film, 11, film.parent / "notes.png")
    assert status == EXIT_USER_ERROR
    assert "notes.png: cannot be read" in output
    status, output = run("pairs", "export", film, 14)
    assert "has no frame 14; choose one of 10 to 13" in output
    assert film.read_text() == text
