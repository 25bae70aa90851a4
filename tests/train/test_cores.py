"""Training gives the same weights, bit for bit, whatever the number of cores."""

from collections.abc import Callable
from dataclasses import fields

import torch

from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.pair import Pair, PairRole
from unfade.project.settings import TrainSection
from unfade.train.data.carried_colour import Frame
from unfade.train.data.pixels import Pixels, TrainingPicture
from unfade.train.fit.loop import State, learn, start
from unfade.train.training_set import TrainingSet, prepare
from unfade.work.cores import core_count

from .conftest import two_surfaces

SETTINGS = TrainSection(size="small", steps=12, batch=512, checkpoint=6, seed=3, augment=True)


def training_picture(frame: int, shot: int, role: PairRole = "train") -> TrainingPicture:
    return two_surfaces(frame, Pair(source=frame, reference=0, of="dvd", shot=shot, role=role))


TRAIN = [training_picture(10, 1), training_picture(14, 1), training_picture(30, 2)]
HELD_OUT = [training_picture(12, 1, "holdout"), training_picture(34, 2, "holdout")]
UNPAIRED = [Frame(training_picture(n, shot).source_rgb, n, shot) for n, shot in ((11, 1), (31, 2))]


def trained() -> tuple[TrainingSet, State]:
    """The training set of a film of two shots with carried chroma, and its last state."""
    training_set = prepare(TRAIN, HELD_OUT, SETTINGS, IDENTITY_BALANCE, UNPAIRED)
    first = start(training_set.train, training_set.held_out, SETTINGS)
    *_, state = learn(first, training_set.train, training_set.held_out, SETTINGS)
    return training_set, state


def assert_same_pixels(one: Pixels, other: Pixels) -> None:
    for field in fields(Pixels):
        assert torch.equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_training_does_not_depend_on_the_number_of_cores(
    set_cores: Callable[[int], None],
) -> None:
    results = []
    for count in (1, 4):
        set_cores(count)
        assert core_count() == count
        results.append(trained())
    (one_set, one), (other_set, other) = results
    assert torch.equal(one_set.model.laws.grain, other_set.model.laws.grain)
    assert one_set.carried_colour == other_set.carried_colour
    assert one_set.pictures.carried.keys == other_set.pictures.carried.keys
    assert one_set.held_out is not None
    assert other_set.held_out is not None
    assert_same_pixels(one_set.train, other_set.train)
    assert_same_pixels(one_set.held_out, other_set.held_out)
    assert one.points == other.points
    for tensors, others in ((one.weights, other.weights), (one.momenta, other.momenta)):
        assert tensors.keys() == others.keys()
        for name, tensor in tensors.items():
            assert torch.equal(tensor, others[name]), name
