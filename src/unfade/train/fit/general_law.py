"""The fit of the general law: the dye law, and how the samples smoothly deviate from it.

The deviation is stiff: a sum of wide kernels in axes of the logarithm along which the film's
colours have equal spread. Far from all samples the kernels vanish and the dye law remains. Source:
kernel ridge regression on a subset of regressors, Rasmussen, Williams, "Gaussian Processes for
Machine Learning", 2006, chapter 8.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.sensitivity import perceptual_error
from unfade.model.closed_form.general_law import ColourSpread, DyeLaw, clipped_logarithm
from unfade.train.data.samples import ColourSamples
from unfade.train.fit.dye_law import fit_dye_law
from unfade.train.fit.laws import REWEIGHTING_ROUNDS, ROBUST_CIEDE2000

KERNEL_WIDTH = 1.5
"""Standard deviation of a kernel, in those of the film's colours. 1 leaves less error on the other
half of a frame, 2 on other shots (decisions/31)."""

CENTRES = 200
"""Kernels, at random samples: several within the width of each."""

KERNEL_PIXELS = 8000
"""Pixels of the fit: 40 for each kernel."""

RIDGE = 1e-3
"""Weight of the kernels' energy against the mean squared error of chroma."""

MIN_LOG_DEVIATION = 1e-3
"""Added to the standard deviation along each axis: hues of a real print were 8e-4 apart."""


@dataclass(frozen=True)
class KernelLaw:
    """The dye law and kernels at `centres` (3, CENTRES), with `coefficients` (CENTRES, 2)."""

    dyes: DyeLaw
    spread: ColourSpread
    centres: Tensor
    coefficients: Tensor

    def __call__(self, rgb: Tensor) -> Tensor:
        """Chroma (2, N) of R'G'B' (3, N)."""
        return self.dyes(rgb) + self.deviation(self.spread(rgb))

    def deviation(self, positions: Tensor) -> Tensor:
        """Chroma (2, N) to add to that of the dyes, at positions (3, N)."""
        return (_kernels(positions, self.centres) @ self.coefficients).T


def colour_spread(sample: ColourSamples) -> ColourSpread:
    """The axes along which the colours of some pixels have equal spread."""
    log_rgb = clipped_logarithm(sample.rgb).double()
    share = sample.weight.double() / sample.weight.double().sum().clamp_min(1e-12)
    mean = (log_rgb * share).sum(dim=1, keepdim=True)
    variances, axes = torch.linalg.eigh(((log_rgb - mean) * share) @ (log_rgb - mean).T)
    matrix = axes.T / (variances.clamp_min(0.0).sqrt() + MIN_LOG_DEVIATION)[:, None]
    return ColourSpread(matrix.float(), (-matrix @ mean).float())


def fit_general_law(sample: ColourSamples, dye_sample: ColourSamples) -> KernelLaw:
    """The law of some pixels; `dye_sample` are fewer, for the slower fit of the dye law."""
    dyes, spread = fit_dye_law(dye_sample), colour_spread(sample)
    positions = spread(sample.rgb)
    centres = positions[:, :: max(1, positions.shape[1] // CENTRES)][:, :CENTRES]
    kernels = _kernels(positions, centres).double()
    energy = RIDGE * (_kernels(centres, centres).double() + 1e-6 * torch.eye(centres.shape[1]))
    residual = (sample.cbcr - dyes(sample.rgb)).T
    metric = sample.metric()
    mean_metric = (metric[:, 0] + metric[:, 2]) / 2
    weight = sample.weight * mean_metric / mean_metric.mean()
    coefficients = _solve(kernels, energy, residual, weight)
    for _ in range(REWEIGHTING_ROUNDS):
        error = perceptual_error((kernels @ coefficients).float() - residual, metric)
        weight = sample.weight * mean_metric / (error + ROBUST_CIEDE2000)
        coefficients = _solve(kernels, energy, residual, weight)
    return KernelLaw(dyes, spread, centres, coefficients.float())


def _solve(kernels: Tensor, energy: Tensor, residual: Tensor, weight: Tensor) -> Tensor:
    weighted = kernels.T * (weight / weight.sum().clamp_min(1e-12)).double()
    solution: Tensor = torch.linalg.solve(weighted @ kernels + energy, weighted @ residual.double())
    return solution


def _kernels(positions: Tensor, centres: Tensor) -> Tensor:
    """Kernel values (N, M) of positions (3, N) at centres (3, M)."""
    return torch.exp(-(torch.cdist(positions.T, centres.T) ** 2) / (2 * KERNEL_WIDTH**2))
