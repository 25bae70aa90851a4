"""Chroma that is displaced from its luma is aligned; aligned chroma is not changed."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import ycbcr_to_rgb
from unfade.train.data.chroma_shift import (
    MAX_SHIFT_PX,
    MIN_SHIFT_PX,
    find_shift,
    without_chroma_shift,
)
from unfade.train.data.pixels import NetworkFrame, NetworkPicture

SIZE = 96


def chroma(x: float = 0.0, y: float = 0.0) -> Tensor:
    """Random smooth chroma (2, SIZE, SIZE), shifted right and down by pixels."""
    generator = torch.Generator().manual_seed(3)
    coarse = 0.2 * torch.rand(1, 2, 12, 12, generator=generator) - 0.1
    across = (torch.arange(SIZE) - x + 0.5) * 2 / SIZE - 1
    down = (torch.arange(SIZE) - y + 0.5) * 2 / SIZE - 1
    grid = torch.stack(torch.meshgrid(across, down, indexing="xy"), dim=-1)[None]
    return functional.grid_sample(
        coarse, grid, mode="bicubic", padding_mode="border", align_corners=False
    )[0]


def picture_with(cbcr: Tensor) -> NetworkPicture:
    y = torch.full((1, SIZE, SIZE), 0.5)
    ycbcr = torch.cat([y, cbcr])
    frame = NetworkFrame(ycbcr_to_rgb(ycbcr), ycbcr_to_rgb(ycbcr), number=1, shot=1)
    return NetworkPicture(frame, ycbcr, torch.ones_like(y), role="train", pair_frame=1)


def test_a_shift_is_found_despite_a_slow_difference_of_colour() -> None:
    shifted = chroma(1.2, -0.7) + torch.linspace(0, 0.05, SIZE)
    shift = find_shift(shifted.numpy(), chroma().numpy(), np.ones((SIZE, SIZE), np.float32))
    assert shift == pytest.approx([1.2, -0.7], abs=0.1)


def test_pixels_of_weight_zero_do_not_count() -> None:
    shifted = chroma(1.0, 0.0)
    shifted[:, :40] = chroma(0.0, 2.0)[:, :40]
    weight = np.ones((SIZE, SIZE), np.float32)
    weight[:46] = 0
    assert find_shift(shifted.numpy(), chroma().numpy(), weight) == pytest.approx([1, 0], abs=0.15)


def test_the_shift_is_removed_and_luma_kept() -> None:
    aligned = without_chroma_shift(picture_with(chroma(1.2, -0.7)), chroma())
    ycbcr = aligned.truth_ycbcr
    inside = (slice(None), slice(8, -8), slice(8, -8))
    torch.testing.assert_close(ycbcr[1:][inside], chroma()[inside], atol=0.004, rtol=0)
    assert torch.equal(ycbcr[:1], torch.full((1, SIZE, SIZE), 0.5))


def test_small_shifts_large_shifts_and_pictures_without_evidence_are_not_changed() -> None:
    flat = picture_with(torch.zeros(2, SIZE, SIZE))
    assert without_chroma_shift(flat, chroma()) is flat
    for shift in (0.1, MIN_SHIFT_PX - 0.1, MAX_SHIFT_PX + 0.2, 6.0):
        picture = picture_with(chroma(shift))
        assert without_chroma_shift(picture, chroma()) is picture
    for shift in (MIN_SHIFT_PX + 0.1, MAX_SHIFT_PX - 0.2):
        picture = picture_with(chroma(shift))
        assert without_chroma_shift(picture, chroma()) is not picture
    weightless = replace(picture_with(chroma(1.0)), weight=torch.zeros(1, SIZE, SIZE))
    assert without_chroma_shift(weightless, chroma()) is weightless
