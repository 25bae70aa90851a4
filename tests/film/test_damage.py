"""Ranges of damaged frames."""

import pytest
from pydantic import ValidationError

from unfade.film.damage import Damage, DamagedFrames


def hole(first: int, last: int) -> DamagedFrames:
    return DamagedFrames(first=first, last=last, fault="missing")


@pytest.mark.parametrize("frames", [((5, 8), (8, 9)), ((5, 8), (1, 2)), ((5, 8), (5, 8))])
def test_ranges_ascend_without_overlap(frames: tuple[tuple[int, int], ...]) -> None:
    """A record that was edited by hand would give wrong answers from the search for a frame."""
    with pytest.raises(ValidationError, match="does not follow frame 8"):
        Damage(frames=tuple(hole(*ends) for ends in frames))


def test_a_frame_has_one_fault() -> None:
    damage = Damage(frames=(hole(5, 8),)).with_faults([(10, "missing"), (9, "missing")])
    assert damage.frames == (hole(5, 10),)
    with pytest.raises(ValidationError, match="does not follow"):
        damage.with_faults([(7, "empty")])
