"""The DVD shows the picture where its homography says, and in nearly its colours."""

import numpy as np
import pytest
import torch

from unfade.color.difference import rgb_difference
from unfade.simulate.dvd import (
    DVD_HEIGHT,
    DVD_LIVE_AREA,
    DVD_WIDTH,
    burn_subtitle,
    framing,
    grade,
    lead_in,
    telecine,
    weave_fields,
)
from unfade.simulate.gate import PICTURE_HEIGHT, PICTURE_WIDTH


def film_place(matrix: object, x: float, y: float) -> np.ndarray:
    """Where a place of the DVD lies in the picture."""
    place = np.linalg.inv(np.array(matrix)) @ (x, y, 1)
    return place[:2] / place[2]


@pytest.mark.parametrize("seed", range(6))
def test_every_side_loses_a_little(seed: int) -> None:
    matrix, area = framing(seed), DVD_LIVE_AREA
    left, top = film_place(matrix, area.x, area.y)
    right, bottom = film_place(matrix, area.x + area.width, area.y + area.height)
    for share in (left / PICTURE_WIDTH, 1 - right / PICTURE_WIDTH):
        assert 0.03 < share < 0.07
    for share in (top / PICTURE_HEIGHT, 1 - bottom / PICTURE_HEIGHT):
        assert 0.02 < share < 0.08
    assert matrix[2][2] == 1
    assert abs(matrix[1][0]) > 1e-4, "it is turned"


def test_a_dot_lands_where_the_homography_says() -> None:
    matrix = framing(3)
    x, y = 300, 400
    rgb = torch.zeros(3, PICTURE_HEIGHT, PICTURE_WIDTH)
    rgb[:, y - 1 : y + 2, x - 1 : x + 2] = 1.0
    shown = telecine(rgb, matrix)[1].double()
    rows = torch.arange(DVD_HEIGHT)[:, None]
    columns = torch.arange(DVD_WIDTH)
    centre = np.array([(shown * columns).sum(), (shown * rows).sum()]) / float(shown.sum())
    place = np.array(matrix) @ (x, y, 1)
    np.testing.assert_allclose(centre, place[:2] / place[2], atol=0.02)


def test_border_is_black() -> None:
    shown = telecine(torch.full((3, PICTURE_HEIGHT, PICTURE_WIDTH), 0.7), framing(1))
    area = DVD_LIVE_AREA
    assert shown.shape == (3, DVD_HEIGHT, DVD_WIDTH)
    assert not shown[:, : area.y].any()
    assert not shown[:, area.y + area.height :].any()
    assert not shown[:, :, : area.x].any()
    assert not shown[:, :, area.x + area.width :].any()
    assert (shown[:, 100:-100, area.x + 1 : area.x + area.width - 1] > 0.6).all()


def test_grading_is_mild_but_there() -> None:
    torch.manual_seed(0)
    grey = torch.rand(1, 40, 40) * 0.8 + 0.1
    rgb = (grey + 0.1 * torch.randn(3, 40, 40)).clamp(0, 1)
    difference = rgb_difference(rgb, grade(rgb)).mean()
    assert 0.5 < difference < 2.0


def test_fields_are_of_two_moments() -> None:
    woven = weave_fields(torch.zeros(3, 6, 4), torch.ones(3, 6, 4))
    assert woven[0, :, 0].tolist() == [0, 1, 0, 1, 0, 1]


def test_subtitle_is_white_on_dark_and_low() -> None:
    picture = torch.full((3, DVD_HEIGHT, DVD_WIDTH), 0.5)
    changed = (burn_subtitle(picture, 0) - picture).abs().amax(dim=0) > 0.05
    rows = changed.any(dim=1).nonzero().flatten()
    assert rows.min() > DVD_HEIGHT * 3 // 4
    assert rows.max() < DVD_HEIGHT - 20
    assert 0.005 < changed.float().mean() < 0.05
    shown = burn_subtitle(picture, 0)
    assert shown.max() > 0.9
    assert shown.min() < 0.05
    assert not torch.equal(shown, burn_subtitle(picture, 1))


def test_lead_in_begins_black_and_ends_with_a_title() -> None:
    assert not lead_in(0).any()
    assert lead_in(9).max() > 0.7
