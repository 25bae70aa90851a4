import math

import pytest
import torch

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.drawing.scopes import (
    HIGHEST,
    LOWEST,
    REACH,
    TARGETS,
    parade,
    scope_strip,
    vectorscope,
    waveform,
)


def flat(rgb: tuple[float, float, float]) -> torch.Tensor:
    return torch.tensor(rgb)[:, None, None].expand(3, 20, 50)


def change(scope: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return (scope - other).abs().amax(dim=0) > 0.05


def test_waveform_shows_luma_at_its_level() -> None:
    height = 300
    black, grey = waveform(flat((0, 0, 0)), height), waveform(flat((0.5, 0.5, 0.5)), height)
    lit = change(grey, black)
    expected = (HIGHEST - 0.5) / (HIGHEST - LOWEST) * (height - 1)

    rows = lit.any(dim=1).nonzero().flatten()
    assert min(abs(float(row) - expected) for row in rows) <= 1


def test_waveform_keeps_places_across_the_picture() -> None:
    picture = torch.zeros(3, 20, 100)
    picture[:, :, 75:] = 0.6
    width = 440
    lit = change(waveform(picture, width=width), waveform(torch.zeros(3, 20, 100), width=width))
    upper = lit[: lit.shape[0] * 2 // 3].any(dim=0).nonzero().flatten()

    assert float(upper.min()) == pytest.approx(38 + 0.75 * (width - 38), abs=2)


def test_waveform_leaves_no_gaps_in_eight_bit_ramps() -> None:
    ramp = (torch.arange(256) / 255).expand(3, 4, 256)
    scope = waveform(ramp, height=300, width=256 + 38)
    levels = change(scope, waveform(torch.full((3, 4, 256), 5.0), 300, 256 + 38)).any(dim=1)
    rows = levels.nonzero().flatten()

    assert len(rows) == rows.max() - rows.min() + 1


def test_parade_parts_show_their_channel() -> None:
    width = 38 + 300
    dark = parade(flat((0, 0, 0)), width=width)
    lit = change(parade(flat((0.8, 0.0, 0.0)), width=width), dark)[:150].any(dim=0)

    assert lit[38:138].any()
    assert not lit[138:].any()


@pytest.mark.parametrize("name", TARGETS)
def test_vectorscope_targets_surround_their_colour_bar(name: str) -> None:
    size = 400
    lit = change(vectorscope(flat(TARGETS[name]), size), vectorscope(flat((0.5,) * 3), size))
    _, cb, cr = rgb_to_ycbcr(torch.tensor(TARGETS[name]).reshape(3, 1, 1)).flatten().tolist()
    y, x = ((1 - cr / REACH) / 2 * size, (cb / REACH + 1) / 2 * size)

    hits = lit.nonzero().float()
    assert float(torch.hypot(hits[:, 0] - y, hits[:, 1] - x).min()) < 2


def test_vectorscope_trace_has_the_hue_it_shows() -> None:
    scope = vectorscope(flat(TARGETS["R"]), 400)
    spot = scope.flatten(1)[:, (scope[0] - scope[2]).flatten().argmax()]

    assert spot[0] > spot[1]
    assert spot[0] > spot[2]


def test_vectorscope_skin_line_points_at_skin() -> None:
    """Light and dark skin of the ColorChecker (sRGB 194 150 130 and 115 82 68) lie near 123."""
    for skin in ((194, 150, 130), (115, 82, 68)):
        _, cb, cr = rgb_to_ycbcr(torch.tensor(skin).reshape(3, 1, 1) / 255).flatten().tolist()
        assert math.degrees(math.atan2(cr, cb)) == pytest.approx(123, abs=12)
    scope, size = vectorscope(flat((0.5,) * 3), 400), 400
    skin_line = math.radians(123)
    x = round((0.3 * math.cos(skin_line) / REACH + 1) / 2 * size)
    y = round((1 - 0.3 * math.sin(skin_line) / REACH) / 2 * size)
    assert scope[0, y - 1 : y + 2, x - 1 : x + 2].max() > scope[0, y, x - 12] + 0.1


def test_values_out_of_range_and_no_numbers_are_not_shown() -> None:
    odd = flat((float("nan"), 9.0, -9.0)).clone()

    assert torch.isfinite(scope_strip(odd)).all()
    assert torch.equal(vectorscope(odd), vectorscope(flat((9.0, -9.0, 9.0))))
