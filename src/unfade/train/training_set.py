"""The training set of a film: its untrained model, and sampled pixels with ground truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from unfade.film.balance import Balance
from unfade.film.model import CarriedColour
from unfade.model import Baseline, ChromaModel, ResidualNetworks
from unfade.model.device import network_device
from unfade.project.settings import TrainSection
from unfade.train.data.agreement import weighted_by_agreement
from unfade.train.data.augment import augmented
from unfade.train.data.carried_colour import Frames, TrainingPictures
from unfade.train.data.carried_evidence import judge_carrying
from unfade.train.data.chroma_shift import without_chroma_shift
from unfade.train.data.pixels import Pixels, TrainingPicture, sample_pixels
from unfade.train.fit.calibrate import with_uncertainty
from unfade.train.fit.closed_form import (
    CLOSED_FORM_PIXELS,
    ClosedForm,
    fit_closed_form,
    fit_grain,
)
from unfade.train.fit.loop import learn, residual_of, start
from unfade.work.progress import Track, untracked

TRAIN_PIXELS = 800_000
"""Training pixels; as 66 features of 4 bytes they take 210 MB of memory."""

JUDGING_PIXELS = 50_000
"""Pixels of a closed form that carried chroma is compared with. 25,000 to 100,000 gave the same
error within 1 %."""

HELD_OUT_PIXELS = 200_000
"""Pixels for the held-out error at each checkpoint; more cost time at every checkpoint."""


@dataclass(frozen=True)
class TrainingSet:
    """The untrained model, and training and hold-out pixels on the device of the networks.

    `baseline` holds the LUTs fitted to the pairs as they are. `pairs` are the corrected training
    pairs, `carried` the numbers of the unpaired frames that received chroma from them.
    `carried_colour` has the decision for each shot; it is empty if `unpaired` of `prepare` is none.
    """

    model: ChromaModel
    baseline: Baseline
    train: Pixels
    held_out: Pixels | None
    pairs: Sequence[TrainingPicture]
    carried: tuple[int, ...]
    carried_colour: tuple[CarriedColour, ...] = ()


def prepare(
    train: Sequence[TrainingPicture],
    held_out: Sequence[TrainingPicture],
    settings: TrainSection,
    grade: Balance,
    unpaired: Frames | None = None,
    track: Track = untracked,
) -> TrainingSet:
    """The training set of a film.

    Args:
        train: pictures of training pairs, at least one.
        held_out: pictures of hold-out pairs.
        settings: the section [train] of film.toml.
        grade: balance of the networks' input.
        unpaired: frames that receive chroma along motion; none to carry no chroma.
        track: reports progress.
    """
    sampler = _Sampler(settings, grade, fit_grain(train, settings.seed, track), track)
    pictures = TrainingPictures(train)
    first = closed_form = sampler.closed_form(pictures)
    pairs = sampler.corrected_pairs(train, sampler.untrained_model(first))
    carried_colour = () if unpaired is None else sampler.judge_carrying(pairs, held_out)
    if unpaired is not None or any(one is not raw for one, raw in zip(pairs, train, strict=True)):
        without = frozenset(one.shot for one in carried_colour if not one.carried)
        pictures = TrainingPictures(pairs, unpaired, sampler.grain, without)
        closed_form = sampler.closed_form(pictures)
    model = sampler.untrained_model(closed_form.extrapolated(settings.seed))
    count = TRAIN_PIXELS // (2 if settings.augment else 1)
    pixels = sampler.sample(model, pictures, count)
    carried = set(torch.unique(pixels.area[:, 0]).tolist()) - {pair.frame for pair in train}
    if settings.augment:
        again = sampler.sample(model, pictures, count, augment=True)
        pixels = Pixels.concatenate((pixels, again))
    held_out_pixels = None
    if held_out:
        held_out_pixels = sampler.sample(model, TrainingPictures(held_out), HELD_OUT_PIXELS)
        held_out_pixels = held_out_pixels.to(network_device())
    return TrainingSet(
        model,
        first.laws.baseline,
        pixels.to(network_device()),
        held_out_pixels,
        pictures.pairs,
        tuple(sorted(carried)),
        carried_colour,
    )


@dataclass(frozen=True)
class _Sampler:
    """The steps of `prepare`, with the settings that they share.

    `grade` is the balance of the networks' input, `grain` the covariance for the degrain.
    """

    settings: TrainSection
    grade: Balance
    grain: torch.Tensor
    track: Track

    def closed_form(
        self,
        pictures: TrainingPictures,
        limit: int = CLOSED_FORM_PIXELS,
        task: str = "Fitting the closed form",
    ) -> ClosedForm:
        """The closed form of pixels of pictures."""
        budgets = self.track(pictures.with_budget(limit), task, len(pictures))
        return fit_closed_form(budgets, self.grain, self.settings.seed)

    def untrained_model(self, fitted: ClosedForm) -> ChromaModel:
        """A model with a closed form, and untrained networks."""
        size, laws = self.settings.size, fitted.laws
        return ChromaModel(size, laws, ResidualNetworks(size), fitted.unevenness, grade=self.grade)

    def corrected_pairs(
        self, train: Sequence[TrainingPicture], model: ChromaModel
    ) -> list[TrainingPicture]:
        """Pairs without chroma shift, weighted by their agreement with each other."""
        aligned = [
            without_chroma_shift(one, model.closed_form(one.source_rgb, one.shot)) for one in train
        ]
        pixels = self.sample(model, TrainingPictures(aligned), TRAIN_PIXELS)
        return weighted_by_agreement(aligned, pixels)

    def judge_carrying(
        self, pairs: Sequence[TrainingPicture], held_out: Sequence[TrainingPicture]
    ) -> tuple[CarriedColour, ...]:
        """Whether chroma is carried in each shot, by pairs kept apart."""

        def fit_without(rest: Sequence[TrainingPicture]) -> ChromaModel:
            pictures = TrainingPictures(rest)
            fitted = self.closed_form(pictures, JUDGING_PIXELS, "Judging carried colour")
            return self.untrained_model(fitted)

        return judge_carrying(pairs, held_out, self.grain, fit_without)

    def sample(
        self, model: ChromaModel, pictures: TrainingPictures, limit: int, augment: bool = False
    ) -> Pixels:
        """At most `limit` pixels of pictures, as input of the model's networks."""
        seed = self.settings.seed
        budgets = self.track(pictures.with_budget(limit), "Sampling pixels", len(pictures))
        return Pixels.concatenate(
            sample_pixels(augmented(picture, seed) if augment else picture, model, count, seed)
            for picture, count in budgets
        )


def fit(
    train: Sequence[TrainingPicture],
    held_out: Sequence[TrainingPicture],
    settings: TrainSection,
    grade: Balance,
    unpaired: Frames | None = None,
) -> ChromaModel:
    """The trained and calibrated model of a film, without checkpoints and shot networks."""
    training_set = prepare(train, held_out, settings, grade, unpaired)
    first = start(training_set.train, training_set.held_out, settings)
    *_, trained = learn(first, training_set.train, training_set.held_out, settings)
    model = training_set.model.with_residual(residual_of(trained.best, settings.size))
    return with_uncertainty(model, training_set.train, training_set.held_out)
