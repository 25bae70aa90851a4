"""Places of a frame: what the faded picture shows at focal points, and where points could lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.log_light import logarithm
from unfade.construct.laws import Places
from unfade.construct.solver import Solution, positions, positions_at
from unfade.geometry.bands import bands
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

_GRAIN_STRENGTH = 20.0
"""Factor on the grain measured between neighbouring pixels: grain is wider than a pixel, and the
gain of a lost dye amplifies it. Of development frames of two stocks with 20 points it leaves 1.40
and 1.49 CIEDE2000, a factor of 1 1.84 and 1.95."""

DYE_DEVIATION = 0.03
"""Standard deviation of the deviation from the law of dyes, as chroma of range 1."""
_CHROMA_OF_ERROR = 0.008
"""Chroma of range 1 for a CIEDE2000 of 1, at a middle brightness."""
_MIN_MODEL_DEVIATION = 0.005
"""Smallest deviation from a model: about a code of 8 bits. The points are better evidence than a
predicted error of nothing."""


@dataclass(frozen=True)
class FadedFrame:
    """A frame of the scan, as it is solved: its live area.

    `source_rgb` (3, H, W); `log_rgb` (3, H, W) is the logarithm without grain. `prior_deviation`
    (H, W) and `model_cbcr` (2, H, W) are those of `Places`. All float32.
    """

    source_rgb: Tensor
    log_rgb: Tensor
    prior_deviation: Tensor
    model_cbcr: Tensor | None = None

    @classmethod
    def of(cls, source_rgb: Tensor) -> "FadedFrame":
        """That of the live area of a frame, (3, H, W) R'G'B', of which no model is known."""
        clean_rgb = degrain(source_rgb, _GRAIN_STRENGTH * grain_covariance(source_rgb))
        prior_deviation = torch.full(source_rgb.shape[1:], DYE_DEVIATION)
        return cls(source_rgb, logarithm(clean_rgb), prior_deviation)

    def with_model(self, cbcr: Tensor, ciede2000: Tensor) -> "FadedFrame":
        """The frame with the chroma (2, H, W) of the film's model, and its predicted error
        (H, W)."""
        prior_deviation = (ciede2000 * _CHROMA_OF_ERROR).clamp(_MIN_MODEL_DEVIATION, DYE_DEVIATION)
        return FadedFrame(self.source_rgb, self.log_rgb, prior_deviation, cbcr)

    def around(self, at: Sequence[tuple[int, int]]) -> tuple[Places, Tensor]:
        """What surrounds columns and rows of pixels: places, and the largest standard deviation of
        a channel of `log_rgb` (N,), float64."""
        pictures = [self.log_rgb, self.prior_deviation[None]]
        pictures += [] if self.model_cbcr is None else [self.model_cbcr]
        means, spreads = [], []
        for column, row in at:
            pixels = torch.cat([surroundings(one, column, row) for one in pictures]).double()
            means.append(pixels.mean(dim=1))
            spreads.append(pixels[:3].std(dim=1, correction=0).max())
        mean = torch.stack(means, dim=1)
        columns, rows = torch.tensor(at, dtype=torch.float64).T
        position = positions_at(columns, rows, *self.log_rgb.shape[1:])
        model_cbcr = None if self.model_cbcr is None else mean[4:]
        return Places(mean[:3], position, mean[3], model_cbcr), torch.stack(spreads)

    def solved(self, solution: Solution) -> Tensor:
        """The chroma (2, H, W) of a solution."""
        height, width = self.log_rgb.shape[1:]
        position, cbcr = positions(height, width, torch.float32), torch.empty(2, height, width)
        for lines in bands(height, width):
            model_cbcr = None if self.model_cbcr is None else self.model_cbcr[:, lines].flatten(1)
            places = Places(
                self.log_rgb[:, lines].flatten(1),
                position[:, lines].flatten(1),
                self.prior_deviation[lines].flatten(),
                model_cbcr,
            )
            cbcr[:, lines] = solution.chroma(places).reshape(2, -1, width)
        return cbcr

    @cached_property
    def candidates(self) -> "Candidates":
        """Places all over the frame, at equal distances."""
        height, width = self.log_rgb.shape[1:]
        step = max(2 * _radius_px(self.log_rgb), round((height * width / _CANDIDATES) ** 0.5))
        rows = range(step // 2, height, step)
        at = [(column, row) for row in rows for column in range(step // 2, width, step)]
        return Candidates(at, len(rows), *self.around(at))


@dataclass(frozen=True)
class Candidates:
    """Places of a frame on a grid, row by row: `at`, their columns and rows of pixels, the number
    of `rows` of the grid, and `places` and `spread` of `FadedFrame.around`."""

    at: list[tuple[int, int]]
    rows: int
    places: Places
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

    return FadedFrame(
        small(frame.source_rgb),
        small(frame.log_rgb),
        small(frame.prior_deviation[None])[0],
        None if frame.model_cbcr is None else small(frame.model_cbcr),
    )
