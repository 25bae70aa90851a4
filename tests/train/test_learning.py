"""Training: better than a LUT, resumable, with a choice of the best checkpoint."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from unfade.color.score import chroma_error
from unfade.errors import ProjectError
from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.pair import Pair
from unfade.model import ChromaModel, save_model
from unfade.project.settings import TrainSection
from unfade.train.contact_sheet import is_due
from unfade.train.data.pixels import TrainingPicture
from unfade.train.fit import loop
from unfade.train.fit.checkpoint import load_checkpoint, save_checkpoint
from unfade.train.fit.loop import learn, start
from unfade.train.fit.start_from import load_earlier
from unfade.train.training_set import TrainingSet, fit, prepare

from .conftest import two_surfaces

SETTINGS = TrainSection(size="small", steps=300, batch=2048, checkpoint=100, seed=3)


def training_picture(seed: int, frame: int) -> TrainingPicture:
    return two_surfaces(seed, Pair(source=frame, reference=0, of="dvd", shot=1))


PICTURES = [training_picture(0, 10), training_picture(1, 11)], [training_picture(2, 12)]
"""Training pairs and hold-out pairs."""


@pytest.fixture(scope="module")
def model() -> ChromaModel:
    return fit(*PICTURES, SETTINGS, IDENTITY_BALANCE)


@pytest.fixture(scope="module")
def training_set(model: ChromaModel, no_general_law: None) -> TrainingSet:
    return prepare(*PICTURES, SETTINGS, IDENTITY_BALANCE)


@pytest.fixture(scope="module")
def single_pair(model: ChromaModel, no_general_law: None) -> TrainingSet:
    """Of one training pair, without hold-out."""
    return prepare([training_picture(0, 10)], [], SETTINGS, IDENTITY_BALANCE)


def test_the_networks_separate_surfaces_that_a_lut_cannot(model: ChromaModel) -> None:
    unseen = training_picture(7, 20)
    lut_cbcr = model.laws.baseline.predict(unseen.source_rgb, 1)
    baseline = chroma_error(unseen.truth_rgb, lut_cbcr, unseen.weight)
    model_cbcr = model.predict(unseen.source_rgb, 1)
    trained = chroma_error(unseen.truth_rgb, model_cbcr, unseen.weight)
    assert trained.ciede2000 < 0.6 * baseline.ciede2000


def test_the_best_weights_have_the_smallest_held_out_error(training_set: TrainingSet) -> None:
    states = list(
        learn(
            start(training_set.train, training_set.held_out, SETTINGS),
            training_set.train,
            training_set.held_out,
            SETTINGS,
        )
    )
    points = states[-1].points
    assert [point.step for point in points] == [0, 100, 200, 300]
    best = min(points, key=lambda point: point.held_out or 0.0)
    assert states[-1].best_step == best.step


def test_gradients_of_parts_add_up_to_those_of_the_batch(
    training_set: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps of a batch of odd length, learned in parts and as a whole."""
    settings = SETTINGS.model_copy(update={"steps": 6, "checkpoint": 6, "batch": 1005})
    untrained = start(training_set.train, None, settings)
    weights = []
    for parts in (1, 2, 3):
        monkeypatch.setattr(loop, "PARTS", parts)
        (state,) = learn(untrained, training_set.train, None, settings)
        weights.append(state.weights)
    for name, tensor in weights[0].items():
        for others in weights[1:]:
            torch.testing.assert_close(others[name], tensor, atol=1e-5, rtol=1e-3)
    last = "memory.weights.0"
    assert float((weights[0][last] - untrained.weights[last]).abs().max()) > 1e-3


def test_a_resumed_training_ends_with_the_same_weights(
    training_set: TrainingSet, tmp_path: Path
) -> None:
    untrained = start(training_set.train, training_set.held_out, SETTINGS)
    *_, uninterrupted = learn(untrained, training_set.train, training_set.held_out, SETTINGS)
    (first,) = itertools.islice(
        learn(untrained, training_set.train, training_set.held_out, SETTINGS), 1
    )
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, first, "key")
    loaded = load_checkpoint(path, "key", "small")
    assert loaded is not None
    *_, resumed = learn(loaded, training_set.train, training_set.held_out, SETTINGS)
    assert resumed.points == uninterrupted.points
    for name, tensor in uninterrupted.weights.items():
        assert torch.equal(resumed.weights[name], tensor)


