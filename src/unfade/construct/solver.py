"""Solves the chroma of a frame from stated colours: a law of dyes, and a smooth deviation from it.

The deviation is a Gaussian process over faded colour and position, the law's parameters have a
Gaussian prior. Together this is kriging with an external drift. Both ends are exact: without points
the result is the start, and near a point it is the stated colour. Source: Rasmussen, Williams,
"Gaussian Processes for Machine Learning", 2006, chapter 2.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from unfade.construct.dye_law import PARAMETERS, FadeLaw, prior_precision
from unfade.construct.dye_start import DyeStart
from unfade.geometry.bands import bands

AMPLITUDE = 0.03
"""Standard deviation of the deviation from the law, as chroma of range 1."""
_COLOUR_REACH = 0.5
"""Distance of two faded colours, in the logarithm of R'G'B', over which deviations are alike."""
_PLACE_REACH = 0.4
"""Distance of two positions over which they are alike, in halves of the frame's longer side."""
_PLACE_SHARE = 0.5
"""Share of the deviation's variance that depends on the position, too."""

STATED_DEVIATION = 0.004
"""Standard deviation of a stated colour, as chroma of range 1: half a code of 8 bits, and the grain
that is left in the mean around a point."""

_ROUNDS = 8
"""Steps of Gauss and Newton; the last of 6 changes no chroma by a thousandth of a code."""
_LONGEST_STEP = 0.5
"""Largest change of a parameter in a step, because the law is far from linear."""


@dataclass(frozen=True)
class Evidence:
    """What is known at N places of a frame.

    `log_rgb` (3, N) of the faded picture without its grain; `position` (2, N), x and y from the
    centre in halves of the longer side; `cbcr` (2, N), stated; `deviation` (N,) of what is stated,
    as chroma of range 1. All float64.
    """

    log_rgb: Tensor
    position: Tensor
    cbcr: Tensor
    deviation: Tensor

    def __len__(self) -> int:
        return self.log_rgb.shape[1]

    def at(self, indices: list[int]) -> "Evidence":
        """That of some places."""
        return Evidence(
            self.log_rgb[:, indices],
            self.position[:, indices],
            self.cbcr[:, indices],
            self.deviation[indices],
        )


NO_EVIDENCE = Evidence(
    log_rgb=torch.zeros(3, 0, dtype=torch.float64),
    position=torch.zeros(2, 0, dtype=torch.float64),
    cbcr=torch.zeros(2, 0, dtype=torch.float64),
    deviation=torch.zeros(0, dtype=torch.float64),
)


