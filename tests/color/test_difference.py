"""CIEDE2000 against the published test data, and CIELAB against known colours."""

import pytest
import torch

from unfade.color.difference import ciede2000, rgb_difference, rgb_to_lab
from unfade.color.score import chroma_error, mean_error
from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.film.model import HeldOut

# Sharma, Wu, Dalal 2005, table 1: L, a, b of both colours, and their difference.
PUBLISHED = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
    ((50, 2.8361, -74.0200), (50, 0, -82.7485), 3.4412),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0009), 7.1792),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0011), 7.2195),
    ((50, -0.0010, 2.4900), (50, 0.0009, -2.4900), 4.8045),
    ((50, -0.0010, 2.4900), (50, 0.0011, -2.4900), 4.7461),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (61, -5, 29), 22.8977),
    ((50, 2.5, 0), (56, -27, -3), 31.9030),
    ((50, 2.5, 0), (58, 24, 15), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


def colour(values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).reshape(3, 1, 1)


@pytest.mark.parametrize(("one", "other", "difference"), PUBLISHED)
def test_published_differences(
    one: tuple[float, ...], other: tuple[float, ...], difference: float
) -> None:
    for pair in ((one, other), (other, one)):
        assert float(ciede2000(*map(colour, pair))) == pytest.approx(difference, abs=1e-4)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_known_colours(rgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    torch.testing.assert_close(rgb_to_lab(colour(rgb)), colour(lab), rtol=0, atol=0.01)


def test_values_outside_the_display_range_are_clipped() -> None:
    assert float(rgb_difference(colour((1.5, -0.2, 0.5)), colour((1, 0, 0.5)))) == 0


def test_the_score_ignores_pixels_of_weight_zero() -> None:
    truth_rgb = torch.rand(3, 4, 4, generator=torch.Generator().manual_seed(1)) * 0.5 + 0.25
    cbcr = rgb_to_ycbcr(truth_rgb)[1:]
    weight = torch.ones(1, 4, 4)
    weight[..., 0] = 0
    wrong = cbcr.clone()
    wrong[..., 0] += 0.2
    assert chroma_error(truth_rgb, wrong, weight).ciede2000 == pytest.approx(0, abs=1e-3)
    shifted = chroma_error(truth_rgb, cbcr + 0.01, weight)
    assert shifted.chroma == pytest.approx(0.01, abs=1e-6)
    assert shifted.ciede2000 > 0.5


def test_the_mean_is_over_pictures() -> None:
    errors = [HeldOut(ciede2000=1, chroma=0.1), HeldOut(ciede2000=3, chroma=0.3)]
    assert mean_error(errors) == HeldOut(ciede2000=2, chroma=0.2)
