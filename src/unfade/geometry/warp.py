"""Projective and smooth warps of a picture. Pixel centres are at whole numbers."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from unfade.film.alignment import Matrix, SmoothWarp
from unfade.geometry.bands import bands


def as_matrix(array: NDArray[np.float64]) -> Matrix:
    """A 3x3 array as nested tuples."""
    a, b, c = ((float(row[0]), float(row[1]), float(row[2])) for row in array)
    return (a, b, c)


def warp(
    picture: Tensor, matrix: Matrix, height: int, width: int, smooth: SmoothWarp | None = None
) -> Tensor:
    """A picture resampled onto another raster.

    Args:
        picture: (C, H, W) float.
        matrix: homography from (x, y, 1) of `picture` to those of the result.
        height: of the result, in pixels.
        width: of the result, in pixels.
        smooth: displacement, in pixels of the result, added to each pixel before the inverse
            homography.

    Returns:
        (C, height, width), bicubic; outside the picture its border is repeated.
    """
    nodes = None if smooth is None else torch.tensor([smooth.x, smooth.y], dtype=torch.float64)
    homography = torch.tensor(matrix, dtype=torch.float64)
    extent = torch.tensor(
        [picture.shape[-1] - 1, picture.shape[-2] - 1], dtype=torch.float64
    ).clamp_min(1)
    warped = picture.new_empty(picture.shape[0], height, width)
    x = torch.arange(width, dtype=torch.float64)
    for lines in bands(height, width):
        y = torch.arange(lines.start, lines.stop, dtype=torch.float64)[:, None]
        points = torch.stack([x.expand(len(y), width), y.expand(len(y), width)], dim=-1)
        if nodes is not None:
            points = points + displacement(nodes, points, height, width).permute(1, 2, 0)
        positions = torch.stack(_unwarped(homography, *points.unbind(-1)), dim=-1)
        grid = (positions * 2 / extent - 1).to(picture.dtype)
        warped[:, lines] = functional.grid_sample(
            picture[None], grid[None], mode="bicubic", padding_mode="border", align_corners=True
        )[0]
    return warped


def source_positions(
    matrix: Tensor, nodes: Tensor | None, height: int, width: int
) -> tuple[Tensor, Tensor]:
    """Position in the picture of each pixel of the result: x and y, (height, width) pixels each.

    Args:
        matrix: 3x3 homography from the picture to the result; its type is that of the positions.
        nodes: displacements of a smooth warp, (2, rows, columns) of the same type, spread over the
            raster of the result; or none.
        height: of the result, in pixels.
        width: of the result, in pixels.
    """
    x = torch.arange(width, dtype=matrix.dtype)
    y = torch.arange(height, dtype=matrix.dtype)[:, None]
    if nodes is not None:
        offset: Tensor = functional.interpolate(
            nodes[None], (height, width), mode="bicubic", align_corners=True
        )
        x, y = x + offset[0, 0], y + offset[0, 1]
    return _unwarped(matrix, x, y)


def _unwarped(matrix: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Positions of the result in the picture that a homography maps to it."""
    a, b, c = torch.linalg.inv(matrix)
    depth = c[0] * x + c[1] * y + c[2]
    across, down = ((row[0] * x + row[1] * y + row[2]) / depth for row in (a, b))
    return across, down


def displacement(nodes: Tensor, points: Tensor, height: int, width: int) -> Tensor:
    """Displacement of a smooth warp at given points; `source_positions` adds it at every pixel.

    Args:
        nodes: (C, rows, columns), spread over the raster from its first to its last pixel centres.
        points: (h, w, 2), x and y in pixels, of the same type.
        height: of the raster, in pixels.
        width: of the raster, in pixels.

    Returns:
        (C, h, w), bicubic between the nodes; beyond the raster as at its edge.
    """
    extent = torch.tensor([width - 1, height - 1], dtype=points.dtype).clamp_min(1)
    sampled: Tensor = functional.grid_sample(
        nodes[None],
        (points * 2 / extent - 1)[None],
        mode="bicubic",
        padding_mode="border",
        align_corners=True,
    )
    return sampled[0]
