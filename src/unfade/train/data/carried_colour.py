"""The colour of pairs carried along motion to other frames of their shots.

A pair shows each thing in one place and in one light. Frames around it show the same things
elsewhere, where the fade is another, and the scan tells where they went. To a frame that has a pair
the next one's is carried too: what two references say is surer than what one does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

import torch
from torch import Tensor

from unfade.color.ycbcr import luma, merge_chroma
from unfade.geometry.motion import optical_flow
from unfade.model.degrain import degrain
from unfade.train.data.pixels import Picture

ALIKE = 0.03
"""Difference in R'G'B', besides that of the whole frames, at which what was found along the motion
counts a quarter: without grain the same thing differs by about 0.01."""

FLICKER = 0.05
"""Share of the luma by which a whole frame may be lighter or darker than the pair: the flicker of
simulated fades stays below 0.03. In a fade-in, chroma changes with the light, by an unknown part of
it, and carried as it is it would be too strong or too weak all over."""

LEAST = 0.05
"""Share of a pair's weight that a frame has at least, or its motion is taken for not found."""


@dataclass(frozen=True)
class Frame:
    """A frame of the source on the model's raster: `rgb` (3, H, W), 0 to 1."""

    rgb: Tensor
    number: int
    shot: int


class Frames(Protocol):
    """Frames that can be gone through several times."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Frame]: ...


@dataclass(frozen=True)
class TrainingPictures:
    """The pictures that are learned from: pairs, and frames that their colour is carried to.

    Colour is carried between pairs, and to the frames `between` them, which are read anew on each
    pass, so that no more than one is held; where that is none, it is carried nowhere. `grain` is
    what `degrain` is told.
    """

    pairs: Sequence[Picture]
    between: Frames | None = None
    grain: Tensor = field(default_factory=lambda: torch.zeros(3, 3))

    def __len__(self) -> int:
        """Pictures, if all motion is found."""
        among = sum(len(nearest(frame, self.pairs)) for frame in self._paired())
        return len(self.pairs) + among + len(self.between or ())

    def with_budget(self, pixels: int) -> Iterator[tuple[Picture, int]]:
        """Each picture with its share of so many pixels; where colour is carried, half of them are
        of pairs, and those whose motion is not found leave theirs."""
        paired, between = self._paired(), self.between or ()
        receivers = len(paired) + len(between)
        half = pixels // 2 if receivers else pixels
        for pair in self.pairs:
            yield pair, half // len(self.pairs)
        for frame in chain(paired, between):
            others = nearest(frame, self.pairs)
            for pair in others:
                carried = carry(frame, pair, self.grain)
                if carried.weight.mean() > LEAST * pair.weight.mean():
                    yield carried, half // receivers // len(others)

    def _paired(self) -> list[Frame]:
        """The frames of pairs that others are carried to."""
        if self.between is None:
            return []
        frames = [Frame(pair.source_rgb, pair.frame, pair.shot) for pair in self.pairs]
        return [frame for frame in frames if nearest(frame, self.pairs)]


def nearest(frame: Frame, pairs: Sequence[Picture]) -> list[Picture]:
    """The pairs carried to a frame: the nearest of its shot, or where it has a pair itself, the two
    nearest others, for of two that differ nobody knows which is right."""
    own = [pair for pair in pairs if pair.shot == frame.shot]
    others = [pair for pair in own if pair.frame != frame.number]
    others.sort(key=lambda pair: abs(pair.frame - frame.number))
    return others[: 1 if len(others) == len(own) else 2]


def carry(frame: Frame, pair: Picture, grain: Tensor) -> Picture:
    """The frame with the chroma of a pair of its shot.

    It weighs as much as the pair does where the motion is found, and less the more the two pictures
    differ there without their `grain`. What differs all over is the flicker of the fade; where that
    is more than flicker, the light of the scene has changed, and nothing is trusted.
    """
    before_rgb, now_rgb = degrain(pair.source_rgb, grain), degrain(frame.rgb, grain)
    motion = optical_flow(luma(before_rgb), luma(now_rgb))
    weight = torch.zeros_like(pair.weight)
    brought_rgb = motion.warp(before_rgb)
    seen = motion.visible
    if seen.any() and _is_flicker(luma(brought_rgb)[0, seen], luma(now_rgb)[0, seen]):
        change = now_rgb - brought_rgb
        change = change - change[:, seen].median(dim=1).values[:, None, None]
        alike = (1 + (change.abs().amax(dim=0) / ALIKE) ** 2) ** -2
        weight = motion.warp(pair.weight) * seen * alike
    truth_rgb = merge_chroma(frame.rgb, motion.warp(pair.truth_rgb))
    return Picture(frame.rgb, truth_rgb, weight, frame.number, frame.shot, "train", pair.frame)


def _is_flicker(before_y: Tensor, now_y: Tensor) -> bool:
    """Whether two lumas (N,) of the same things differ all over by no more than flicker."""
    return bool((now_y - before_y).median().abs() <= FLICKER * before_y.median().abs())
