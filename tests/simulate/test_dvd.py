"""The DVD: position of the picture, grading, fields, subtitles and lead-in."""

import numpy as np
import pytest
import torch

from unfade.color.difference import rgb_difference
from unfade.simulate.dvd import (
    DVD_HEIGHT,
    DVD_LIVE_AREA,
    DVD_WIDTH,
    Telecine,
    burn_subtitle,
    dvd_geometry,
    grade,
    lead_in,
    subtitle_mask,
    weave_fields,
)
from unfade.simulate.gate import PICTURE_HEIGHT, PICTURE_WIDTH
from unfade.simulate.transfer import TRANSFERS, Transfer

FAIR, HARD = TRANSFERS["fair"], TRANSFERS["hard"]


def film_point(matrix: object, x: float, y: float) -> np.ndarray:
    """The film coordinates of a point of the DVD."""
    point = np.linalg.inv(np.array(matrix)) @ (x, y, 1)
    return point[:2] / point[2]


@pytest.mark.parametrize("seed", range(6))
def test_every_side_is_cropped(seed: int) -> None:
    matrix, area = dvd_geometry(FAIR, seed).matrix, DVD_LIVE_AREA
    left, top = film_point(matrix, area.x, area.y)
    right, bottom = film_point(matrix, area.x + area.width, area.y + area.height)
    for share in (left / PICTURE_WIDTH, 1 - right / PICTURE_WIDTH):
        assert 0.03 < share < 0.07
    for share in (top / PICTURE_HEIGHT, 1 - bottom / PICTURE_HEIGHT):
        assert 0.02 < share < 0.08
    assert matrix[2][2] == 1
    assert abs(matrix[1][0]) > 1e-4, "no rotation"


def dot_on_the_dvd(x: int, y: int, telecine: Telecine, weave: tuple[float, float]) -> np.ndarray:
    """The centre of gravity, on the DVD, of a dot at (x, y) of the film."""
    rgb = torch.zeros(3, PICTURE_HEIGHT, PICTURE_WIDTH)
    rgb[:, y - 1 : y + 2, x - 1 : x + 2] = 1.0
    dot = (telecine.scan(rgb, weave)[1].double() - telecine.scan(rgb * 0)[1]).clamp_min(0)
    rows = torch.arange(DVD_HEIGHT)[:, None]
    columns = torch.arange(DVD_WIDTH)
    return np.array([(dot * columns).sum(), (dot * rows).sum()]) / float(dot.sum())


def test_the_picture_follows_the_homography() -> None:
    geometry = dvd_geometry(FAIR, 3)
    dot = dot_on_the_dvd(300, 400, Telecine(FAIR, geometry), (0.0, 0.0))
    expected = np.array(geometry.matrix) @ (300, 400, 1)
    np.testing.assert_allclose(dot, expected[:2] / expected[2], atol=0.02)


def test_the_picture_follows_the_warp_and_the_weave() -> None:
    geometry = dvd_geometry(HARD, 3)
    x, y = dot_on_the_dvd(300, 400, Telecine(HARD, geometry), (1.5, -0.5))
    off_x, off_y = geometry.warp.at(np.array(x / DVD_WIDTH), np.array(y / DVD_HEIGHT))
    on_film = film_point(geometry.matrix, x, y) + np.array([1.5 + off_x, -0.5 + off_y])
    np.testing.assert_allclose(on_film, (300, 400), atol=0.04)
    assert 0.5 < np.hypot(off_x, off_y) < 4 * 2**0.5


def test_border_is_black() -> None:
    picture = Telecine(FAIR, dvd_geometry(FAIR, 1)).scan(
        torch.full((3, PICTURE_HEIGHT, PICTURE_WIDTH), 0.7)
    )
    area = DVD_LIVE_AREA
    assert picture.shape == (3, DVD_HEIGHT, DVD_WIDTH)
    assert not picture[:, : area.y].any()
    assert not picture[:, area.y + area.height :].any()
    assert not picture[:, :, : area.x].any()
    assert not picture[:, :, area.x + area.width :].any()
    assert (picture[:, 100:-100, area.x + 1 : area.x + area.width - 1] > 0.6).all()


@pytest.mark.parametrize(("transfer", "least", "most"), [(FAIR, 0.5, 2.0), (HARD, 3.0, 6.0)])
def test_grading_differs_from_the_film_by_its_known_amount(
    transfer: Transfer, least: float, most: float
) -> None:
    torch.manual_seed(0)
    grey = torch.rand(1, 40, 40) * 0.8 + 0.1
    rgb = (grey + 0.1 * torch.randn(3, 40, 40)).clamp(0, 1)
    difference = rgb_difference(rgb, grade(rgb, transfer)).mean()
    assert least < difference < most


def test_fields_alternate_by_lines() -> None:
    woven = weave_fields(torch.zeros(3, 6, 4), torch.ones(3, 6, 4))
    assert woven[0, :, 0].tolist() == [0, 1, 0, 1, 0, 1]


def test_subtitle_is_white_on_dark_and_low() -> None:
    picture = torch.full((3, DVD_HEIGHT, DVD_WIDTH), 0.5)
    changed = (burn_subtitle(picture, 0) - picture).abs().amax(dim=0) > 0.05
    rows = changed.any(dim=1).nonzero().flatten()
    assert rows.min() > DVD_HEIGHT * 3 // 4
    assert rows.max() < DVD_HEIGHT - 20
    assert 0.005 < changed.float().mean() < 0.05
    subtitled = burn_subtitle(picture, 0)
    assert subtitled.max() > 0.9
    assert subtitled.min() < 0.05
    assert not torch.equal(subtitled, burn_subtitle(picture, 1))
    inside = subtitle_mask(0)
    assert changed[inside].float().mean() > 0.9
    assert (changed & ~inside).sum() < 0.2 * inside.sum()


def test_lead_in_begins_black_and_ends_with_a_title() -> None:
    assert not lead_in(0).any()
    assert lead_in(9).max() > 0.7
