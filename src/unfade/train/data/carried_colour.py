"""Chroma of pairs carried along optical flow to other frames of their shots.

A pair shows each object in one place and one light. Frames around it show the same objects
elsewhere, where the fade differs, and the scan itself gives the motion. Frames that have a pair of
their own receive chroma from two other pairs as well, because several references are more reliable
than one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Protocol

import torch
from torch import Tensor

from unfade.color.ycbcr import luma, merge_chroma
from unfade.geometry.motion import optical_flow
from unfade.model.degrain import degrain
from unfade.train.data.pixels import TrainingPicture

QUARTER_WEIGHT_DIFFERENCE = 0.03
"""Difference in R'G'B' along the motion, less that of the whole frame, at which a pixel has a
quarter of its weight. The same object without grain differs by about 0.01."""

MAX_FLICKER = 0.05
"""Largest change of a frame's median luma against the pair's, as a share of it. Flicker of
simulated fades stays below 0.03. In a fade-in chroma changes with the light by an unknown amount,
so nothing is carried."""

MIN_CARRIED_WEIGHT = 0.05
"""Smallest mean weight of a carried frame, as a share of the pair's. Below it the motion counts as
not found, and the frame is left out."""


@dataclass(frozen=True)
class Frame:
    """A frame of the source on the model's raster: `rgb` (3, H, W), 0 to 1."""

    rgb: Tensor
    number: int
    shot: int


class Frames(Protocol):
    """A collection of frames that can be iterated several times."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Frame]: ...


@dataclass(frozen=True)
class TrainingPictures:
    """All pictures for training: pairs, and frames that receive chroma from them.

    Chroma is carried between pairs and to `unpaired` frames; if those are none, it is not carried.
    Unpaired frames are read again on each pass, so that memory holds one at a time. `grain` is the
    covariance for `degrain`. Nothing is carried in the shots of `without_carrying`.
    """

    pairs: Sequence[TrainingPicture]
    unpaired: Frames | None = None
    grain: Tensor = field(default_factory=lambda: torch.zeros(3, 3))
    without_carrying: frozenset[int] = frozenset()

    def __len__(self) -> int:
        """Number of pictures if motion is found for every frame."""
        between_pairs = sum(len(nearest_pairs(frame, self.pairs)) for frame in self._paired())
        return len(self.pairs) + between_pairs + self._unpaired_count

    def with_budget(self, pixels: int) -> Iterator[tuple[TrainingPicture, int]]:
        """Each picture with its share of a number of pixels.

        Half of the pixels are of pairs and half of carried frames; all are of pairs if nothing is
        carried. The share of a frame whose motion is not found stays unused.
        """
        paired = self._paired()
        receivers = len(paired) + self._unpaired_count
        half = pixels // 2 if receivers else pixels
        for pair in self.pairs:
            yield pair, half // len(self.pairs)
        for frame in chain(paired, self._unpaired()):
            sources = nearest_pairs(frame, self.pairs)
            for pair in sources:
                carried = carry_chroma(frame, pair, self.grain)
                if is_motion_found(carried, pair):
                    yield carried, half // receivers // len(sources)

    def _paired(self) -> list[Frame]:
        """Frames of pairs that receive chroma from other pairs."""
        if self.unpaired is None:
            return []
        frames = [
            Frame(pair.source_rgb, pair.frame, pair.shot)
            for pair in self.pairs
            if pair.shot not in self.without_carrying
        ]
        return [frame for frame in frames if nearest_pairs(frame, self.pairs)]

    def _unpaired(self) -> Iterator[Frame]:
        """Unpaired frames of the shots in which chroma is carried."""
        if {pair.shot for pair in self.pairs} <= self.without_carrying:
            return
        for frame in self.unpaired or ():
            if frame.shot not in self.without_carrying:
                yield frame

    @cached_property
    def _unpaired_count(self) -> int:
        """Number of those frames; to exclude shots, all frames are read once."""
        if self.without_carrying:
            return sum(1 for _ in self._unpaired())
        return len(self.unpaired or ())


def nearest_pairs(frame: Frame, pairs: Sequence[TrainingPicture]) -> list[TrainingPicture]:
    """The pairs whose chroma is carried to a frame.

    For an unpaired frame the nearest of its shot. For a frame with a pair the two nearest others,
    because one that contradicts the frame's own pair does not show which is wrong.
    """
    in_shot = [pair for pair in pairs if pair.shot == frame.shot]
    others = [pair for pair in in_shot if pair.frame != frame.number]
    others.sort(key=lambda pair: abs(pair.frame - frame.number))
    return others[: 1 if len(others) == len(in_shot) else 2]


def carry_chroma(frame: Frame, pair: TrainingPicture, grain: Tensor) -> TrainingPicture:
    """The frame with the chroma of a pair of its shot.

    Its weight is that of the pair where both frames show the same point, and falls with their
    difference in R'G'B' without `grain`. The median difference over the frame is subtracted first,
    because it is flicker of the fade. If the light changes by more than flicker, all weights are
    zero.
    """
    pair_rgb, frame_rgb = degrain(pair.source_rgb, grain), degrain(frame.rgb, grain)
    motion = optical_flow(luma(pair_rgb), luma(frame_rgb))
    weight = torch.zeros_like(pair.weight)
    warped_rgb = motion.warp(pair_rgb)
    visible = motion.visible
    if visible.any() and _is_flicker(luma(warped_rgb)[0, visible], luma(frame_rgb)[0, visible]):
        change = frame_rgb - warped_rgb
        change = change - change[:, visible].median(dim=1).values[:, None, None]
        largest = change.abs().amax(dim=0)
        similarity = (1 + (largest / QUARTER_WEIGHT_DIFFERENCE) ** 2) ** -2
        weight = motion.warp(pair.weight) * visible * similarity
    truth_rgb = merge_chroma(frame.rgb, motion.warp(pair.truth_rgb))
    return TrainingPicture(
        frame.rgb, truth_rgb, weight, frame.number, frame.shot, "train", pair.frame
    )


def is_motion_found(carried: TrainingPicture, pair: TrainingPicture) -> bool:
    """Whether a frame with the chroma of `pair` has enough weight to be used."""
    return bool(carried.weight.mean() > MIN_CARRIED_WEIGHT * pair.weight.mean())


def _is_flicker(pair_y: Tensor, frame_y: Tensor) -> bool:
    """Whether the median difference of two lumas (N,) of the same points is within flicker."""
    return bool((frame_y - pair_y).median().abs() <= MAX_FLICKER * pair_y.median().abs())
