"""The colour of pairs carried along motion to other frames of their shots.

A pair shows each thing in one place and in one light. Frames around it show the same things
elsewhere, where the fade is another, and the scan tells where they went. To a frame that has a pair
the next one's is carried too: what two references say is surer than what one does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.film.pair import Pair
from unfade.film.shot import Shot
from unfade.geometry.motion import motion
from unfade.network.filters import degrain
from unfade.train.samples import Picture

SHOWN = 9
"""Frames of a shot, pairs among them, that are learned from, or as many as it has pairs."""

REACH = 36
"""Frames from a pair to the farthest that its colour is carried to."""

NEAR = 2
"""Frames around cuts, pairs and hold-outs that are left out: they show the like, or two shots."""

MOST = 400
"""Frames of the film that colour is carried to; each takes about two seconds."""

ALIKE = 0.03
"""Difference in R'G'B', besides that of the whole frames, at which what was found along the motion
counts a quarter: without grain the same thing differs by about 0.01."""

LEAST = 0.05
"""Mean weight of a frame below which its motion is taken for not found."""


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
class Shown:
    """The pictures that are learned from: pairs, and frames that their colour is carried to.

    Frames are read anew on each pass, so that no more than one is held.
    """

    pairs: Sequence[Picture]
    between: Frames = ()
    grain: Tensor = field(default_factory=lambda: torch.zeros(3, 3))

    def __len__(self) -> int:
        return len(self.pairs) + len(self.between)

    def share(self, pixels: int) -> Iterator[tuple[Picture, int]]:
        """Each picture with its share of so many pixels; half of them are of pairs."""
        half = pixels // 2 if self.between else pixels
        for pair in self.pairs:
            yield pair, half // len(self.pairs)
        for frame in self.between:
            others = nearest(frame, self.pairs)
            for pair in others:
                carried = carry(frame, pair, self.grain)
                if carried.weight.mean() >= LEAST:
                    yield carried, half // len(self.between) // len(others)


def frames_between(pairs: Sequence[Pair], shots: Sequence[Shot]) -> dict[int, int]:
    """The frames to carry colour to, in order, each with the number of its shot."""
    chosen: list[tuple[int, int]] = []
    for shot in shots:
        own = [pair for pair in pairs if pair.shot == shot.number]
        learned = [pair.source for pair in own if pair.role == "train"]
        inside = list(shot.frames.frames())[NEAR:-NEAR]
        free = [frame for frame in inside if _is_free(frame, learned, own)]
        wanted = min(max(SHOWN - len(learned), 0), len(free))
        places = np.linspace(0, len(free) - 1, wanted).round().astype(np.int64)
        again = learned if len(learned) > 1 else []
        chosen += [(frame, shot.number) for frame in (*again, *(free[k] for k in places))]
    every = max(1, -(-len(chosen) // MOST))
    return dict(sorted(chosen)[::every])


def _is_free(frame: int, learned: Sequence[int], pairs: Sequence[Pair]) -> bool:
    apart = all(abs(frame - pair.source) >= NEAR for pair in pairs)
    return apart and any(abs(frame - other) <= REACH for other in learned)


def nearest(frame: Frame, pairs: Sequence[Picture]) -> list[Picture]:
    """The pair that is carried to a frame; to one that has a pair itself, the two nearest others,
    for of two references that differ nobody knows which is right."""
    own = [pair for pair in pairs if pair.shot == frame.shot]
    others = [pair for pair in own if pair.frame != frame.number]
    others.sort(key=lambda pair: abs(pair.frame - frame.number))
    return others[: 1 if len(others) == len(own) else 2]


def carry(frame: Frame, pair: Picture, grain: Tensor) -> Picture:
    """The frame with the chroma of a pair of its shot.

    It weighs as much as the pair does where the motion is found, and less the more the two pictures
    differ there without their `grain`. What differs all over is the flicker of the fade.
    """
    before_rgb, now_rgb = degrain(pair.source_rgb, grain), degrain(frame.rgb, grain)
    moved = motion(luma(before_rgb), luma(now_rgb))
    weight = torch.zeros_like(pair.weight)
    if moved.seen.any():
        change = now_rgb - moved.bring(before_rgb)
        change = change - change[:, moved.seen].median(dim=1).values[:, None, None]
        alike = (1 + (change.abs().amax(dim=0) / ALIKE) ** 2) ** -2
        weight = moved.bring(pair.weight) * moved.seen * alike
    y = luma(frame.rgb)
    cbcr = limit_chroma(y, moved.bring(rgb_to_ycbcr(pair.truth_rgb)[1:]))
    truth_rgb = ycbcr_to_rgb(torch.cat([y, cbcr]))
    return Picture(frame.rgb, truth_rgb, weight, frame.number, frame.shot, "train")
