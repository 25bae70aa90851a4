"""A training_set: the laws of a film, and the pixels that its network learns from."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from unfade.film.balance import Balance
from unfade.model import Baseline, ChromaModel, ResidualNetworks
from unfade.model.device import network_device
from unfade.project.settings import TrainSection
from unfade.train.data.agreement import believed
from unfade.train.data.augment import augmented
from unfade.train.data.carried_colour import Frames, TrainingPictures
from unfade.train.data.chroma_shift import in_place
from unfade.train.data.pixels import Picture, Pixels, sample_pixels
from unfade.train.fit.calibrate import with_uncertainty
from unfade.train.fit.closed_form import PIXELS, find_grain, fit_closed_form
from unfade.train.fit.loop import learn, residual_of, start
from unfade.work.progress import Track, untracked

TRAIN_PIXELS = 800_000
"""Pixels that the network learns from, in memory as 66 features of 4 bytes: 210 MB."""

HELD_OUT_PIXELS = 200_000
"""Pixels that the held-out error is measured on at each checkpoint."""


@dataclass(frozen=True)
class TrainingSet:
    """The untrained model, and on the device of networks the pixels to learn from and those to be
    examined on.

    `baseline` are the LUTs of the pairs as they are. `pairs` are what is learned from, mended,
    and `carried` the frames without a pair that their colour was carried to.
    """

    model: ChromaModel
    baseline: Baseline
    train: Pixels
    held_out: Pixels | None
    pairs: Sequence[Picture]
    carried: tuple[int, ...]


def prepare(
    train: Sequence[Picture],
    held_out: Sequence[Picture],
    settings: TrainSection,
    grade: Balance,
    between: Frames | None = None,
    track: Track = untracked,
) -> TrainingSet:
    """The training_set of a film from its pictures. At least one is to be trained on.

    `grade` is what networks see the source through. Where `between` is not none, colour is
    carried along motion between the pairs of a shot and to those frames.
    """
    grain = find_grain(train, settings.seed, track)

    def untrained(shown: TrainingPictures) -> ChromaModel:
        pictures = track(shown.with_budget(PIXELS), "Fitting the closed form", len(shown))
        laws, unevenness = fit_closed_form(pictures, grain, settings.seed)
        return ChromaModel(
            settings.size, laws, ResidualNetworks(settings.size), unevenness, grade=grade
        )

    def look(
        model: ChromaModel, shown: TrainingPictures, limit: int, again: bool = False
    ) -> Pixels:
        pictures = track(shown.with_budget(limit), "Looking at frames", len(shown))
        return Pixels.concatenate(
            sample_pixels(
                augmented(picture, settings.seed) if again else picture, model, count, settings.seed
            )
            for picture, count in pictures
        )

    shown = TrainingPictures(train)
    model = first = untrained(shown)
    mended = [in_place(one, model.closed_form(one.source_rgb, one.shot)) for one in train]
    mended = believed(mended, look(model, TrainingPictures(mended), TRAIN_PIXELS))
    if between is not None or any(
        one is not other for one, other in zip(mended, train, strict=True)
    ):
        shown = TrainingPictures(mended, between, grain)
        model = untrained(shown)
    times = 2 if settings.augment else 1
    learned = look(model, shown, TRAIN_PIXELS // times)
    carried = set(torch.unique(learned.area[:, 0]).tolist()) - {one.frame for one in train}
    if settings.augment:
        learned = Pixels.concatenate(
            (learned, look(model, shown, TRAIN_PIXELS // times, again=True))
        )
    device = network_device()
    examined = (
        look(model, TrainingPictures(held_out), HELD_OUT_PIXELS).to(device) if held_out else None
    )
    baseline = first.laws.baseline
    return TrainingSet(
        model, baseline, learned.to(device), examined, shown.pairs, tuple(sorted(carried))
    )


def fit(
    train: Sequence[Picture],
    held_out: Sequence[Picture],
    settings: TrainSection,
    grade: Balance,
    between: Frames | None = None,
) -> ChromaModel:
    """The trained model of a film, in one go."""
    training_set = prepare(train, held_out, settings, grade, between)
    untrained = start(training_set.train, training_set.held_out, settings)
    *_, trained = learn(untrained, training_set.train, training_set.held_out, settings)
    model = training_set.model.with_residual(residual_of(trained.best, settings.size))
    return with_uncertainty(model, training_set.train, training_set.held_out, settings.seed)
