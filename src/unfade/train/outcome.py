"""The result of a training and its record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from unfade.film.model import HeldOut, KeptCheckpoint, LossCurve, ShotModel, TrainedModel
from unfade.film.pair import Pair, PairRole
from unfade.film.series import SeriesFilm
from unfade.film.working_space import WORKING_SPACE
from unfade.model import ChromaModel
from unfade.train.data.pixels import Pixels
from unfade.train.fit.loop import State, pixels_error, predict_pixels
from unfade.train.training_set import TrainingSet


@dataclass(frozen=True)
class HeldOutErrors:
    """Held-out errors of the networks, of the closed form, and of the faded source."""

    model: HeldOut
    baseline: HeldOut
    faded: HeldOut


def held_out_errors(model: ChromaModel, pixels: Pixels) -> HeldOutErrors:
    """The errors over hold-out pixels."""
    return HeldOutErrors(
        pixels_error(predict_pixels(model, pixels), pixels),
        pixels_error(pixels.base_cbcr, pixels),
        pixels_error(pixels.source_cbcr, pixels),
    )


def curve_of(state: State, training_set: TrainingSet) -> LossCurve:
    """The loss curve of a training so far."""
    return LossCurve(
        points=state.points,
        baseline=training_set.closed_form_error,
        lut=training_set.lut_error,
    )


@dataclass(frozen=True)
class Outcome:
    """The result of a training.

    `state` is the last state, `shot_models` the comparisons of shot networks, `started_from` the id
    of the earlier model that training started from. `errors` is none without hold-out pairs.
    `is_stopped` says whether a person ended training. `series` are the other films of the series.
    """

    state: State
    training_set: TrainingSet
    model: ChromaModel
    shot_models: tuple[ShotModel, ...]
    pairs: Sequence[Pair]
    started_from: str | None
    errors: HeldOutErrors | None
    is_stopped: bool = False
    series: tuple[SeriesFilm, ...] = ()

    def facts(self) -> dict[str, object]:
        """Facts for the description in the model file."""
        return {
            "steps": self.state.step,
            "best_step": self.state.best_step,
            "step": self.state.best_step,
            "started_from": self.started_from,
            "shot_models": [one.model_dump() for one in self.shot_models],
            "train_frames": self._frames("train"),
            "holdout_frames": self._frames("holdout"),
            "carried_frames": self.training_set.carried,
            "carried_colour": [one.model_dump() for one in self.training_set.carried_colour],
            "held_out_ciede2000": self.errors.model.ciede2000 if self.errors else None,
            "series": [one.model_dump() for one in self.series],
        }

    def curve(self) -> LossCurve:
        """The loss curve, with the errors of closed form and LUT."""
        return curve_of(self.state, self.training_set)

    def record(
        self,
        model_id: str,
        file: str,
        baseline_file: str,
        checkpoint_ids: Mapping[int, str],
        checkpoints_file: str | None,
    ) -> TrainedModel:
        """The artefact that describes the model; `checkpoint_ids` are those of the models with the
        networks of other steps."""
        return TrainedModel(
            id=model_id,
            size=self.model.size,
            parameters=self._parameters(),
            steps=self.state.step,
            best_step=self.state.best_step,
            colorspace=WORKING_SPACE,
            file=file,
            baseline_file=baseline_file,
            train_frames=self._frames("train"),
            holdout_frames=self._frames("holdout"),
            carried_frames=self.training_set.carried,
            carried_colour=self.training_set.carried_colour,
            held_out=self.errors.model if self.errors else None,
            baseline_held_out=self.errors.baseline if self.errors else None,
            faded_held_out=self.errors.faded if self.errors else None,
            started_from=self.started_from,
            shot_models=self.shot_models,
            methods=self.model.methods,
            checkpoints=self._checkpoints({**checkpoint_ids, self.state.best_step: model_id}),
            checkpoints_file=checkpoints_file,
            is_stopped=self.is_stopped,
            series=self.series,
        )

    def _checkpoints(self, ids: Mapping[int, str]) -> tuple[KeptCheckpoint, ...]:
        errors = {point.step: point.error() for point in self.state.points}
        of_film = _count_parameters(self.model.residual)
        return tuple(
            KeptCheckpoint(
                step=step,
                id=ids[step],
                parameters=self._parameters() if step == self.state.best_step else of_film,
                held_out=errors[step],
            )
            for step in sorted(ids)
        )

    def _parameters(self) -> int:
        """The number of parameters of all networks, those of single shots included."""
        networks = (self.model.residual, *self.model.shot_networks.values())
        return sum(map(_count_parameters, networks))

    def _frames(self, role: PairRole) -> tuple[int, ...]:
        return tuple(pair.source for pair in self.pairs if pair.role == role)


def _count_parameters(network: torch.nn.Module) -> int:
    return sum(tensor.numel() for tensor in network.parameters())
