"""The description of a trained model, and its loss curve."""

from typing import Literal

from unfade.film.method import Methods
from unfade.film.noun import Artefact, Noun

ModelSize = Literal["small", "medium", "large"]


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
    of the networks, of the law or of the LUT.
    """

    SCHEMA = "TrainedModel.3"
    PATH = "05-train/model.json"

    id: str
    size: ModelSize
    parameters: int
    steps: int
    best_step: int
    colorspace: str
    file: str
    baseline_file: str
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


class LossPoint(Noun):
    """Training loss at a step, and the hold-out CIEDE2000 if it was measured at that step."""

    step: int
    loss: float
    held_out: float | None = None


class LossCurve(Artefact):
    """The loss over training. `baseline` is the hold-out CIEDE2000 of the closed form at step 0."""

    SCHEMA = "LossCurve.1"
    PATH = "05-train/loss.json"

    points: tuple[LossPoint, ...]
    baseline: float | None
