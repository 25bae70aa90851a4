"""Calibration of the predicted error, on pixels that the model was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from torch import Tensor

from unfade.color.difference import rgb_difference
from unfade.color.sensitivity import visibility
from unfade.color.ycbcr import ycbcr_to_rgb
from unfade.model import ChromaModel
from unfade.model.uncertainty import (
    ERROR_TERMS,
    SEEN_TERMS,
    ErrorInputs,
    Uncertainty,
    error_terms,
)
from unfade.train.data.pixels import Pixels, select

Doubles = NDArray[np.float64]

CALIBRATION_PIXELS = 40_000
"""About the number of pixels of the fit; its five weights need no more."""

HELD_OUT_PRIOR = 0.05
"""Weight of what leaving samples out has shown, as a share of the hold-out pixels. Few of these lie
beyond training in most films; where all do, they decide."""

TRAINING_PRIOR = 100.0
"""The same with training pixels in place of hold-out pixels: so large that they do not decide,
because they prove nothing about what training does not show."""

MEAN_WEIGHT = 3.0
"""Weight of the mean error against all pixels together. Least squares alone miss it by a tenth
where errors are skewed; with this it is met within 3 %."""


def with_uncertainty(model: ChromaModel, train: Pixels, held_out: Pixels | None) -> ChromaModel:
    """A trained model that can predict its error.

    Without hold-out pairs it is calibrated on its training pixels, and the prediction is too low
    where training shows the colour. Training pixels tell nothing about what training does not show.
    With hold-out pairs that training does not show, the training pixels decide what it does show.
    """
    shown = _known_errors(model, train)
    by_training = calibrate(shown, TRAINING_PRIOR)
    if held_out is None:
        return replace(model, uncertainty=by_training)
    usual = shown.terms.mean(axis=0)
    usual_error = float(usual @ by_training.weights.double().numpy())
    anchor = np.append(usual, usual_error)
    calibrated = calibrate(_known_errors(model, held_out), HELD_OUT_PRIOR, anchor)
    return replace(model, uncertainty=calibrated)


@dataclass(frozen=True)
class KnownErrors:
    """Pixels with ground truth: `terms` (N, ERROR_TERMS) and `ciede2000` (N,), both multiplied by
    the root of the pixel's weight, of mean 1; `unseen` is the mean error of all pixels if training
    showed none of them."""

    terms: Doubles
    ciede2000: Doubles
    unseen: float


def _known_errors(model: ChromaModel, pixels: Pixels) -> KnownErrors:
    """The known errors of a sample of pixels.

    Pixels have no colour by the LUT, so shots that get it count only if no other does.
    """
    stride = max(1, pixels.weight.shape[0] // CALIBRATION_PIXELS)
    sample = select(pixels, torch.arange(0, pixels.weight.shape[0], stride)).to("cpu")
    shots = sorted(set(sample.shot.tolist()))
    parts, errors, weights = [], [], []
    for shot in [one for one in shots if model.method_of(one) != "lut"] or shots:
        part = select(sample, sample.shot == shot)
        parts.append(
            model.error_inputs(shot, part.truth_y, part.features, part.base_cbcr, part.distance)
        )
        errors.append(_ciede2000(parts[-1].ycbcr[:, 1:], part))
        weights.append(part.weight[:, 0])
    return known_errors(parts, torch.cat(errors), torch.cat(weights))


def known_errors(parts: Sequence[ErrorInputs], ciede2000: Tensor, weight: Tensor) -> KnownErrors:
    """The known errors of pixels, from their inputs in parts, CIEDE2000 (N,) and weight (N,)."""
    share = weight / weight.mean()
    terms = torch.cat([error_terms(part) for part in parts]) * share.sqrt()[:, None]
    unseen = torch.cat([part.unseen * visibility(part.ycbcr) for part in parts])
    return KnownErrors(
        terms.double().numpy(),
        (ciede2000 * share.sqrt()).double().numpy(),
        float((unseen * share).mean()),
    )


def _ciede2000(cbcr: Tensor, pixels: Pixels) -> Tensor:
    """CIEDE2000 (N,) of predicted chroma (N, 2) against the ground truth, at source luma."""
    truth_rgb, rgb = (
        ycbcr_to_rgb(torch.cat([pixels.truth_y, one], dim=1).T[:, :, None])
        for one in (pixels.truth_cbcr, cbcr)
    )
    return rgb_difference(truth_rgb, rgb).flatten()


def calibrate(known: KnownErrors, prior: float, anchor: Doubles | None = None) -> Uncertainty:
    """Nonnegative least squares of the error terms on known errors.

    Args:
        known: the errors.
        prior: weight, as a share of the pixels, of factors of 1 on the error beyond training, and
            of the anchor.
        anchor: terms and their error (ERROR_TERMS + 1,) of usual pixels.
    """
    count = len(known.terms)
    factors = np.sqrt(prior * count) * known.unseen * np.eye(ERROR_TERMS)[SEEN_TERMS:]
    mean = MEAN_WEIGHT * np.append(known.terms.mean(axis=0), known.ciede2000.mean())
    rows = [
        np.column_stack([known.terms, known.ciede2000]),
        np.column_stack([factors, factors.sum(axis=1)]),
        np.sqrt(count) * mean[None],
    ]
    if anchor is not None:
        rows.append(np.sqrt(prior * count) * anchor[None])
    system = np.concatenate(rows)
    solution, _ = nnls(system[:, :-1], system[:, -1])
    return Uncertainty(torch.tensor(solution, dtype=torch.float32))
