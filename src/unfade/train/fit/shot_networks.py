"""Networks for single shots, kept where hold-out pixels show a clear gain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unfade.film.model import ShotModel
from unfade.model import ResidualNetworks
from unfade.model.device import map_networks, network_device
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import Pixels, select
from unfade.train.fit.loop import (
    Tensors,
    learn,
    pixels_error,
    predict_chroma,
    residual_of,
    start,
)
from unfade.train.training_set import TrainingSet

MAX_SHOT_STEPS = 300
"""Most training steps for a shot, never more than for the film. 300 gained more than 100
(decisions/19)."""

MAX_SHORT_STEPS = 100
"""Most training steps of the short training."""

PROMISING_RATIO = 0.985
"""Largest error after the short training, as a share of the film's, with which a long one follows.
Few shots gain by networks of their own, and the others are told apart at a third of the cost."""

SHOT_LEARNING_RATE = 0.03
"""Peak learning rate for a shot, somewhat below that of the film, whose weights it starts from."""

MAX_ERROR_RATIO = 0.95
"""Largest error of a shot's network, as a share of the film's, with which it is kept. The margin
covers the choice between two by the same hold-out pixels."""

LUMA_PARTS = 4
"""Parts of the hold-out pixels, from dark to light, in none of which it may be worse."""


@dataclass(frozen=True)
class ShotTrial:
    """A shot's network and its comparison with the film's."""

    network: ResidualNetworks
    verdict: ShotModel


@dataclass(frozen=True)
class PixelsOfShots:
    """Training and hold-out pixels of a film, of which some shots are looked at; only their pixels
    are sent to another process."""

    train: Pixels
    held_out: Pixels
    shots: tuple[int, ...]

    @staticmethod
    def of(training_set: TrainingSet) -> "PixelsOfShots":
        """All shots with training and hold-out pixels; none in a film of one shot."""
        held_out, shots = training_set.held_out, comparable_shots(training_set)
        return PixelsOfShots(training_set.train, held_out or training_set.train, tuple(shots))

    def groups(self, count: int) -> list["PixelsOfShots"]:
        """The shots in groups of at most `count`."""
        return [
            PixelsOfShots(self.train, self.held_out, self.shots[start : start + count])
            for start in range(0, len(self.shots), count)
        ]

    def of_shot(self, shot: int) -> tuple[Pixels, Pixels]:
        """Training and hold-out pixels of a shot."""
        device = network_device()
        return (
            _of_shots(self.train, (shot,)).to(device),
            _of_shots(self.held_out, (shot,)).to(device),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (_of_shots(one, self.shots).to("cpu") for one in (self.train, self.held_out))
        return PixelsOfShots, (*parts, self.shots)


def _of_shots(pixels: Pixels, shots: Sequence[int]) -> Pixels:
    wanted = torch.tensor(shots, dtype=pixels.shot.dtype, device=pixels.shot.device)
    return select(pixels, torch.isin(pixels.shot, wanted))


def try_shot_networks(
    weights: Tensors, pixels: PixelsOfShots, settings: TrainSection
) -> Iterator[ShotTrial]:
    """Trains a network for each shot, starting from the film's `weights`.

    Training takes a fixed number of steps and keeps the newest weights. No hold-out pixel
    influences them, so all hold-out pixels may judge. The film's weights were chosen by the same
    pixels, which favours the film. A shot that gains nothing in a short training gets no long one.
    """
    film = residual_of(weights, settings.size)

    def trial(shot: int) -> ShotTrial:
        train, held_out = pixels.of_shot(shot)
        film_cbcr = predict_chroma(film, held_out)
        for most_steps in (MAX_SHORT_STEPS, MAX_SHOT_STEPS):
            network = _trained(weights, train, settings, min(most_steps, settings.steps))
            verdict = _compare(shot, film_cbcr, predict_chroma(network, held_out), held_out)
            if verdict.own > PROMISING_RATIO * verdict.film:
                break
        return ShotTrial(network, verdict)

    return map_networks(trial, pixels.shots)


def _trained(
    weights: Tensors, train: Pixels, settings: TrainSection, steps: int
) -> ResidualNetworks:
    """Networks of a shot's pixels after some steps from the film's weights."""
    shot_settings = settings.model_copy(
        update={"steps": steps, "checkpoint": steps, "learning_rate": SHOT_LEARNING_RATE}
    )
    first = start(train, None, shot_settings, weights)
    *_, state = learn(first, train, None, shot_settings)
    return residual_of(state.weights, settings.size)


def comparable_shots(training_set: TrainingSet) -> list[int]:
    """Shots with training and hold-out pixels; none in a film of one shot."""
    trained = set(training_set.train.shot.tolist())
    if training_set.held_out is None or len(trained) < 2:
        return []
    return sorted(trained & set(training_set.held_out.shot.tolist()))


def _compare(shot: int, film_cbcr: Tensor, own_cbcr: Tensor, held_out: Pixels) -> ShotModel:
    """Keeps a shot's network if its chroma (N, 2) is better than the film's by the margin over all
    pixels and worse in no part."""

    def error(cbcr: Tensor, part: Tensor) -> float:
        return pixels_error(cbcr[part], select(held_out, part)).ciede2000

    order = held_out.truth_y[:, 0].argsort()
    film_error, own_error = error(film_cbcr, order), error(own_cbcr, order)
    no_part_worse = all(
        error(own_cbcr, part) <= error(film_cbcr, part) for part in order.chunk(LUMA_PARTS)
    )
    kept = no_part_worse and own_error <= MAX_ERROR_RATIO * film_error
    return ShotModel(shot=shot, film=film_error, own=own_error, kept=kept)
