"""How far a trained model is to be believed, learned from pixels that it did not learn from."""

from dataclasses import replace

import torch

from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import ycbcr_to_rgb
from unfade.network import ChromaModel
from unfade.network.chroma_model import signs_of_error
from unfade.network.uncertainty import calibrate, choose_prototypes
from unfade.train.samples import Pixels

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
    chosen = torch.arange(0, count, max(1, count // EXAMINED_PIXELS))
    signs = signs_of_error(model.residual, pixels.features[chosen], pixels.base_cbcr[chosen])
    truth_ycbcr = torch.cat([pixels.truth_y, pixels.truth_cbcr], dim=1)[chosen]
    ycbcr = torch.cat([truth_ycbcr[:, :1], signs.ycbcr[:, 1:]], dim=1)
    truth_rgb, rgb = (ycbcr_to_rgb(one.T[:, :, None]) for one in (truth_ycbcr, ycbcr))
    ciede2000 = rgb_difference(truth_rgb, rgb).flatten()
    prototypes = choose_prototypes(train.features, seed)
    return replace(model, uncertainty=calibrate(prototypes, signs, ciede2000))
