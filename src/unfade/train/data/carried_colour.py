"""Chroma of pairs carried along optical flow to other frames of their shots.

A pair shows each object in one place and one light. Frames around it show the same objects
elsewhere, where the fade differs, and the scan itself gives the motion. Frames that have a pair of
their own receive chroma from two other pairs as well, because several references are more reliable
than one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.ycbcr import limit_chroma, luma
from unfade.geometry.motion import optical_flow
from unfade.train.data.picture_store import PictureKey
from unfade.train.data.pixels import NetworkFrame, NetworkPicture

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


Frames = Sequence[Frame]
"""Frames, which may be read each time that they are asked for."""


def nearest_pairs(frame: int, shot: int, pairs: Sequence[PictureKey]) -> list[int]:
    """Indices of the pairs whose chroma is carried to a frame.

    For an unpaired frame the nearest of its shot. For a frame with a pair the two nearest others,
    because one that contradicts the frame's own pair does not show which is wrong.
    """
    in_shot = [index for index, pair in enumerate(pairs) if pair.shot == shot]
    others = [index for index in in_shot if pairs[index].frame != frame]
    others.sort(key=lambda index: abs(pairs[index].frame - frame))
    return others[: 1 if len(others) == len(in_shot) else 2]


def carry_chroma(frame: NetworkFrame, pair: NetworkPicture) -> NetworkPicture:
    """The frame with the chroma of a pair of its shot.

    Its weight is that of the pair where both frames show the same point, and falls with their
    difference in R'G'B' without grain. The median difference over the frame is subtracted first,
    because it is flicker of the fade. If the light changes by more than flicker, all weights are
    zero.
    """
    pair_rgb, frame_rgb = pair.frame.clean_rgb, frame.clean_rgb
    motion = optical_flow(luma(pair_rgb), luma(frame_rgb))
    warped = motion.warp(torch.cat([pair_rgb, pair.truth_ycbcr[1:], pair.weight]))
    warped_rgb, warped_cbcr, warped_weight = warped[:3], warped[3:5], warped[5:]
    weight = torch.zeros_like(pair.weight)
    visible = motion.visible
    if visible.any() and _is_flicker(luma(warped_rgb)[0, visible], luma(frame_rgb)[0, visible]):
        change = frame_rgb - warped_rgb
        change = change - change[:, visible].median(dim=1).values[:, None, None]
        largest = change.abs().amax(dim=0)
        similarity = (1 + (largest / QUARTER_WEIGHT_DIFFERENCE) ** 2) ** -2
        weight = warped_weight * visible * similarity
    y = luma(frame.source_rgb)
    truth_ycbcr = torch.cat([y, limit_chroma(y, warped_cbcr)])
    return NetworkPicture(frame, truth_ycbcr, weight, "train", pair.frame.number)


def is_motion_found(carried: NetworkPicture, pair: NetworkPicture) -> bool:
    """Whether a frame with the chroma of `pair` has enough weight to be used."""
    return bool(carried.weight.mean() > MIN_CARRIED_WEIGHT * pair.weight.mean())


def _is_flicker(pair_y: Tensor, frame_y: Tensor) -> bool:
    """Whether the median difference of two lumas (N,) of the same points is within flicker."""
    return bool((frame_y - pair_y).median().abs() <= MAX_FLICKER * pair_y.median().abs())
