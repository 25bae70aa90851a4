"""A shot gets a network of its own where hold-out pixels say so, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from unfade.color.ycbcr import luma, ycbcr_to_rgb
from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.pair import Pair, PairRole
from unfade.model import load_model, save_model
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import Picture, picture, predict_pixels
from unfade.train.fit import shot_networks as shot_models
from unfade.train.fit.loop import learn, pixels_error, residual_of, start
from unfade.train.fit.shot_networks import judged_shots, try_shots
from unfade.train.training_set import TrainingSet, prepare

SETTINGS = TrainSection(size="small", steps=40, batch=2048, checkpoint=40, seed=3)
OWN = SETTINGS.model_copy(update={"steps": 300})


def shown(frame: int, shot: int, role: PairRole = "train", *, other_truth: bool = False) -> Picture:
    """Two surfaces that differ in texture and in true colour, which are swapped in some truths."""
    generator = torch.Generator().manual_seed(frame)
    source_rgb = torch.full((3, 96, 128), 0.5)
    source_rgb += 0.004 * torch.randn(3, 96, 128, generator=generator)
    source_rgb[:, :, 64:] += 0.08 * torch.sin(torch.arange(64.0) * 1.3)
    cbcr = torch.zeros(2, 96, 128)
    cbcr[0, :, :64], cbcr[1, :, 64:] = 0.1, 0.1
    if other_truth:
        cbcr = cbcr.flip(0)
    truth_rgb = ycbcr_to_rgb(torch.cat([luma(source_rgb), cbcr]))
    pair = Pair(source=frame, reference=0, of="dvd", shot=shot, role=role)
    return picture(source_rgb, truth_rgb, torch.ones(1, 96, 128), pair)


@pytest.fixture(scope="module")
def training_set() -> TrainingSet:
    """In shot 1 what is held out is like what is learned from, in shot 2 it is the contrary; shot 3
    has nothing held out."""
    train = [shown(10, 1), shown(20, 2, other_truth=True), shown(30, 3)]
    return prepare(
        train, [shown(11, 1, "holdout"), shown(21, 2, "holdout")], SETTINGS, IDENTITY_BALANCE
    )


@pytest.fixture(scope="module")
def film(training_set: TrainingSet) -> dict[str, torch.Tensor]:
    *_, state = learn(start(training_set.train, None, SETTINGS), training_set.train, None, SETTINGS)
    return state.best


def test_a_shot_is_kept_apart_where_its_hold_outs_say_so(
    training_set: TrainingSet, film: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    first, second = try_shots(film, training_set, OWN)
    assert (first.verdict.shot, first.verdict.kept) == (1, True)
    assert first.verdict.own < 0.95 * first.verdict.film
    assert (second.verdict.shot, second.verdict.kept) == (2, False)
    assert second.verdict.own > 0.95 * second.verdict.film
    whole = training_set.model.with_residual(residual_of(film, "small"))
    model = replace(whole, own={1: first.network})
    assert training_set.held_out is not None
    better, worse = (
        pixels_error(predict_pixels(one, training_set.held_out), training_set.held_out)
        for one in (model, whole)
    )
    assert better.ciede2000 < worse.ciede2000
    place = tmp_path / "model.safetensors"
    save_model(place, model, {})
    loaded, unseen = load_model(place), shown(12, 1)
    for shot in (1, 3):
        torch.testing.assert_close(
            loaded.predict(unseen.source_rgb, shot), model.predict(unseen.source_rgb, shot)
        )
    assert sorted(loaded.own) == [1]
    apart = model.predict(unseen.source_rgb, 1) - whole.predict(unseen.source_rgb, 1)
    assert float(apart.abs().max()) > 1e-3
    assert torch.equal(model.predict(unseen.source_rgb, 3), whole.predict(unseen.source_rgb, 3))


def test_the_same_shots_end_with_the_same_networks(
    training_set: TrainingSet, film: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shot_models, "STEPS", 5)
    (once, _), (again, _) = (list(try_shots(film, training_set, SETTINGS)) for _ in range(2))
    assert once.verdict == again.verdict
    for name, tensor in once.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], tensor)
    for name, parameter in once.network.named_parameters():
        assert not torch.equal(film[name], parameter)


def test_a_part_that_gets_worse_forbids_it(
    training_set: TrainingSet, film: dict[str, torch.Tensor]
) -> None:
    """The brightest quarter has the truth that the film's network tells, so its own is worse."""
    assert training_set.held_out is not None
    bright = training_set.held_out.features[:, 0]
    brightest = bright > bright.quantile(0.75)
    whole = training_set.model.with_residual(residual_of(film, "small"))
    truth = training_set.held_out.truth_cbcr.clone()
    truth[brightest] = predict_pixels(whole, training_set.held_out)[brightest]
    mixed = replace(training_set, held_out=replace(training_set.held_out, truth_cbcr=truth))
    first, _ = try_shots(film, mixed, OWN)
    assert first.verdict.own < first.verdict.film * 0.95
    assert not first.verdict.kept


def test_only_shots_with_evidence_are_tried(training_set: TrainingSet) -> None:
    assert judged_shots(training_set) == [1, 2]
    assert judged_shots(replace(training_set, held_out=None)) == []
    alone = prepare([shown(10, 1)], [shown(11, 1, "holdout")], SETTINGS, IDENTITY_BALANCE)
    assert judged_shots(alone) == []
