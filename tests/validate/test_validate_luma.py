from functools import partial
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from unfade.color.rec709 import KB, KG, KR
from unfade.color.ycbcr import luma, ycbcr_to_rgb
from unfade.media import to_space
from unfade.validate.luma import (
    FLOAT_TOLERANCE,
    Decode,
    LumaFigures,
    Step,
    _share_of_power,
    check_luma,
    half_step,
    integer_step,
)

SPACE, WORKING = "ACES2065-1", "Gamma 2.4 Encoded Rec.709"


def decode(written: Tensor) -> Tensor:
    return to_space(written, SPACE, WORKING)


def encode(rgb: Tensor) -> Tensor:
    return to_space(rgb, WORKING, SPACE)


def luma_rounding(written: Tensor, decode: Decode, step: Step = half_step) -> Tensor:
    """The bound (1, H, W) of the luma error from rounding: all corners of the box of values that
    round to those of the file."""
    corners = [torch.tensor(signs)[:, None, None] for signs in product((-1.0, 1.0), repeat=3)]
    changes = [decode(written + step(written) * corner) - decode(written) for corner in corners]
    red, green, blue = torch.stack(changes).abs().amax(dim=0)
    return (KR * red + KG * green + KB * blue)[None] + FLOAT_TOLERANCE


def check(
    source_rgb: Tensor,
    written: Tensor,
    decode: Decode,
    step: Step | None = None,
    *,
    was_cut: bool = False,
) -> LumaFigures:
    recovered_rgb = decode(written.nan_to_num(0.0, 0.0, 0.0))
    return check_luma(source_rgb, written, recovered_rgb, decode, step, was_cut=was_cut)


@pytest.fixture
def source_rgb() -> Tensor:
    """A picture with black, dark, saturated and super-white values."""
    random = torch.Generator().manual_seed(4)
    rgb = torch.rand(3, 60, 80, generator=random) ** 3 * 1.5
    rgb[:, :10] *= 0.01
    rgb[:, :, :4] = 0.0
    return rgb


def test_half_step_is_half_the_gap_between_halves() -> None:
    halves = torch.tensor([1.0, 1.5, 0.1, 1000.0, 6e-5, 3e-8]).half()
    above = (halves.view(torch.int16) + 1).view(torch.float16)

    assert torch.equal(half_step(halves.float()), (above.float() - halves.float()) / 2)
    assert torch.equal(half_step(-halves.float()), half_step(halves.float()))
    assert half_step(torch.zeros(1)) == 2.0**-25


def test_rounding_to_half_never_exceeds_the_bound(source_rgb: Tensor) -> None:
    figures = check(source_rgb, encode(source_rgb).half().float(), decode)

    assert figures.excess_max == 0
    assert 1e-5 < figures.difference_mean < 1e-3
    assert figures.non_finite == figures.negative == 0


def test_the_bound_is_tight(source_rgb: Tensor) -> None:
    written = encode(source_rgb).half().float()
    difference = (luma(source_rgb) - luma(decode(written))).abs()
    used_share = difference / luma_rounding(written, decode)

    assert 0.6 < used_share.max() <= 1
    assert luma_rounding(torch.zeros(3, 1, 1), decode) < 0.0015


def test_a_small_luma_error_of_one_pixel_is_found(source_rgb: Tensor) -> None:
    rgb = source_rgb.clone()
    rgb[:, 40, 50] = ycbcr_to_rgb(torch.tensor([0.503, 0.01, 0.02]).reshape(3, 1, 1))[:, 0, 0]
    changed = rgb.clone()
    changed[:, 40, 50] -= 0.003

    figures = check(rgb, encode(changed).half().float(), decode)

    assert 0.002 < figures.excess_max < 0.003


def test_bands_of_lines_give_the_same_figures_as_the_whole(
    monkeypatch: pytest.MonkeyPatch, source_rgb: Tensor
) -> None:
    written = encode(source_rgb).half().float()
    written[:, 40, 50] += 0.05
    written[2, 20, 20:23] = -0.01
    written[1, 33, 7] = float("nan")
    whole = check(source_rgb, written, decode)
    monkeypatch.setattr("unfade.geometry.bands.BAND_PIXELS", 7 * 80)
    assert check(source_rgb, written, decode) == whole
    assert whole.excess_max > 0.001
    assert (whole.negative, whole.non_finite) == (3, 1)


