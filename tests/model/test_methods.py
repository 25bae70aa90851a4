"""A shot gets the colour of its method: networks, law, or the LUT of the report."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from unfade.color.ycbcr import limit_chroma, luma
from unfade.film.method import ChosenMethod, Methods, ShotMethod
from unfade.model import Baseline, ChromaModel, ResidualNetworks, load_model, save_model
from unfade.model.closed_form.laws import Law, Laws
from unfade.model.closed_form.lut import Axes, SpreadLut
from unfade.model.degrain import degrain
from unfade.model.networks import NETWORKS
from unfade.model.raster import NETWORK_WIDTH_PX, RASTER_WIDTH_PX
from unfade.model.uncertainty import Uncertainty

from ..fixtures import ramp_lut, soft_shapes

GRAIN = 1e-4 * torch.eye(3)
METHODS = Methods(
    film=ChosenMethod(method="law", chosen_by="film"),
    shots=(
        ShotMethod(shot=1, method="networks", chosen_by="shot"),
        ShotMethod(shot=2, method="lut", chosen_by="shot"),
    ),
)


@pytest.fixture
def model() -> ChromaModel:
    """A model whose law, networks and LUTs differ."""
    axes = Axes(torch.eye(3), torch.zeros(3, 1))
    laws = Laws(Law(ramp_lut(0.1), SpreadLut(ramp_lut(0.05), axes)), {}, GRAIN)
    torch.manual_seed(0)
    residual = ResidualNetworks("small")
    torch.nn.init.normal_(residual.memory.weights[-1], std=0.2)
    torch.nn.init.normal_(residual.context.weights[-1], std=0.2)
    residual.familiarity.far.fill_(1e6)
    uncertainty = Uncertainty(torch.tensor([0.01, 1.0, 1.0, 1.0, 1.0]))
    baseline = Baseline(ramp_lut(0.2), {2: ramp_lut(0.3)}, GRAIN)
    return ChromaModel(
        "small", laws, residual, uncertainty=uncertainty, baseline=baseline, methods=METHODS
    )


def wide_frame() -> Tensor:
    """A frame that is wider than the model's raster, with highlights."""
    return soft_shapes(5, (3, 4, 40), 48, RASTER_WIDTH_PX + 40).clamp_min(0.0) * 1.2


def test_each_shot_gets_the_colour_of_its_method(model: ChromaModel) -> None:
    networks, law, of_lut = (
        replace(model, methods=Methods()).using(one) for one in ("networks", "law", "lut")
    )
    source_rgb = wide_frame()
    for shot, expected in ((1, networks), (2, of_lut), (3, law)):
        assert torch.equal(model.predict(source_rgb, shot), expected.predict(source_rgb, shot))
    predictions = [one.predict(source_rgb, 2) for one in (networks, law, of_lut)]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert float((predictions[first] - predictions[second]).abs().mean()) > 0.005


def test_the_lut_is_that_of_the_report_to_the_last_bit(model: ChromaModel) -> None:
    assert model.baseline is not None
    for shot in (2, 9):
        source_rgb = wide_frame()
        expected = limit_chroma(luma(source_rgb), model.baseline.predict(source_rgb, shot))
        assert torch.equal(model.using("lut").predict(source_rgb, shot), expected)


@pytest.mark.parametrize("width", [64, NETWORK_WIDTH_PX + 9])
def test_the_law_is_the_closed_form(model: ChromaModel, width: int) -> None:
    """In all detail of the model's raster, also where the networks' raster is coarser."""
    source_rgb = soft_shapes(5, (3, 4, 8), 48, width).clamp(0.3, 0.7)
    expected = model.closed_form(degrain(source_rgb, GRAIN), 3)
    assert torch.equal(model.predict_on_raster(model.inputs(source_rgb, 3)), expected)


def test_the_predicted_error_is_that_of_the_method_in_use(model: ChromaModel) -> None:
    """Without networks neither their residual nor their disagreement counts."""
    source_rgb = soft_shapes(5, (3, 4, 8), 48, 64)
    pixels = {}
    for method in ("networks", "law", "lut"):
        inputs = model.using(method).inputs(source_rgb, 1)
        networks = inputs.networks
        planes = (inputs.y, networks.features, inputs.base_cbcr, networks.distance)
        pixels[method] = model.using(method).error_inputs(1, *(p.flatten(1).T for p in planes))
        predicted = model.using(method).predict_on_raster(inputs)
        torch.testing.assert_close(
            pixels[method].ycbcr[:, 1:].T, predicted.flatten(1), atol=0.1, rtol=0
        )
    for method in ("law", "lut"):
        assert not pixels[method].residual_cbcr.any()
        assert pixels[method].residuals_cbcr.shape == (NETWORKS, 48 * 64, 2)
        assert not pixels[method].residuals_cbcr.any()
    assert pixels["networks"].residual_cbcr.any()
    errors = [
        float(
            model.using(one).predict_error(model.using(one).inputs(source_rgb, 1)).ciede2000.mean()
        )
        for one in ("networks", "law")
    ]
    assert errors[0] > 1.5 * errors[1] > 0


def test_a_model_file_alone_recovers_the_same_colour(model: ChromaModel, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_model(path, model, {})
    loaded, source_rgb = load_model(path), wide_frame()
    assert loaded.methods == METHODS
    for shot in (1, 2, 3):
        torch.testing.assert_close(
            loaded.predict(source_rgb, shot), model.predict(source_rgb, shot)
        )
    by_person = load_model(path, "lut")
    assert by_person.methods.of(1).chosen_by == "person"
    assert torch.equal(by_person.predict(source_rgb, 1), model.using("lut").predict(source_rgb, 1))


def test_a_persons_method_holds_for_all_shots_and_keeps_the_errors() -> None:
    assert METHODS.used("auto") == METHODS
    used = METHODS.used("networks")
    assert {used.of(shot).method for shot in (1, 2, 3)} == {"networks"}
    assert {used.of(shot).chosen_by for shot in (1, 2, 3)} == {"person"}
    assert [one.errors for one in used.shots] == [one.errors for one in METHODS.shots]
