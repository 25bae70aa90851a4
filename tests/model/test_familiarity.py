"""Familiarity: near to what was learned from it is 1, far from it 0, and it decides who speaks."""

import pytest
import torch

from unfade.model import ResidualNetworks
from unfade.model.familiarity import CONTEXTS, Familiarity, closeness, distance
from unfade.model.features import COUNT, WIDE
from unfade.model.networks import CONTEXT_GAIN


def test_distance_is_to_the_nearest_in_deviations() -> None:
    contexts = torch.stack([torch.zeros(len(WIDE)), torch.full((len(WIDE),), 10.0)])
    found = distance(torch.full((1, len(WIDE)), 8.0), contexts)
    torch.testing.assert_close(found, torch.tensor([2.0]))


def test_closeness_falls_in_a_straight_line() -> None:
    found = closeness(torch.tensor([0.0, 1.0, 1.5, 2.0, 9.0]), torch.tensor(1.0), torch.tensor(2.0))
    torch.testing.assert_close(found, torch.tensor([1.0, 1.0, 0.5, 0.0, 0.0]))


def test_one_limit_is_a_step() -> None:
    found = closeness(torch.tensor([0.9, 1.1]), torch.tensor(1.0), torch.tensor(1.0))
    torch.testing.assert_close(found, torch.tensor([0.0, 0.0]).index_fill(0, torch.tensor(0), 1.0))


def test_what_was_learned_from_is_familiar() -> None:
    familiarity = Familiarity()
    torch.nn.init.normal_(familiarity.contexts, generator=torch.Generator().manual_seed(0))
    familiarity.near.fill_(0.1)
    familiarity.far.fill_(0.5)
    assert familiarity(familiarity.contexts).tolist() == [1.0] * CONTEXTS
    assert familiarity(familiarity.contexts[:3] + 9.0).tolist() == [0.0] * 3


@pytest.fixture
def residual() -> ResidualNetworks:
    """The first member says 1, the others 2 and 4 of chroma times four."""
    torch.manual_seed(0)
    residual = ResidualNetworks("small")
    with torch.no_grad():
        residual.memory.biases[-1].fill_(1.0)
        residual.context.biases[-1].copy_(torch.tensor([2.0, 4.0])[:, None, None])
    return residual


class Known(Familiarity):
    """Pixels whose familiarity is known."""

    def __init__(self, familiar: torch.Tensor) -> None:
        super().__init__()
        self.familiar = familiar

    def forward(self, wide: torch.Tensor) -> torch.Tensor:
        return self.familiar


def say(residual: ResidualNetworks, familiar: torch.Tensor) -> torch.Tensor:
    residual.familiarity = Known(familiar)
    said: torch.Tensor = residual(torch.zeros(len(familiar), COUNT))
    return said


def test_the_first_member_speaks_of_the_familiar(residual: ResidualNetworks) -> None:
    assert say(residual, torch.ones(5)).tolist() == [[0.25, 0.25]] * 5


def test_of_the_strange_the_mean_of_the_others_speaks(residual: ResidualNetworks) -> None:
    assert say(residual, torch.zeros(5)).tolist() == [[0.75, 0.75]] * 5


def test_between_them_there_is_no_step(residual: ResidualNetworks) -> None:
    familiar = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])
    said = say(residual, familiar)[:, 0]
    torch.testing.assert_close(said.diff(), said.diff()[:1].expand(4))


def test_features_are_brought_to_one_scale(residual: ResidualNetworks) -> None:
    memory = residual.memory
    torch.nn.init.normal_(memory.weights[-1], std=0.2)
    seen = torch.randn(1, 7, COUNT, generator=torch.Generator().manual_seed(1))
    plain = memory(seen)
    memory.centre.fill_(0.3)
    memory.gain.fill_(0.5)
    torch.testing.assert_close(memory(seen * 2.0 + 0.3), plain, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_one_guesser_does_not_see_far(residual: ResidualNetworks) -> None:
    torch.nn.init.normal_(residual.context.weights[-1], std=0.2)
    seen = torch.zeros(len(CONTEXT_GAIN), 1, COUNT)
    moved = seen.clone()
    moved[..., list(WIDE)] = 1.0
    change = (residual.context(moved) - residual.context(seen)).abs().amax(dim=(1, 2))
    assert float(change[0]) == 0.0
    assert float(change[1]) > 0
