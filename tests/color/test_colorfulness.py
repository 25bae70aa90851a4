"""Colourfulness of films, also with noise, a tone or a logo."""

import numpy as np
import pytest

from unfade.color.colorfulness import Colorfulness, film_colorfulness

LUMA = np.array([0.2126, 0.7152, 0.0722])
SEPIA = np.array([1.08, 1.0, 0.78])


def pictures(count: int = 8) -> np.ndarray:
    """A textured film with large, slowly moving coloured areas, codes as float (N, 72, 128, 3)."""
    y, x = np.mgrid[0:72, 0:128]
    frames = []
    for k in range(count):
        texture = 120 + 50 * np.sin(x / 5 + y / 7 + k / 9)
        red, blue = 30 * np.sin((x + k) / 30), 30 * np.cos(y / 17)
        frames.append(np.stack([texture + red, texture, texture + blue], axis=-1))
    return np.stack(frames)


def measured(film: np.ndarray) -> Colorfulness:
    measure = film_colorfulness(np.clip(film, 0, 255).round().astype(np.uint8))
    assert measure is not None
    return measure


def grey(film: np.ndarray) -> np.ndarray:
    return np.repeat((film @ LUMA)[..., None], 3, axis=-1)


def test_a_film_in_colour_has_colour() -> None:
    measure = measured(pictures())
    assert not measure.is_none
    assert not measure.is_little
    assert measure.color == pytest.approx(0.07, abs=0.03)


def test_a_pale_film_has_little_colour() -> None:
    pale = grey(pictures()) + 0.06 * (pictures() - grey(pictures()))
    assert measured(pale).is_little
    assert not measured(pale).is_none


@pytest.mark.parametrize("tint", [None, SEPIA, SEPIA[::-1]])
def test_grey_and_toned_films_have_no_colour(tint: np.ndarray | None) -> None:
    film = grey(pictures()) if tint is None else grey(pictures()) * tint
    assert measured(film).is_none
    assert measured(film).is_tint == (tint is not None)


def test_noise_of_tape_does_not_count_as_colour() -> None:
    noise = np.random.default_rng(1).normal(0, 4, pictures(40).shape)
    assert measured(grey(pictures(40)) + noise).is_none
    assert not measured(pictures(40) + noise).is_none


@pytest.mark.parametrize("count", [2, 3, 4, 8, 24, 60])
def test_noise_does_not_count_as_colour_in_short_films(count: int) -> None:
    """No frame is compared with itself, because its noise would be the same."""
    for coarse, codes, name in ((1, 6, "is_none"), (2, 12, "is_little")):
        noise = np.random.default_rng(1).normal(0, codes, (count, 72 // coarse, 128 // coarse, 3))
        film = grey(pictures(count)) + np.kron(noise, np.ones((1, coarse, coarse, 1)))
        assert getattr(measured(film), name)


def test_a_film_of_nearly_one_hue_has_little_colour() -> None:
    """As in a flat green crop of a good reference: much chroma of one hue, little beyond luma."""
    green = grey(pictures()) * np.array([0.92, 1.03, 0.9])
    measure = measured(green + 0.045 * (pictures() - grey(pictures())))
    assert measure.chroma > 0.03
    assert measure.color < 0.08 * measure.chroma
    assert measure.is_little
    assert not measure.is_none


def test_a_logo_does_not_count_as_colour() -> None:
    film = grey(pictures())
    film[:, 4:12, 108:120] = (220, 20, 20)
    assert measured(film).is_none


@pytest.mark.parametrize("count", [1, 2, 3])
def test_films_of_one_to_three_frames_are_measured(count: int) -> None:
    assert not measured(pictures(count)).is_none
    assert measured(grey(pictures(count))).is_none


@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_frames_give_no_measure(value: int) -> None:
    assert film_colorfulness(np.full((5, 72, 128, 3), value, np.uint8)) is None


def test_one_colour_scene_in_a_black_and_white_film_is_colour() -> None:
    film = grey(pictures(100))
    film[40:50] = pictures(10)
    assert not measured(film).is_none
