"""One reference with broken pull-down gives the same pairs in six containers."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from unfade.curate import stage as curate
from unfade.film.clip import Clips
from unfade.film.pair import Pair, PairList
from unfade.ingest import stage as ingest
from unfade.project.settings import Project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

from ..fixtures import demo_frames

SHOTS = (("bikes.mp4", 40), ("carphone_pristine.mp4", 18))
LENGTH = 20
DVD = (720, 576)
SCAN = (320, 180)
LOST, REPEATED = 9, 30
"""Stored frames: one is missing, one is repeated."""

CONTAINERS = [
    ("a.mpg", "mpeg2video", "yuv420p", {"b": "6000000"}),
    ("a.ts", "mpeg2video", "yuv420p", {"b": "6000000"}),
    ("a.dv", "dvvideo", "yuv420p", {}),
    ("a.mov", "prores_ks", "yuv422p10le", {"profile": "3"}),
    ("a.mkv", "ffv1", "yuv420p", {}),
    ("a.mp4", "libx264", "yuv420p", {"crf": "6", "preset": "veryfast"}),
]


@pytest.fixture(scope="module")
def film() -> list[np.ndarray]:
    """Luma of the frames of two shots, uint8 (360, 640)."""
    return [
        luma
        for name, first in SHOTS
        for luma in demo_frames(name, range(first, first + LENGTH), (640, 360), pixels="gray")
    ]


@pytest.fixture(scope="module")
def stored(film: list[np.ndarray]) -> list[tuple[int, int]]:
    """Film frames in the top and bottom field of each frame of the reference."""
    fields = [frame for frame in range(len(film)) for _ in range(2 + frame % 2)]
    frames = list(zip(fields[0::2], fields[1::2], strict=False))
    return [*frames[:LOST], *frames[LOST + 1 : REPEATED], *frames[REPEATED - 1 :]]


def planes(luma: np.ndarray, pixel_format: str) -> list[np.ndarray]:
    """A frame with limited-range codes, whose chroma rises to the right and downwards."""
    bits = 10 if pixel_format.endswith("10le") else 8
    codes = (16 + luma.astype(np.float32) * 219 / 255).round().astype(int) << (bits - 8)
    height, width = luma.shape
    lines = height if "422" in pixel_format else height // 2
    down, across = np.mgrid[-30 : 30 : lines * 1j, -30 : 30 : (width // 2) * 1j]
    return [codes, *[(128 + chroma).round().astype(int) << (bits - 8) for chroma in (across, down)]]


def woven(film: list[np.ndarray], stored: list[tuple[int, int]]) -> list[np.ndarray]:
    """Stored frames of the reference, which crops the film more than the scan does."""
    pictures = [
        cv2.resize(luma[14:-20, 20:-26], DVD, interpolation=cv2.INTER_CUBIC) for luma in film
    ]
    frames = []
    for top, bottom in stored:
        frame = pictures[top].copy()
        frame[1::2] = pictures[bottom][1::2]
        frames.append(frame)
    return frames


@pytest.fixture
def pairs_of(
    tmp_path: Path, make_movie: Callable[..., Path], film: list[np.ndarray]
) -> Callable[[Path], Sequence[Pair]]:
    """The pairs that curate chooses for a reference."""
    small = [cv2.resize(luma, SCAN, interpolation=cv2.INTER_AREA) for luma in film]
    faded = [planes((luma * 0.6 + 50).astype(np.uint8), "yuv420p") for luma in small]
    scan = make_movie("scan.mkv", "ffv1", "yuv420p", faded, rate=Fraction(24))

    def pairs(reference: Path) -> Sequence[Pair]:
        fields = {
            "film": {"title": "Film"},
            "source": {"path": str(scan)},
            "reference": {"path": str(reference)},
        }
        job = Job(Project.model_validate(fields), tmp_path, SilentProgress())
        ingest.run(job)
        clips = job.load(Clips)
        assert clips.references["a"].fields == "film"
        curate.run(job)
        return job.load(PairList).pairs

    return pairs


def test_the_same_pairs_without_a_timing_error(
    make_movie: Callable[..., Path],
    pairs_of: Callable[[Path], Sequence[Pair]],
    film: list[np.ndarray],
    stored: list[tuple[int, int]],
) -> None:
    pairs_by_name = {}
    pictures = woven(film, stored)
    for name, codec, pixel_format, options in CONTAINERS:
        frames = [planes(luma, pixel_format) for luma in pictures]
        path = make_movie(
            name, codec, pixel_format, frames, fields="tff", options={**options, "threads": "1"},
            pixel_aspect=Fraction(64, 45),
        )  # fmt: skip
        pairs = pairs_of(path)
        assert all(stored[pair.reference or 0][0] == pair.source for pair in pairs), name
        pairs_by_name[name] = [(pair.source, pair.reference, pair.role) for pair in pairs]
    assert len(pairs_by_name["a.mkv"]) == 12
    assert all(pairs == pairs_by_name["a.mkv"] for pairs in pairs_by_name.values()), pairs_by_name
