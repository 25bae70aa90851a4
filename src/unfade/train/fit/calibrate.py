"""Calibration of the predicted error, on pixels that the model was not trained on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
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
    Pixels have no colour by the LUT, so shots that get it count only if no other does.
    """
    pixels = train if held_out is None else held_out
    count = pixels.weight.shape[0]
    stride = max(1, count // CALIBRATION_PIXELS)
    sample = select(pixels, torch.arange(0, count, stride)).to("cpu")
    shots = sorted(set(sample.shot.tolist()))
    inputs, errors = [], []
    for shot in [one for one in shots if model.method_of(one) != "lut"] or shots:
        part = select(sample, sample.shot == shot)
        part_inputs = model.error_inputs(
            shot, part.truth_y, part.features, part.base_cbcr, part.distance
        )
        inputs.append(part_inputs)
        errors.append(_ciede2000(part_inputs.ycbcr[:, 1:], part))
    prior = TRAINING_PRIOR if held_out is None else HELD_OUT_PRIOR
    return replace(model, uncertainty=calibrate(inputs, torch.cat(errors), prior))


def _ciede2000(cbcr: Tensor, pixels: Pixels) -> Tensor:
    """CIEDE2000 (N,) of predicted chroma (N, 2) against the ground truth, at source luma."""
    truth_rgb, rgb = (
        ycbcr_to_rgb(torch.cat([pixels.truth_y, one], dim=1).T[:, :, None])
        for one in (pixels.truth_cbcr, cbcr)
    )
    return rgb_difference(truth_rgb, rgb).flatten()


def calibrate(parts: Sequence[ErrorInputs], ciede2000: Tensor, prior: float) -> Uncertainty:
    """Nonnegative least squares of the error terms on known errors.

    Args:
        parts: inputs of all pixels.
        ciede2000: known errors (N,) of all pixels, in the order of `parts`.
        prior: weight, as a share of the pixels, of factors of 1 on the error beyond training.
    """
    rows = torch.cat([error_terms(part) for part in parts]).double().numpy()
    unseen = torch.cat([part.unseen * visibility(part.ycbcr) for part in parts])
    errors = ciede2000.double().numpy()
    strength = np.sqrt(prior * len(rows)) * float(unseen.mean())
    factors = strength * np.eye(ERROR_TERMS)[SEEN_TERMS:]
    mean_weight = MEAN_WEIGHT * np.sqrt(len(rows))
    solution, _ = nnls(
        np.concatenate([rows, mean_weight * rows.mean(axis=0, keepdims=True), factors]),
        np.concatenate([errors, [mean_weight * errors.mean()], factors.sum(axis=1)]),
    )
    return Uncertainty(torch.tensor(solution, dtype=torch.float32))
