"""Rotation of stored pictures to upright, by the eight orientations of TIFF 6.0 and EXIF."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


_MIRROR_AND_QUARTER_TURNS = ((0, 0), (1, 0), (0, 2), (1, 2), (1, 3), (0, 1), (1, 1), (0, 3))
"""For orientations 1 to 8: 1 to mirror left and right first, then quarter turns clockwise."""


def upright(picture: Tensor, orientation: int) -> Tensor:
    """A stored picture in viewing orientation.

    Args:
        picture: (..., H, W) as stored.
        orientation: 1 to 8, the value of TIFF tag 274: 1 is as stored, 2 is mirrored, 3 is turned
            by 180 degrees, 4 is flipped, 5 to 8 are the same with rows and columns swapped.

    Returns:
        (..., H, W), or (..., W, H) for the orientations 5 to 8; contiguous.
    """
    if orientation == 1:
        return picture.contiguous()
    mirror, quarter_turns = _MIRROR_AND_QUARTER_TURNS[orientation - 1]
    mirrored = picture.flip(-1) if mirror else picture
    import torch

    return torch.rot90(mirrored, -quarter_turns, (-2, -1)).contiguous()


def swaps_axes(orientation: int) -> bool:
    """Whether the orientation exchanges width and height."""
    return orientation >= 5
