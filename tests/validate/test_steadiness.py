"""Steadiness: flicker, and change of chroma from frame to frame."""

import pytest
import torch
from torch.nn import functional

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.validate.steadiness import (
    MOTION_WIDTH_PX,
    chroma_change,
    flicker,
    mean_chroma,
    small_frame,
)


@pytest.mark.parametrize("width", [300, 952, 1500])
def test_small_frames_are_means_of_squares_of_pixels(width: int) -> None:
    rgb = torch.rand(3, 101, width, generator=torch.Generator().manual_seed(0))
    small = small_frame(1, 1, rgb, rgb)
    factor = -(-width // MOTION_WIDTH_PX)
    expected = rgb_to_ycbcr(
        functional.avg_pool2d(rgb, factor, ceil_mode=True, count_include_pad=False)
    )
    torch.testing.assert_close(small.source, expected, rtol=0.0, atol=1e-6)
    assert small.source.shape[-1] <= MOTION_WIDTH_PX


def test_mean_chroma_is_that_of_all_pixels_also_of_a_part_of_a_picture() -> None:
    whole = torch.rand(3, 101, 300, generator=torch.Generator().manual_seed(0)) ** 3
    part = whole[:, 5:90, 7:250]
    _, cb, cr = rgb_to_ycbcr(part.double())
    assert mean_chroma(part) == pytest.approx((float(cb.mean()), float(cr.mean())), abs=1e-6)


def test_only_a_frame_and_the_next_of_its_shot_have_a_change() -> None:
    rgb = torch.rand(3, 60, 80, generator=torch.Generator().manual_seed(0))
    brighter = rgb + torch.tensor([0.1, 0.0, 0.0])[:, None, None]
    first = small_frame(5, 1, rgb, rgb)
    change = chroma_change(first, small_frame(6, 1, rgb, brighter))
    assert change is not None
    assert change.source < 1e-6
    assert change.recovered == pytest.approx((0.05 + 0.01146) / 2, abs=1e-4)
    assert chroma_change(None, first) is None
    assert chroma_change(first, small_frame(7, 1, rgb, rgb)) is None
    assert chroma_change(first, small_frame(6, 2, rgb, rgb)) is None


def test_a_steady_drift_is_no_flicker() -> None:
    drift = [(0.01 * frame, -0.02 * frame) for frame in range(9)]
    assert flicker(drift) == pytest.approx(0.0, abs=1e-12)
    assert flicker(drift[:2]) is None
    apart = [1, 2, 50, 51, 90, 91]
    assert flicker(drift[:6], apart) is None, "no frame has both neighbours"
    jumps = [(0.01 * (frame % 2), 0.0) for frame in range(9)]
    assert flicker(jumps) == pytest.approx(0.01)
