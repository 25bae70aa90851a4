"""Chroma that lies beside its luma is found and moved back; what is aligned stays as it is."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import rgb_to_ycbcr, ycbcr_to_rgb
from unfade.train.data.chroma_shift import find_shift, in_place
from unfade.train.data.pixels import Picture

SIZE = 96


def chroma(x: float = 0.0, y: float = 0.0) -> Tensor:
    """Made-up chroma (2, SIZE, SIZE), moved by pixels."""
    draw = torch.Generator().manual_seed(3)
    coarse = 0.2 * torch.rand(1, 2, 12, 12, generator=draw) - 0.1
    across = (torch.arange(SIZE) - x + 0.5) * 2 / SIZE - 1
    down = (torch.arange(SIZE) - y + 0.5) * 2 / SIZE - 1
    grid = torch.stack(torch.meshgrid(across, down, indexing="xy"), dim=-1)[None]
    return functional.grid_sample(
        coarse, grid, mode="bicubic", padding_mode="border", align_corners=False
    )[0]


def shown(cbcr: Tensor) -> Picture:
    y = torch.full((1, SIZE, SIZE), 0.5)
    rgb = ycbcr_to_rgb(torch.cat([y, cbcr]))
    return Picture(rgb, rgb, torch.ones_like(y), frame=1, shot=1, role="train", of=1)


def test_a_shift_is_found_beside_colour_that_differs_slowly() -> None:
    moved = chroma(1.2, -0.7) + torch.linspace(0, 0.05, SIZE)
    found = find_shift(moved.numpy(), chroma().numpy(), np.ones((SIZE, SIZE), np.float32))
    assert found == pytest.approx([1.2, -0.7], abs=0.1)


def test_what_has_no_weight_does_not_count() -> None:
    moved = chroma(1.0, 0.0)
    moved[:, :40] = chroma(0.0, 2.0)[:, :40]
    weight = np.ones((SIZE, SIZE), np.float32)
    weight[:46] = 0
    assert find_shift(moved.numpy(), chroma().numpy(), weight) == pytest.approx([1, 0], abs=0.15)


def test_chroma_is_moved_back_under_its_luma() -> None:
    mended = rgb_to_ycbcr(in_place(shown(chroma(1.2, -0.7)), chroma()).truth_rgb)
    inside = (slice(None), slice(8, -8), slice(8, -8))
    torch.testing.assert_close(mended[1:][inside], chroma()[inside], atol=0.004, rtol=0)
    torch.testing.assert_close(mended[:1], torch.full((1, SIZE, SIZE), 0.5))


def test_what_is_aligned_or_flat_or_too_far_off_stays() -> None:
    flat = shown(torch.zeros(2, SIZE, SIZE))
    assert in_place(flat, chroma()) is flat
    for x in (0.1, 6.0):
        still = shown(chroma(x))
        assert in_place(still, chroma()) is still
    nowhere = replace(shown(chroma(1.0)), weight=torch.zeros(1, SIZE, SIZE))
    assert in_place(nowhere, chroma()) is nowhere
