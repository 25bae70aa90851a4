"""Optical flow between two frames, and the change of pictures along it."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

MAX_ROUND_TRIP_PX = 0.5
"""Largest distance, in pixels, by which forward and backward flow may fail to cancel. More means an
occlusion: one frame shows what the other hides."""


@dataclass(frozen=True)
class Motion:
    """Position of each pixel of a picture in an earlier picture.

    `grid` (H, W, 2) is in units of `torch.nn.functional.grid_sample`, -1 to 1. `visible`, bool
    (H, W), is true where both pictures show the same point of the scene.
    """

    grid: Tensor
    visible: Tensor

    def warp(self, earlier: Tensor) -> Tensor:
        """The earlier picture (C, H, W) warped onto the later one."""
        return _sample(earlier, self.grid)


def optical_flow(earlier_y: Tensor, y: Tensor) -> Motion:
    """Motion from an earlier luma to a later one, both (1, H, W), nominally 0 to 1.

    Source: Kroeger, Timofte, Dai, Van Gool, "Fast Optical Flow using Dense Inverse Search", 2016.
    """
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    before, now = _codes(earlier_y), _codes(y)
    start = np.zeros((*now.shape, 2), np.float32)
    backward = torch.from_numpy(np.asarray(flow.calc(now, before, start.copy())))
    forward = torch.from_numpy(np.asarray(flow.calc(before, now, start.copy())))
    height, width = backward.shape[:2]
    row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    last = torch.tensor([max(width - 1, 1), max(height - 1, 1)])
    grid = (torch.stack([column, row], dim=-1) + backward) * 2 / last - 1
    round_trip = backward + _sample(forward.permute(2, 0, 1), grid).permute(1, 2, 0)
    inside = torch.all(torch.abs(grid) <= 1, dim=-1)
    visible = inside & (torch.linalg.vector_norm(round_trip, dim=-1) < MAX_ROUND_TRIP_PX)
    return Motion(grid, visible)


def change_along(motion: Motion, earlier: Tensor, now: Tensor) -> float:
    """Mean absolute change of pictures (C, H, W) along a motion, where both show the same point.

    Returns:
        The change after motion compensation; 0 if no pixel is visible in both.
    """
    change = (now - motion.warp(earlier)).abs().mean(dim=0)
    count = int(motion.visible.sum())
    return float(change[motion.visible].mean()) if count else 0.0


def _codes(y: Tensor) -> np.ndarray:
    return np.asarray((y[0].clamp(0.0, 1.0) * 255).round().byte().numpy())


def _sample(picture: Tensor, grid: Tensor) -> Tensor:
    sampled: Tensor = functional.grid_sample(
        picture[None], grid[None].to(picture.dtype), padding_mode="border", align_corners=True
    )
    return sampled[0]
