import math

import pytest
import torch

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.drawing.scopes import (
    COLOUR_BARS,
    MAX_CHROMA,
    WAVEFORM_MAX,
    WAVEFORM_MIN,
    parade,
    scope_strip,
    vectorscope,
    waveform,
)

from ..fixtures import flat


def change(scope: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return (scope - other).abs().amax(dim=0) > 0.05


def test_waveform_shows_luma_at_its_level() -> None:
    height = 300
    black, grey = waveform(flat((0, 0, 0)), height), waveform(flat((0.5, 0.5, 0.5)), height)
    lit = change(grey, black)
    expected = (WAVEFORM_MAX - 0.5) / (WAVEFORM_MAX - WAVEFORM_MIN) * (height - 1)

    rows = lit.any(dim=1).nonzero().flatten()
    assert min(abs(float(row) - expected) for row in rows) <= 1


def test_waveform_keeps_the_columns_of_the_picture() -> None:
    picture = torch.zeros(3, 20, 100)
    picture[:, :, 75:] = 0.6
    width = 440
    lit = change(waveform(picture, width=width), waveform(torch.zeros(3, 20, 100), width=width))
    upper = lit[: lit.shape[0] * 2 // 3].any(dim=0).nonzero().flatten()

    assert float(upper.min()) == pytest.approx(38 + 0.75 * (width - 38), abs=2)


def test_waveform_of_an_8_bit_ramp_has_no_gaps() -> None:
    ramp = (torch.arange(256) / 255).expand(3, 4, 256)
    scope = waveform(ramp, height=300, width=256 + 38)
    levels = change(scope, waveform(torch.full((3, 4, 256), 5.0), 300, 256 + 38)).any(dim=1)
    rows = levels.nonzero().flatten()

    assert len(rows) == rows.max() - rows.min() + 1


def test_parade_shows_each_channel_in_its_part() -> None:
    width = 38 + 300
    dark = parade(flat((0, 0, 0)), width=width)
    lit = change(parade(flat((0.8, 0.0, 0.0)), width=width), dark)[:150].any(dim=0)

    assert lit[38:138].any()
    assert not lit[138:].any()


@pytest.mark.parametrize("name", COLOUR_BARS)
def test_vectorscope_targets_surround_their_colour_bar(name: str) -> None:
    size = 400
    lit = change(vectorscope(flat(COLOUR_BARS[name]), size), vectorscope(flat((0.5,) * 3), size))
    _, cb, cr = rgb_to_ycbcr(torch.tensor(COLOUR_BARS[name]).reshape(3, 1, 1)).flatten().tolist()
    y, x = ((1 - cr / MAX_CHROMA) / 2 * size, (cb / MAX_CHROMA + 1) / 2 * size)

    hits = lit.nonzero().float()
    assert float(torch.hypot(hits[:, 0] - y, hits[:, 1] - x).min()) < 2


def test_vectorscope_trace_has_the_hue_it_shows() -> None:
    scope = vectorscope(flat(COLOUR_BARS["R"]), 400)
    spot = scope.flatten(1)[:, (scope[0] - scope[2]).flatten().argmax()]

    assert spot[0] > spot[1]
    assert spot[0] > spot[2]


def test_vectorscope_skin_line_points_at_skin() -> None:
    """Skin of the ColorChecker (sRGB 194 150 130 and 115 82 68) lies near 123 degrees."""
    for skin in ((194, 150, 130), (115, 82, 68)):
        _, cb, cr = rgb_to_ycbcr(torch.tensor(skin).reshape(3, 1, 1) / 255).flatten().tolist()
        assert math.degrees(math.atan2(cr, cb)) == pytest.approx(123, abs=12)
    scope, size = vectorscope(flat((0.5,) * 3), 400), 400
    skin_line = math.radians(123)
    x = round((0.3 * math.cos(skin_line) / MAX_CHROMA + 1) / 2 * size)
    y = round((1 - 0.3 * math.sin(skin_line) / MAX_CHROMA) / 2 * size)
    assert scope[0, y - 1 : y + 2, x - 1 : x + 2].max() > scope[0, y, x - 12] + 0.1


def test_values_out_of_range_and_nan_leave_no_trace() -> None:
    odd = flat((float("nan"), 9.0, -9.0)).clone()

    assert torch.isfinite(scope_strip(odd)).all()
    assert torch.equal(vectorscope(odd), vectorscope(flat((9.0, -9.0, 9.0))))
