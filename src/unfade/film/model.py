"""The description of a trained model, and its loss curve."""

from typing import Annotated, Literal

from pydantic import Field

from unfade.errors import ProjectError
from unfade.film.method import Methods
from unfade.film.noun import Artefact, FileName, Noun
from unfade.film.series import SeriesFilm

ModelSize = Literal["small", "medium", "large"]

CheckpointSetting = Literal["best"] | Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
"""The checkpoint with the smallest held-out error, or the step of another one."""


class HeldOut(Noun):
    """Mean colour error of one method over the hold-out pairs, at the luma of the source.

    `ciede2000` is the mean over all pixels, weighted by confidence. `chroma` is the mean
    absolute error of Cb and Cr, where the full range of each is 1.
    """

    ciede2000: float
    chroma: float


class ShotModel(Noun):
    """A shot for which a network of its own was trained.

    `film` and `own` are the CIEDE2000 of the film's network and of the shot's own network over the
    shot's hold-out pixels. `kept` is true if the shot uses its own network.
    """

    shot: int
    film: float
    own: float
    kept: bool

    @property
    def own_to_film(self) -> float | None:
        """CIEDE2000 of the own network divided by that of the film's; none if that has no error."""
        return self.own / self.film if self.film > 0 else None


class CarriedColour(Noun):
    """Whether the colour of pairs is carried along motion in a shot, and the evidence.

    `carried_error` and `law_error` are the errors of carried colour and of a closed form on pairs
    kept apart from both, where carried colour reaches them: the CIEDE2000 of means over areas,
    because a law averages smaller errors out. `decided_by` is the role of the pairs that judge:
    training pairs, or the hold-out pairs of a shot with one training pair. If colour reaches none
    of them, both errors are None, and the mean over the shots of the film decides; without a judged
    shot colour is carried by default.
    """

    shot: int
    carried: bool
    decided_by: Literal["train", "holdout", "film", "default"]
    carried_error: float | None = None
    law_error: float | None = None


class KeptCheckpoint(Noun):
    """A step of training whose networks were kept.

    `id` is that of the model with these networks, `parameters` their number. `held_out` is their
    error over hold-out pixels; None without hold-out pairs.
    """

    step: int
    id: str
    parameters: int
    held_out: HeldOut | None


class TrainedModel(Artefact):
    """The model of a film, and the closed-form baseline that it was measured against.

    `id` is the first 12 hexadecimal digits of the SHA-256 of the file of weights. `file` and
    `baseline_file` are safetensors files beside the artefact. `held_out`, `baseline_held_out` and
    `faded_held_out` are the errors of the networks, of the closed form that training starts from,
    and of the faded source. They are over hold-out pixels on the model's raster, as in training;
    validate measures whole pictures. All three are None without a hold-out pair. `started_from` is
    the id of the earlier model that training started from, if any. Shots that are not among
    `shot_models` use the film's network. `carried_frames` have no pair; training used them with
    the colour of a pair carried along motion. `carried_colour` has an entry for each shot with
    training pairs, none if film.toml turns carrying off. `methods` say which shots get the colour
    of the networks, of the law or of the LUT. `checkpoints` are the kept checkpoints in order, the
    best one among them; the networks of the others are in `checkpoints_file`. `chosen_step` is the
    step of a checkpoint that a person chose in place of the best; training leaves it None.
    `is_stopped` is true if a person ended training at step `steps`. `series` are the other films
    whose pairs taught, too; their hold-out pairs helped to choose `best_step`, and no error of this
    record is theirs but `held_out` of `checkpoints`.
    """

    SCHEMA = "TrainedModel.3"
    PATH = "05-train/model.json"

    id: str
    size: ModelSize
    parameters: int
    steps: int
    best_step: int
    colorspace: str
    file: FileName
    baseline_file: FileName
    train_frames: tuple[int, ...]
    holdout_frames: tuple[int, ...]
    carried_frames: tuple[int, ...] = ()
    carried_colour: tuple[CarriedColour, ...] = ()
    held_out: HeldOut | None
    baseline_held_out: HeldOut | None
    faded_held_out: HeldOut | None
    started_from: str | None = None
    shot_models: tuple[ShotModel, ...] = ()
    methods: Methods = Methods()
    checkpoints: tuple[KeptCheckpoint, ...] = ()
    checkpoints_file: FileName | None = None
    chosen_step: int | None = None
    is_stopped: bool = False
    series: tuple[SeriesFilm, ...] = ()

    @property
    def step(self) -> int:
        """The step of training whose networks the model has."""
        return self.best_step if self.chosen_step is None else self.chosen_step

    def at(self, setting: CheckpointSetting) -> "TrainedModel":
        """The model with the checkpoint of 'render.checkpoint'.

        An earlier checkpoint has no networks for single shots, because these were trained from the
        best one.

        Raises:
            ProjectError: no checkpoint of that step was kept.
        """
        if setting in ("best", self.best_step):
            return self
        for one in self.checkpoints:
            if one.step == setting:
                chosen = one.model_dump(include={"id", "parameters"}) | {"held_out": one.held_out}
                own = {"chosen_step": one.step, "shot_models": ()}
                return self.model_copy(update=chosen | own)
        steps = ", ".join(str(one.step) for one in self.checkpoints if one.step != self.best_step)
        others = f", or to one of these: {steps}" if steps else ""
        raise ProjectError(
            f"film.toml: 'render.checkpoint' is {setting}, but training kept no checkpoint of that "
            f"step; set it to 'best', which is of step {self.best_step}{others}"
        )

    def alone(self) -> "TrainedModel":
        """The record for a delivery, which holds no other checkpoint than the one in use."""
        used = tuple(one for one in self.checkpoints if one.step == self.step)
        return self.model_copy(update={"checkpoints": used, "checkpoints_file": None})


class LossPoint(Noun):
    """Training loss at a step, and the hold-out CIEDE2000 and the mean absolute error of chroma if
    they were measured at that step."""

    step: int
    loss: float
    held_out: float | None = None
    held_out_chroma: float | None = None

    def error(self) -> HeldOut | None:
        """The held-out error; None if it was not measured."""
        if self.held_out is None or self.held_out_chroma is None:
            return None
        return HeldOut(ciede2000=self.held_out, chroma=self.held_out_chroma)


class LossCurve(Artefact):
    """The loss over training, written anew at every checkpoint.

    `baseline` is the hold-out CIEDE2000 of the closed form at step 0, `lut` that of the LUT
    baseline over all hold-out pixels; both are None without hold-out pairs.
    """

    SCHEMA = "LossCurve.1"
    PATH = "05-train/loss.json"

    points: tuple[LossPoint, ...]
    baseline: float | None
    lut: float | None = None


class TrainingStop(Artefact):
    """A person's wish that training ends at its next checkpoint and keeps the best one.

    It holds for the training that works when it is written. Train then sets `key`, the digest of
    all that this training depends on, and `step`, its last one. With both it is a part of the
    result: as long as the file stays, the stage is fresh with fewer steps. Without the file,
    training goes on from its last checkpoint.
    """

    SCHEMA = "TrainingStop.1"
    PATH = "05-train/stop.json"

    key: str | None = None
    step: int | None = None
