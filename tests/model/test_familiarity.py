"""Familiarity: 1 close to training surroundings, 0 far from them; it selects the networks."""

import pytest
import torch

from unfade.model import ResidualNetworks
from unfade.model.familiarity import CONTEXT_COUNT, Familiarity, closeness, nearest_distance
from unfade.model.features import FEATURE_COUNT, WIDE_FEATURES
from unfade.model.networks import CONTEXT_GAIN

WIDE = len(WIDE_FEATURES)


def test_the_distance_is_to_the_nearest_in_rms_deviations() -> None:
    contexts = torch.stack([torch.zeros(WIDE), torch.full((WIDE,), 10.0)])
    distance = nearest_distance(torch.full((1, WIDE), 8.0), contexts)
    torch.testing.assert_close(distance, torch.tensor([2.0]))


def test_closeness_falls_linearly() -> None:
    distance = torch.tensor([0.0, 1.0, 1.5, 2.0, 9.0])
    close = closeness(distance, torch.tensor(1.0), torch.tensor(2.0))
    torch.testing.assert_close(close, torch.tensor([1.0, 1.0, 0.5, 0.0, 0.0]))


def test_equal_limits_give_a_step() -> None:
    close = closeness(torch.tensor([0.9, 1.1]), torch.tensor(1.0), torch.tensor(1.0))
    torch.testing.assert_close(close, torch.tensor([1.0, 0.0]))


def test_training_surroundings_are_familiar_and_distant_ones_are_not() -> None:
    familiarity = Familiarity()
    torch.nn.init.normal_(familiarity.contexts, generator=torch.Generator().manual_seed(0))
    familiarity.near.fill_(0.1)
    familiarity.far.fill_(0.5)
    assert familiarity(familiarity.contexts).tolist() == [1.0] * CONTEXT_COUNT
    assert familiarity(familiarity.contexts[:3] + 9.0).tolist() == [0.0] * 3


@pytest.fixture
def residual() -> ResidualNetworks:
    """Networks with constant output: 0.25 by the memory network, 0.5 and 1 by the context
    networks, whose mean is 0.75."""
    torch.manual_seed(0)
    residual = ResidualNetworks("small")
    with torch.no_grad():
        residual.memory.biases[-1].fill_(1.0)
        residual.context.biases[-1].copy_(torch.tensor([2.0, 4.0])[:, None, None])
    return residual


class ConstantFamiliarity(Familiarity):
    """Returns given values of familiarity."""

    def __init__(self, familiar: torch.Tensor) -> None:
        super().__init__()
        self.familiar = familiar

    def forward(self, wide: torch.Tensor) -> torch.Tensor:
        return self.familiar


def chroma(residual: ResidualNetworks, familiar: torch.Tensor) -> torch.Tensor:
    residual.familiarity = ConstantFamiliarity(familiar)
    cbcr: torch.Tensor = residual(torch.zeros(len(familiar), FEATURE_COUNT))
    return cbcr


def test_the_memory_network_predicts_familiar_pixels(residual: ResidualNetworks) -> None:
    assert chroma(residual, torch.ones(5)).tolist() == [[0.25, 0.25]] * 5


def test_the_mean_of_the_context_networks_predicts_unfamiliar_pixels(
    residual: ResidualNetworks,
) -> None:
    assert chroma(residual, torch.zeros(5)).tolist() == [[0.75, 0.75]] * 5


def test_the_blend_between_them_is_linear(residual: ResidualNetworks) -> None:
    familiar = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])
    cbcr = chroma(residual, familiar)[:, 0]
    torch.testing.assert_close(cbcr.diff(), cbcr.diff()[:1].expand(4))


def test_features_are_centred_and_scaled(residual: ResidualNetworks) -> None:
    memory = residual.memory
    torch.nn.init.normal_(memory.weights[-1], std=0.2)
    features = torch.randn(1, 7, FEATURE_COUNT, generator=torch.Generator().manual_seed(1))
    plain = memory(features)
    memory.centre.fill_(0.3)
    memory.gain.fill_(0.5)
    torch.testing.assert_close(memory(features * 2.0 + 0.3), plain, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_one_context_network_ignores_wide_surroundings(residual: ResidualNetworks) -> None:
    torch.nn.init.normal_(residual.context.weights[-1], std=0.2)
    features = torch.zeros(len(CONTEXT_GAIN), 1, FEATURE_COUNT)
    changed = features.clone()
    changed[..., list(WIDE_FEATURES)] = 1.0
    change = (residual.context(changed) - residual.context(features)).abs().amax(dim=(1, 2))
    assert float(change[0]) == 0.0
    assert float(change[1]) > 0
