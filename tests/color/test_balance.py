"""The neutral balance: the grade itself, and the one found for a faded picture."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from unfade.color.balance import (
    BLACK_LEVEL,
    END_QUANTILES,
    WHITE_LEVEL,
    balance,
    find_balance,
)
from unfade.film.balance import IDENTITY_BALANCE, Balance

FADE = Balance(lift=(0.35, 0.06, 0.12), gamma=(1.3, 1.0, 0.9), gain=(0.97, 0.9, 0.93))


def chart(pixels: int = 40_000) -> Tensor:
    """70 % grey and 30 % coloured pixels, R'G'B' (3, N), 0 to 1."""
    generator = torch.Generator().manual_seed(4)
    grey = torch.rand(1, pixels, generator=generator).expand(3, -1)
    colour = 0.4 * (torch.rand(3, pixels, generator=generator) - 0.5)
    is_coloured = torch.rand(1, pixels, generator=generator) < 0.3
    return (grey + colour * is_coloured).clamp(0.0, 1.0)


def graded(pixels: Tensor, grade: Balance) -> Tensor:
    return balance(pixels[:, :, None], grade)[:, :, 0]


def test_the_grade_computes_what_nuke_s_grade_node_does() -> None:
    grade = Balance(lift=(0.1, 0.0, 0.0), gamma=(1.0, 2.0, 1.0), gain=(1.0, 1.0, 1.5))
    rgb = torch.tensor([0.0, 0.25, 2.0])[:, None, None]
    assert torch.allclose(balance(rgb, grade).flatten(), torch.tensor([0.1, 0.5, 3.0]))
    assert torch.equal(balance(rgb, IDENTITY_BALANCE), rgb)


@given(st.floats(-2.0, 5.0), st.floats(0.001, 1.0))
def test_the_grade_rises_below_black_and_above_white_too(level: float, step: float) -> None:
    rgb = torch.tensor([level, level + step], dtype=torch.float64)[None, None].expand(3, 1, 2)
    assert (balance(rgb, FADE).diff(dim=2) > 0).all()


def test_a_faded_picture_becomes_neutral() -> None:
    true = chart()
    faded = graded(true, FADE)
    balanced = graded(faded, find_balance(faded))
    quantiles = torch.quantile(balanced, torch.tensor(END_QUANTILES), dim=1)
    assert torch.allclose(
        quantiles, torch.tensor([[BLACK_LEVEL] * 3, [WHITE_LEVEL] * 3]), atol=0.01
    )
    grey = (true.amax(dim=0) - true.amin(dim=0)) < 1e-6
    midtones = grey & (true[0] > 0.2) & (true[0] < 0.8)
    spread = balanced[:, midtones].amax(dim=0) - balanced[:, midtones].amin(dim=0)
    assert float((faded[:, midtones].amax(dim=0) - faded[:, midtones].amin(dim=0)).mean()) > 0.15
    assert float(spread.mean()) < 0.02


def test_one_flat_colour_is_not_an_error() -> None:
    flat = torch.tensor([0.5, 0.2, 0.3])[:, None].expand(3, 1000)
    assert graded(flat, find_balance(flat)).isfinite().all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"gamma": (0.0, 1.0, 1.0)},
        {"lift": (1.0, 0.0, 0.0)},
        {"gain": (1.0, 1.0)},
        {"gain": (float("nan"), 1.0, 1.0)},
    ],
)
def test_an_impossible_grade_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Balance.model_validate(wrong)
