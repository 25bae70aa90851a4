"""Trust: memory reaches as far as it holds on what was kept apart, and no farther."""

import torch

from unfade.network import Residual
from unfade.network.chroma_model import MEMBERS
from unfade.network.features import COUNT
from unfade.train.samples import Pixels
from unfade.train.trust import acquaint, set_limits

COUNT_EACH = 600


def pixels(missing: torch.Tensor) -> Pixels:
    """Three parts side by side, each kept from a member; `missing` (N, 2) is to be added."""
    count = 3 * COUNT_EACH
    features = torch.randn(count, COUNT, generator=torch.Generator().manual_seed(0))
    part = torch.arange(count) // COUNT_EACH
    features += part[:, None] * 0.5
    return Pixels(
        features,
        torch.zeros(count, 2),
        torch.zeros(count, 2),
        missing,
        torch.full((count, 1), 0.5),
        torch.ones(count, 1),
        torch.tensor([1e4, 0.0, 1e4]).expand(count, 3),
        part[:, None] != torch.arange(MEMBERS) - 1,
        torch.stack([part, part], dim=1),
    )


def limits(missing: float) -> tuple[float, float, float]:
    """The limits where every member adds 0.1, and what is kept apart lacks `missing`."""
    train = pixels(torch.full((3 * COUNT_EACH, 2), missing))
    torch.manual_seed(0)
    residual = Residual("small")
    acquaint(residual, train, 0)
    torch.nn.init.constant_(residual.biases[-1], 0.4)
    set_limits(residual, train, 0)
    familiar = residual.familiarity
    share = float(familiar(residual.wide(train.features)).mean())
    return float(familiar.near), float(familiar.far), share


def test_where_memory_holds_it_reaches_far() -> None:
    near, far, share = limits(missing=0.1)
    assert far > limits(missing=-0.1)[1]
    assert near <= far
    assert share > 0.95


def test_where_it_fails_only_training_is_familiar() -> None:
    near, far, _ = limits(missing=-0.1)
    assert near == far


def test_features_come_to_mean_0_and_deviation_about_1() -> None:
    train = pixels(torch.zeros(3 * COUNT_EACH, 2))
    residual = Residual("small")
    acquaint(residual, train, 0)
    standard = (train.features - residual.centre) / residual.spread
    assert float(standard.mean(dim=0).abs().max()) < 1e-4
    assert 0.9 < float(standard.std(dim=0).min()) <= float(standard.std(dim=0).max()) < 1.0
