"""The predicted error: its distance term, its calibration, and its place in the model file."""

from dataclasses import replace
from pathlib import Path

import torch

from unfade.color.ycbcr import luma
from unfade.model import ChromaModel, ResidualNetworks, load_model, save_model
from unfade.model.chroma_model import ERROR_STRIDE_PX, error_inputs_of
from unfade.model.closed_form.laws import Law, Laws
from unfade.model.closed_form.lut import NODES, Axes, SmoothLut, SpreadLut
from unfade.model.features import FEATURE_COUNT, SIMILARITY_FEATURES
from unfade.train.fit.calibrate import MIN_NOVELTY_RATIO, calibrate, choose_prototypes


def random_features(count: int, seed: int, *, offset: float = 0.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(count, FEATURE_COUNT, generator=generator) * 0.1
    features[:, SIMILARITY_FEATURES] += offset
    return features


def model(seed: int = 0) -> ChromaModel:
    torch.manual_seed(seed)
    residual = ResidualNetworks("small")
    for network in (residual.memory, residual.context):
        torch.nn.init.normal_(network.weights[-1], std=0.02)
    nodes = torch.zeros(2, NODES, NODES, NODES)
    law = Law(SmoothLut(nodes), SpreadLut(SmoothLut(nodes), Axes(torch.eye(3), torch.zeros(3, 1))))
    return ChromaModel("small", Laws(law, {}, torch.zeros(3, 3)), residual)


def test_the_distance_is_zero_at_prototypes_and_in_deviations_of_training() -> None:
    prototypes = choose_prototypes(random_features(400, 1), 0)
    near, far = random_features(400, 1), random_features(400, 1)
    far[:, SIMILARITY_FEATURES[0]] += 10 * 0.1
    assert float(prototypes.distance(near).max()) < 1e-2
    assert 5 < float(prototypes.distance(far).mean()) < 11


def test_calibration_recovers_known_weights_and_the_mean_of_noisy_errors() -> None:
    features = torch.cat([random_features(500, 2), random_features(500, 3, offset=0.4)])
    y, base_cbcr = torch.full((1000, 1), 0.5), torch.zeros(1000, 2)
    inputs = error_inputs_of(model().residual, y, features, base_cbcr)
    prototypes = choose_prototypes(random_features(400, 1), 0)
    unit = calibrate(prototypes, [inputs], torch.ones(1000))
    known = replace(unit, weights=torch.tensor([0.002, 0.005, 0.0, 0.0]))
    calibrated = calibrate(prototypes, [inputs], known.predict(inputs))
    torch.testing.assert_close(calibrated.weights, known.weights, atol=2e-5, rtol=0)
    noise = torch.rand(1000, generator=torch.Generator().manual_seed(0)) * 2
    noisy = known.predict(inputs) * noise
    predicted = calibrate(prototypes, [inputs], noisy).predict(inputs)
    torch.testing.assert_close(predicted.mean(), noisy.mean())


def test_distance_counts_even_if_all_hold_out_pixels_are_near() -> None:
    features = random_features(400, 1)
    y, base_cbcr = torch.full((400, 1), 0.5), torch.zeros(400, 2)
    inputs = error_inputs_of(model().residual, y, features, base_cbcr)
    weights = calibrate(choose_prototypes(features, 0), [inputs], torch.rand(400) + 0.5).weights
    assert float(weights[1]) >= 0.99 * MIN_NOVELTY_RATIO * float(weights[0]) > 0
    assert weights.isfinite().all()


def test_the_error_is_predicted_on_a_coarse_raster_and_saved_with_the_model(tmp_path: Path) -> None:
    chroma_model = model()
    source_rgb = torch.rand(3, 40, 64, generator=torch.Generator().manual_seed(4))
    inputs = chroma_model.inputs_of_frame(source_rgb, 1)
    features = inputs.features.flatten(1).T
    y, base_cbcr = inputs.y.flatten()[:, None], inputs.base_cbcr.flatten(1).T
    error_inputs = error_inputs_of(chroma_model.residual, y, features, base_cbcr)
    torch.testing.assert_close(error_inputs.ycbcr[:, :1], luma(source_rgb).flatten()[:, None])
    errors = torch.rand(features.shape[0]) + 1
    uncertainty = calibrate(choose_prototypes(features, 0), [error_inputs], errors)
    calibrated = replace(chroma_model, uncertainty=uncertainty)
    error = calibrated.predict_error(inputs)
    assert error.shape == (1, 40 // ERROR_STRIDE_PX, 64 // ERROR_STRIDE_PX)
    path = tmp_path / "model.safetensors"
    save_model(path, calibrated, {})
    torch.testing.assert_close(load_model(path).predict_error(inputs), error)
