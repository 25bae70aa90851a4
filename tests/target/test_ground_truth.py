"""Ground truth: luma of the source, chroma of the reference."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.film.clip import Area
from unfade.target.ground_truth import ground_truth, luma_parity, suppress_dirt, zero_outside


def noise(seed: int) -> torch.Tensor:
    return torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(seed))


def test_luma_is_of_the_source_and_chroma_of_the_reference() -> None:
    source_rgb, reference_rgb = noise(0) * 0.2 + 0.4, noise(1) * 0.2 + 0.4
    truth_rgb = ground_truth(source_rgb, reference_rgb)
    torch.testing.assert_close(luma(truth_rgb), luma(source_rgb))
    torch.testing.assert_close(rgb_to_ycbcr(truth_rgb)[1:], rgb_to_ycbcr(reference_rgb)[1:])
    assert luma_parity(source_rgb, truth_rgb) < 1e-6


def test_chroma_is_limited_so_that_no_component_is_negative() -> None:
    source_rgb = torch.full((3, 4, 4), 0.02)
    reference_rgb = torch.zeros(3, 4, 4)
    reference_rgb[0] = 0.9
    truth_rgb = ground_truth(source_rgb, reference_rgb)
    assert float(truth_rgb.min()) >= -1e-7
    assert luma_parity(source_rgb, truth_rgb) < 1e-6


def test_the_median_filter_removes_a_speck_and_keeps_an_edge() -> None:
    reference_rgb = torch.zeros(3, 20, 20)
    reference_rgb[:, :, 10:] = 0.8
    dirty = reference_rgb.clone()
    dirty[:, 5, 5] = 1.0
    assert torch.equal(suppress_dirt(dirty, 3), reference_rgb)
    assert torch.equal(suppress_dirt(dirty, 0), dirty)


@pytest.mark.parametrize("median", [2, 3, 5, 7, 10])
def test_the_median_filter_is_that_of_scipy(median: int) -> None:
    noisy = torch.rand(3, 24, 31, generator=torch.Generator().manual_seed(0))
    expected = ndimage.median_filter(noisy.numpy(), size=(1, median, median))
    assert np.array_equal(suppress_dirt(noisy, median).numpy(), expected)


def test_weight_is_zero_outside_the_crop() -> None:
    weight = zero_outside(torch.ones(1, 20, 30), Area(x=5, y=2, width=10, height=12))
    assert float(weight.sum()) == 10 * 12
    assert float(weight[:, 2:14, 5:15].min()) == 1
