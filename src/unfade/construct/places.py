"""Places of a frame: what the faded picture shows at focal points, and where points could lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.construct.dye_start import logarithm
from unfade.construct.solver import positions
from unfade.model.degrain import degrain
from unfade.model.grain import grain_covariance

_RADIUS_SHARE = 1 / 300
"""Radius of a point, as a share of the frame's longer side: 7 pixels of a 2K scan, which average
grain and stay within a small surface."""

_CALM_SPREAD = 0.15
"""Largest standard deviation of the logarithm of R'G'B' around a place at which a person can state
a colour: within one surface."""
_CANDIDATES = 600
"""Number of places among which points are proposed; with twice as many, 20 points are worth as
much."""

_DARKEST = 0.02
"""Luma of a stated colour below which its hue is not certain."""
_LIGHT = (0.2, 4.0)
"""Bounds of the factor by which a stated colour is brightened."""


@dataclass(frozen=True)
class FadedFrame:
    """A frame of the scan, as it is solved: its live area.

    `source_rgb` (3, H, W); `log_rgb` (3, H, W) is the logarithm without grain, float32.
    """

    source_rgb: Tensor
    log_rgb: Tensor

    @classmethod
    def of(cls, source_rgb: Tensor) -> "FadedFrame":
        """That of the live area of a frame, (3, H, W) R'G'B'."""
        clean = degrain(source_rgb, grain_covariance(source_rgb))
        return cls(source_rgb, logarithm(clean))

    def around(self, places: Sequence[tuple[int, int]]) -> tuple[Tensor, Tensor, Tensor]:
        """What surrounds places.

        Args:
            places: columns and rows of pixels.

        Returns:
            the mean of the logarithm (3, N), the positions (2, N), and the largest standard
            deviation of a channel (N,), all float64.
        """
        means, spreads = [], []
        for column, row in places:
            pixels = surroundings(self.log_rgb, column, row).double()
            means.append(pixels.mean(dim=1))
            spreads.append(pixels.std(dim=1, correction=0).max())
        columns, rows = (torch.tensor(one, dtype=torch.long) for one in zip(*places, strict=True))
        place = positions(*self.log_rgb.shape[1:])[:, rows, columns]
        return torch.stack(means, dim=1), place, torch.stack(spreads)

    @cached_property
    def candidates(self) -> "Candidates":
        """Places all over the frame, at equal distances."""
        height, width = self.log_rgb.shape[1:]
        step = max(2 * _radius_px(self.log_rgb), round((height * width / _CANDIDATES) ** 0.5))
        rows = range(step // 2, height, step)
        places = [(column, row) for row in rows for column in range(step // 2, width, step)]
        return Candidates(places, len(rows), *self.around(places))


@dataclass(frozen=True)
class Candidates:
    """Places of a frame on a grid: columns and rows of pixels, row by row, and the number of rows.

    `log_rgb`, `position` and `spread` are those of `FadedFrame.around`.
    """

    places: list[tuple[int, int]]
    rows: int
    log_rgb: Tensor
    position: Tensor
    spread: Tensor


def surroundings(picture: Tensor, column: int, row: int) -> Tensor:
    """The pixels (C, N) around a place of a picture (C, H, W) that count as the place."""
    radius = _radius_px(picture)
    top, left = max(row - radius, 0), max(column - radius, 0)
    return picture[:, top : row + radius + 1, left : column + radius + 1].flatten(1)


def _radius_px(picture: Tensor) -> int:
    return max(1, round(max(picture.shape[1:]) * _RADIUS_SHARE))


def is_calm(spread: Tensor) -> Tensor:
    """Whether each of the places (N,) lies within one surface, by the deviations around them."""
    return spread <= max(_CALM_SPREAD, float(spread.quantile(0.2)))


def reduced(frame: FadedFrame, longer_side: int) -> FadedFrame:
    """A frame reduced to at most a number of pixels on its longer side, to show a solution fast."""
    height, width = frame.log_rgb.shape[1:]
    factor = longer_side / max(height, width)
    if factor >= 1:
        return frame
    size = (max(1, round(height * factor)), max(1, round(width * factor)))

    def small(picture: Tensor) -> Tensor:
        return functional.interpolate(picture[None], size=size, mode="area")[0]

    return FadedFrame(small(frame.source_rgb), small(frame.log_rgb))


def stated_chroma(stated_rgb: Tensor, source_rgb: Tensor) -> Tensor:
    """The chroma (2, N) of stated colours (3, N) in the light in which the scan shows them (3, N).

    A colour states hue and saturation; brightness is the scan's. So it is brightened or darkened
    to the luma of the scan, as a surface is by light.
    """
    scan_y, y = (luma(one[:, :, None])[0, :, 0] for one in (source_rgb, stated_rgb))
    factor = (scan_y.clamp_min(0.0) / y.clamp_min(_DARKEST)).clamp(*_LIGHT)
    return rgb_to_ycbcr((stated_rgb * factor)[:, :, None])[1:, :, 0]
