"""The predicted error: larger far from training, in CIEDE2000, and kept in the model's file."""

from dataclasses import replace
from pathlib import Path

import torch

from unfade.color.ycbcr import luma
from unfade.model import ChromaModel, ResidualNetworks, load_model, save_model
from unfade.model.chroma_model import ERROR_STEP, signs_of_error
from unfade.model.closed_form.laws import Law, Laws
from unfade.model.closed_form.lut import NODES, Axes, SmoothLut, SpreadLut
from unfade.model.features import COUNT, KINDRED
from unfade.train.fit.calibrate import LEAST_NOVELTY, calibrate, choose_prototypes


def pixels(count: int, seed: int, *, apart: float = 0.0) -> torch.Tensor:
    seen = torch.randn(count, COUNT, generator=torch.Generator().manual_seed(seed)) * 0.1
    seen[:, KINDRED] += apart
    return seen


def model(seed: int = 0) -> ChromaModel:
    torch.manual_seed(seed)
    residual = ResidualNetworks("small")
    for network in (residual.memory, residual.context):
        torch.nn.init.normal_(network.weights[-1], std=0.02)
    nodes = torch.zeros(2, NODES, NODES, NODES)
    law = Law(SmoothLut(nodes), SpreadLut(SmoothLut(nodes), Axes(torch.eye(3), torch.zeros(3, 1))))
    return ChromaModel("small", Laws(law, {}, torch.zeros(3, 3)), residual)


def test_distance_is_zero_at_training_and_counts_in_its_deviations() -> None:
    prototypes = choose_prototypes(pixels(400, 1), 0)
    near, far = pixels(400, 1)[:, :], pixels(400, 1)
    far[:, KINDRED[0]] += 10 * 0.1
    assert float(prototypes.distance(near).max()) < 1e-2
    assert 5 < float(prototypes.distance(far).mean()) < 11


def test_a_known_law_of_error_is_found_and_its_mean_is_that_of_the_truth() -> None:
    untold = model()
    seen = torch.cat([pixels(500, 2), pixels(500, 3, apart=0.4)])
    signs = signs_of_error(untold.residual, torch.full((1000, 1), 0.5), seen, torch.zeros(1000, 2))
    prototypes = choose_prototypes(pixels(400, 1), 0)
    unit = calibrate(prototypes, [signs], torch.ones(1000))
    law = replace(unit, weights=torch.tensor([0.002, 0.005, 0.0, 0.0]))
    found = calibrate(prototypes, [signs], law.predict(signs))
    torch.testing.assert_close(found.weights, law.weights, atol=2e-5, rtol=0)
    noisy = law.predict(signs) * torch.rand(1000, generator=torch.Generator().manual_seed(0)) * 2
    predicted = calibrate(prototypes, [signs], noisy).predict(signs)
    torch.testing.assert_close(predicted.mean(), noisy.mean())


def test_what_is_far_counts_even_where_no_pixel_of_known_truth_is() -> None:
    untold = model()
    prototypes = choose_prototypes(pixels(400, 1), 0)
    signs = signs_of_error(
        untold.residual, torch.full((400, 1), 0.5), pixels(400, 1), torch.zeros(400, 2)
    )
    weights = calibrate(prototypes, [signs], torch.rand(400) + 0.5).weights
    assert float(weights[1]) >= 0.99 * LEAST_NOVELTY * float(weights[0]) > 0
    assert weights.isfinite().all()


def test_it_is_predicted_on_a_coarser_raster_and_kept_in_the_file(tmp_path: Path) -> None:
    told = model()
    source_rgb = torch.rand(3, 40, 64, generator=torch.Generator().manual_seed(4))
    seen = told.inputs_of_frame(source_rgb, 1)
    flat = seen.features.flatten(1).T
    signs = signs_of_error(
        told.residual, seen.y.flatten()[:, None], flat, seen.base_cbcr.flatten(1).T
    )
    torch.testing.assert_close(signs.ycbcr[:, :1], luma(source_rgb).flatten()[:, None])
    uncertainty = calibrate(choose_prototypes(flat, 0), [signs], torch.rand(flat.shape[0]) + 1)
    told = replace(told, uncertainty=uncertainty)
    error = told.predict_error(seen)
    assert error.shape == (1, 40 // ERROR_STEP, 64 // ERROR_STEP)
    place = tmp_path / "model.safetensors"
    save_model(place, told, {})
    torch.testing.assert_close(load_model(place).predict_error(seen), error)
