"""Warps, coverage and cuts."""

import pytest
import torch

from unfade.film.clip import Area
from unfade.geometry.crop import crop, intersection
from unfade.geometry.warp import coverage, warp

CUBIC_BEND = 0.05
"""How far, in pixels, a cubic of parameter -0.75 may bend a ramp between its samples."""

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def picture() -> torch.Tensor:
    return torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))


def test_nothing_moves_under_the_identity() -> None:
    torch.testing.assert_close(warp(picture(), IDENTITY, 20, 30), picture(), atol=1e-5, rtol=0)
    assert bool(coverage(picture(), IDENTITY, 20, 30).all())


def test_a_shift_moves_whole_pixels() -> None:
    shift = ((1.0, 0.0, 3.0), (0.0, 1.0, 2.0), (0.0, 0.0, 1.0))
    moved = warp(picture(), shift, 20, 30)
    torch.testing.assert_close(moved[:, 2:, 3:], picture()[:, :-2, :-3], atol=1e-5, rtol=0)
    covered = coverage(picture(), shift, 20, 30)
    assert not covered[:2].any()
    assert not covered[:, :3].any()
    assert bool(covered[2:, 3:].all())


def test_a_projection_takes_a_ramp_where_it_says() -> None:
    matrix = ((1.1, 0.02, -1.0), (0.01, 0.95, 2.0), (1e-4, 2e-4, 1.0))
    y, x = torch.meshgrid(torch.arange(60.0), torch.arange(80.0), indexing="ij")
    warped = warp(torch.stack([x, y]), matrix, 60, 80)
    inverse = torch.linalg.inv(torch.tensor(matrix))
    where = inverse @ torch.tensor([40.0, 30.0, 1.0])
    torch.testing.assert_close(warped[:, 30, 40], where[:2] / where[2], atol=CUBIC_BEND, rtol=0)


def test_a_cut_is_the_area() -> None:
    cut = crop(picture(), Area(x=4, y=5, width=6, height=7))
    assert torch.equal(cut, picture()[:, 5:12, 4:10])


def test_a_cut_outside_is_refused() -> None:
    with pytest.raises(ValueError, match="does not lie within 30 x 20 pixels"):
        crop(picture(), Area(x=25, y=0, width=6, height=1))


def test_areas_share_their_overlap() -> None:
    one, other = Area(x=0, y=0, width=10, height=10), Area(x=4, y=6, width=10, height=10)
    assert intersection([one, other]) == Area(x=4, y=6, width=6, height=4)
    assert intersection([one, Area(x=10, y=0, width=5, height=5)]) is None
