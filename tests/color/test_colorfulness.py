"""Whether pictures hold colour, however noisy, toned or marked they are."""

import numpy as np
import pytest

from unfade.color.colorfulness import Colorfulness, film_colorfulness

LUMA = np.array([0.2126, 0.7152, 0.0722])
SEPIA = np.array([1.08, 1.0, 0.78])


def pictures(count: int = 8) -> np.ndarray:
    """A textured film with large coloured areas that move slowly, float (N, 72, 128, 3), codes."""
    y, x = np.mgrid[0:72, 0:128]
    frames = []
    for k in range(count):
        texture = 120 + 50 * np.sin(x / 5 + y / 7 + k / 9)
        red, blue = 30 * np.sin((x + k) / 30), 30 * np.cos(y / 17)
        frames.append(np.stack([texture + red, texture, texture + blue], axis=-1))
    return np.stack(frames)


def measured(film: np.ndarray) -> Colorfulness:
    found = film_colorfulness(np.clip(film, 0, 255).round().astype(np.uint8))
    assert found is not None
    return found


def grey(film: np.ndarray) -> np.ndarray:
    return np.repeat((film @ LUMA)[..., None], 3, axis=-1)


def test_a_film_in_colour_has_colour() -> None:
    found = measured(pictures())
    assert not found.is_none
    assert not found.is_little
    assert found.color == pytest.approx(0.07, abs=0.03)


def test_a_pale_film_has_a_little() -> None:
    pale = grey(pictures()) + 0.06 * (pictures() - grey(pictures()))
    assert measured(pale).is_little
    assert not measured(pale).is_none


@pytest.mark.parametrize("tint", [None, SEPIA, SEPIA[::-1]])
def test_grey_and_toned_films_have_none(tint: np.ndarray | None) -> None:
    film = grey(pictures()) if tint is None else grey(pictures()) * tint
    assert measured(film).is_none
    assert measured(film).is_tint == (tint is not None)


def test_the_noise_of_tape_is_no_colour() -> None:
    noise = np.random.default_rng(1).normal(0, 4, pictures(40).shape)
    assert measured(grey(pictures(40)) + noise).is_none
    assert not measured(pictures(40) + noise).is_none


@pytest.mark.parametrize("count", [2, 3, 4, 8, 24, 60])
def test_noise_is_no_colour_however_short_the_film(count: int) -> None:
    """No frame is held against itself, whose noise would be the same."""
    for coarse, codes, name in ((1, 6, "is_none"), (2, 12, "is_little")):
        noise = np.random.default_rng(1).normal(0, codes, (count, 72 // coarse, 128 // coarse, 3))
        film = grey(pictures(count)) + np.kron(noise, np.ones((1, coarse, coarse, 1)))
        assert getattr(measured(film), name)


def test_a_picture_with_little_colour_is_for_a_person_to_judge() -> None:
    """As a flat green crop of a good reference has: more chroma of one hue than colour."""
    green = grey(pictures()) * np.array([0.92, 1.03, 0.9])
    found = measured(green + 0.045 * (pictures() - grey(pictures())))
    assert found.chroma > 0.03
    assert found.color < 0.08 * found.chroma
    assert found.is_little
    assert not found.is_none


def test_a_logo_is_no_colour() -> None:
    film = grey(pictures())
    film[:, 4:12, 108:120] = (220, 20, 20)
    assert measured(film).is_none


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_film_of_a_few_frames(count: int) -> None:
    assert not measured(pictures(count)).is_none
    assert measured(grey(pictures(count))).is_none


@pytest.mark.parametrize("value", [0, 128, 255])
def test_nothing_is_said_of_flat_frames(value: int) -> None:
    assert film_colorfulness(np.full((5, 72, 128, 3), value, np.uint8)) is None


def test_one_colour_scene_in_a_black_and_white_film_is_colour() -> None:
    film = grey(pictures(100))
    film[40:50] = pictures(10)
    assert not measured(film).is_none
