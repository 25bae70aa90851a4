"""Where the shots of a faded film are."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
import torch
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from unfade.color.ycbcr import luma
from unfade.curate.shots.dissolves import Dissolve, find_dissolves
from unfade.film.shot import Shot
from unfade.film.time import FrameRange

_SIZE = (96, 54)
"""Pixels across and down in which cuts are looked for: grain is averaged away."""
_SMALLER = (32, 18)
"""The same for dissolves, in which a picture changes as a whole."""
_MIN_SHOT = 12
"""Frames after a cut in which no other is looked for."""
_MIN_CONTENT = 10.0
"""Mean luma difference, of 255, that a cut has at least. A faded picture has little contrast."""
_PERCENTILES = (1.0, 99.0)
_SAMPLED_FRAMES = 500
"""Frames over which the percentiles of a reel are taken."""
_COUNTING_RATE = Fraction(24)
"""The detector wants a rate to count frames; its answers are in frames."""


@dataclass(frozen=True)
class Cuts:
    """Where the shots of a film of `count` frames end: the frames after cuts, and its dissolves."""

    count: int
    hard: tuple[int, ...]
    dissolves: tuple[Dissolve, ...]

    def shots(self, first: int) -> tuple[Shot, ...]:
        """Shots numbered from 1 that share out all frames, the first of which is `first`.

        A shot also ends in the middle of a dissolve or a fade.
        """
        ends = [0, *self.hard, self.count]
        for dissolve in self.dissolves:
            if all(abs(dissolve.middle - end) >= _MIN_SHOT for end in ends):
                ends.append(dissolve.middle)
        return tuple(
            Shot(number=number, frames=FrameRange(first=first + start, last=first + end - 1))
            for number, (start, end) in enumerate(pairwise(sorted(ends)), start=1)
        )

    def passing(self) -> np.ndarray:
        """Bool (count,): frames amid a dissolve or a fade."""
        amid = np.zeros(self.count, bool)
        for dissolve in self.dissolves:
            amid[dissolve.first : dissolve.last + 1] = True
        return amid


def find_cuts(proxy: np.ndarray) -> Cuts:
    """The cuts and dissolves of a clip, found in its proxy, uint8 (N, h, w, 3).

    Fading is undone as far as a cut needs it: each channel is stretched to the reel's 1st and
    99th percentiles and its mean is put to grey.
    """
    low, gain, shift = _balance(proxy)

    def balanced(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        return np.asarray((small - low) * gain + shift)

    def lumas(start: int, end: int) -> np.ndarray:
        pictures = np.stack([balanced(frame, _SMALLER) for frame in proxy[start:end]])
        return luma(torch.from_numpy(pictures).permute(0, 3, 1, 2)).flatten(1).numpy()

    hard = _hard_cuts(balanced(frame, _SIZE) for frame in proxy)
    return Cuts(len(proxy), tuple(hard), tuple(find_dissolves(len(proxy), hard, lumas)))


def _hard_cuts(pictures: Iterable[np.ndarray]) -> list[int]:
    """The frames after cuts, of balanced pictures."""
    detector = AdaptiveDetector(
        luma_only=True, min_scene_len=_MIN_SHOT, min_content_val=_MIN_CONTENT
    )
    cuts: set[int] = set()
    for index, picture in enumerate(pictures):
        codes = np.clip(picture, 0, 255).astype(np.uint8)
        found = detector.process_frame(FrameTimecode(index, _COUNTING_RATE), codes)
        cuts.update(cut.frame_num for cut in found)
    return sorted(cuts)


def _balance(proxy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per channel: what to take off, what to multiply by, and what puts the mean to 127.5."""
    step = max(1, len(proxy) // _SAMPLED_FRAMES)
    pixels = np.asarray(proxy[::step]).reshape(-1, 3)
    low, high = np.percentile(pixels, _PERCENTILES, axis=0)
    gain = 255.0 / np.maximum(high - low, 1.0)
    shift = 127.5 - (pixels.mean(axis=0) - low) * gain
    return low.astype(np.float32), gain.astype(np.float32), shift.astype(np.float32)
