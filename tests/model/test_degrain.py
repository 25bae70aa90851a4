"""Window means, the measurement of grain, and the degrain."""

import pytest
import torch
from scipy import ndimage

from unfade.color.log_light import LOG_OFFSET
from unfade.model.degrain import degrain
from unfade.model.grain import grain_covariance
from unfade.model.resample import box_mean

from ..fixtures import soft_shapes


def noise(sigma: float) -> torch.Tensor:
    return torch.randn(3, 128, 160, generator=torch.Generator().manual_seed(0)) * sigma


def test_the_box_mean_agrees_with_scipy() -> None:
    picture = noise(1.0)
    exact = ndimage.uniform_filter(picture[0].numpy(), 5, mode="nearest")
    torch.testing.assert_close(box_mean(picture, 2)[0], torch.from_numpy(exact), atol=1e-5, rtol=0)


def test_grain_is_measured_with_its_correlation() -> None:
    level, sigma = 0.5, 0.01
    grain = noise(sigma)
    grain[1] = 0.6 * grain[0] + 0.8 * grain[1]
    measured = grain_covariance(level + grain)
    scale = (sigma / (level + LOG_OFFSET)) ** 2
    expected = torch.tensor([[1.0, 0.6, 0.0], [0.6, 1.0, 0.0], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(measured / scale, expected, atol=0.12, rtol=0)


def test_grain_is_removed_and_edges_are_kept() -> None:
    edge = torch.zeros(3, 128, 160)
    edge[..., 80:] = 0.6
    grainy = edge + 0.2 + noise(0.02)
    cleaned = degrain(grainy, 10 * grain_covariance(grainy))
    flat = cleaned[:, :, 8:70] - 0.2
    assert float(flat.std()) < 0.012
    step = cleaned[:, :, 80].mean() - cleaned[:, :, 79].mean()
    assert float(step) > 0.55


def test_a_covariance_of_zero_changes_nothing() -> None:
    ramp = torch.linspace(0, 1, 160).repeat(3, 128, 1)
    assert torch.equal(degrain(ramp, torch.zeros(3, 3)), ramp)


def test_flat_pictures_of_any_brightness_are_exact() -> None:
    grain = torch.eye(3) * 1e-3
    for level in (0.0, 0.3, 1.0):
        flat = torch.full((3, 40, 50), level)
        torch.testing.assert_close(degrain(flat, grain), flat, atol=1e-5, rtol=0)


@pytest.mark.parametrize("variance", [1e-10, 1e-7, 1e-5, 1e-4])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_with_hardly_any_grain_are_kept(channels: int, variance: float) -> None:
    """In a picture of one hue all channels vary alike, and windows have a singular covariance."""
    soft = soft_shapes(1, (channels, 8, 12), 128, 160).clamp(0, 1)
    edges = (soft > 0.5).float()
    hue = torch.tensor([0.9, 0.6, 0.7])[:, None, None]
    for planes in (soft, edges):
        picture = planes.expand(3, -1, -1) * hue
        cleaned = degrain(picture, torch.eye(3) * variance)
        torch.testing.assert_close(cleaned, picture, atol=0.01, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(41, 53), (40, 53), (41, 52), (1, 7), (3, 1)])
def test_a_picture_of_odd_size_is_as_one_with_its_border_repeated(height: int, width: int) -> None:
    """The filter works on squares of two pixels."""
    odd = soft_shapes(3, (3, 5, 7), height, width) * 0.5 + 0.3
    odd = odd + 0.02 * torch.randn(odd.shape, generator=torch.Generator().manual_seed(0))
    even = torch.cat([odd, odd[:, -1:]], dim=1) if height % 2 else odd
    even = torch.cat([even, even[:, :, -1:]], dim=2) if width % 2 else even
    grain = torch.eye(3) * 2e-3
    cleaned = degrain(odd, grain)
    assert cleaned.shape == odd.shape
    expected = degrain(even, grain)[:, :height, :width]
    torch.testing.assert_close(cleaned, expected, atol=1e-5, rtol=0)


def test_bands_show_no_seam() -> None:
    """A picture of several bands, the last one of an odd number of lines."""
    generator = torch.Generator().manual_seed(3)
    picture = torch.rand(3, 401, 397, generator=generator) * 0.5 + 0.2
    grain = torch.tensor([[3.0, 1.0, 1.0], [1.0, 3.0, 1.0], [1.0, 1.0, 4.0]]) * 1e-3
    in_bands = degrain(picture, grain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "unfade.model.degrain.bands", lambda height, width, multiple: [slice(0, height)]
        )
        whole = degrain(picture, grain)
    torch.testing.assert_close(in_bands, whole, atol=1e-6, rtol=0)
