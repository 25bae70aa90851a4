"""Calibration of the predicted error, on pixels that the model was not trained on."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from scipy.optimize import nnls
from torch import Tensor

from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import ycbcr_to_rgb
from unfade.model import ChromaModel
from unfade.model.chroma_model import error_inputs_of
from unfade.model.features import SIMILARITY_FEATURES
from unfade.model.uncertainty import ErrorInputs, Prototypes, Uncertainty, error_terms
from unfade.train.data.pixels import Pixels, select

CALIBRATION_PIXELS = 40_000
"""About the number of pixels of the fit; its four weights need no more."""

PROTOTYPE_COUNT = 500
"""Training pixels that are kept as prototypes: a handful for each object of a film. Every predicted
error takes the distance to all of them."""

MIN_NOVELTY_RATIO = 1.0
"""Smallest weight of the distance, per standard deviation, as a multiple of the constant term.
Needed where all hold-out pixels resemble training and do not show the effect of distance. Films
with hold-outs have 1.4 to 5 (decisions/17)."""


def with_uncertainty(
    model: ChromaModel, train: Pixels, held_out: Pixels | None, seed: int
) -> ChromaModel:
    """A trained model that can predict its error.

    Without hold-out pairs it is calibrated on its training pixels, and the prediction is too low.
    """
    pixels = train if held_out is None else held_out
    count = pixels.weight.shape[0]
    stride = max(1, count // CALIBRATION_PIXELS)
    sample = select(pixels, torch.arange(0, count, stride)).to("cpu")
    inputs, errors = [], []
    for shot in sorted(set(sample.shot.tolist())):
        part = select(sample, sample.shot == shot)
        network = model.network_of(shot)
        part_inputs = error_inputs_of(network, part.truth_y, part.features, part.base_cbcr)
        inputs.append(part_inputs)
        errors.append(_ciede2000(part_inputs.ycbcr[:, 1:], part))
    prototypes = choose_prototypes(train.features.cpu(), seed)
    return replace(model, uncertainty=calibrate(prototypes, inputs, torch.cat(errors)))


def _ciede2000(cbcr: Tensor, pixels: Pixels) -> Tensor:
    """CIEDE2000 (N,) of predicted chroma (N, 2) against the ground truth, at source luma."""
    truth_rgb, rgb = (
        ycbcr_to_rgb(torch.cat([pixels.truth_y, one], dim=1).T[:, :, None])
        for one in (pixels.truth_cbcr, cbcr)
    )
    return rgb_difference(truth_rgb, rgb).flatten()


def choose_prototypes(features: Tensor, seed: int) -> Prototypes:
    """A random sample of the features (N, FEATURE_COUNT) of training pixels."""
    similarity = features[:, SIMILARITY_FEATURES]
    spread = similarity.std(dim=0, correction=0).clamp_min(1e-3)
    generator = torch.Generator().manual_seed(seed)
    indices = torch.randperm(similarity.shape[0], generator=generator)[:PROTOTYPE_COUNT]
    return Prototypes(similarity[indices] / spread, spread)


def calibrate(
    prototypes: Prototypes, inputs: Iterable[ErrorInputs], ciede2000: Tensor
) -> Uncertainty:
    """Nonnegative least squares of the error terms on known errors.

    Args:
        prototypes: training pixels for the distance.
        inputs: of all pixels, in parts.
        ciede2000: known errors (N,) of all pixels, in the order of `inputs`.
    """
    terms = torch.cat([error_terms(prototypes, part) for part in inputs])
    solution, _ = nnls(terms.double().numpy(), ciede2000.double().numpy())
    weights = torch.tensor(solution, dtype=torch.float32)
    weights[1] = torch.maximum(weights[1], MIN_NOVELTY_RATIO * weights[0])
    scale = ciede2000.mean() / (terms @ weights).mean().clamp_min(1e-9)
    return Uncertainty(prototypes, weights * scale)
