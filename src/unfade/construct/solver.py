"""Solves the chroma of a frame from stated colours: a law of dyes, and a smooth deviation from it.

The deviation is a Gaussian process over faded colour and position, the law's parameters have a
Gaussian prior. Together this is kriging with an external drift. Both ends are exact: without points
the result is the start, and near a point it is the stated colour. Source: Rasmussen, Williams,
"Gaussian Processes for Machine Learning", 2006, chapter 2.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from unfade.construct.laws import Law, Places

_COLOUR_LENGTH_SCALE = 0.5
"""Distance of two faded colours, in the logarithm of R'G'B', over which deviations are alike."""
_PLACE_LENGTH_SCALE = 0.4
"""Distance of two positions over which they are alike, in halves of the frame's longer side."""
_PLACE_SHARE = 0.5
"""Share of the deviation's variance that depends on the position, too."""

STATED_DEVIATION = 0.004
"""Standard deviation of a stated colour, as chroma of range 1: half a code of 8 bits, and the grain
that is left in the mean around a point."""

_MOST_STEPS = 8
"""Steps of Gauss and Newton; the last of 6 changes no chroma by a thousandth of a code."""
_LAST_STEP = 1e-5
"""Largest change of a parameter, a hundred times below its least deviation, in the last step."""
_LONGEST_STEP = 0.5
"""Largest change of a parameter in a step, because the law is far from linear."""


@dataclass(frozen=True)
class Evidence:
    """What is stated at N `places`, float64: `cbcr` (2, N), and its `deviation` (N,), as chroma of
    range 1."""

    places: Places
    cbcr: Tensor
    deviation: Tensor

    def __len__(self) -> int:
        return len(self.places)

    def at(self, indices: list[int]) -> "Evidence":
        """That of some places."""
        return Evidence(self.places.at(indices), self.cbcr[:, indices], self.deviation[indices])

    @cached_property
    def covariance(self) -> Tensor:
        """Covariance (N, N) of the deviation from the law and of what is stated."""
        return kernel(self.places, self.places) + torch.diag(self.deviation.square())

    @cached_property
    def root(self) -> Tensor:
        """The lower triangular root of the covariance."""
        root: Tensor = torch.linalg.cholesky(self.covariance)
        return root


def no_evidence() -> Evidence:
    """Nothing is stated."""
    nothing = torch.zeros(3, 0, dtype=torch.float64)
    places = Places(nothing, nothing[:2], nothing[0], nothing[:2])
    return Evidence(places, nothing[:2], nothing[0])


@dataclass(frozen=True)
class Solution:
    """The chroma of a frame, given evidence."""

    law: Law
    evidence: Evidence

    def chroma(self, places: Places) -> Tensor:
        """Chroma (2, N) of N places."""
        cbcr = self.law(places)
        if not len(self.evidence):
            return cbcr
        alike = kernel(places, self.evidence.places)
        return torch.addmm(cbcr, self._weights.to(cbcr.dtype), alike.T)

    def covariance(self, places: Places) -> tuple[Tensor, Tensor]:
        """Covariances (N, N) of Cb and of Cr at N places, float64."""
        slope, deviation = self.law.slope(places), kernel(places, places)
        if len(self.evidence):
            alike = kernel(places, self.evidence.places)
            deviation = deviation - alike @ torch.cholesky_solve(alike.T, self.evidence.root)
            slope = slope - alike @ self._explained
        cb, cr = (deviation + one @ self._of_parameters @ one.T for one in slope)
        return cb, cr

    def deviation(self, places: Places) -> Tensor:
        """Standard deviation (N,) of chroma, over Cb and Cr together, as chroma of range 1."""
        slope, variance = self.law.slope(places), 2 * places.prior_deviation.square()
        if len(self.evidence):
            alike = kernel(places, self.evidence.places)
            variance = variance - 2 * (
                alike * torch.cholesky_solve(alike.T, self.evidence.root).T
            ).sum(1)
            slope = slope - alike @ self._explained
        variance = variance + ((slope @ self._of_parameters) * slope).sum(dim=(0, 2))
        return variance.clamp_min(0.0).sqrt()

    def leave_one_out_residuals(self, groups: Sequence[int]) -> dict[int, float]:
        """How far each point's colour is from what all others predict at its places, in the mean,
        in standard deviations of the prediction and of what is stated, by the number of the point.
        Source: Rasmussen, Williams, 5.4.2, for several places at once.

        Args:
            groups: the number of the point that each place belongs to.
        """
        slope = self._slope
        expected = self.law(self.evidence.places) - slope @ self.law.parameters
        prior = torch.diag(self.law.precision.reciprocal())
        square = dict.fromkeys(groups, 0.0)
        for of_channel, residual in zip(slope, self.evidence.cbcr - expected, strict=True):
            inverse = torch.linalg.inv(self.evidence.covariance + of_channel @ prior @ of_channel.T)
            weighted = inverse @ residual
            for numbers, own in _by_size(groups):
                covariance = torch.linalg.inv(inverse[own[:, :, None], own[:, None]])
                distance = (covariance @ weighted[own][:, :, None]).mean(dim=(1, 2))
                found = (distance.square() / covariance.mean(dim=(1, 2))).tolist()
                for number, one in zip(numbers, found, strict=True):
                    square[number] += one
        return {group: math.sqrt(one) for group, one in square.items()}

    @cached_property
    def _slope(self) -> Tensor:
        return self.law.slope(self.evidence.places)

    @cached_property
    def _explained(self) -> Tensor:
        """The slope at the evidence, over the covariance there, (2, points, parameters)."""
        return torch.stack([torch.cholesky_solve(one, self.evidence.root) for one in self._slope])

    @cached_property
    def _of_parameters(self) -> Tensor:
        """Covariance of the parameters."""
        precision = torch.diag(self.law.precision)
        if len(self.evidence):
            precision = precision + (self._slope.transpose(1, 2) @ self._explained).sum(dim=0)
        covariance: Tensor = torch.linalg.inv(precision)
        return covariance

    @cached_property
    def _weights(self) -> Tensor:
        """The weight (2, points) of the kernel of each point."""
        known = self.evidence
        residual = known.cbcr - self.law(known.places)
        weights: Tensor = torch.cholesky_solve(residual.T, self.evidence.root).T
        return weights

    def _better(self) -> "Solution":
        """A step of Gauss and Newton towards the likeliest parameters."""
        known, parameters = self.evidence, self.law.parameters
        residual = known.cbcr - self.law(known.places)
        towards = torch.einsum("cnp,cn->p", self._explained, residual)
        step = self._of_parameters @ (towards - self.law.precision * parameters)
        step = step * min(1.0, _LONGEST_STEP / max(float(step.abs().max()), 1e-12))
        return Solution(replace(self.law, parameters=parameters + step), known)


