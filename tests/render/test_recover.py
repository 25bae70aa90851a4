"""Recovered frames: luma, chroma in the rim, predicted error; names of masters and bags."""

import pytest
import torch

from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.film.clip import Area
from unfade.film.naming import bag_name, master_name, slug
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.model import ChromaModel, ResidualNetworks
from unfade.model.chroma_model import ERROR_STRIDE_PX
from unfade.model.closed_form.laws import Law, Laws
from unfade.model.closed_form.lut import NODES, Axes, SmoothLut, SpreadLut
from unfade.model.uncertainty import Uncertainty
from unfade.render.recover import recover

LIVE = Area(x=10, y=5, width=40, height=30)
LOW = Area(x=0, y=20, width=60, height=20)


def model() -> ChromaModel:
    nodes = torch.full((2, NODES, NODES, NODES), 0.05)
    uncertainty = Uncertainty(torch.tensor([0.01, 0.0, 0.0, 1.0, 1.0]))
    law = Law(SmoothLut(nodes), SpreadLut(SmoothLut(nodes), Axes(torch.eye(3), torch.zeros(3, 1))))
    laws = Laws(law, {}, torch.zeros(3, 3))
    residual = ResidualNetworks("small")
    residual.familiarity.far.fill_(1e6)
    return ChromaModel("small", laws, residual, uncertainty=uncertainty)


def test_luma_is_that_of_the_source_inside_and_outside_the_live_area() -> None:
    generator = torch.Generator().manual_seed(0)
    source_rgb = torch.rand(3, 40, 60, generator=generator) * 3
    recovered = recover(source_rgb, Area(x=10, y=5, width=40, height=30), model(), 1).rgb
    torch.testing.assert_close(luma(recovered), luma(source_rgb), atol=1e-6, rtol=0)


def test_only_the_live_area_and_its_rim_have_chroma() -> None:
    source_rgb = torch.full((3, 40, 60), 0.5)
    source_rgb[0] += 0.1
    recovered = recover(source_rgb, Area(x=10, y=0, width=40, height=30), model(), 1)
    cbcr = rgb_to_ycbcr(recovered.rgb)[1:]
    assert float((cbcr[:, :31, 9:51] - 0.05).abs().max()) < 1e-6
    cbcr[:, :31, 9:51] = 0
    assert float(cbcr.abs().max()) < 1e-6


def test_a_dark_frame_line_gets_no_chroma() -> None:
    source_rgb = torch.full((3, 40, 60), 0.6)
    source_rgb[:, 30:] = 0.06
    recovered = recover(source_rgb, Area(x=10, y=0, width=40, height=28), model(), 1)
    cbcr = rgb_to_ycbcr(recovered.rgb)[1:]
    assert float((cbcr[:, 28, 12:48] - 0.05).abs().max()) < 1e-6
    assert float(cbcr[:, 30:].abs().max()) < 0.001


def test_the_predicted_error_covers_the_live_area_in_ciede2000() -> None:
    """A chroma error of 0.01 on grey is about 2.5 CIEDE2000."""
    source_rgb = torch.full((3, 40, 60), 0.5)
    error = recover(source_rgb, Area(x=10, y=0, width=40, height=30), model(), 1).error
    shape = (1, -(-30 // ERROR_STRIDE_PX), -(-40 // ERROR_STRIDE_PX))
    assert error.ciede2000.shape == error.beyond.shape == shape
    assert 1.0 < float(error.ciede2000.mean()) < 4.0


def test_the_name_of_a_master_has_film_shot_version_model_and_frame() -> None:
    shot = Shot(number=3, frames=FrameRange(first=1, last=9))
    name = master_name("Candy Candy: Opening!", shot, 2, "0123456789ab", 1245)
    assert name == "candy-candy-opening_s003_v002_0123456789ab.0001245.exr"
    assert slug("日本") == "日本"
    assert slug("?!") == "film"
    assert bag_name("Candy Candy", 2) == "candy-candy-v002"


@pytest.mark.parametrize("live", [Area(x=0, y=0, width=60, height=40), LIVE, LOW])
def test_bands_of_lines_give_the_same_bits_as_the_whole(
    monkeypatch: pytest.MonkeyPatch, live: Area
) -> None:
    source_rgb = torch.rand(3, 40, 60, generator=torch.Generator().manual_seed(1)) * 2 - 0.2
    whole = recover(source_rgb, live, model(), 1)
    monkeypatch.setattr("unfade.geometry.bands.BAND_PIXELS", 7 * 60)
    bands = recover(source_rgb, live, model(), 1)
    assert torch.equal(bands.rgb, whole.rgb)
    assert torch.equal(bands.error.ciede2000, whole.error.ciede2000)
