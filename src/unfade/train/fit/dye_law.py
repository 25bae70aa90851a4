"""The fit of the dye law, by nonlinear least squares."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import least_squares
from torch import Tensor

from unfade.color.log_light import LOG_OFFSET, MAX_LOG_LIGHT, logarithm
from unfade.color.sensitivity import sensitivity
from unfade.color.ycbcr import luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.model.closed_form.general_law import DyeLaw, clipped_logarithm
from unfade.train.data.samples import ColourSamples

DYE_PIXELS = 5000
"""Pixels of the fit: 250 for each of its parameters."""

MAX_EVALUATIONS = 40
"""Evaluations of the law in the fit, which converges in 15 to 30."""

ROBUST_CIEDE2000 = 2.0
"""Error beyond which the cost of a pixel grows linearly, in CIEDE2000: about that of a good law."""

LOG_PRIOR_CIEDE2000 = 0.2
"""Error of all pixels, in CIEDE2000, that weighs as much as a change of 1 in the map of logarithms.
Small, because the samples determine that map; values from 0.06 to 0.6 predict other shots alike."""

GRADING_PRIOR_CIEDE2000 = 6.0
"""The same for the map to chroma. Large, because it can replace the other map within the samples
and not beyond them."""

Vector = NDArray[np.float64]


def fit_dye_law(sample: ColourSamples) -> DyeLaw:
    """The law with the smallest robust error in approximate CIEDE2000 over some pixels."""
    problem = _Problem(sample)
    solution = least_squares(
        problem.residuals, problem.start, problem.jacobian, x_scale="jac", method="trf",
        loss="soft_l1", f_scale=ROBUST_CIEDE2000, max_nfev=MAX_EVALUATIONS,
    )  # fmt: skip
    log_map, to_cbcr = (torch.tensor(part, dtype=torch.float32) for part in _split(solution.x))
    return DyeLaw(log_map, to_cbcr)


class _Problem:
    """Least squares over the 12 entries of the map of logarithms, then 8 of the map to chroma."""

    def __init__(self, sample: ColourSamples) -> None:
        log_rgb = clipped_logarithm(sample.rgb.double())
        y = luma(sample.rgb[:, :, None])[..., 0]
        ycbcr = torch.cat([y, sample.cbcr])
        self.affine = torch.cat([log_rgb, torch.ones_like(log_rgb[:1])]).numpy()
        self.cbcr = sample.cbcr.double().numpy()
        share = sample.weight.double() / sample.weight.double().mean().clamp_min(1e-12)
        self.metric = _square_root(sensitivity(ycbcr.T).double(), share).numpy()
        truth_rgb = ycbcr_to_rgb(ycbcr[:, :, None])[..., 0].double()
        to_cbcr = torch.zeros(2, 4, dtype=torch.float64)
        to_cbcr[:, :3] = rgb_to_ycbcr(torch.eye(3)[:, :, None])[1:, :, 0]
        self.start = np.concatenate([self._affine_start(truth_rgb, share), to_cbcr.numpy().ravel()])
        prior = np.repeat([LOG_PRIOR_CIEDE2000, GRADING_PRIOR_CIEDE2000], [12, 8])
        self.prior = prior * np.sqrt(self.cbcr.shape[1])

    def _affine_start(self, truth_rgb: Tensor, share: Tensor) -> Vector:
        """The affine map of logarithms to those of the truth at source luma."""
        target = logarithm(truth_rgb).numpy()
        root = np.sqrt(share.numpy())
        solution: Vector = np.linalg.lstsq((self.affine * root).T, (target * root).T, rcond=None)[0]
        return solution.T.ravel()

    def residuals(self, parameters: Vector) -> Vector:
        """Errors of all pixels in approximate CIEDE2000, then those of the prior."""
        _, to_cbcr = _split(parameters)
        light = self._light(parameters)
        error = to_cbcr[:, :3] @ (light - LOG_OFFSET) + to_cbcr[:, 3:] - self.cbcr
        seen: Vector = np.einsum("cdn,dn->cn", self.metric, error)
        return np.concatenate([seen.ravel(), self.prior * (parameters - self.start)])

    def jacobian(self, parameters: Vector) -> Vector:
        """Derivatives (residuals, parameters)."""
        _, to_cbcr = _split(parameters)
        light = self._light(parameters)
        by_log = (to_cbcr[:, :3, None, None] * light[:, None]) * self.affine
        affine_light = np.concatenate([light - LOG_OFFSET, np.ones_like(light[:1])])
        zero = np.zeros_like(affine_light)
        by_chroma = np.array([[affine_light, zero], [zero, affine_light]])
        count = light.shape[1]
        derivatives = np.concatenate(
            [by_log.reshape(2, 12, count), by_chroma.reshape(2, 8, count)], axis=1
        )
        seen = np.einsum("cdn,dpn->cnp", self.metric, derivatives).reshape(-1, 20)
        return np.concatenate([seen, np.diag(self.prior)])

    def _light(self, parameters: Vector) -> Vector:
        log_map, _ = _split(parameters)
        light: Vector = np.exp(np.minimum(log_map @ self.affine, MAX_LOG_LIGHT))
        return light


def _split(parameters: Vector) -> tuple[Vector, Vector]:
    """The map of logarithms (3, 4) and the map to chroma (2, 4)."""
    return parameters[:12].reshape(3, 4), parameters[12:].reshape(2, 4)


def _square_root(metric: Tensor, share: Tensor) -> Tensor:
    """Cholesky factors (2, 2, N), transposed, of a `sensitivity` (N, 3) times weights (N,)."""
    a, b, c = metric.T
    first = a.sqrt()
    corner = b / first
    last = (c - corner**2).clamp_min(0.0).sqrt()
    rows = torch.stack([torch.stack([first, corner]), torch.stack([torch.zeros_like(b), last])])
    return rows * share.sqrt()
