"""Specular highlights of four times white keep luma and hue in the model and in the file."""

from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

from unfade import media
from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.film.clip import Area
from unfade.film.working_space import WORKING_SPACE
from unfade.model import ChromaModel, ResidualNetworks
from unfade.model.uncertainty import ERROR_TERMS, Uncertainty
from unfade.render.recover import recover
from unfade.train.data.samples import ColourSamples
from unfade.train.fit.laws import fit_laws
from unfade.validate.luma import check_luma

FADE = torch.tensor([1.0, 0.72, 0.8])[:, None, None]
SPECULAR_MAX = 4.0
COLOURS = ((0.7, 0.45, 0.3), (0.3, 0.6, 0.35), (0.35, 0.4, 0.7), (0.6, 0.6, 0.25))
SIZE = 48


def scene() -> tuple[Tensor, Tensor]:
    """True R'G'B' (3, 48, 192) of four patches with a specular, and the specular mask."""
    patches, speculars = [], []
    for colour in COLOURS:
        patch = torch.tensor(colour)[:, None, None].expand(3, SIZE, SIZE).clone()
        patch *= torch.linspace(0.6, 1.2, SIZE)[None, :, None]
        inside = torch.zeros(SIZE, SIZE, dtype=torch.bool)
        inside[16:32, 16:32] = True
        patch[:, inside] *= SPECULAR_MAX / patch[:, inside].amax()
        patches.append(patch)
        speculars.append(inside)
    return torch.cat(patches, dim=2), torch.cat(speculars, dim=1)


@pytest.fixture(scope="module")
def model() -> ChromaModel:
    """A closed-form model, fitted to colours of every brightness up to white."""
    random = torch.Generator().manual_seed(3)
    true_rgb = torch.rand(3, 80, 100, generator=random) ** 0.7
    faded = (true_rgb * FADE).flatten(1)
    cbcr = rgb_to_ycbcr(true_rgb)[1:].flatten(1)
    sample = ColourSamples(rgb=faded, cbcr=cbcr, weight=torch.ones(faded.shape[1]))
    uncertainty = Uncertainty(torch.zeros(ERROR_TERMS))
    return ChromaModel(
        "small",
        fit_laws({1: sample}, torch.zeros(3, 3)),
        ResidualNetworks("small"),
        uncertainty=uncertainty,
    )


def hue(rgb: Tensor) -> Tensor:
    """Hue in degrees, in the plane of Cb and Cr."""
    _, cb, cr = rgb_to_ycbcr(rgb).unbind(0)
    return torch.rad2deg(torch.atan2(cr, cb))


def test_luma_hue_and_value_of_speculars(tmp_path: Path, model: ChromaModel) -> None:
    true_rgb, specular = scene()
    source_rgb = true_rgb * FADE
    whole = Area(x=0, y=0, width=source_rgb.shape[2], height=source_rgb.shape[1])
    recovered_rgb = recover(source_rgb, whole, model, 1).rgb
    difference = (luma(recovered_rgb) - luma(source_rgb)).abs().max()
    assert float(difference) < 2e-6
    assert float(recovered_rgb.max()) > 3
    for number in range(len(COLOURS)):
        patch = slice(number * SIZE, (number + 1) * SIZE)
        hues, inside = hue(recovered_rgb[:, :, patch]), specular[:, patch]
        expected = hues[~inside].median()
        hue_error = (hues[inside] - expected + 180) % 360 - 180
        assert float(hue_error.abs().max()) < 2
    path = tmp_path / "a.exr"
    media.write_exr(path, recovered_rgb, colorspace="ACES2065-1")
    decode = partial(media.to_space, source="ACES2065-1", target=WORKING_SPACE)
    written = media.read_picture(path, WORKING_SPACE)
    assert check_luma(source_rgb, written, decode(written), decode).excess_max == 0
    assert float(luma(decode(written)).max()) == pytest.approx(float(luma(source_rgb).max()), 1e-3)
