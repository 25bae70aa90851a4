"""Features of the surroundings, and of the position."""

import pytest
import torch
from scipy import ndimage

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.model.features import (
    FEATURE_COUNT,
    FEATURES_PER_SCALE,
    PIXEL_FEATURES,
    SCALES_PX,
    features,
    positions,
)


def picture() -> torch.Tensor:
    rgb = torch.full((3, 161, 193), 0.3)
    rgb[:, 60:100, 70:120] = torch.tensor([0.9, 0.5, 0.2])[:, None, None]
    return rgb


@pytest.mark.parametrize("scale", range(5))
def test_surroundings_are_close_to_a_gaussian(scale: int) -> None:
    rgb = picture()
    y = rgb_to_ycbcr(rgb)[0] - 0.5
    exact = ndimage.gaussian_filter(y.numpy(), SCALES_PX[scale], mode="nearest")
    planes = features(rgb, rgb, torch.zeros(2, 161, 193), with_position=False)
    mean_y = planes[PIXEL_FEATURES + FEATURES_PER_SCALE * scale]
    span = float(exact.max() - exact.min())
    assert float((mean_y - torch.from_numpy(exact)).abs().max()) < 0.1 * span


def test_a_flat_picture_has_no_deviation_and_no_slope() -> None:
    flat = torch.full((3, 37, 53), 0.3)
    planes = features(flat, flat, torch.zeros(2, 37, 53), with_position=True)
    assert planes.shape == (FEATURE_COUNT, 37, 53)
    for scale in range(len(SCALES_PX)):
        first = PIXEL_FEATURES + FEATURES_PER_SCALE * scale + 5
        assert float(planes[first : first + 3].abs().max()) < 5e-3


def test_the_position_is_a_feature_only_if_requested() -> None:
    flat, base = torch.full((3, 20, 40), 0.3), torch.zeros(2, 20, 40)
    given, left_out = (
        features(flat, flat, base, with_position=with_position)[8:10]
        for with_position in (True, False)
    )
    torch.testing.assert_close(given, positions(20, 40))
    assert float(left_out.abs().max()) == 0
    assert float(given[0, 0, 0]) == pytest.approx(-0.975)
