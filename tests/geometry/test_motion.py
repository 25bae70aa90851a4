"""Optical flow between frames, and the change of pictures along it."""

import pytest
import torch

from unfade.geometry.motion import change_along, optical_flow

from ..fixtures import soft_shapes


def scene(height: int = 120, width: int = 160) -> torch.Tensor:
    return soft_shapes(2, (1, 24, 32), height, width).clamp(0, 1)


def test_a_translation_leaves_little_change_along_the_motion() -> None:
    earlier = scene()
    now = torch.roll(earlier, (3, 5), dims=(1, 2))
    motion = optical_flow(earlier, now)
    residual = change_along(motion, earlier, now)
    assert residual < 0.25 * float((now - earlier).abs().mean())
    assert 0.7 < float(motion.visible.float().mean()) < 1


def test_a_change_of_colour_is_measured_along_the_motion() -> None:
    earlier = scene()
    now = torch.roll(earlier, (2, -4), dims=(1, 2))
    motion = optical_flow(earlier, now)
    flat = torch.full((2, 120, 160), 0.1)
    assert change_along(motion, flat, flat + 0.02) == pytest.approx(0.02, abs=1e-6)


def test_identical_frames_have_no_change() -> None:
    motion = optical_flow(scene(), scene())
    assert bool(motion.visible.all())
    assert change_along(motion, scene(), scene()) < 1e-5
