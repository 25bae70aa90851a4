"""Projective warps of a picture. Pixel centres are at whole numbers."""

import torch
from torch import Tensor
from torch.nn import functional

from unfade.film.alignment import Matrix


def warp(picture: Tensor, matrix: Matrix, height: int, width: int) -> Tensor:
    """A picture laid on another raster.

    Args:
        picture: (C, H, W) float.
        matrix: maps (x, y, 1) of `picture` to those of the result.
        height: of the result, in pixels.
        width: of the result, in pixels.

    Returns:
        (C, height, width), bicubic; outside the picture its border is repeated.
    """
    grid = _source_grid(picture, matrix, height, width)
    warped: Tensor = functional.grid_sample(
        picture[None], grid[None], mode="bicubic", padding_mode="border", align_corners=True
    )
    return warped[0]


def coverage(picture: Tensor, matrix: Matrix, height: int, width: int) -> Tensor:
    """Where `warp` shows the picture itself: bool (height, width)."""
    grid = _source_grid(picture, matrix, height, width)
    return torch.all(torch.abs(grid) <= 1.0, dim=-1)


def _source_grid(picture: Tensor, matrix: Matrix, height: int, width: int) -> Tensor:
    """For each pixel of the result, where it lies in the picture, -1 to 1: (height, width, 2)."""
    inverse = torch.linalg.inv(torch.tensor(matrix, dtype=torch.float64))
    y, x = torch.meshgrid(
        torch.arange(height, dtype=torch.float64),
        torch.arange(width, dtype=torch.float64),
        indexing="ij",
    )
    points = torch.stack([x, y, torch.ones_like(x)], dim=-1) @ inverse.T
    extent = torch.tensor(
        [picture.shape[-1] - 1, picture.shape[-2] - 1], dtype=torch.float64
    ).clamp_min(1)
    grid: Tensor = points[..., :2] / points[..., 2:] * 2 / extent - 1
    return grid.to(picture.dtype)
