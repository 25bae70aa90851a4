"""CIELAB and CIEDE2000 of the working space against colour-science and OpenColorIO."""

import warnings
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from unfade.color.difference import rgb_difference, rgb_to_lab
from unfade.color.sensitivity import (
    CHROMA_STEP,
    SENSITIVITY_FLOOR,
    perceptual_error,
    sensitivity,
    visibility,
)
from unfade.color.ycbcr import ycbcr_to_rgb
from unfade.film.working_space import WORKING_SPACE
from unfade.media import to_space


@pytest.fixture(scope="module")
def colour() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns on import that there is no matplotlib
        import colour
    return colour


def colours() -> Tensor:
    """R'G'B' (3, 800, 1): half over the whole range, half below 0.1."""
    random = torch.rand(2, 3, 400, 1, generator=torch.Generator().manual_seed(1)).double()
    return torch.cat([random[0], random[1] * 0.1], dim=1)


def lab_of(colour: ModuleType, rgb: Tensor) -> np.ndarray:
    """CIELAB (N, 3) by colour-science, for a BT.1886 display with zero light at black."""
    space = colour.RGB_COLOURSPACES["ITU-R BT.709"]
    light = colour.models.eotf_BT1886(rgb[..., 0].T.numpy(), L_B=0, L_W=1)
    return colour.XYZ_to_Lab(colour.RGB_to_XYZ(light, space), space.whitepoint)


def test_lab_agrees_with_colour_science(colour: ModuleType) -> None:
    rgb = colours()
    expected = lab_of(colour, rgb)
    np.testing.assert_allclose(rgb_to_lab(rgb)[..., 0].T, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(rgb_to_lab(rgb.float())[..., 0].T, expected, rtol=0, atol=1e-3)


def test_lab_agrees_with_the_xyz_of_a_master(colour: ModuleType) -> None:
    rgb = colours().float()
    xyz = to_space(rgb, WORKING_SPACE, "CIE XYZ-D65 - Scene-referred")[..., 0].T.numpy()
    white = colour.RGB_COLOURSPACES["ITU-R BT.709"].whitepoint
    lab = rgb_to_lab(rgb)[..., 0].T
    np.testing.assert_allclose(lab, colour.XYZ_to_Lab(xyz, white), rtol=0, atol=1e-3)


@pytest.mark.parametrize("error", [0.001, 0.02, 0.3])
def test_ciede2000_agrees_with_colour_science(colour: ModuleType, error: float) -> None:
    rgb = colours()
    noise = torch.randn(rgb.shape, generator=torch.Generator().manual_seed(2)).double()
    other = (rgb + error * noise).clamp(0, 1)
    expected = colour.delta_E(lab_of(colour, rgb), lab_of(colour, other), method="CIE 2000")
    np.testing.assert_allclose(rgb_difference(rgb, other).flatten(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("code", [0.02, 0.05, 0.1])
def test_lightness_of_dark_codes_follows_the_pure_power(code: float) -> None:
    """Below a relative luminance of (6/29)^3, L* is (29/3)^3 times the luminance."""
    grey = torch.full((3, 1, 1), code, dtype=torch.float64)
    assert float(rgb_to_lab(grey)[0]) == pytest.approx((29 / 3) ** 3 * code**2.4, rel=1e-6)


def test_gradients_are_finite_down_to_black() -> None:
    codes = torch.tensor([0, 1e-8, 1e-4, 0.003, 0.1, 0.5, 1]).expand(3, -1)[..., None].clone()
    codes.requires_grad_()
    rgb_to_lab(codes).square().sum().backward()
    assert codes.grad is not None
    assert torch.isfinite(codes.grad).all()

    metric = sensitivity(ycbcr_of_greys(codes.detach()[0, :, 0]))
    error = torch.zeros(len(metric), 2, requires_grad=True)
    perceptual_error(error, metric).sum().backward()
    assert error.grad is not None
    assert torch.isfinite(error.grad).all()


def ycbcr_of_greys(y: Tensor) -> Tensor:
    return torch.stack([y, torch.zeros_like(y), torch.zeros_like(y)], dim=1)


def test_visibility_rises_from_black_to_the_midtones() -> None:
    visible = visibility(ycbcr_of_greys(torch.linspace(0, 1, 101)))
    assert torch.isfinite(visible).all()
    assert (visible[:11].diff() > 0).all()
    assert float(visible[0]) < 0.05 * float(visible[50])
    assert float(visible.max()) < 1.5 * float(visible[50])


def test_every_error_counts_in_the_loss() -> None:
    """An error at black counts 0.2 to 0.5 of one in the midtones, though it is hardly visible."""
    metric = sensitivity(ycbcr_of_greys(torch.linspace(0, 1, 101)))
    assert torch.isfinite(metric).all()
    assert (metric[:, 0] * metric[:, 2] > metric[:, 1] ** 2).all()
    factor = ((metric[:, 0] + metric[:, 2]) / 2).sqrt()
    assert float(factor.min()) >= SENSITIVITY_FLOOR
    assert (factor[:11].diff() > 0).all()
    assert 0.2 < float(factor[0] / factor[50]) < 0.5


@pytest.mark.parametrize("y", [0.01, 0.03, 0.06, 0.1, 0.5])
@pytest.mark.parametrize("cbcr", [(0.0, 0.0), (-0.02, 0.03), (0.01, -0.01)])
def test_the_loss_of_a_small_error_is_its_ciede2000_with_the_floor(
    colour: ModuleType, y: float, cbcr: tuple[float, float]
) -> None:
    truth = torch.tensor([[y, *cbcr]])
    error = torch.tensor([[CHROMA_STEP, 0.0]])
    moved = [truth + torch.tensor([[0.0, sign * CHROMA_STEP, 0.0]]) for sign in (-1, 1)]
    first, *others = (
        lab_of(colour, ycbcr_to_rgb(one.T[..., None]).clamp(0, 1)) for one in (truth, *moved)
    )
    differences = [colour.delta_E(first, other, method="CIE 2000") for other in others]
    expected = np.sqrt(np.square(differences).mean() + (SENSITIVITY_FLOOR * CHROMA_STEP) ** 2)
    loss = float(perceptual_error(error, sensitivity(truth)))
    assert loss == pytest.approx(float(expected), rel=0.02)
