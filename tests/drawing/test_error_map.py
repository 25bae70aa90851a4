import pytest
import torch

from unfade.color.difference import rgb_difference
from unfade.drawing.error_map import WHITE_CIEDE2000, error_map

from ..fixtures import flat


def test_equal_pictures_are_black_and_large_errors_white() -> None:
    grey = flat((0.5, 0.5, 0.5))
    assert error_map(grey, grey).max() < 1e-3
    assert torch.equal(error_map(grey, flat((0.9, 0.1, 0.1))), torch.ones(3, 32, 64))


def test_the_level_is_the_share_of_white() -> None:
    grey, tinted = flat((0.5, 0.5, 0.5)), flat((0.52, 0.5, 0.49))
    error = float(rgb_difference(grey, tinted).mean())
    assert 1 < error < WHITE_CIEDE2000
    assert float(error_map(grey, tinted).mean()) == pytest.approx(error / WHITE_CIEDE2000)