def test_values_that_are_not_finite_are_counted_and_left_out(source_rgb: Tensor) -> None:
    written = encode(source_rgb).half().float()
    written[0, 5, 5] = float("nan")
    written[1:, 7, 7] = float("inf")

    figures = check(source_rgb, written, decode)

    assert figures.non_finite == 3
    assert figures.excess_max == 0
    assert figures.difference_max < 0.03


def test_components_below_black_are_counted_where_the_source_is_not_below_black(
    source_rgb: Tensor,
) -> None:
    written = encode(source_rgb).half().float()
    written[2, 20, 20:23] = -0.01
    source_rgb[:, 30, 30] = -0.1
    written[:, 30, 30] = -0.01

    assert check(source_rgb, written, decode).negative == 3


@pytest.mark.parametrize("bits", [10, 16])
def test_integers_are_held_to_half_a_code(source_rgb: Tensor, bits: int) -> None:
    max_code = 2**bits - 1
    rgb = source_rgb.clamp(0, 1)
    written = (rgb * max_code).round() / max_code
    same = partial(to_space, source=WORKING, target=WORKING)

    assert check(rgb, written, same, integer_step(bits)).excess_max == 0

    written[:, 30, 40] += 2 / max_code
    figures = check(rgb, written, same, integer_step(bits), was_cut=True)
    assert 1.5 / max_code < figures.excess_max + 2e-5 < 2.5 / max_code


def test_clipped_values_are_left_out_of_the_luma_check(source_rgb: Tensor) -> None:
    written = (source_rgb.clamp(0, 1) * 65535).round() / 65535
    same = partial(to_space, source=WORKING, target=WORKING)
    step = integer_step(16)

    assert check(source_rgb, written, same, step, was_cut=True).excess_max == 0
    assert check(source_rgb, written, same, step).excess_max > 0.1


@given(
    place=st.tuples(st.integers(0, 59), st.integers(0, 79)),
    colour=st.tuples(*[st.floats(-0.125, 1.5, width=32)] * 3),
    change=st.tuples(*[st.floats(-(2.0**-9), 2.0**-9, width=32)] * 3),
    step=st.sampled_from([half_step, integer_step(10), integer_step(16)]),
)
def test_an_altered_pixel_is_found_by_all_that_rounding_does_not_explain(
    place: tuple[int, int],
    colour: tuple[float, float, float],
    change: tuple[float, float, float],
    step: Step,
) -> None:
    rgb = torch.rand(3, 60, 80, generator=torch.Generator().manual_seed(4)) ** 3 * 1.5
    rgb[:, *place] = torch.tensor(colour)
    altered = rgb.clone()
    altered[:, *place] += torch.tensor(change)
    written = encode(altered).half().float()

    figures = check(rgb, written, decode, step)

    difference = (luma(rgb) - luma(decode(written))).abs()
    unexplained = difference - luma_rounding(written, decode, step)
    expected = max(float(unexplained.max()), 0.0)
    assert figures.excess_max == pytest.approx(expected, abs=2e-7)
    assert figures.difference_max == float(difference.max())


def test_a_frame_whose_first_corner_explains_every_pixel_needs_no_closer_look() -> None:
    grey_rgb = torch.full((3, 16, 16), 0.5)
    assert check(grey_rgb, encode(grey_rgb), decode).excess_max == 0.0


def test_a_power_shows_which_share_of_luma_rounding_explains() -> None:
    share = (1 + 2.0**-12) ** (1 / 2.4) - 1
    assert _share_of_power(decode) == pytest.approx(share, rel=0.003)
    assert _share_of_power(decode) < share
    assert _share_of_power(partial(to_space, source="ACEScct", target=WORKING)) is None


@given(
    values=st.lists(
        st.floats(-65504, 65504, width=16).filter(lambda value: abs(value) > 2.0**-24),
        min_size=3,
        max_size=3,
    )
)
def test_the_share_never_explains_more_than_rounding_does(values: list[float]) -> None:
    written = torch.tensor(values)[:, None, None]
    share = _share_of_power(decode)
    assert share is not None
    assert luma(decode(written)).abs() * share <= luma_rounding(written, decode) * (1 + 1e-5)
