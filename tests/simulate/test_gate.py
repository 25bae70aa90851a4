"""The position of the picture and of its neighbours in the scan."""

import pytest
import torch

from unfade.geometry.crop import crop
from unfade.simulate.gate import (
    LIVE_AREA,
    PICTURE_HEIGHT,
    PICTURE_WIDTH,
    SCAN_HEIGHT,
    SCAN_WIDTH,
    place_in_gate,
)
from unfade.simulate.print_film import MAX_DYE_AMOUNT


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    x = torch.linspace(0, 6, PICTURE_WIDTH)
    y = torch.linspace(0, 4, PICTURE_HEIGHT)[:, None]
    return torch.stack([1 + torch.sin(x + y), 1 + torch.cos(x - y), 1 + torch.sin(2 * x) * y / 9])


def test_picture_fills_the_live_area(picture: torch.Tensor) -> None:
    gate = place_in_gate(None, picture, None, (0.0, 0.0))
    assert gate.shape == (3, SCAN_HEIGHT, SCAN_WIDTH)
    inside = (slice(None), slice(20, -20), slice(20, -20))
    assert torch.equal(crop(gate, LIVE_AREA)[inside], picture[inside])
    assert (gate[:, :, : LIVE_AREA.x] == MAX_DYE_AMOUNT).all()
    assert (gate[:, : LIVE_AREA.y] == MAX_DYE_AMOUNT).all()


def test_corners_are_round(picture: torch.Tensor) -> None:
    live = crop(place_in_gate(None, picture, None, (0.0, 0.0)), LIVE_AREA)
    assert (live[:, 2, 2] == MAX_DYE_AMOUNT).all()
    assert torch.equal(live[:, 2, 100], picture[:, 2, 100])
    assert torch.equal(live[:, 100, -3], picture[:, 100, -3])


def test_weave_moves_the_film_to_the_right_and_down(picture: torch.Tensor) -> None:
    still = place_in_gate(picture, picture, picture, (0.0, 0.0))
    moved = place_in_gate(picture, picture, picture, (1.0, -1.0))
    assert torch.allclose(moved[:, 5:-5, 6:-5], still[:, 6:-4, 5:-6], atol=1e-5)
    half = place_in_gate(picture, picture, picture, (0.5, 0.0))
    middle = (slice(None), slice(100, 500), slice(100, 900))
    between = (still.roll(1, dims=2) + still)[middle] / 2
    assert torch.allclose(half[middle], between, atol=1e-3)


def test_neighbouring_frames_are_visible_beyond_the_frame_lines(picture: torch.Tensor) -> None:
    gate = place_in_gate(picture + 5, picture, picture + 7, (0.0, 0.0))
    columns = slice(LIVE_AREA.x + 100, LIVE_AREA.x + 200)
    line = (SCAN_HEIGHT - PICTURE_HEIGHT) // 2 - 36
    assert torch.equal(gate[:, 0, columns], picture[:, -line, 100:200] + 5)
    assert torch.equal(gate[:, -1, columns], picture[:, line - 1, 100:200] + 7)
    assert (gate[:, line + 2 : LIVE_AREA.y - 2] == MAX_DYE_AMOUNT).all()
