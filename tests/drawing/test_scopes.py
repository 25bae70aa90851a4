import math

import pytest
import torch

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.drawing.scopes import (
    COLOUR_BARS,
    MAX_CHROMA,
    TARGET_HALF_SIDE,
    WAVEFORM_MAX,
    WAVEFORM_MIN,
    chroma_to_point,
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


BARS_75_BT709 = {
    "Yl": (674, 176, 543),
    "Cy": (581, 589, 176),
    "G": (534, 253, 207),
    "Mg": (251, 771, 817),
    "R": (204, 435, 848),
    "B": (111, 848, 481),
}
"""Y', Cb, Cr of 75 % bars, 10-bit codes of 1023: SMPTE RP 219-1:2014, table of the HD bars."""

WHITE_75_CODE = 721
"""Y', and R', G', B', of 75 % white in the same table: 64 + 0.75 * 876."""

BT601 = (0.299, 0.114, 1.772, 1.402)
"""Kr, Kb, and the ranges of B'-Y' and R'-Y', of ITU-R BT.601-7."""

FINE_PX = 2400
"""Side of a scope of which a pixel is less than one code."""


def code_of_point(x: float, y: float, size: int) -> tuple[float, float]:
    """Cb and Cr, 10-bit codes, of a pixel of a vectorscope."""
    cb = ((x + 0.5) / size * 2 - 1) * MAX_CHROMA
    cr = (1 - (y + 0.5) / size * 2) * MAX_CHROMA
    return 512 + 896 * cb, 512 + 896 * cr


def trace_of(rgb: tuple[float, ...]) -> tuple[float, float]:
    """Cb and Cr, 10-bit codes, at which a vectorscope shows a colour."""
    grey = flat((0.5,) * 3, 4, 4)
    changed = (vectorscope(flat(rgb, 4, 4), FINE_PX) - vectorscope(grey, FINE_PX)).abs().amax(dim=0)
    centre = FINE_PX // 2
    changed[centre - 4 : centre + 4, centre - 4 : centre + 4] = 0
    y, x = divmod(int(changed.argmax()), FINE_PX)
    return code_of_point(x, y, FINE_PX)


@pytest.mark.parametrize("name", BARS_75_BT709)
def test_vectorscope_shows_75_percent_bars_at_the_codes_of_the_standard(name: str) -> None:
    assert trace_of(COLOUR_BARS[name]) == pytest.approx(BARS_75_BT709[name][1:], abs=1)


@pytest.mark.parametrize("name", BARS_75_BT709)
def test_the_boxes_of_the_vectorscope_lie_at_the_codes_of_the_standard(name: str) -> None:
    _, cb, cr = rgb_to_ycbcr(torch.tensor(COLOUR_BARS[name]).reshape(3, 1, 1)).flatten().tolist()
    x, y = chroma_to_point(cb, cr, FINE_PX)
    assert code_of_point(x, y, FINE_PX) == pytest.approx(BARS_75_BT709[name][1:], abs=1)
    half = TARGET_HALF_SIDE / MAX_CHROMA / 2 * FINE_PX
    column = vectorscope(flat((0.5,) * 3, 4, 4), FINE_PX)[0, :, round(x)]
    edges = [
        int(column[round(edge) - 2 : round(edge) + 3].argmax()) for edge in (y - half, y + half)
    ]
    assert edges == pytest.approx([2, 2], abs=1)


@pytest.mark.parametrize("name", COLOUR_BARS)
def test_bars_of_standard_definition_land_on_the_same_targets(name: str) -> None:
    """Bars coded by the matrix of BT.601, rounded to 10 bits and decoded."""
    kr, kb, b_range, r_range = BT601
    r, g, b = COLOUR_BARS[name]
    y = kr * r + (1 - kr - kb) * g + kb * b
    codes = [
        round(64 + 876 * y),
        *(round(512 + 896 * one) for one in ((b - y) / b_range, (r - y) / r_range)),
    ]
    luma_value, cb, cr = (codes[0] - 64) / 876, (codes[1] - 512) / 896, (codes[2] - 512) / 896
    red, blue = luma_value + r_range * cr, luma_value + b_range * cb
    decoded = (red, (luma_value - kr * red - kb * blue) / (1 - kr - kb), blue)
    assert trace_of(decoded) == pytest.approx(BARS_75_BT709[name][1:], abs=1)


def brightest_code(scope: torch.Tensor) -> float:
    """The 10-bit code of the brightest row of a waveform, of the column where it is brightest."""
    row = int(scope.amax(dim=0).amax(dim=1).argmax())
    level = WAVEFORM_MAX - row / (FINE_PX - 1) * (WAVEFORM_MAX - WAVEFORM_MIN)
    return 64 + 876 * level


@pytest.mark.parametrize("name", BARS_75_BT709)
def test_waveform_shows_75_percent_bars_at_the_codes_of_the_standard(name: str) -> None:
    scope = waveform(flat(COLOUR_BARS[name], 4, 60), FINE_PX, 100)[:, :, 40:]
    assert brightest_code(scope) == pytest.approx(BARS_75_BT709[name][0], abs=1)


def test_parade_shows_75_percent_white_at_the_code_of_the_standard() -> None:
    scope = parade(flat((0.75,) * 3, 4, 60), FINE_PX, 38 + 60)
    for left in (38, 58, 78):
        part = scope[:, :, left : left + 10]
        assert brightest_code(part) == pytest.approx(WHITE_75_CODE, abs=1)


def test_a_magnified_vectorscope_spreads_chroma() -> None:
    """A face fills a fifth of the scope at most; magnified, its trace lies further out."""
    skin, size = flat((194 / 255, 150 / 255, 130 / 255), 4, 4), 600
    _, cb, cr = rgb_to_ycbcr(skin)[:, 0, 0].tolist()
    grey = flat((0.5,) * 3, 4, 4)
    for magnification in (1.0, 3.0):
        lit = (
            (vectorscope(skin, size, magnification) - vectorscope(grey, size, magnification))
            .abs()
            .amax(dim=0)
        )
        lit[size // 2 - 6 : size // 2 + 6, size // 2 - 6 : size // 2 + 6] = 0
        y, x = divmod(int(lit.argmax()), size)
        assert (x, y) == pytest.approx(chroma_to_point(cb, cr, size, magnification), abs=1)
    assert float(torch.tensor([cb, cr]).norm()) < 0.2 * MAX_CHROMA
