import pytest
import torch

from unfade.drawing.canvas import (
    BACKGROUND_LEVEL,
    blank_canvas,
    fit,
    fit_width,
    set_text,
    square_pixels,
    text_width,
)
from unfade.drawing.sheets import MARGIN_PX, before_after, grid, split

from ..fixtures import flat

RED, GREEN, BLUE = (flat(tuple(rgb), 40, 60) for rgb in torch.eye(3).tolist())


def pixels_of(sheet: torch.Tensor, colour: torch.Tensor) -> torch.Tensor:
    return (sheet == colour[:, :1, :1]).all(dim=0)


def test_grid_shows_every_picture_in_its_cell() -> None:
    sheet = grid([[RED, GREEN], [BLUE, RED]], ("Input", "Output"), ("Frame 1", "Frame 2"), 400)

    assert sheet.shape[2] == 400
    greens, blues = pixels_of(sheet, GREEN).nonzero(), pixels_of(sheet, BLUE).nonzero()
    assert greens[:, 0].max() < blues[:, 0].min()
    assert blues[:, 1].max() < greens[:, 1].min()
    area = pixels_of(sheet, GREEN).sum()
    assert area == pixels_of(sheet, BLUE).sum()
    assert pixels_of(sheet, RED).sum() == 2 * area


def test_grid_keeps_the_aspect_ratio_of_pictures() -> None:
    sheet = grid([[RED]], ("",), ("",), 60 + 2 * MARGIN_PX)

    assert pixels_of(sheet, RED).sum() == 60 * 40


def test_grid_writes_text_only_beside_the_pictures() -> None:
    named = grid([[RED]], ("Input",), ("Frame 1\nshot 2",), 300)
    pictures = pixels_of(named, RED)

    assert ((named[0] > BACKGROUND_LEVEL + 0.2) & ~pictures).any()
    assert pictures.sum() == pictures.any(dim=0).sum() * pictures.any(dim=1).sum()


@pytest.mark.parametrize("rows", [[], [[RED]]])
def test_grid_raises_when_rows_and_headings_differ(rows: list[list[torch.Tensor]]) -> None:
    with pytest.raises(ValueError, match="2 headings"):
        grid(rows, ("Input", "Output"), ("Frame 1",), 300)


def test_split_shows_before_left_and_after_right() -> None:
    sheet = split(RED, BLUE, ("Before", "After"), "Frame 1", 260, at=0.25)
    row = sheet[:, MARGIN_PX + 10, MARGIN_PX:-MARGIN_PX]
    cut = (260 - 2 * MARGIN_PX) // 4

    assert torch.equal(row[:, : cut - 1], RED[:, 0, :1].expand(3, cut - 1))
    assert torch.equal(row[:, cut - 1], torch.ones(3))
    assert (row[:, cut:] == BLUE[:, 0, :1]).all()


def test_strip_has_before_above_after() -> None:
    strip = before_after([RED, RED], [BLUE, BLUE], ("Frame 1", "Frame 2"), 400)

    assert (
        pixels_of(strip, RED).nonzero()[:, 0].max() < pixels_of(strip, BLUE).nonzero()[:, 0].min()
    )


def test_pictures_above_one_are_shown_as_white() -> None:
    assert grid([[RED * 3]], ("",), ("",), 300).max() == 1.0


def test_fit_averages_when_it_shrinks() -> None:
    checks = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(8, 8).expand(3, 16, 16)

    assert torch.allclose(fit(checks, 4, 4), torch.full((3, 4, 4), 0.5))


def test_fit_width_keeps_the_aspect_ratio_and_square_pixels_changes_it() -> None:
    assert fit_width(RED, 30).shape == (3, 20, 30)
    assert square_pixels(RED, 2.0).shape == (3, 40, 120)


def test_text_is_anchored_left_middle_or_right() -> None:
    def columns(anchor: str) -> torch.Tensor:
        canvas = blank_canvas(30, 200)
        set_text(canvas, "Frame", 100, 20, anchor=anchor)  # type: ignore[arg-type]
        return (canvas[0] > BACKGROUND_LEVEL + 0.1).any(dim=0).nonzero().flatten()

    assert columns("left").min() >= 99
    assert columns("right").max() <= 101
    assert abs(float(columns("middle").float().mean()) - 100) < text_width("Frame") / 4
