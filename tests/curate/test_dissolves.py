"""Fades and dissolves end a shot; motion and changes of light do not."""

import cv2
import numpy as np
import pytest

from unfade.curate.shots.cuts import Cuts, find_cuts

HEIGHT, WIDTH = 72, 128
LENGTH = 60


def panned(seed: int, speed: float = 1.5) -> np.ndarray:
    """A pan over a random picture, in the pink of a faded print: (60, 72, 128, 3), 0 to 1."""
    generator = np.random.default_rng(seed)
    coarse = generator.random((10, 40), np.float32)
    scene = cv2.resize(coarse, (4 * WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    offsets = [round(speed * frame) for frame in range(LENGTH)]
    grey = np.stack([scene[:, offset : offset + WIDTH] for offset in offsets])
    grain = 0.02 * generator.standard_normal(grey.shape, np.float32)
    return (grey + grain)[..., None] * np.array([0.8, 0.5, 0.55]) + 0.1


def ramp(start: float, end: float, length: int) -> np.ndarray:
    return np.linspace(start, end, length)[:, None, None, None]


def dissolved(before: np.ndarray, after: np.ndarray, length: int) -> np.ndarray:
    """Two shots with a dissolve of `length` frames between them."""
    share = ramp(1, 0, length)
    mixed = share * before[-length:] + (1 - share) * after[:length]
    return np.concatenate([before[:-length], mixed, after[length:]])


def cuts_of(film: np.ndarray) -> Cuts:
    return find_cuts((film.clip(0, 1) * 255).round().astype(np.uint8))


def starts(film: np.ndarray) -> list[int]:
    return [shot.frames.first for shot in cuts_of(film).shots(0)]


@pytest.mark.parametrize("length", [10, 24, 48])
def test_a_dissolve_ends_a_shot_in_its_middle(length: int) -> None:
    film = dissolved(panned(1, 0.15), panned(2, 0.15), length)
    cuts = cuts_of(film)
    first_frames, in_transition = starts(film), cuts.dissolving()
    assert len(first_frames) == 2
    assert first_frames[1] == pytest.approx(LENGTH - length / 2, abs=max(4, length / 4))
    assert not cuts.fading().any()
    assert in_transition[LENGTH - 3 * length // 4 : LENGTH - length // 4].all()
    assert not in_transition[: LENGTH - length - 8].any()
    assert not in_transition[LENGTH + 8 :].any()


def test_a_fade_to_black_and_back_ends_a_shot() -> None:
    black = np.full((30, HEIGHT, WIDTH, 3), 0.1)
    film = np.concatenate([panned(1), black, panned(2)])
    out, back = slice(LENGTH - 24, LENGTH), slice(LENGTH + 30, LENGTH + 54)
    film[out] = 0.1 + ramp(1, 0, 24) * (film[out] - 0.1)
    film[back] = 0.1 + ramp(0, 1, 24) * (film[back] - 0.1)
    first_frames, cuts = starts(film), cuts_of(film)
    assert cuts.fading()[LENGTH - 15 : LENGTH - 9].all()
    assert not cuts.dissolving().any()
    assert len(first_frames) == 3
    assert first_frames[1] == pytest.approx(LENGTH - 12, abs=8)
    assert first_frames[2] == pytest.approx(LENGTH + 42, abs=8)


def test_a_dissolve_into_a_flat_picture_is_no_fade() -> None:
    fog = 0.35 + 0.2 * (panned(2) - 0.35)
    cuts = cuts_of(dissolved(panned(1, 0.15), fog, 24))
    assert cuts.dissolving()[LENGTH - 15 : LENGTH - 9].all()
    assert not cuts.fading().any()


def test_a_fade_in_one_go_with_a_dissolve_counts_as_mixture() -> None:
    film = np.concatenate(
        [dissolved(panned(1, 0.15), panned(2, 0.15), 24), np.full((30, HEIGHT, WIDTH, 3), 0.1)]
    )
    out = slice(LENGTH + 2, 2 * LENGTH - 24)
    film[out] = 0.1 + ramp(1, 0, len(film[out])) * (film[out] - 0.1)
    cuts = cuts_of(film)
    assert cuts.dissolving()[LENGTH - 15 : LENGTH - 9].all()


def test_hard_cuts_are_not_moved() -> None:
    assert starts(np.concatenate([panned(1), panned(2), panned(3)])) == [0, 60, 120]
    assert not cuts_of(np.concatenate([panned(1), panned(2)])).dissolves


@pytest.mark.parametrize("speed", [0.5, 1.5, 4.0])
def test_a_pan_is_one_shot(speed: float) -> None:
    assert starts(panned(1, speed)) == [0]


def test_slowly_rising_light_is_not_a_dissolve() -> None:
    lit = panned(1, 0.0)
    assert starts(lit * ramp(0.4, 1.0, LENGTH)) == [0]
