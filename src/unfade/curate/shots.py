"""Where the shots of a faded film are."""

from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from unfade.film.shot import Shot
from unfade.film.time import FrameRange

_SIZE = (96, 54)
"""Pixels across and down in which cuts are looked for: grain is averaged away."""
_MIN_SHOT = 12
"""Frames after a cut in which no other is looked for."""
_MIN_CONTENT = 10.0
"""Mean luma difference, of 255, that a cut has at least. A faded picture has little contrast."""
_PERCENTILES = (1.0, 99.0)
_SAMPLED_FRAMES = 500
"""Frames over which the percentiles of a reel are taken."""
_COUNTING_RATE = Fraction(24)
"""The detector wants a rate to count frames; its answers are in frames."""


def detect_shots(proxy: np.ndarray, first: int) -> tuple[Shot, ...]:
    """The shots of a clip, found in its proxy.

    Fading is undone as far as a cut needs it: each channel is stretched to the reel's 1st and
    99th percentiles and its mean is put to grey.

    Args:
        proxy: uint8 (N, h, w, 3).
        first: the number of the clip's first frame.

    Returns:
        Shots numbered from 1 that share out all frames of the clip.
    """
    low, gain, shift = _balance(proxy)
    detector = AdaptiveDetector(
        luma_only=True, min_scene_len=_MIN_SHOT, min_content_val=_MIN_CONTENT
    )
    cuts: list[int] = []
    for index, frame in enumerate(proxy):
        small = cv2.resize(frame, _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        balanced = np.clip((small - low) * gain + shift, 0, 255).astype(np.uint8)
        found = detector.process_frame(FrameTimecode(index, _COUNTING_RATE), balanced)
        cuts.extend(cut.frame_num for cut in found)
    starts = [0, *sorted(set(cuts)), len(proxy)]
    return tuple(
        Shot(number=number, frames=FrameRange(first=first + start, last=first + end - 1))
        for number, (start, end) in enumerate(pairwise(starts), start=1)
    )


def _balance(proxy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per channel: what to take off, what to multiply by, and what puts the mean to 127.5."""
    step = max(1, len(proxy) // _SAMPLED_FRAMES)
    pixels = np.asarray(proxy[::step]).reshape(-1, 3)
    low, high = np.percentile(pixels, _PERCENTILES, axis=0)
    gain = 255.0 / np.maximum(high - low, 1.0)
    shift = 127.5 - (pixels.mean(axis=0) - low) * gain
    return low.astype(np.float32), gain.astype(np.float32), shift.astype(np.float32)
