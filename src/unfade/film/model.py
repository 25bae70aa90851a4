"""A trained model, described."""

from typing import Literal

from unfade.film.noun import Artefact, Noun

ModelSize = Literal["small", "medium", "large"]


class HeldOut(Noun):
    """Mean error over the hold-out pairs of one method, at source luma.

    `ciede2000` is the mean over all trusted pixels; `chroma` is the mean absolute error of Cb and
    Cr, where the full range of each is 1.
    """

    ciede2000: float
    chroma: float


class ShotModel(Noun):
    """A shot that was tried with a network of its own.

    `film` and `own` are the CIEDE2000 over the shot's hold-out pixels of the film's network and of
    its own, which is used where `kept`.
    """

    shot: int
    film: float
    own: float
    kept: bool

    @property
    def own_to_film(self) -> float | None:
        """CIEDE2000 of the own network divided by that of the film's; none if that has no error."""
        return self.own / self.film if self.film > 0 else None


class TrainedModel(Artefact):
    """The model of a film, and the closed-form baseline that it was measured against.

    `id` is the first 12 hexadecimal digits of the SHA-256 of the weights' file. `file` and
    `baseline_file` are safetensors beside the artefact. The errors are over hold-out pixels on the
    model's raster, as training saw them; validate measures whole pictures. `baseline_held_out` is
    of the closed form that training starts from. All are none where there is no hold-out pair.
    `started_from` is the id of the earlier model that training started from, if it did. Shots that
    are not among `shot_models` use the film's network. `carried_frames` have no pair; the
    colour of one was carried to them along motion, and they were learned from.
    """

    SCHEMA = "TrainedModel.2"
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
    held_out: HeldOut | None
    baseline_held_out: HeldOut | None
    faded_held_out: HeldOut | None
    started_from: str | None = None
    shot_models: tuple[ShotModel, ...] = ()


class LossPoint(Noun):
    """Training loss at a step, with the held-out CIEDE2000 where it was measured there."""

    step: int
    loss: float
    held_out: float | None = None


class LossCurve(Artefact):
    """How training went. `baseline` is the held-out CIEDE2000 of the closed form it starts from."""

    SCHEMA = "LossCurve.1"
    PATH = "05-train/loss.json"

    points: tuple[LossPoint, ...]
    baseline: float | None
