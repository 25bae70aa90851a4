"""Test for values that are infinite or not numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def all_finite(pixels: Tensor) -> bool:
    """Whether all values of a float tensor are finite.

    A value that is not finite makes the sum not finite, so a finite sum proves it in a tenth of the
    time. Only the sum of huge values can overflow; then each value is tested.
    """
    import torch

    total = pixels.sum(dtype=torch.promote_types(pixels.dtype, torch.float32))
    return bool(total.isfinite()) or bool(pixels.isfinite().all())


def count_not_finite(pixels: Tensor) -> int:
    """Number of values of a float tensor that are infinite or not numbers."""
    return 0 if all_finite(pixels) else int((~pixels.isfinite()).sum())
