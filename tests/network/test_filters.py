"""Blurs and the degrain."""

import math

import pytest
import torch
from scipy import ndimage

from unfade.network.filters import blur, box, degrain, grain_variance


def noise(sigma: float) -> torch.Tensor:
    return torch.randn(3, 128, 160, generator=torch.Generator().manual_seed(0)) * sigma


@pytest.mark.parametrize("sigma", [1.5, 3.0, 6.0, 12.0, 25.0])
def test_a_blur_is_close_to_a_gaussian(sigma: float) -> None:
    picture = torch.zeros(1, 161, 193)
    picture[0, 70:90, 90:110] = 1.0
    exact = ndimage.gaussian_filter(picture[0].numpy(), sigma, mode="nearest")
    found = blur(picture, sigma)[0]
    assert float((found - torch.from_numpy(exact)).abs().max()) < 0.03 * float(exact.max())


@pytest.mark.parametrize("sigma", [1.5, 12.0, 100.0])
def test_a_flat_picture_stays_flat(sigma: float) -> None:
    flat = torch.full((2, 37, 53), 0.3)
    torch.testing.assert_close(blur(flat, sigma), flat, atol=1e-6, rtol=0)


def test_the_box_is_a_mean() -> None:
    picture = noise(1.0)
    exact = ndimage.uniform_filter(picture[0].numpy(), 5, mode="nearest")
    torch.testing.assert_close(box(picture, 2)[0], torch.from_numpy(exact), atol=1e-5, rtol=0)


def test_grain_is_measured() -> None:
    assert grain_variance(0.5 + noise(0.02)).sqrt().mean() == pytest.approx(0.02, rel=0.1)


def test_grain_goes_and_edges_stay() -> None:
    edge = torch.zeros(3, 128, 160)
    edge[..., 80:] = 0.6
    cleaned = degrain(edge + 0.2 + noise(0.02))
    flat = cleaned[:, :, 8:70] - 0.2
    assert float(flat.std()) < 0.012
    step = cleaned[:, :, 80].mean() - cleaned[:, :, 79].mean()
    assert float(step) > 0.55


def test_a_clean_picture_is_not_touched() -> None:
    ramp = torch.linspace(0, 1, 160).repeat(3, 128, 1) + 0.1 * math.pi
    torch.testing.assert_close(degrain(ramp), ramp, atol=1e-3, rtol=0)