def test_a_checkpoint_that_is_missing_damaged_or_of_another_key_is_ignored(
    training_set: TrainingSet, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    assert load_checkpoint(path, "key", "small") is None
    save_checkpoint(path, start(training_set.train, training_set.held_out, SETTINGS), "key")
    assert load_checkpoint(path, "another", "small") is None
    path.write_bytes(b"cut off")
    assert load_checkpoint(path, "key", "small") is None


def test_a_checkpoint_of_an_older_schema_is_ignored(
    training_set: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoint.1 had other names for the tensors of the context networks."""
    path = tmp_path / "checkpoint.safetensors"
    state = start(training_set.train, training_set.held_out, SETTINGS)
    with monkeypatch.context() as patch:
        patch.setattr("unfade.train.fit.checkpoint.CHECKPOINT_SCHEMA", "Checkpoint.1")
        save_checkpoint(path, state, "key")
    assert load_checkpoint(path, "key", "small") is None
    save_checkpoint(path, state, "key")
    assert load_checkpoint(path, "key", "small") is not None


def test_the_predicted_error_has_the_right_size_and_is_larger_on_unseen_colours(
    model: ChromaModel,
) -> None:
    similar = training_picture(7, 20)
    different = replace(similar, source_rgb=similar.source_rgb.roll(1, dims=0) * 0.5 + 0.3)
    different.source_rgb[0] *= 1.3
    errors = [
        model.predict_error(model.inputs_of_frame(one.source_rgb, 1)).ciede2000
        for one in (similar, different)
    ]
    true = chroma_error(similar.truth_rgb, model.predict(similar.source_rgb, 1), similar.weight)
    assert 0.6 < float(errors[0].mean()) / true.ciede2000 < 1.7
    assert float(errors[1].mean()) > 2 * float(errors[0].mean())


def test_training_stops_early_without_improvement(training_set: TrainingSet) -> None:
    settings = SETTINGS.model_copy(update={"early_stop": 2, "learning_rate": 1e-9})
    untrained = start(training_set.train, training_set.held_out, settings)
    perfect = untrained.points[0].model_copy(update={"held_out": 0.0})
    unbeatable = replace(untrained, points=(perfect,))
    steps = [s.step for s in learn(unbeatable, training_set.train, training_set.held_out, settings)]
    assert steps == [100, 200]
    never = settings.model_copy(update={"early_stop": 0})
    steps = [s.step for s in learn(unbeatable, training_set.train, training_set.held_out, never)]
    assert steps == [100, 200, 300]


def test_training_starts_from_an_earlier_model(
    model: ChromaModel, training_set: TrainingSet, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    model_id = save_model(path, model, {})
    earlier = load_earlier(path, "small")
    assert earlier.id == model_id
    continued = start(training_set.train, training_set.held_out, SETTINGS, earlier.weights)
    untrained = start(training_set.train, training_set.held_out, SETTINGS)
    assert continued.points[0].held_out is not None
    assert untrained.points[0].held_out is not None
    assert continued.points[0].held_out < 0.8 * untrained.points[0].held_out
    assert continued.points[0].loss < 0.8 * untrained.points[0].loss


def test_a_missing_model_and_one_of_another_size_or_schema_are_refused_as_a_start(
    single_pair: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.safetensors"
    with pytest.raises(ProjectError, match="holds no model"):
        load_earlier(path, "small")
    save_model(path, single_pair.model, {})
    with pytest.raises(ProjectError, match=r"size 'small', but 'train\.size' is 'medium'"):
        load_earlier(path, "medium")
    with monkeypatch.context() as patch:
        patch.setattr("unfade.model.files.MODEL_SCHEMA", "ChromaModel.7")
        save_model(path, single_pair.model, {})
    with pytest.raises(ProjectError, match="holds no model that this version"):
        load_earlier(path, "small")


def test_sheets_are_drawn_after_each_interval_and_at_the_last_step() -> None:
    def due(interval: int) -> list[int]:
        settings = SETTINGS.model_copy(update={"contact_sheet": interval, "steps": 500})
        return [step for step in range(100, 600, 100) if is_due(step - 100, step, settings)]

    assert due(200) == [200, 400, 500]
    assert due(50) == [100, 200, 300, 400, 500]
    assert due(1000) == [500]
    assert due(0) == []


def test_without_hold_out_the_newest_weights_are_kept(single_pair: TrainingSet) -> None:
    settings = SETTINGS.model_copy(update={"steps": 40, "checkpoint": 20})
    *_, last = learn(start(single_pair.train, None, settings), single_pair.train, None, settings)
    assert last.best_step == settings.steps
    assert all(point.held_out is None for point in last.points)
