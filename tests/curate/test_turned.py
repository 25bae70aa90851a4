"""References that match nowhere because they are turned, flipped or negatives."""

import numpy as np
import pytest
import torch

from unfade.curate.matching.turned import Turned, find_turned
from unfade.curate.shots.cuts import find_cuts
from unfade.film.clip import Orientation, orientation_number
from unfade.geometry.orientation import upright

from .conftest import FadedFilm, clip_frames, proxies

INVERSE: dict[Orientation, Orientation] = {"turn-90": "turn-270", "turn-270": "turn-90"}


def stored(proxy: np.ndarray, shown_by: Orientation) -> np.ndarray:
    """Pictures that are shown upright by an orientation."""
    number = orientation_number(INVERSE.get(shown_by, shown_by))
    planes = torch.from_numpy(np.array(proxy)).permute(0, 3, 1, 2)
    return upright(planes, number).permute(0, 2, 3, 1).numpy()


def found(film: FadedFilm, reference: np.ndarray, turned_by: int = 1) -> Turned | None:
    shots = find_cuts(film.source).shots(1001)
    return find_turned(film.source, reference, shots, 1001, turned_by)


@pytest.mark.parametrize("orientation", ["turn-180", "flip", "turn-90", "turn-270"])
def test_the_orientation_that_would_match_is_named(
    faded_film: FadedFilm, orientation: Orientation
) -> None:
    reference = stored(faded_film.reference, orientation)
    assert found(faded_film, reference) == Turned(orientation, negative=False)


def test_a_negative_is_known(faded_film: FadedFilm) -> None:
    reference = 255 - faded_film.reference
    assert found(faded_film, reference) == Turned("as-stored", negative=True)


def test_an_orange_negative_upside_down(faded_film: FadedFilm) -> None:
    masked = 40 + (255 - faded_film.reference) * np.array([0.8, 0.5, 0.3])
    reference = stored(masked.astype(np.uint8), "turn-180")
    assert found(faded_film, reference) == Turned("turn-180", negative=True)


def test_what_a_file_says_wrongly_is_undone(faded_film: FadedFilm) -> None:
    turned = stored(faded_film.reference, "turn-180")
    by_file = orientation_number("turn-180")
    assert found(faded_film, turned, by_file) == Turned("as-stored", negative=False)
    assert found(faded_film, turned, orientation_number("turn-90")) == Turned(
        "turn-270", negative=False
    )


def test_upright_mirrored_and_other_films_need_nothing(faded_film: FadedFilm) -> None:
    other = proxies(clip_frames("carphone_pristine.mp4", 0, 20))
    for reference in (faded_film.reference, faded_film.reference[:, :, ::-1], other):
        assert found(faded_film, reference) is None


def test_the_remedy_says_what_to_write() -> None:
    assert 'write orientation = "flip"' in Turned("flip", negative=False).remedy(1)
    assert Turned("as-stored", negative=True).remedy(1).startswith("is light where the scan's")
    assert " and is light" in Turned("flip", negative=True).remedy(1)


def test_pairs_of_a_person_are_a_way_round() -> None:
    """No search for turned references is made where there is a [[pair]]."""
    for turned in (Turned("flip", negative=True), Turned("as-stored", negative=True)):
        assert turned.remedy(1).endswith("; or fix pairs with [[pair]]")
