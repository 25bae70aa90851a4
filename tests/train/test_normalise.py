"""Normalisation before training: the scale of features and the limits of familiarity."""

import torch

from unfade.model import ResidualNetworks
from unfade.model.features import FEATURE_COUNT, WIDE_FEATURES
from unfade.train.data.pixels import Pixels
from unfade.train.fit.normalise import fit_familiarity, fit_feature_scale


def pixels() -> Pixels:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(5000, FEATURE_COUNT, generator=generator) * 3.0 + 1.0
    features[:, 0] = 0.5
    ones = torch.ones(5000, 3)
    return Pixels(
        features, ones[:, :2], ones[:, :2], ones[:, :1], ones[:, :2], ones[:, :1], ones[:, :1],
        ones, torch.ones(5000), torch.zeros(5000),
    )  # fmt: skip


def test_features_are_scaled_to_mean_0_and_deviation_1() -> None:
    residual, train = ResidualNetworks("small"), pixels()
    fit_feature_scale(residual, train)
    fit_familiarity(residual, train, 0)
    standard = (train.features - residual.memory.centre) * residual.memory.gain
    assert float(standard.mean(dim=0).abs().max()) < 1e-4
    assert float(standard[:, 1:].std(dim=0).min()) > 0.95
    assert float(standard.std(dim=0).max()) < 1.0
    assert float(standard[:, 0].abs().max()) < 1e-4


def test_most_training_pixels_are_familiar_and_distant_ones_are_not() -> None:
    residual, train = ResidualNetworks("small"), pixels()
    fit_feature_scale(residual, train)
    fit_familiarity(residual, train, 0)
    familiar = residual.familiarity(residual.wide_features(train.features))
    assert 0.9 < float((familiar == 1).float().mean()) < 1.0
    distant = train.features[:50].clone()
    distant[:, list(WIDE_FEATURES)] += 20.0
    assert residual.familiarity(residual.wide_features(distant)).tolist() == [0.0] * 50
