"""A shot network is kept where hold-out pixels show a gain, and only there."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.pair import Pair, PairRole
from unfade.model import load_model, save_model
from unfade.project.settings import FilmSection, Project, SourceSection, TrainSection
from unfade.train.data.pixels import Pixels, TrainingPicture
from unfade.train.fit import shot_networks
from unfade.train.fit.loop import State, learn, pixels_error, predict_pixels, residual_of, start
from unfade.train.fit.shot_networks import PixelsOfShots, comparable_shots, try_shot_networks
from unfade.train.training_set import TrainingSet, prepare
from unfade.train.units import kept_networks, shot_units
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.units import results

from .conftest import two_surfaces

SETTINGS = TrainSection(size="small", steps=40, batch=2048, checkpoint=40, seed=3)
PIXEL_FEATURES = SETTINGS.model_copy(update={"steps": 300})


def training_picture(
    frame: int, shot: int, role: PairRole = "train", *, other_truth: bool = False
) -> TrainingPicture:
    pair = Pair(source=frame, reference=0, of="dvd", shot=shot, role=role)
    return two_surfaces(frame, pair, other_truth=other_truth)


@pytest.fixture(scope="module")
def training_set(no_general_law: None) -> TrainingSet:
    """The hold-out pair of shot 1 agrees with its training pair, that of shot 2 contradicts it;
    shot 3 has no hold-out pair."""
    train = [
        training_picture(10, 1),
        training_picture(20, 2, other_truth=True),
        training_picture(30, 3),
    ]
    held_out = [training_picture(11, 1, "holdout"), training_picture(21, 2, "holdout")]
    return prepare(train, held_out, SETTINGS, IDENTITY_BALANCE)


@pytest.fixture(scope="module")
def film(training_set: TrainingSet) -> dict[str, torch.Tensor]:
    *_, state = learn(start(training_set.train, None, SETTINGS), training_set.train, None, SETTINGS)
    return state.best


def test_a_network_is_kept_if_hold_out_pixels_show_a_gain(
    training_set: TrainingSet, film: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    first, second = try_shot_networks(film, PixelsOfShots.of(training_set), PIXEL_FEATURES)
    assert (first.verdict.shot, first.verdict.kept) == (1, True)
    assert first.verdict.own < 0.95 * first.verdict.film
    assert (second.verdict.shot, second.verdict.kept) == (2, False)
    assert second.verdict.own > 0.95 * second.verdict.film
    whole = training_set.model.with_residual(residual_of(film, "small"))
    model = replace(whole, shot_networks={1: first.network})
    assert training_set.held_out is not None
    better, worse = (
        pixels_error(predict_pixels(one, training_set.held_out), training_set.held_out)
        for one in (model, whole)
    )
    assert better.ciede2000 < worse.ciede2000
    path = tmp_path / "model.safetensors"
    save_model(path, model, {})
    loaded, unseen = load_model(path), training_picture(12, 1)
    for shot in (1, 3):
        torch.testing.assert_close(
            loaded.predict(unseen.source_rgb, shot), model.predict(unseen.source_rgb, shot)
        )
    assert sorted(loaded.shot_networks) == [1]
    change = model.predict(unseen.source_rgb, 1) - whole.predict(unseen.source_rgb, 1)
    assert float(change.abs().max()) > 1e-3
    assert torch.equal(model.predict(unseen.source_rgb, 3), whole.predict(unseen.source_rgb, 3))


def test_training_of_shot_networks_is_reproducible(
    training_set: TrainingSet, film: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shot_networks, "MAX_SHOT_STEPS", 5)
    (first, _), (second, _) = (
        list(try_shot_networks(film, PixelsOfShots.of(training_set), SETTINGS)) for _ in range(2)
    )
    assert first.verdict == second.verdict
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(second.network.state_dict()[name], tensor)
    for name, parameter in first.network.named_parameters():
        assert not torch.equal(film[name], parameter)


def test_only_a_shot_that_gains_in_a_short_training_gets_a_long_one(
    training_set: TrainingSet, film: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short training of shot 1 gains, that of shot 2 learns what its hold-out contradicts."""
    steps: list[tuple[int, int]] = []

    def recorded(state: State, train: Pixels, held_out: None, settings: TrainSection) -> Any:
        steps.append((int(train.shot[0]), settings.steps))
        return learn(state, train, held_out, settings)

    monkeypatch.setattr(shot_networks, "learn", recorded)
    first, second = try_shot_networks(film, PixelsOfShots.of(training_set), PIXEL_FEATURES)
    short, long = shot_networks.MAX_SHORT_STEPS, shot_networks.MAX_SHOT_STEPS
    assert sorted(steps) == [(1, short), (1, long), (2, short)]
    assert first.verdict.kept
    assert not second.verdict.kept


