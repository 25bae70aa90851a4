"""The place of an outlier, on drawn pictures with a known fault."""

import numpy as np
import pytest

from unfade.film.clip import Area
from unfade.film.outlier import OutlierKind
from unfade.validate.outliers.flags import PREDICTED_UNIT, Flag
from unfade.validate.outliers.places import locate, reason

from .test_evidence import HEIGHT, WIDTH, picture, reference

LIVE = Area(x=20, y=10, width=2 * WIDTH, height=2 * HEIGHT)
"""The live area of a scan of twice the size."""

LEFT, TOP, RIGHT, BOTTOM = 100, 60, 200, 140
"""The faulty part of the small picture, in pixels."""


def flag(kind: OutlierKind) -> Flag:
    return Flag(kind, 5.0, 2.5, "CIEDE2000")


def faulty() -> np.ndarray:
    planes = picture()
    planes[1:, TOP:BOTTOM, LEFT:RIGHT] += np.array([0.08, -0.08], np.float32)[:, None, None]
    return planes


def test_a_wrong_colour_is_located_against_the_reference() -> None:
    place = locate(
        flag("wrong colour"), (0, 0), picture(), faulty(), reference(picture()), None, LIVE
    )
    assert place.box.x == pytest.approx(LIVE.x + 2 * LEFT, abs=12)
    assert place.box.y == pytest.approx(LIVE.y + 2 * TOP, abs=12)
    assert place.box.width == pytest.approx(2 * (RIGHT - LEFT), abs=24)
    assert place.box.height == pytest.approx(2 * (BOTTOM - TOP), abs=24)
    assert place.mask is not None
    assert place.mask[TOP + 5 : BOTTOM - 5, LEFT + 5 : RIGHT - 5].mean() > 0.75
    assert place.mask[:, : LEFT - 8].mean() < 0.02
    assert place.ciede2000 is not None
    assert place.ciede2000 > 3


def test_without_a_reference_the_place_is_the_frame() -> None:
    place = locate(flag("wrong colour"), (0, 0), picture(), faulty(), None, None, LIVE)
    assert (place.mask, place.box, place.ciede2000) == (None, LIVE, 5.0)


def test_moved_chroma_is_as_visible_as_moving_it_back() -> None:
    moved = picture()
    moved[1:] = np.roll(moved[1:], 3, axis=2)
    place = locate(flag("bleed"), (3, 0), picture(), moved, None, None, LIVE)
    assert place.ciede2000 is not None
    assert place.ciede2000 > 3
    still = locate(flag("bleed"), (3, 0), picture(), np.full_like(moved, 0.1), None, None, LIVE)
    assert still.ciede2000 == 0.0


def test_a_crop_has_no_colour_difference() -> None:
    place = locate(flag("crop"), (0, 0), picture(), picture(), None, None, LIVE)
    assert (place.mask, place.box, place.ciede2000) == (None, LIVE, None)


@pytest.mark.parametrize("kind", ["wrong colour", "flicker", "bleed", "banding", "overlay", "crop"])
def test_the_reason_is_a_sentence_with_figure_and_limit(kind: OutlierKind) -> None:
    text = reason(flag(kind))
    assert text.endswith(".")
    assert "{" not in text
    assert any(figure in text for figure in ("5.0", "500%"))


def test_a_predicted_error_is_located_by_itself_and_not_called_visible() -> None:
    predicted = np.full((HEIGHT, WIDTH), 1.0, np.float32)
    predicted[TOP:BOTTOM, LEFT:RIGHT] = 4.0
    by_model = Flag("unseen colour", 4.0, 2.5, PREDICTED_UNIT)
    place = locate(by_model, (0, 0), picture(), picture(), None, predicted, LIVE)
    box = Area(
        x=LIVE.x + 2 * LEFT, y=LIVE.y + 2 * TOP, width=2 * (RIGHT - LEFT), height=2 * (BOTTOM - TOP)
    )
    assert (place.box, place.ciede2000) == (box, None)