@dataclass(frozen=True)
class Solution:
    """The chroma of a frame, given evidence."""

    law: FadeLaw
    evidence: Evidence

    def chroma(self, log_rgb: Tensor, position: Tensor) -> Tensor:
        """Chroma (2, N) of the logarithm of faded R'G'B' (3, N) at positions (2, N)."""
        cbcr = self.law(log_rgb, position)
        if not len(self.evidence):
            return cbcr
        alike = self._alike(log_rgb, position)
        return torch.addmm(cbcr, self._weights.to(cbcr.dtype), alike.T)

    def picture_chroma(self, log_rgb: Tensor) -> Tensor:
        """Chroma (2, H, W) of a picture, given as the logarithm (3, H, W)."""
        height, width = log_rgb.shape[1:]
        place = positions(height, width, log_rgb.dtype)
        cbcr = log_rgb.new_empty(2, height, width)
        for lines in bands(height, width):
            solved = self.chroma(log_rgb[:, lines].flatten(1), place[:, lines].flatten(1))
            cbcr[:, lines] = solved.reshape(2, -1, width)
        return cbcr

    def covariance(self, log_rgb: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
        """Covariances (N, N) of Cb and of Cr at N places, float64."""
        slope = self.law.slope(log_rgb, position)
        deviation = kernel(log_rgb, position, log_rgb, position)
        if len(self.evidence):
            alike = self._alike(log_rgb, position)
            deviation = deviation - alike @ torch.cholesky_solve(alike.T, self._root)
            slope = slope - alike @ self._explained
        cb, cr = (deviation + one @ self._of_parameters @ one.T for one in slope)
        return cb, cr

    def deviation(self, log_rgb: Tensor, position: Tensor) -> Tensor:
        """Standard deviation (N,) of chroma, over Cb and Cr together, as chroma of range 1."""
        slope = self.law.slope(log_rgb, position)
        variance = 2 * AMPLITUDE**2 * log_rgb.new_ones(log_rgb.shape[1])
        if len(self.evidence):
            alike = self._alike(log_rgb, position)
            variance -= 2 * (alike * torch.cholesky_solve(alike.T, self._root).T).sum(dim=1)
            slope = slope - alike @ self._explained
        variance += ((slope @ self._of_parameters) * slope).sum(dim=(0, 2))
        return variance.clamp_min(0.0).sqrt()

    def surprises(self) -> Tensor:
        """How far each stated colour (N,) is from what all others predict there, in standard
        deviations of the prediction and of what is stated. Source: Rasmussen, Williams, 5.4.2."""
        places = self.evidence
        slope = self.law.slope(places.log_rgb, places.position)
        expected = self.law(places.log_rgb, places.position) - slope @ self.law.parameters
        prior = torch.diag(prior_precision().reciprocal())
        square = torch.zeros(len(places), dtype=torch.float64)
        for of_channel, residual in zip(slope, places.cbcr - expected, strict=True):
            inverse = torch.linalg.inv(self._covariance + of_channel @ prior @ of_channel.T)
            square += (inverse @ residual) ** 2 / inverse.diagonal()
        return square.sqrt()

    def _alike(self, log_rgb: Tensor, position: Tensor) -> Tensor:
        """The kernel (N, points) of places and the evidence."""
        known = self.evidence
        dtype = log_rgb.dtype
        return kernel(log_rgb, position, known.log_rgb.to(dtype), known.position.to(dtype))

    @cached_property
    def _covariance(self) -> Tensor:
        """Of the deviation from the law and of what is stated, at the evidence."""
        known = self.evidence
        alike = kernel(known.log_rgb, known.position, known.log_rgb, known.position)
        return alike + torch.diag(known.deviation.square())

    @cached_property
    def _root(self) -> Tensor:
        root: Tensor = torch.linalg.cholesky(self._covariance)
        return root

    @cached_property
    def _slope(self) -> Tensor:
        return self.law.slope(self.evidence.log_rgb, self.evidence.position)

    @cached_property
    def _explained(self) -> Tensor:
        """The slope at the evidence, over the covariance there, (2, points, parameters)."""
        return torch.stack([torch.cholesky_solve(one, self._root) for one in self._slope])

    @cached_property
    def _of_parameters(self) -> Tensor:
        """Covariance of the parameters."""
        precision = torch.diag(prior_precision())
        if len(self.evidence):
            precision = precision + (self._slope.transpose(1, 2) @ self._explained).sum(dim=0)
        covariance: Tensor = torch.linalg.inv(precision)
        return covariance

    @cached_property
    def _weights(self) -> Tensor:
        """The weight (2, points) of the kernel of each point."""
        known = self.evidence
        residual = known.cbcr - self.law(known.log_rgb, known.position)
        weights: Tensor = torch.cholesky_solve(residual.T, self._root).T
        return weights

    def _better(self) -> "Solution":
        """A step of Gauss and Newton towards the likeliest parameters."""
        known, parameters = self.evidence, self.law.parameters
        residual = known.cbcr - self.law(known.log_rgb, known.position)
        towards = torch.einsum("cnp,cn->p", self._explained, residual)
        step = self._of_parameters @ (towards - prior_precision() * parameters)
        step = step * min(1.0, _LONGEST_STEP / max(float(step.abs().max()), 1e-12))
        return Solution(replace(self.law, parameters=parameters + step), known)


def solve(start: DyeStart, evidence: Evidence) -> Solution:
    """The solution for a frame.

    Args:
        start: of its film.
        evidence: at the focal points; there may be none.
    """
    zeros = torch.zeros(PARAMETERS, dtype=torch.float64)
    solution = Solution(FadeLaw(start, zeros), evidence)
    for _ in range(_ROUNDS if len(evidence) else 0):
        solution = solution._better()
    return solution


def kernel(log_rgb: Tensor, position: Tensor, to_log_rgb: Tensor, to_position: Tensor) -> Tensor:
    """The covariance (N, M) of the deviation from the law between N and M places."""
    colour = _square_distance(log_rgb, to_log_rgb).mul_(-0.5 / _COLOUR_REACH**2).exp_()
    place = _square_distance(position, to_position).mul_(-0.5 / _PLACE_REACH**2).exp_()
    share = AMPLITUDE**2 * _PLACE_SHARE
    return colour.mul_(place.mul_(share).add_(AMPLITUDE**2 - share))


def positions(height: int, width: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """The position (2, H, W) of each pixel centre of a frame: x and y from its centre, in halves of
    the longer side."""
    half = max(height, width) / 2
    y = (torch.arange(height, dtype=dtype) + 0.5 - height / 2) / half
    x = (torch.arange(width, dtype=dtype) + 0.5 - width / 2) / half
    return torch.stack([x.expand(height, width), y[:, None].expand(height, width)])


def _square_distance(one: Tensor, other: Tensor) -> Tensor:
    """(N, M) of (D, N) and (D, M)."""
    square = one.square().sum(dim=0)[:, None] + other.square().sum(dim=0)
    return torch.addmm(square, one.T, other, alpha=-2).clamp_min_(0.0)
