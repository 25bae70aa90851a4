"""Training: it learns what a LUT cannot, goes on where it stopped, and does not change silently."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from unfade.color.score import chroma_error
from unfade.color.ycbcr import luma, ycbcr_to_rgb
from unfade.errors import ProjectError
from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.pair import Pair
from unfade.model import save_model
from unfade.project.settings import TrainSection
from unfade.train.contact_sheet import is_due
from unfade.train.data.pixels import Picture, picture
from unfade.train.fit.checkpoint import load_checkpoint, save_checkpoint
from unfade.train.fit.loop import learn, start
from unfade.train.fit.start_from import load_earlier
from unfade.train.training_set import TrainingSet, fit, prepare

SETTINGS = TrainSection(size="small", steps=300, batch=2048, checkpoint=100, seed=3)


def shown(seed: int, frame: int) -> Picture:
    """Two surfaces of one faded colour that differ in texture alone, and in true colour."""
    generator = torch.Generator().manual_seed(seed)
    source_rgb = torch.full((3, 96, 128), 0.5)
    source_rgb += 0.004 * torch.randn(3, 96, 128, generator=generator)
    source_rgb[:, :, 64:] += 0.08 * torch.sin(torch.arange(64.0) * 1.3)
    cbcr = torch.zeros(2, 96, 128)
    cbcr[0, :, :64], cbcr[1, :, 64:] = 0.1, 0.1
    truth_rgb = ycbcr_to_rgb(torch.cat([luma(source_rgb), cbcr]))
    return picture(
        source_rgb,
        truth_rgb,
        torch.ones(1, 96, 128),
        Pair(source=frame, reference=0, of="dvd", shot=1),
    )


@pytest.fixture(scope="module")
def training_set() -> TrainingSet:
    return prepare([shown(0, 10), shown(1, 11)], [shown(2, 12)], SETTINGS, IDENTITY_BALANCE)


def test_the_network_tells_apart_what_a_lut_cannot() -> None:
    model = fit([shown(0, 10), shown(1, 11)], [shown(2, 12)], SETTINGS, IDENTITY_BALANCE)
    unseen = shown(7, 20)
    baseline = chroma_error(
        unseen.truth_rgb, model.laws.baseline.predict(unseen.source_rgb, 1), unseen.weight
    )
    learnt = chroma_error(unseen.truth_rgb, model.predict(unseen.source_rgb, 1), unseen.weight)
    assert learnt.ciede2000 < 0.6 * baseline.ciede2000


def test_the_best_weights_are_those_of_the_least_held_out_error(training_set: TrainingSet) -> None:
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


def test_an_interrupted_training_ends_with_the_same_weights(
    training_set: TrainingSet, tmp_path: Path
) -> None:
    untrained = start(training_set.train, training_set.held_out, SETTINGS)
    *_, whole = learn(untrained, training_set.train, training_set.held_out, SETTINGS)
    (first,) = itertools.islice(
        learn(untrained, training_set.train, training_set.held_out, SETTINGS), 1
    )
    place = tmp_path / "checkpoint.safetensors"
    save_checkpoint(place, first, "key")
    again = load_checkpoint(place, "key")
    assert again is not None
    *_, resumed = learn(again, training_set.train, training_set.held_out, SETTINGS)
    assert resumed.points == whole.points
    for name, tensor in whole.weights.items():
        assert torch.equal(resumed.weights[name], tensor)


def test_a_checkpoint_of_something_else_is_not_taken(
    training_set: TrainingSet, tmp_path: Path
) -> None:
    place = tmp_path / "checkpoint.safetensors"
    assert load_checkpoint(place, "key") is None
    save_checkpoint(place, start(training_set.train, training_set.held_out, SETTINGS), "key")
    assert load_checkpoint(place, "another") is None
    place.write_bytes(b"cut off")
    assert load_checkpoint(place, "key") is None


def test_the_error_is_predicted_in_its_unit_and_larger_on_what_was_never_seen() -> None:
    model = fit([shown(0, 10), shown(1, 11)], [shown(2, 12)], SETTINGS, IDENTITY_BALANCE)
    alike = shown(7, 20)
    strange = replace(alike, source_rgb=alike.source_rgb.roll(1, dims=0) * 0.5 + 0.3)
    strange.source_rgb[0] *= 1.3
    errors = [
        model.predict_error(model.inputs_of_frame(one.source_rgb, 1)) for one in (alike, strange)
    ]
    true = chroma_error(alike.truth_rgb, model.predict(alike.source_rgb, 1), alike.weight)
    assert 0.6 < float(errors[0].mean()) / true.ciede2000 < 1.7
    assert float(errors[1].mean()) > 2 * float(errors[0].mean())


def test_training_ends_when_nothing_gets_better(training_set: TrainingSet) -> None:
    settings = SETTINGS.model_copy(update={"early_stop": 2, "learning_rate": 1e-9})
    untrained = start(training_set.train, training_set.held_out, settings)
    perfect = untrained.points[0].model_copy(update={"held_out": 0.0})
    hopeless = replace(untrained, points=(perfect,))
    steps = [s.step for s in learn(hopeless, training_set.train, training_set.held_out, settings)]
    assert steps == [100, 200]
    never = settings.model_copy(update={"early_stop": 0})
    steps = [s.step for s in learn(hopeless, training_set.train, training_set.held_out, never)]
    assert steps == [100, 200, 300]


def test_training_starts_from_an_earlier_model(training_set: TrainingSet, tmp_path: Path) -> None:
    earlier = fit([shown(0, 10), shown(1, 11)], [shown(2, 12)], SETTINGS, IDENTITY_BALANCE)
    place = tmp_path / "model.safetensors"
    made = save_model(place, earlier, {})
    found = load_earlier(place, "small")
    assert found.id == made
    begun = start(training_set.train, training_set.held_out, SETTINGS, found.weights)
    untrained = start(training_set.train, training_set.held_out, SETTINGS)
    assert begun.points[0].held_out is not None
    assert untrained.points[0].held_out is not None
    assert begun.points[0].held_out < 0.8 * untrained.points[0].held_out
    assert begun.points[0].loss < 0.8 * untrained.points[0].loss


def test_what_cannot_be_started_from_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "model.safetensors"
    with pytest.raises(ProjectError, match="holds no model"):
        load_earlier(place, "small")
    save_model(place, prepare([shown(0, 10)], [], SETTINGS, IDENTITY_BALANCE).model, {})
    with pytest.raises(ProjectError, match=r"size 'small', but train\.size is 'medium'"):
        load_earlier(place, "medium")


def test_sheets_are_drawn_when_their_interval_went_by_and_at_the_last() -> None:
    def due(interval: int) -> list[int]:
        settings = SETTINGS.model_copy(update={"contact_sheet": interval, "steps": 500})
        return [step for step in range(100, 600, 100) if is_due(step - 100, step, settings)]

    assert due(200) == [200, 400, 500]
    assert due(50) == [100, 200, 300, 400, 500]
    assert due(1000) == [500]
    assert due(0) == []


def test_without_hold_out_the_newest_weights_are_kept() -> None:
    training_set = prepare([shown(0, 10)], [], SETTINGS, IDENTITY_BALANCE)
    *_, last = learn(start(training_set.train, None, SETTINGS), training_set.train, None, SETTINGS)
    assert last.best_step == SETTINGS.steps
    assert all(point.held_out is None for point in last.points)
