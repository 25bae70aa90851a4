"""Shots that get a network of their own, where hold-out pixels say that it is clearly better."""

from collections.abc import Iterator
from dataclasses import dataclass

from unfade.film.model import ShotModel
from unfade.model import ResidualNetworks
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import Pixels, only
from unfade.train.fit.loop import Tensors, held_out_error, learn, residual_of, start
from unfade.train.training_set import TrainingSet

STEPS = 300
"""Most steps that a shot learns from its own pixels; never more than the film's."""

LEARNING_RATE = 0.03
"""Highest of those steps, a little below the film's."""

LEAST_GAIN = 0.95
"""A shot's network is kept where it leaves at most this share of the film's error."""

PARTS = 4
"""Parts of the hold-out pixels, from dark to light, in none of which it may be worse."""


@dataclass(frozen=True)
class Tried:
    """A shot's network and what it was found to be worth."""

    network: ResidualNetworks
    verdict: ShotModel


def try_shots(
    weights: Tensors, training_set: TrainingSet, settings: TrainSection
) -> Iterator[Tried]:
    """Trains a network for each shot that can be judged, from the film's `weights`.

    It takes a fixed number of steps, and the newest weights count: no hold-out pixel has a part in
    them, so that all of them may judge. The film's weights were chosen by them, which speaks
    for the film.
    """
    film = residual_of(weights, settings.size)
    steps = min(STEPS, settings.steps)
    own = settings.model_copy(
        update={"steps": steps, "checkpoint": steps, "learning_rate": LEARNING_RATE}
    )
    for shot in judged_shots(training_set):
        train = only(training_set.train, training_set.train.shot == shot)
        *_, state = learn(start(train, None, own, weights), train, None, own)
        assert training_set.held_out is not None
        held_out = only(training_set.held_out, training_set.held_out.shot == shot)
        network = residual_of(state.weights, settings.size)
        yield Tried(network, _judge(shot, film, network, held_out))


def judged_shots(training_set: TrainingSet) -> list[int]:
    """Shots of a film of several that have pixels to learn from and pixels to be judged by."""
    learned = set(training_set.train.shot.tolist())
    if training_set.held_out is None or len(learned) < 2:
        return []
    return sorted(learned & set(training_set.held_out.shot.tolist()))


def _judge(shot: int, film: ResidualNetworks, own: ResidualNetworks, held_out: Pixels) -> ShotModel:
    """Clearly better is better by a margin over all, and in no part of the pixels worse."""
    parts = held_out.truth_y[:, 0].argsort().chunk(PARTS)
    errors = [
        (held_out_error(film, part).ciede2000, held_out_error(own, part).ciede2000)
        for part in (held_out, *(only(held_out, part) for part in parts))
    ]
    film_error, own_error = errors[0]
    steady = all(mine <= theirs for theirs, mine in errors[1:])
    kept = steady and own_error <= LEAST_GAIN * film_error
    return ShotModel(shot=shot, film=film_error, own=own_error, kept=kept)
