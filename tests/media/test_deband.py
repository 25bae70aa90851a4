"""Debanding of chroma: bands become smooth; edges, luma and values outside 0 to 1 stay."""

import pytest
import torch
from torch import Tensor

from unfade.color.ycbcr import luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.media import deband

HEIGHT, WIDTH = 48, 320


def ramp(step: float) -> Tensor:
    """Cb rises and Cr falls by 40 codes of 8 bits over the width, in steps of some codes; luma
    rises from top to bottom."""
    across = torch.linspace(-20, 20, WIDTH).expand(HEIGHT, WIDTH)
    codes = (across / step).round() * step if step else across
    y = torch.linspace(0.3, 0.7, HEIGHT)[:, None].expand(HEIGHT, WIDTH)
    return ycbcr_to_rgb(torch.stack([y, codes / 255, -codes / 255]))


def error(rgb: Tensor) -> float:
    """Mean error of the chroma of a ramp, in codes of 8 bits."""
    return float((rgb_to_ycbcr(rgb)[1:] - rgb_to_ycbcr(ramp(0))[1:]).abs().mean() * 255)


def test_bands_become_smooth() -> None:
    banded = ramp(2)
    smooth = deband(banded, 4)
    assert error(smooth) < 0.8 * error(banded)
    torch.testing.assert_close(luma(smooth), luma(banded), atol=1e-6, rtol=0)


def test_a_larger_step_than_the_threshold_stays() -> None:
    edge = ramp(0)
    edge[:, :, WIDTH // 2 :] += torch.tensor([0.2, -0.2, 0.3])[:, None, None]
    before, after = (rgb_to_ycbcr(one)[1:] for one in (edge, deband(edge, 4)))
    step = (before[..., WIDTH // 2] - before[..., WIDTH // 2 - 1]).abs()
    kept = (after[..., WIDTH // 2] - after[..., WIDTH // 2 - 1]).abs()
    torch.testing.assert_close(kept, step, atol=2 / 255, rtol=0)


def test_values_outside_0_to_1_stay() -> None:
    bright = ramp(0) + 1.5
    assert float(bright.min()) > 1
    torch.testing.assert_close(deband(bright, 4), bright, atol=2 / 255, rtol=0)


def test_what_is_no_band_changes_by_no_more_than_the_threshold() -> None:
    noise = torch.rand(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(deband(noise, 0.01), noise, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 13), (33, 65)])
def test_any_size_is_filtered_the_same_each_time(height: int, width: int) -> None:
    picture = torch.rand(3, height, width, generator=torch.Generator().manual_seed(1))
    once, again = deband(picture, 8), deband(picture.clone(), 8)
    assert once.shape == picture.shape
    assert torch.equal(once, again)
