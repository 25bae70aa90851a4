"""Y'CbCr of Rec.709: values of the standard, round trips, and what limiting keeps."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb

component = st.floats(-1.0, 8.0, width=32)
triple = st.tuples(component, component, component)


def pixel(values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).reshape(-1, 1, 1)


def test_primaries_have_the_values_of_the_standard() -> None:
    red, blue = rgb_to_ycbcr(pixel((1, 0, 0))), rgb_to_ycbcr(pixel((0, 0, 1)))
    torch.testing.assert_close(red, pixel((0.2126, -0.2126 / 1.8556, 0.5)), rtol=0, atol=1e-12)
    torch.testing.assert_close(blue, pixel((0.0722, 0.5, -0.0722 / 1.5748)), rtol=0, atol=1e-12)


@given(triple)
def test_there_and_back_changes_nothing(values: tuple[float, ...]) -> None:
    rgb = pixel(values)
    torch.testing.assert_close(ycbcr_to_rgb(rgb_to_ycbcr(rgb)), rgb, rtol=0, atol=1e-12)


@given(st.floats(0.0, 8.0, width=32), st.floats(-1, 1, width=32), st.floats(-1, 1, width=32))
def test_limited_chroma_keeps_luma_and_hue_and_is_not_negative(
    y: float, cb: float, cr: float
) -> None:
    limited = limit_chroma(pixel((y,)), pixel((cb, cr)))
    rgb = ycbcr_to_rgb(torch.cat([pixel((y,)), limited]))
    assert float(rgb.min()) >= -1e-12
    torch.testing.assert_close(luma(rgb), pixel((y,)), rtol=0, atol=1e-12)
    assert (
        float(limited[0] * cr - limited[1] * cb) == 0
        or abs(float(limited[0] * cr - limited[1] * cb)) < 1e-12
    )
    assert float(limited[0] * cb + limited[1] * cr) >= 0


def test_chroma_that_fits_is_left_alone() -> None:
    y, cbcr = pixel((0.5,)), pixel((0.1, -0.1))
    assert torch.equal(limit_chroma(y, cbcr), cbcr)


def test_there_is_no_colour_below_black() -> None:
    assert torch.equal(limit_chroma(pixel((-0.1,)), pixel((0.1, 0.2))), pixel((0.0, 0.0)))
