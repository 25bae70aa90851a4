"""Motion between frames, and change along it."""

import pytest
import torch
from torch.nn import functional

from unfade.geometry.motion import change_along, motion


def scene(height: int = 120, width: int = 160) -> torch.Tensor:
    coarse = torch.rand(1, 1, 24, 32, generator=torch.Generator().manual_seed(2))
    return functional.interpolate(coarse, size=(height, width), mode="bicubic")[0].clamp(0, 1)


def test_a_picture_that_moved_did_not_change() -> None:
    earlier = scene()
    now = torch.roll(earlier, (3, 5), dims=(1, 2))
    moved = motion(earlier, now)
    still = change_along(moved, earlier, now)
    assert still < 0.25 * float((now - earlier).abs().mean())
    assert 0.7 < float(moved.seen.float().mean()) < 1


def test_a_change_of_colour_is_found_under_the_motion() -> None:
    earlier = scene()
    now = torch.roll(earlier, (2, -4), dims=(1, 2))
    moved = motion(earlier, now)
    flat = torch.full((2, 120, 160), 0.1)
    assert change_along(moved, flat, flat + 0.02) == pytest.approx(0.02, abs=1e-6)


def test_nothing_moves_between_the_same_frames() -> None:
    moved = motion(scene(), scene())
    assert bool(moved.seen.all())
    assert change_along(moved, scene(), scene()) < 1e-5
