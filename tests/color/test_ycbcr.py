"""Y'CbCr of Rec.709: values of the standard, round trips, limited chroma, merging."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unfade.color.ycbcr import limit_chroma, luma, merge_chroma, rgb_to_ycbcr, ycbcr_to_rgb

component = st.floats(-1.0, 8.0, width=32)
triple = st.tuples(component, component, component)


def pixel(values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).reshape(-1, 1, 1)


def test_primaries_have_the_values_of_the_standard() -> None:
    red, blue = rgb_to_ycbcr(pixel((1, 0, 0))), rgb_to_ycbcr(pixel((0, 0, 1)))
    torch.testing.assert_close(red, pixel((0.2126, -0.2126 / 1.8556, 0.5)), rtol=0, atol=1e-12)
    torch.testing.assert_close(blue, pixel((0.0722, 0.5, -0.0722 / 1.5748)), rtol=0, atol=1e-12)


@given(triple)
def test_the_round_trip_changes_nothing(values: tuple[float, ...]) -> None:
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


def test_chroma_within_the_gamut_is_not_changed() -> None:
    y, cbcr = pixel((0.5,)), pixel((0.1, -0.1))
    assert torch.equal(limit_chroma(y, cbcr), cbcr)


def test_luma_below_zero_has_no_chroma() -> None:
    assert torch.equal(limit_chroma(pixel((-0.1,)), pixel((0.1, 0.2))), pixel((0.0, 0.0)))


def test_merge_is_the_blend_mode_color() -> None:
    """SetLum(Cs, Lum(Cb)) of W3C's Compositing and Blending, 10.2, with the luma of Rec.709."""
    generator = torch.Generator().manual_seed(6)
    original, recovered = torch.rand(2, 3, 20, 20, generator=generator) * 0.4 + 0.3
    weights = torch.tensor([0.2126, 0.7152, 0.0722])[:, None, None]
    lum_original = (weights * original).sum(dim=0)
    lum_recovered = (weights * recovered).sum(dim=0)
    set_lum = recovered + (lum_original - lum_recovered)
    within = (set_lum.amin(dim=0) >= 0).expand_as(set_lum)
    merged = merge_chroma(original, recovered)
    assert float(within.float().mean()) > 0.8
    torch.testing.assert_close(merged[within], set_lum[within], atol=1e-6, rtol=0)
    torch.testing.assert_close(luma(merged)[0], lum_original, atol=1e-6, rtol=0)
    assert float(merged.min()) > -1e-6


def test_merge_keeps_highlights() -> None:
    original = torch.full((3, 1, 1), 4.0)
    warm = torch.tensor([1.2, 1.0, 0.7]).reshape(3, 1, 1)
    merged = merge_chroma(original, warm)
    assert luma(merged).item() == pytest.approx(4.0)
    assert (merged[0] - merged[2]).item() == pytest.approx(0.5, abs=1e-5)
