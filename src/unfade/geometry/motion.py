"""What moved between two frames, and what changed besides."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

AGREEMENT = 0.5
"""Pixels within which the motion there and the motion back must cancel: elsewhere one frame shows
what the other hides."""


@dataclass(frozen=True)
class Motion:
    """Where each pixel of a picture was in an earlier one.

    `grid` (H, W, 2) is in units of `torch.nn.functional.grid_sample`, -1 to 1. `seen`, bool (H, W),
    tells where both pictures show the same thing.
    """

    grid: Tensor
    seen: Tensor

    def bring(self, earlier: Tensor) -> Tensor:
        """The earlier picture (C, H, W) with all things where the later one shows them."""
        return _sample(earlier, self.grid)


def motion(earlier_y: Tensor, y: Tensor) -> Motion:
    """The motion between two lumas (1, H, W), nominally 0 to 1.

    Source: Kroeger, Timofte, Dai, Van Gool, "Fast Optical Flow using Dense Inverse Search", 2016.
    """
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    before, now = _codes(earlier_y), _codes(y)
    start = np.zeros((*now.shape, 2), np.float32)
    there = torch.from_numpy(np.asarray(flow.calc(now, before, start.copy())))
    back = torch.from_numpy(np.asarray(flow.calc(before, now, start.copy())))
    height, width = there.shape[:2]
    down, across = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    last = torch.tensor([max(width - 1, 1), max(height - 1, 1)])
    grid = (torch.stack([across, down], dim=-1) + there) * 2 / last - 1
    returned = there + _sample(back.permute(2, 0, 1), grid).permute(1, 2, 0)
    inside = torch.all(torch.abs(grid) <= 1, dim=-1)
    seen = inside & (torch.linalg.vector_norm(returned, dim=-1) < AGREEMENT)
    return Motion(grid, seen)


def change_along(moved: Motion, earlier: Tensor, now: Tensor) -> float:
    """The mean absolute change of pictures (C, H, W) along a motion, where both show the same.

    Returns:
        Nothing of it is motion; 0 where no pixel is seen in both.
    """
    change = (now - moved.bring(earlier)).abs().mean(dim=0)
    count = int(moved.seen.sum())
    return float(change[moved.seen].mean()) if count else 0.0


def _codes(y: Tensor) -> np.ndarray:
    return np.asarray((y[0].clamp(0.0, 1.0) * 255).round().byte().numpy())


def _sample(picture: Tensor, grid: Tensor) -> Tensor:
    sampled: Tensor = functional.grid_sample(
        picture[None], grid[None].to(picture.dtype), padding_mode="border", align_corners=True
    )
    return sampled[0]
