"""Pictures turned upright, by the eight orientations of TIFF 6.0 and EXIF."""

import torch
from torch import Tensor

_MIRRORED_AND_QUARTERS = ((0, 0), (1, 0), (0, 2), (1, 2), (1, 3), (0, 1), (1, 1), (0, 3))
"""Of orientations 1 to 8: whether left and right change places, then quarter turns clockwise."""


def upright(picture: Tensor, orientation: int) -> Tensor:
    """A picture as it is shown.

    Args:
        picture: (..., H, W) as it is stored.
        orientation: 1 to 8, the meaning of the TIFF tag 274: 1 is as stored, 2 is mirrored, 3 is
            turned by 180 degrees, 4 is flipped, 5 to 8 are the same with rows and columns swapped.

    Returns:
        (..., H, W), or (..., W, H) for the orientations 5 to 8; contiguous.
    """
    mirrored, quarters = _MIRRORED_AND_QUARTERS[orientation - 1]
    shown = picture.flip(-1) if mirrored else picture
    return torch.rot90(shown, -quarters, (-2, -1)).contiguous()


def swaps_axes(orientation: int) -> bool:
    """Whether a picture is as wide when shown as it is high when stored."""
    return orientation >= 5
