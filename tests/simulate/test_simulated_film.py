"""A whole simulated film: its files agree with its record."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import luma
from unfade.errors import ProjectError, WorkError
from unfade.film.clip import Area, Clip
from unfade.film.time import FrameRange
from unfade.geometry.crop import crop
from unfade.geometry.warp import warp
from unfade.media import MovieWriter, probe, read_frame, read_picture
from unfade.project.settings import ClipSection
from unfade.simulate import ClipCut, Simulation, simulate
from unfade.simulate.gate import SCAN_HEIGHT, SCAN_WIDTH
from unfade.simulate.plan import plan_film

WIDTH, HEIGHT = 320, 180
FRAMES_PER_SHOT = 6
SEED = 6
CENTRE = Area(x=200, y=140, width=680, height=320)
"""A part of the scan that the DVD shows completely, above the subtitles."""


class FailingProgress:
    """Fails on any message."""

    def track(self, items: Iterable, label: str, total: int) -> Iterator:
        return iter(items)

    def say(self, message: str) -> None:
        raise AssertionError(message)


def moving_pictures(seed: int) -> Iterator[torch.Tensor]:
    """A coloured pattern that moves 4 pixels a frame."""
    noise = np.random.default_rng(seed).uniform(0.1, 0.9, (20, 40, 3)).astype(np.float32)
    wide = cv2.resize(noise, (WIDTH * 2, HEIGHT), interpolation=cv2.INTER_CUBIC)
    for frame in range(FRAMES_PER_SHOT):
        window = wide[:, 4 * frame : 4 * frame + WIDTH]
        yield torch.from_numpy(window.transpose(2, 0, 1).copy())


def shift_between(still: np.ndarray, moved: np.ndarray) -> tuple[float, float]:
    """The shift between two pictures in pixels (right, down), by least squares on the gradients.

    Contrast and brightness may differ. Source: Lucas and Kanade, 1981.
    """
    down, across = np.gradient(still)
    terms = np.stack([still, np.ones_like(still), across, down], axis=-1).reshape(-1, 4)
    contrast, _, x, y = np.linalg.lstsq(terms, moved.flatten(), rcond=None)[0]
    return (-x / contrast, -y / contrast)


@pytest.fixture(scope="module")
def cuts(shared_folder: Path) -> tuple[ClipCut, ...]:
    made = []
    for seed in (1, 2):
        path = shared_folder / f"clean{seed}.mkv"
        with MovieWriter(
            path,
            codec="ffv1",
            width=WIDTH,
            height=HEIGHT,
            rate=Fraction(25),
            pixel_format="yuv444p10le",
        ) as movie:
            for picture in moving_pictures(seed):
                movie.write(picture)
        made.append(ClipCut(path=str(path), frames=FrameRange(first=0, last=FRAMES_PER_SHOT - 1)))
    return tuple(made)


@pytest.fixture(scope="module")
def folder(cuts: tuple[ClipCut, ...], shared_folder: Path) -> Path:
    folder = shared_folder / "film"
    progress = FailingProgress()
    simulate(folder, cuts, severity="medium", seed=SEED, progress=progress)
    return folder


@pytest.fixture(scope="module")
def record(folder: Path) -> Simulation:
    return Simulation.from_json((folder / "simulation.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def dvd(folder: Path) -> Clip:
    path = str(folder / "dvd" / "dvd.mpg")
    return probe(path, ClipSection(path=path))


def test_files_are_numbered_from_1001(folder: Path, record: Simulation) -> None:
    numbers = range(1001, 1001 + 2 * FRAMES_PER_SHOT)
    for kind in ("scan", "truth"):
        names = sorted(path.name for path in (folder / kind).iterdir())
        assert names == [f"{kind}.{number:06d}.dpx" for number in numbers]
    assert [frame.frame for frame in record.frames] == list(numbers)
    assert [shot.frames.first for shot in record.shots] == [1001, 1001 + FRAMES_PER_SHOT]


def test_scan_is_a_faded_copy_of_the_truth(folder: Path, record: Simulation) -> None:
    scan = read_picture(str(folder / "scan" / "scan.001004.dpx"))
    truth = read_picture(str(folder / "truth" / "truth.001004.dpx"))
    assert scan.shape == truth.shape == (3, SCAN_HEIGHT, SCAN_WIDTH)
    scan, truth = crop(scan, record.live_area), crop(truth, record.live_area)
    assert 8 < rgb_difference(scan, truth).mean() < 30
    excess = (scan - truth).mean(dim=(1, 2))
    assert excess[0] > excess[1]
    assert excess[0] > excess[2]
    correlation = torch.corrcoef(torch.stack([luma(scan).flatten(), luma(truth).flatten()]))[0, 1]
    assert correlation > 0.9


def test_exposure_puts_white_at_luma_0_9(folder: Path, record: Simulation) -> None:
    scans = [read_picture(str(path)) for path in sorted((folder / "scan").iterdir())]
    lumas = torch.cat([luma(crop(scan, record.live_area)).flatten() for scan in scans])
    assert abs(np.percentile(lumas.numpy(), 99.5) - 0.9) < 0.03


def test_dvd_is_pal_and_interlaced(dvd: Clip, record: Simulation) -> None:
    assert (dvd.width, dvd.height) == (720, 576)
    assert dvd.pixel_aspect == Fraction(64, 45)
    assert dvd.fields == "film"
    assert dvd.rate == record.rate == 25
    on_dvd = [frame.dvd_frame for frame in record.frames if frame.dvd_frame is not None]
    assert 10 <= on_dvd[0] <= 20
    assert on_dvd == list(range(on_dvd[0], on_dvd[-1] + 1))
    assert on_dvd[-1] == dvd.frames.last
    assert 3 <= len(record.frames) - len(on_dvd) <= 6


@pytest.mark.parametrize("index", [2, 4, FRAMES_PER_SHOT + 1])
def test_dvd_aligns_with_the_scan_as_recorded(
    folder: Path, record: Simulation, dvd: Clip, index: int
) -> None:
    def truth_luma(at: int) -> torch.Tensor:
        truth = read_picture(str(folder / "truth" / f"truth.{1001 + at:06d}.dpx"))
        return luma(crop(truth, CENTRE))

    frame = record.frames[index]
    assert frame.dvd_frame is not None
    warped = warp(read_frame(dvd, frame.dvd_frame), frame.dvd_to_scan, SCAN_HEIGHT, SCAN_WIDTH)
    dvd_luma = luma(crop(warped, CENTRE))
    errors = [float((dvd_luma - truth_luma(index + step)).abs().mean()) for step in (-1, 0, 1)]
    assert errors[1] < 0.02
    assert errors[1] < 0.4 * min(errors[0], errors[2])
    assert np.hypot(*shift_between(truth_luma(index)[0].numpy(), dvd_luma[0].numpy())) < 0.1


def test_dvd_has_subtitles_on_the_recorded_frames(record: Simulation, dvd: Clip) -> None:
    on_dvd = {frame.frame: frame for frame in record.frames if frame.dvd_frame is not None}
    subtitled = [number for number, frame in on_dvd.items() if frame.subtitle]
    # The middle half of the second shot, and the frame before it, whose bottom field has one.
    assert subtitled == [number for number in range(1007, 1012) if number in on_dvd]
    assert len(subtitled) >= 3
    strip = Area(x=250, y=483, width=220, height=27)
    for number, frame in on_dvd.items():
        assert frame.dvd_frame is not None
        y = luma(crop(read_frame(dvd, frame.dvd_frame), strip))
        outlined = bool((y < 0.05).float().mean() > 0.1 and (y > 0.9).float().mean() > 0.05)
        assert outlined == (number in subtitled[1:])


def test_same_seed_same_bytes(folder: Path, cuts: tuple[ClipCut, ...], tmp_path: Path) -> None:
    simulate(tmp_path / "film", cuts, severity="medium", seed=SEED, progress=FailingProgress())
    for kind in ("scan", "truth"):
        for path in (folder / kind).iterdir():
            again = tmp_path / "film" / kind / path.name
            assert again.read_bytes() == path.read_bytes()
    for name in ("dvd/dvd.mpg", "simulation.json"):
        assert (tmp_path / "film" / name).read_bytes() == (folder / name).read_bytes()


def test_another_seed_is_another_film(record: Simulation, cuts: tuple[ClipCut, ...]) -> None:
    plan = plan_film(cuts, record.parameters, seed=SEED + 1)
    assert plan.frame(3).dvd_to_scan != record.frames[3].dvd_to_scan
    again = plan_film(cuts, record.parameters, seed=SEED)
    assert again.frame(3) == record.frames[3]
    assert tuple(again.dvd_frames()) == record.dvd


def test_an_existing_film_is_not_overwritten(folder: Path, cuts: tuple[ClipCut, ...]) -> None:
    with pytest.raises(WorkError, match="holds files already"):
        simulate(folder, cuts, severity="medium", seed=SEED, progress=FailingProgress())


def test_an_unknown_severity_is_an_error(tmp_path: Path, cuts: tuple[ClipCut, ...]) -> None:
    with pytest.raises(ProjectError, match="use one of mild, medium, hard"):
        simulate(tmp_path, cuts, severity="awful", seed=1, progress=FailingProgress())
    assert not list(tmp_path.iterdir())


def test_a_film_of_too_few_frames_is_an_error(tmp_path: Path, cuts: tuple[ClipCut, ...]) -> None:
    short = cuts[0].model_copy(update={"frames": FrameRange(first=0, last=3)})
    with pytest.raises(ProjectError, match="needs at least 7 frames"):
        simulate(tmp_path, [short], severity="mild", seed=1, progress=FailingProgress())
