"""How far a trained model is to be believed, learned from pixels that it did not learn from."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from scipy.optimize import nnls
from torch import Tensor

from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import ycbcr_to_rgb
from unfade.model import ChromaModel
from unfade.model.chroma_model import signs_of_error
from unfade.model.features import KINDRED
from unfade.model.uncertainty import Prototypes, Signs, Uncertainty, error_terms
from unfade.train.data.pixels import Pixels, only

EXAMINED_PIXELS = 40_000
"""Pixels whose error is looked at; four weights need no more."""


def with_uncertainty(
    model: ChromaModel, train: Pixels, held_out: Pixels | None, seed: int
) -> ChromaModel:
    """A trained model that can predict its error.

    Without hold-out pairs it is calibrated on the pixels it learned from, and predicts too little.
    """
    pixels = train if held_out is None else held_out
    count = pixels.weight.shape[0]
    examined = only(pixels, torch.arange(0, count, max(1, count // EXAMINED_PIXELS))).to("cpu")
    signs, errors = [], []
    for shot in sorted(set(examined.shot.tolist())):
        part = only(examined, examined.shot == shot)
        network = model.network_of(shot)
        found = signs_of_error(network, part.truth_y, part.features, part.base_cbcr)
        signs.append(found)
        errors.append(_ciede2000(found.ycbcr[:, 1:], part))
    prototypes = choose_prototypes(train.features.cpu(), seed)
    return replace(model, uncertainty=calibrate(prototypes, signs, torch.cat(errors)))


def _ciede2000(cbcr: Tensor, pixels: Pixels) -> Tensor:
    """The error (N,) of predicted chroma (N, 2), at source luma."""
    truth_rgb, rgb = (
        ycbcr_to_rgb(torch.cat([pixels.truth_y, one], dim=1).T[:, :, None])
        for one in (pixels.truth_cbcr, cbcr)
    )
    return rgb_difference(truth_rgb, rgb).flatten()


PROTOTYPES = 500
"""Pixels that stand for all that was learned from: a handful for each thing in a film."""

LEAST_NOVELTY = 1.0
"""What a standard deviation of distance adds, at least, in shares of what is always left: pixels
of known truth that are all alike to training cannot tell. Films with hold-outs have 1.4 to 5."""


def choose_prototypes(features: Tensor, seed: int) -> Prototypes:
    """Some of the features (N, COUNT) of training pixels, by chance."""
    kindred = features[:, KINDRED]
    spread = kindred.std(dim=0, correction=0).clamp_min(1e-3)
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(kindred.shape[0], generator=generator)[:PROTOTYPES]
    return Prototypes(kindred[chosen] / spread, spread)


def calibrate(prototypes: Prototypes, signs: Iterable[Signs], ciede2000: Tensor) -> Uncertainty:
    """The least-squares prediction of known errors (N,), of the pixels of all `signs` in order."""
    terms = torch.cat([error_terms(prototypes, some) for some in signs])
    found, _ = nnls(terms.double().numpy(), ciede2000.double().numpy())
    weights = torch.tensor(found, dtype=torch.float32)
    weights[1] = torch.maximum(weights[1], LEAST_NOVELTY * weights[0])
    scale = ciede2000.mean() / (terms @ weights).mean().clamp_min(1e-9)
    return Uncertainty(prototypes, weights * scale)