def solve(law: Law, evidence: Evidence) -> Solution:
    """The solution for a frame.

    Args:
        law: the start, without a point.
        evidence: at the focal points; there may be none.
    """
    solution = Solution(law, evidence)
    for _ in range(_MOST_STEPS if len(evidence) else 0):
        before, solution = solution, solution._better()
        if (solution.law.parameters - before.law.parameters).abs().max() < _LAST_STEP:
            break
    return solution


def kernel(places: Places, others: Places) -> Tensor:
    """The covariance (N, M) of the deviation from the law between N and M places, of the type of
    the first."""
    dtype = places.log_rgb.dtype
    colour = _square_distance(places.log_rgb, others.log_rgb.to(dtype))
    place = _square_distance(places.position, others.position.to(dtype))
    alike = colour.mul_(-0.5 / _COLOUR_LENGTH_SCALE**2).exp_()
    near = place.mul_(-0.5 / _PLACE_LENGTH_SCALE**2).exp_()
    alike.mul_(near.mul_(_PLACE_SHARE).add_(1 - _PLACE_SHARE))
    return alike.mul_(places.prior_deviation[:, None]).mul_(others.prior_deviation.to(dtype))


def positions(height: int, width: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """The position (2, H, W) of each pixel of a frame, as `positions_at` gives it."""
    rows, columns = (torch.arange(side, dtype=dtype) for side in (height, width))
    return positions_at(columns, rows[:, None], height, width)


def positions_at(columns: Tensor, rows: Tensor, height: int, width: int) -> Tensor:
    """The positions (2, ...) of pixels' centres: x and y from the centre of the frame, in halves of
    its longer side."""
    half = max(height, width) / 2
    x, y = (columns + (0.5 - width / 2)) / half, (rows + (0.5 - height / 2)) / half
    shape = (x + y).shape
    return torch.stack([x.expand(shape), y.expand(shape)])


def _by_size(groups: Sequence[int]) -> list[tuple[list[int], Tensor]]:
    """The numbers of the groups of each size, and the indices (groups, size) of their members."""
    members: dict[int, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    sizes: dict[int, list[int]] = {}
    for group, own in members.items():
        sizes.setdefault(len(own), []).append(group)
    return [(one, torch.tensor([members[group] for group in one])) for one in sizes.values()]


def _square_distance(one: Tensor, other: Tensor) -> Tensor:
    """(N, M) of (D, N) and (D, M)."""
    square = one.square().sum(dim=0)[:, None] + other.square().sum(dim=0)
    return torch.addmm(square, one.T, other, alpha=-2).clamp_min_(0.0)
