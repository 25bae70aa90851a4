"""The features of surroundings."""

import pytest
import torch
from scipy import ndimage

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.model.features import COUNT, OWN, PER_SCALE, SCALES, features, place


def picture() -> torch.Tensor:
    rgb = torch.full((3, 161, 193), 0.3)
    rgb[:, 60:100, 70:120] = torch.tensor([0.9, 0.5, 0.2])[:, None, None]
    return rgb


@pytest.mark.parametrize("scale", range(5))
def test_surroundings_are_close_to_a_gaussian(scale: int) -> None:
    rgb = picture()
    y = rgb_to_ycbcr(rgb)[0] - 0.5
    exact = ndimage.gaussian_filter(y.numpy(), SCALES[scale], mode="nearest")
    found = features(rgb, rgb, torch.zeros(2, 161, 193), placed=False)[OWN + PER_SCALE * scale]
    span = float(exact.max() - exact.min())
    assert float((found - torch.from_numpy(exact)).abs().max()) < 0.1 * span


def test_a_flat_picture_has_no_deviation_and_no_slope() -> None:
    flat = torch.full((3, 37, 53), 0.3)
    seen = features(flat, flat, torch.zeros(2, 37, 53), placed=True)
    assert seen.shape == (COUNT, 37, 53)
    for scale in range(len(SCALES)):
        assert float(seen[OWN + PER_SCALE * scale + 5 :][:2].abs().max()) < 5e-3


def test_the_place_is_shown_only_where_it_is_to_be() -> None:
    flat, base = torch.full((3, 20, 40), 0.3), torch.zeros(2, 20, 40)
    known, unknown = (features(flat, flat, base, placed=placed)[8:10] for placed in (True, False))
    torch.testing.assert_close(known, place(20, 40))
    assert float(unknown.abs().max()) == 0
    assert float(known[0, 0, 0]) == pytest.approx(-0.975)
