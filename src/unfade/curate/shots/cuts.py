"""Shot detection in a faded film."""

from collections.abc import Iterable, Sequence
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

_CUT_SIZE_PX = (96, 54)
"""Width and height of the pictures in which cuts are detected: small, so that grain averages
out."""
_DISSOLVE_SIZE_PX = (32, 18)
"""Width and height of the pictures in which dissolves are detected: smaller, because a dissolve
changes the picture as a whole."""
_MIN_SHOT_FRAMES = 12
"""Smallest distance between two cuts, so that a flash does not make a shot."""
_MIN_LUMA_CHANGE = 10.0
"""Mean luma difference, of 255, of a cut. The detector's default is higher, but a faded picture has
little contrast."""
_STRETCH_PERCENTILES = (1.0, 99.0)
"""Percentiles of the reel that are stretched to black and white, without dirt and highlights."""
_MAX_SAMPLED_FRAMES = 500
"""Number of frames from which the percentiles of a reel are taken."""
_DETECTOR_RATE = Fraction(24)
"""The detector requires a rate to count frames; its results are frame numbers."""


@dataclass(frozen=True)
class Cuts:
    """Ends of the shots of a film of `count` frames: `hard`, the frames after cuts, and the
    dissolves."""

    count: int
    hard: tuple[int, ...]
    dissolves: tuple[Dissolve, ...]

    def shots(self, first: int) -> tuple[Shot, ...]:
        """The shots of the film, numbered from 1; `first` is the number of the film's first frame.

        A shot also ends in the middle of a dissolve or a fade.
        """
        ends = [0, *self.hard, self.count]
        for dissolve in self.dissolves:
            if all(abs(dissolve.middle - end) >= _MIN_SHOT_FRAMES for end in ends):
                ends.append(dissolve.middle)
        return tuple(
            Shot(number=number, frames=FrameRange(first=first + start, last=first + end - 1))
            for number, (start, end) in enumerate(pairwise(sorted(ends)), start=1)
        )

    def fading(self) -> np.ndarray:
        """Bool (count,): frames in a fade."""
        return self._inside([one for one in self.dissolves if one.is_fade])

    def dissolving(self) -> np.ndarray:
        """Bool (count,): frames that mix two pictures in a dissolve."""
        return self._inside([one for one in self.dissolves if not one.is_fade])

    def _inside(self, dissolves: Sequence[Dissolve]) -> np.ndarray:
        frames = np.zeros(self.count, bool)
        for dissolve in dissolves:
            frames[dissolve.first : dissolve.last + 1] = True
        return frames


def find_cuts(proxy: np.ndarray) -> Cuts:
    """Cuts and dissolves of a clip, detected in its proxy, uint8 (N, h, w, 3).

    The fade is compensated as far as detection needs it: each channel is stretched to the reel's
    1st and 99th percentiles and its mean is set to mid-grey.
    """
    low, gain, shift = _balance(proxy)

    def balanced(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        return np.asarray((small - low) * gain + shift)

    def lumas(start: int, end: int) -> np.ndarray:
        pictures = np.stack([balanced(frame, _DISSOLVE_SIZE_PX) for frame in proxy[start:end]])
        return luma(torch.from_numpy(pictures).permute(0, 3, 1, 2)).flatten(1).numpy()

    hard = _hard_cuts(balanced(frame, _CUT_SIZE_PX) for frame in proxy)
    return Cuts(len(proxy), tuple(hard), tuple(find_dissolves(len(proxy), hard, lumas)))


def _hard_cuts(pictures: Iterable[np.ndarray]) -> list[int]:
    """The frames after cuts, from balanced pictures."""
    detector = AdaptiveDetector(
        luma_only=True, min_scene_len=_MIN_SHOT_FRAMES, min_content_val=_MIN_LUMA_CHANGE
    )
    cuts: set[int] = set()
    for index, picture in enumerate(pictures):
        picture_8bit = np.clip(picture, 0, 255).astype(np.uint8)
        detected = detector.process_frame(FrameTimecode(index, _DETECTOR_RATE), picture_8bit)
        cuts.update(cut.frame_num for cut in detected)
    return sorted(cuts)


def _balance(proxy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per channel: the offset to subtract, the gain, and the shift that sets the mean to 127.5."""
    step = max(1, len(proxy) // _MAX_SAMPLED_FRAMES)
    pixels = np.asarray(proxy[::step]).reshape(-1, 3)
    low, high = np.percentile(pixels, _STRETCH_PERCENTILES, axis=0)
    gain = 255.0 / np.maximum(high - low, 1.0)
    shift = 127.5 - (pixels.mean(axis=0) - low) * gain
    return low.astype(np.float32), gain.astype(np.float32), shift.astype(np.float32)