def test_a_network_that_is_worse_in_one_part_is_not_kept(
    training_set: TrainingSet, film: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the brightest quarter the ground truth is the prediction of the film's network. A short
    training does not show the gain in the others, so the long one is made in any case."""
    monkeypatch.setattr(shot_networks, "PROMISING_RATIO", 2.0)
    assert training_set.held_out is not None
    bright = training_set.held_out.features[:, 0]
    brightest = bright > bright.quantile(0.75)
    whole = training_set.model.with_residual(residual_of(film, "small"))
    truth = training_set.held_out.truth_cbcr.clone()
    truth[brightest] = predict_pixels(whole, training_set.held_out)[brightest]
    mixed = replace(training_set, held_out=replace(training_set.held_out, truth_cbcr=truth))
    first, _ = try_shot_networks(film, PixelsOfShots.of(mixed), PIXEL_FEATURES)
    assert first.verdict.own < first.verdict.film * 0.95
    assert not first.verdict.kept


def test_only_shots_with_hold_out_pixels_are_tried(training_set: TrainingSet) -> None:
    assert comparable_shots(training_set) == [1, 2]
    assert comparable_shots(replace(training_set, held_out=None)) == []
    held_out = [training_picture(11, 1, "holdout")]
    one_shot = prepare([training_picture(10, 1)], held_out, SETTINGS, IDENTITY_BALANCE)
    assert comparable_shots(one_shot) == []


def test_only_the_pixels_of_its_shots_are_sent_to_a_worker(training_set: TrainingSet) -> None:
    whole = PixelsOfShots.of(training_set)
    assert whole.shots == (1, 2)
    first, second = whole.groups(1)
    sent = pickle.loads(pickle.dumps(second))
    assert sent.shots == (2,)
    assert set(sent.train.shot.tolist()) == set(sent.held_out.shot.tolist()) == {2}
    assert len(first.train.shot) == len(training_set.train.shot) > len(sent.train.shot)
    for here, there in zip(second.of_shot(2), sent.of_shot(2), strict=True):
        assert torch.equal(here.features, there.features)


def test_kept_networks_come_back_from_results(
    training_set: TrainingSet, film: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    project = Project(
        film=FilmSection(title="Reel"), source=SourceSection(path="s.mov"), train=PIXEL_FEATURES
    )
    job = Job(project, tmp_path, SilentProgress())
    units = shot_units(film, PixelsOfShots.of(training_set))
    found = list(results(job, units, "Training"))
    direct = list(try_shot_networks(film, PixelsOfShots.of(training_set), PIXEL_FEATURES))
    kept = kept_networks(found, PIXEL_FEATURES.size)
    assert [*kept] == [one.verdict.shot for one in direct if one.verdict.kept]
    assert [values["own"] for values in found[0].facts] == [one.verdict.own for one in direct]
    for one in direct:
        if one.verdict.kept:
            there = kept[one.verdict.shot].state_dict()
            for name, tensor in one.network.state_dict().items():
                assert torch.equal(tensor, there[name])
    assert kept
