"""Values that are infinite or not numbers are found."""

import math

import pytest
import torch

from unfade.color.finite import all_finite


def test_ordinary_values_are_finite() -> None:
    assert all_finite(torch.rand(3, 20, 30) * 8 - 4)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_single_value_that_is_not_finite_is_found(value: float) -> None:
    pixels = torch.rand(3, 20, 30)
    pixels[1, 7, 11] = value
    assert not all_finite(pixels)


def test_infinities_do_not_cancel() -> None:
    assert not all_finite(torch.tensor([math.inf, -math.inf, 0.5]))


def test_huge_values_whose_sum_overflows_are_finite() -> None:
    assert all_finite(torch.full((3, 4, 4), 3e38))
