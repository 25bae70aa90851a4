"""References that match nowhere because they are rotated, flipped or negatives."""

import numpy as np
import pytest
import torch

from unfade.curate.matching.orientation import Misorientation, find_misorientation
from unfade.curate.shots.cuts import find_cuts
from unfade.film.clip import Orientation, orientation_number
from unfade.geometry.orientation import upright

from .conftest import FadedFilm, clip_frames, proxies

INVERSE: dict[Orientation, Orientation] = {"turn-90": "turn-270", "turn-270": "turn-90"}


def stored(proxy: np.ndarray, orientation: Orientation) -> np.ndarray:
    """Pictures that an orientation displays upright."""
    number = orientation_number(INVERSE.get(orientation, orientation))
    planes = torch.from_numpy(np.array(proxy)).permute(0, 3, 1, 2)
    return upright(planes, number).permute(0, 2, 3, 1).numpy()


def misorientation(
    film: FadedFilm, reference: np.ndarray, applied: int = 1
) -> Misorientation | None:
    shots = find_cuts(film.source).shots(1001)
    return find_misorientation(film.source, reference, shots, 1001, applied)


@pytest.mark.parametrize("orientation", ["turn-180", "flip", "turn-90", "turn-270"])
def test_the_orientation_that_would_match_is_named(
    faded_film: FadedFilm, orientation: Orientation
) -> None:
    reference = stored(faded_film.reference, orientation)
    assert misorientation(faded_film, reference) == Misorientation(orientation, negative=False)


def test_a_negative_is_detected(faded_film: FadedFilm) -> None:
    reference = 255 - faded_film.reference
    assert misorientation(faded_film, reference) == Misorientation("as-stored", negative=True)


def test_an_orange_negative_upside_down_is_detected(faded_film: FadedFilm) -> None:
    masked = 40 + (255 - faded_film.reference) * np.array([0.8, 0.5, 0.3])
    reference = stored(masked.astype(np.uint8), "turn-180")
    assert misorientation(faded_film, reference) == Misorientation("turn-180", negative=True)


def test_a_wrong_orientation_tag_is_corrected(faded_film: FadedFilm) -> None:
    turned = stored(faded_film.reference, "turn-180")
    by_file = orientation_number("turn-180")
    assert misorientation(faded_film, turned, by_file) == Misorientation(
        "as-stored", negative=False
    )
    assert misorientation(faded_film, turned, orientation_number("turn-90")) == Misorientation(
        "turn-270", negative=False
    )


def test_upright_mirrored_and_unrelated_films_need_no_correction(faded_film: FadedFilm) -> None:
    other = proxies(clip_frames("carphone_pristine.mp4", 0, 20))
    for reference in (faded_film.reference, faded_film.reference[:, :, ::-1], other):
        assert misorientation(faded_film, reference) is None


def test_the_remedy_names_the_key_and_the_value() -> None:
    assert 'write orientation = "flip"' in Misorientation("flip", negative=False).remedy(1)
    assert (
        Misorientation("as-stored", negative=True)
        .remedy(1)
        .startswith("is light where the scan is")
    )
    assert " and is light" in Misorientation("flip", negative=True).remedy(1)


def test_the_remedy_offers_pairs_as_a_way_out() -> None:
    """A project with a [[pair]] does not search for misoriented references."""
    for turned in (
        Misorientation("flip", negative=True),
        Misorientation("as-stored", negative=True),
    ):
        assert turned.remedy(1).endswith(", or fix pairs with [[pair]]")
