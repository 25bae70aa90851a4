"""The predicted error: its terms, its calibration, and its place in the model file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from unfade.color.sensitivity import visibility
from unfade.color.ycbcr import luma
from unfade.model import ChromaModel, ResidualNetworks, load_model, save_model
from unfade.model.chroma_model import ERROR_STRIDE_PX, UNPAIRED_GAIN
from unfade.model.closed_form.distance import DistanceField
from unfade.model.closed_form.general_law import (
    ERROR_DISTANCES,
    ColourSpread,
    DyeLaw,
    GeneralLaw,
    distance_steps,
)
from unfade.model.closed_form.laws import OWN_RAMP, Law, Laws
from unfade.model.closed_form.lut import NODES, Axes, SmoothLut, SpreadLut
from unfade.model.features import FEATURE_COUNT
from unfade.model.uncertainty import UNPAIRED_TRUST, ErrorInputs, Uncertainty, error_terms
from unfade.train.data.pixels import Pixels
from unfade.train.fit.calibrate import (
    HELD_OUT_PRIOR,
    TRAINING_PRIOR,
    KnownErrors,
    calibrate,
    known_errors,
    with_uncertainty,
)

RISES = torch.tensor([0.01, 0.0, 0.01, 0.02, 0.04])


def constant_distance(distance: float) -> DistanceField:
    """The same distance for all colours."""
    box = torch.full((3, 1), 100.0)
    return DistanceField(-box, box, torch.full((1, 2, 2, 2), distance))


def laws() -> Laws:
    """Laws of shot 1, with a general law that knows its error."""
    nodes = torch.zeros(2, NODES, NODES, NODES)
    law = Law(SmoothLut(nodes), SpreadLut(SmoothLut(nodes), Axes(torch.eye(3), torch.zeros(3, 1))))
    general = GeneralLaw(
        DyeLaw(torch.eye(3, 4), torch.zeros(2, 4)),
        ColourSpread(torch.eye(3), torch.zeros(3, 1)),
        nodes,
        constant_distance(2.0),
        {1: constant_distance(0.0)},
        1.0,
        RISES,
        3 * RISES,
    )
    return Laws(law, {1: law}, torch.zeros(3, 3), frozenset({1}), general)


@pytest.fixture
def model() -> ChromaModel:
    """A model whose networks disagree, and know every picture."""
    torch.manual_seed(0)
    residual = ResidualNetworks("small")
    for network in (residual.memory, residual.context):
        torch.nn.init.normal_(network.weights[-1], std=0.02)
    residual.familiarity.near.fill_(1e6)
    residual.familiarity.far.fill_(2e6)
    weights = torch.tensor([0.002, 0.5, 0.25, 0.9, 1.1])
    return ChromaModel("small", laws(), residual, uncertainty=Uncertainty(weights))


InputsOf = Callable[[float, int], ErrorInputs]


@pytest.fixture
def inputs_of(model: ChromaModel) -> InputsOf:
    """Inputs of 500 pixels at a distance from the colours of training, in a shot."""

    def make(distance: float, shot: int) -> ErrorInputs:
        generator = torch.Generator().manual_seed(1)
        features = torch.randn(500, FEATURE_COUNT, generator=generator) * 0.1
        y = torch.rand(500, 1, generator=generator) * 0.6 + 0.2
        at = torch.full((500, 1), distance)
        return model.error_inputs(shot, y, features, torch.zeros(500, 2), at)

    return make


def test_the_error_beyond_training_rises_with_the_distance_and_then_stays() -> None:
    distances = torch.tensor([0.0, 0.05, 0.1, 0.2, 0.3, 0.65, 1.0, 2.0, 3.0, 9.0])
    expected = torch.tensor([0.01, 0.01, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.08])
    assert ERROR_DISTANCES == (0.0, 0.1, 0.3, 1.0, 3.0)
    torch.testing.assert_close(distance_steps(distances) @ RISES, expected)


def test_pixels_are_known_near_the_colours_of_training(inputs_of: InputsOf) -> None:
    near, far = OWN_RAMP
    for shot in (1, 2):
        torch.testing.assert_close(inputs_of(near, shot).known, torch.ones(500))
        half = inputs_of((near + far) / 2, shot).known
        torch.testing.assert_close(half, torch.full((500,), 0.5))
        assert not inputs_of(far, shot).known.any()
        assert inputs_of(far, shot).has_pairs == (shot == 1)


def test_training_holds_half_as_far_in_a_shot_without_pairs(
    model: ChromaModel, inputs_of: InputsOf
) -> None:
    law = replace(model, residual=ResidualNetworks("small")).using("law")
    y = torch.full((1, 1), 0.5)
    error = {
        shot: float(
            Uncertainty(torch.tensor([0.002, 0.0, 0.0, 1.0, 1.0])).predict(
                law.error_inputs(
                    shot, y, torch.zeros(1, FEATURE_COUNT), torch.zeros(1, 2), torch.zeros(1, 1)
                )
            )
        )
        for shot in (1, 2)
    }
    visible = float(visibility(torch.tensor([[0.5, 0.0, 0.0]])))
    assert error[1] == pytest.approx(0.002 * visible)
    mean = UNPAIRED_TRUST * 0.002 + (1 - UNPAIRED_TRUST) * 0.01
    assert error[2] == pytest.approx(mean * visible)


def test_a_lut_has_its_own_error_beyond_training(model: ChromaModel) -> None:
    pixels = (torch.full((1, 1), 0.5), torch.zeros(1, FEATURE_COUNT), torch.zeros(1, 2))
    unseen = {
        one: float(model.using(one).error_inputs(1, *pixels, torch.full((1, 1), 1.0)).unseen)
        for one in ("law", "lut")
    }
    assert unseen == {"law": pytest.approx(0.04), "lut": pytest.approx(0.12)}


def test_unfamiliar_surroundings_are_not_known(model: ChromaModel, inputs_of: InputsOf) -> None:
    model.residual.familiarity.near.fill_(-2.0)
    model.residual.familiarity.far.fill_(-1.0)
    assert not inputs_of(0.0, 1).known.any()


def test_the_predicted_error_beyond_training_is_that_of_left_out_colours(
    model: ChromaModel, inputs_of: InputsOf
) -> None:
    assert model.uncertainty is not None
    for shot, factor in ((1, 0.9), (2, 1.1)):
        inputs = inputs_of(1.0, shot)
        expected = factor * 0.04 * visibility(inputs.ycbcr)
        torch.testing.assert_close(model.uncertainty.predict(inputs), expected)


def test_half_of_the_residual_counts_without_pairs(inputs_of: InputsOf) -> None:
    own, other = (inputs_of(0.0, shot).residual_cbcr for shot in (1, 2))
    torch.testing.assert_close(other, UNPAIRED_GAIN * own)
    assert own.any()


def known(parts: list[ErrorInputs], errors: torch.Tensor) -> KnownErrors:
    return known_errors(parts, errors, torch.ones_like(errors))


def predicted(model: ChromaModel, parts: list[ErrorInputs]) -> torch.Tensor:
    assert model.uncertainty is not None
    return torch.cat([model.uncertainty.predict(part) for part in parts])


def test_calibration_recovers_known_weights(model: ChromaModel, inputs_of: InputsOf) -> None:
    parts = [inputs_of(0.0, 1), inputs_of(0.2, 1), inputs_of(2.0, 1), inputs_of(2.0, 2)]
    found = calibrate(known(parts, predicted(model, parts)), 1e-6).weights
    assert model.uncertainty is not None
    torch.testing.assert_close(found, model.uncertainty.weights, atol=1e-3, rtol=0.01)


def test_calibration_meets_the_mean_of_skewed_errors(
    model: ChromaModel, inputs_of: InputsOf
) -> None:
    parts = [inputs_of(0.0, 1), inputs_of(0.2, 1)]
    skewed = torch.rand(1000, generator=torch.Generator().manual_seed(0)) ** 8 * 9
    skewed[:500] *= predicted(model, parts)[:500]
    again = (
        torch.cat([error_terms(part) for part in parts])
        @ calibrate(known(parts, skewed), HELD_OUT_PRIOR).weights
    )
    torch.testing.assert_close(again.mean(), skewed.mean(), atol=0, rtol=0.05)


def test_pixels_that_training_shows_do_not_judge_the_error_beyond_it(inputs_of: InputsOf) -> None:
    shown, beyond = inputs_of(0.0, 1), inputs_of(2.0, 1)
    factors = calibrate(known([shown], torch.rand(500)), HELD_OUT_PRIOR).weights[3:]
    assert factors.tolist() == pytest.approx([1.0, 1.0], abs=1e-3)
    fewer = 0.5 * 0.06 * visibility(beyond.ycbcr)
    held_out, training = (
        calibrate(known([beyond], fewer), prior).weights[3]
        for prior in (HELD_OUT_PRIOR, TRAINING_PRIOR)
    )
    assert 0.45 < float(held_out) < 0.6
    assert float(training) > 0.9


def test_pixels_of_no_weight_do_not_count(model: ChromaModel, inputs_of: InputsOf) -> None:
    parts = [inputs_of(0.0, 1), inputs_of(0.0, 1)]
    errors = predicted(model, parts)
    errors[:500] = 20.0
    weight = torch.cat([torch.full((500,), 1e-6), torch.ones(500)])
    found = calibrate(known_errors(parts, errors, weight), HELD_OUT_PRIOR)
    torch.testing.assert_close(
        found.predict(parts[1]).mean(), errors[500:].mean(), atol=0.02, rtol=0
    )


def test_hold_out_pixels_beyond_training_leave_the_error_of_what_it_shows(
    model: ChromaModel, inputs_of: InputsOf
) -> None:
    training = pixels_at(0.0)
    calibrated = with_uncertainty(model, training, pixels_at(2.5)).uncertainty
    alone = with_uncertainty(model, training, None).uncertainty
    assert calibrated is not None
    assert alone is not None
    shown = inputs_of(0.0, 1)
    expected = alone.predict(shown).mean()
    torch.testing.assert_close(calibrated.predict(shown).mean(), expected, atol=0, rtol=0.1)
    assert not torch.equal(calibrated.weights, alone.weights)


def pixels_at(distance: float) -> Pixels:
    """500 pixels of shot 1 at a distance from the colours of training, with errors of chroma."""
    generator = torch.Generator().manual_seed(1)
    ones = torch.ones(500, 1)
    features = torch.randn(500, FEATURE_COUNT, generator=generator) * 0.1
    y = torch.rand(500, 1, generator=generator) * 0.6 + 0.2
    truth_cbcr = torch.randn(500, 2, generator=generator) * 0.01
    return Pixels(
        features, torch.zeros(500, 2), torch.zeros(500, 2), ones * distance, truth_cbcr, y, ones,
        torch.ones(500, 3), torch.ones(500), torch.zeros(500),
    )  # fmt: skip


def test_the_error_is_predicted_on_a_coarse_raster_and_saved_with_the_model(
    model: ChromaModel, tmp_path: Path
) -> None:
    source_rgb = torch.rand(3, 40, 64, generator=torch.Generator().manual_seed(4))
    path = tmp_path / "model.safetensors"
    save_model(path, model, {})
    for shot in (1, 2):
        inputs = model.inputs_of_frame(source_rgb, shot)
        error = model.predict_error(inputs)
        shape = (1, -(-40 // ERROR_STRIDE_PX), -(-64 // ERROR_STRIDE_PX))
        assert error.ciede2000.shape == error.beyond.shape == shape
        loaded = load_model(path)
        again = loaded.predict_error(loaded.inputs_of_frame(source_rgb, shot))
        assert torch.equal(again.ciede2000, error.ciede2000)
        assert torch.equal(again.beyond, error.beyond)
        assert float(error.beyond.mean()) == (0.0 if shot == 1 else 1.0)
        torch.testing.assert_close(inputs.y, luma(source_rgb))
        assert float(inputs.networks.distance.mean()) == (0.0 if shot == 1 else 2.0)


def test_a_model_without_a_general_law_knows_no_error_beyond_training(model: ChromaModel) -> None:
    plain = replace(model, laws=replace(model.laws, general=None))
    source_rgb = torch.rand(3, 40, 64, generator=torch.Generator().manual_seed(4))
    inputs = plain.inputs_of_frame(source_rgb, 1)
    assert not inputs.networks.distance.any()
    assert not plain.predict_error(inputs).beyond.any()
    assert plain.predict_error(inputs).ciede2000.min() > 0
