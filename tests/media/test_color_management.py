"""Names of colour spaces, and conversion of pixels between them."""

import pytest
import torch

from unfade.color.ycbcr import luma
from unfade.errors import ProjectError
from unfade.film.working_space import WORKING_GAMMA, WORKING_SPACE
from unfade.media import check_colorspace, to_space


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("Gamma 2.4 Rec.709", WORKING_SPACE),
        ("g24_rec709", WORKING_SPACE),
        (WORKING_SPACE, WORKING_SPACE),
        ("ACES2065-1", "ACES2065-1"),
        ("lin_ap0", "ACES2065-1"),
        ("acescg", "ACEScg"),
        ("lin_rec709", "Linear Rec.709 (sRGB)"),
    ],
)
def test_aliases(alias: str, name: str) -> None:
    assert check_colorspace(alias) == name


def test_unknown_names_get_the_nearest_ones() -> None:
    with pytest.raises(ProjectError, match=r"no colour space 'ACES2056-1'.* 'ACES2065-1'"):
        check_colorspace("ACES2056-1")
    with pytest.raises(ProjectError, match="is for data"):
        check_colorspace("Raw")


def test_pure_power_of_2_4() -> None:
    pixels = torch.linspace(0, 1.8, 60).reshape(1, 6, 10).repeat(3, 1, 1)
    linear = to_space(pixels, WORKING_SPACE, "lin_rec709")
    torch.testing.assert_close(linear, pixels**WORKING_GAMMA, rtol=2e-6, atol=1e-7)


def test_primaries_of_aces() -> None:
    """Linear Rec.709 red in AP0, by the Bradford-adapted matrix of TB-2014-004 of ACES."""
    red = torch.tensor([1.0, 0.0, 0.0]).reshape(3, 1, 1)
    aces = to_space(red, "lin_rec709", "ACES2065-1").flatten()
    torch.testing.assert_close(aces, torch.tensor([0.4396, 0.0898, 0.0175]), atol=2e-4, rtol=0)


def test_round_trip_keeps_colour_and_its_argument() -> None:
    pixels = torch.rand(3, 40, 50, generator=torch.Generator().manual_seed(2)) * 1.5 + 0.02
    before = pixels.clone()
    there = to_space(pixels, WORKING_SPACE, "ACES2065-1")
    assert torch.equal(pixels, before)
    assert not torch.allclose(there, pixels)
    back = to_space(there, "ACES2065-1", WORKING_SPACE)
    torch.testing.assert_close(back, pixels, atol=2e-5, rtol=0)
    assert (luma(back) - luma(pixels)).abs().max() < 1e-5


def test_equal_spaces_return_the_same_tensor() -> None:
    pixels = torch.rand(3, 4, 4)
    assert to_space(pixels, "g24_rec709", WORKING_SPACE) is pixels
