"""Which checkpoints of a training are kept, and the files that they are kept in."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.pair import Pair
from unfade.film.series import FRAMES_A_FILM, SHOTS_A_FILM
from unfade.model import load_chosen, model_id, save_model
from unfade.model.checkpoints import checkpoint_ids, save_checkpoints, save_chosen
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import TrainingPicture
from unfade.train.fit.checkpoint import load_checkpoint, save_checkpoint
from unfade.train.fit.loop import State, is_kept, learn, residual_of, start
from unfade.train.newest import (
    CHECKPOINT,
    forget_closed_form,
    load_newest,
    newest_step,
    save_closed_form,
)
from unfade.train.training_set import TrainingSet, prepare

from ..fixtures import make_model
from .conftest import two_surfaces

SETTINGS = TrainSection(size="small", steps=40, batch=256, checkpoint=10, seed=3, early_stop=0)


def picture(seed: int) -> TrainingPicture:
    return two_surfaces(seed, Pair(source=seed, reference=0, of="dvd", shot=1))


@pytest.fixture(scope="module")
def training_set() -> TrainingSet:
    return prepare([picture(0)], [picture(1)], SETTINGS, IDENTITY_BALANCE)


@pytest.fixture(scope="module")
def states(training_set: TrainingSet) -> list[State]:
    first = start(training_set.train, training_set.held_out, SETTINGS)
    return list(learn(first, training_set.train, training_set.held_out, SETTINGS))


@pytest.mark.parametrize(
    ("steps", "checkpoint", "kept"),
    [
        (1200, 300, [300, 600, 900, 1200]),
        (40_000, 300, [6900, 13500, 20100, 26700, 33600, 40_000]),
        (600, 100, [100, 200, 300, 400, 500, 600]),
        (50, 300, [50]),
    ],
)
def test_six_checkpoints_are_kept_evenly_over_the_steps(
    steps: int, checkpoint: int, kept: list[int]
) -> None:
    settings = TrainSection(steps=steps, checkpoint=checkpoint)
    measured = [*range(0, steps, checkpoint), steps]
    found = [step for before, step in pairwise(measured) if is_kept(before, step, settings)]
    assert found == kept


def test_a_training_keeps_the_weights_of_its_checkpoints(states: list[State]) -> None:
    last = states[-1]
    assert [*last.kept] == [10, 20, 30, 40]
    for state in states:
        for name, tensor in last.kept[state.step].items():
            assert torch.equal(tensor, state.weights[name])
    assert {*last.checkpoints()} == {10, 20, 30, 40} - {last.best_step}
    assert all(point.error() is not None for point in last.points)


def test_kept_weights_outlast_an_interruption(states: list[State], tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "checkpoint", states[1], "key")
    loaded = load_checkpoint(tmp_path / "checkpoint", "key", "small")
    assert loaded is not None
    assert [*loaded.kept] == [10, 20]
    for step, weights in states[1].kept.items():
        assert all(torch.equal(loaded.kept[step][name], one) for name, one in weights.items())


def test_the_newest_checkpoint_of_an_early_stop_is_kept(states: list[State]) -> None:
    stopped = replace(states[2], best_step=10, kept={10: states[0].weights})
    assert [*stopped.checkpoints()] == [30]


def test_a_chosen_checkpoint_has_its_networks_its_own_id_and_no_networks_of_shots(
    training_set: TrainingSet, states: list[State], tmp_path: Path
) -> None:
    """In memory, and in a file whose id is the one on record."""
    best = training_set.model.with_residual(residual_of(states[3].weights, "small"))
    own = replace(best, shot_networks={1: residual_of(states[0].weights, "small")})
    facts = {"steps": 40, "best_step": 40, "held_out_ciede2000": 1.0}
    best_id = save_model(tmp_path / "model.safetensors", own, facts)
    save_checkpoints(tmp_path / "checkpoints.safetensors", {20: states[1].weights})
    ids = checkpoint_ids(tmp_path / "model.safetensors", tmp_path / "checkpoints.safetensors", [20])
    record = make_model(
        id=ids[20], best_step=40, chosen_step=20, checkpoints_file="checkpoints.safetensors"
    )
    chosen = load_chosen(tmp_path, record)
    source_rgb = picture(7).source_rgb
    expected = training_set.model.with_residual(residual_of(states[1].weights, "small"))
    torch.testing.assert_close(chosen.predict(source_rgb, 1), expected.predict(source_rgb, 1))
    assert not chosen.shot_networks
    save_chosen(tmp_path / "chosen.safetensors", tmp_path, record)
    assert model_id(tmp_path / "chosen.safetensors") == ids[20] != best_id


def test_a_training_under_way_has_a_model_with_the_networks_of_its_newest_checkpoint(
    training_set: TrainingSet, states: list[State], tmp_path: Path
) -> None:
    assert newest_step(tmp_path) is None
    save_closed_form(tmp_path, training_set, "this training")
    save_checkpoint(tmp_path / CHECKPOINT, states[0], "an earlier one")
    assert newest_step(tmp_path) is None
    save_checkpoint(tmp_path / CHECKPOINT, states[1], "this training")
    step, model = load_newest(tmp_path)
    assert step == newest_step(tmp_path) == states[1].step
    expected = training_set.model.with_residual(residual_of(states[1].weights, "small"))
    rgb = torch.rand(3, 24, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.predict(rgb, 1), expected.predict(rgb, 1))
    forget_closed_form(tmp_path)
    assert newest_step(tmp_path) is None


def test_a_training_under_way_of_a_later_reel_has_no_shots_of_earlier_ones(
    states: list[State], tmp_path: Path
) -> None:
    """Their numbers are negative, which no model file may hold."""
    numbers = {"source": 2 - FRAMES_A_FILM, "shot": 1 - SHOTS_A_FILM}
    pair = Pair(source=0, reference=0, of="dvd", shot=1).model_copy(update=numbers)
    pictures = [picture(0), two_surfaces(2, pair)]
    training_set = prepare(pictures, [picture(1)], SETTINGS, IDENTITY_BALANCE)
    assert training_set.model.laws.paired == {1, 1 - SHOTS_A_FILM}
    save_closed_form(tmp_path, training_set, "this training")
    save_checkpoint(tmp_path / CHECKPOINT, states[1], "this training")
    _, model = load_newest(tmp_path)
    assert model.laws.paired == {1}
