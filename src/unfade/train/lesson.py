"""A lesson: the laws of a film, and the pixels that its network learns from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unfade.film.balance import Balance
from unfade.film.project import TrainSection
from unfade.film.work import Track, untracked
from unfade.network import ChromaModel, Residual
from unfade.network.device import network_device
from unfade.train.agreement import believed
from unfade.train.augment import augmented
from unfade.train.calibrate import with_uncertainty
from unfade.train.closed_form import fit_closed_form
from unfade.train.in_place import in_place
from unfade.train.learn import learn, residual_of, start
from unfade.train.samples import Picture, Pixels, join, sample_pixels

TRAIN_PIXELS = 800_000
"""Pixels that the network learns from, in memory as 66 features of 4 bytes: 210 MB."""

HELD_OUT_PIXELS = 200_000
"""Pixels that the held-out error is measured on at each checkpoint."""


@dataclass(frozen=True)
class Lesson:
    """The untrained model, and on the device of networks the pixels to learn from and those to be
    examined on."""

    model: ChromaModel
    train: Pixels
    held_out: Pixels | None


def prepare(
    train: Sequence[Picture],
    held_out: Sequence[Picture],
    settings: TrainSection,
    grade: Balance,
    track: Track = untracked,
) -> Lesson:
    """The lesson of a film from its pictures. At least one is to be trained on.

    `grade` is what networks see the source through.
    """

    def look(model: ChromaModel, pictures: Iterable[Picture], count: int, limit: int) -> Pixels:
        shown = track(pictures, "Looking at pairs", count)
        each = limit // count
        return join(sample_pixels(picture, model, each, settings.seed) for picture in shown)

    model = _untrained(train, settings, grade, track)
    mended = [in_place(one, model.closed_form(one.source_rgb, one.shot)) for one in train]
    mended = believed(mended, look(model, mended, len(mended), TRAIN_PIXELS))
    if any(one is not other for one, other in zip(mended, train, strict=True)):
        train, model = mended, _untrained(mended, settings, grade, track)
    times = 2 if settings.augment else 1
    learned = look(model, train, len(train), TRAIN_PIXELS // times)
    if settings.augment:
        again = (augmented(picture, settings.seed) for picture in train)
        learned = join((learned, look(model, again, len(train), TRAIN_PIXELS // times)))
    device, count = network_device(), len(held_out)
    examined = look(model, held_out, count, HELD_OUT_PIXELS).to(device) if held_out else None
    return Lesson(model, learned.to(device), examined)


def _untrained(
    train: Sequence[Picture], settings: TrainSection, grade: Balance, track: Track
) -> ChromaModel:
    laws, unevenness = fit_closed_form(train, settings.seed, track)
    network = Residual(settings.size)
    return ChromaModel(settings.size, laws, network, unevenness, grade=grade)


def fit(
    train: Sequence[Picture],
    held_out: Sequence[Picture],
    settings: TrainSection,
    grade: Balance,
) -> ChromaModel:
    """The trained model of a film, in one go."""
    lesson = prepare(train, held_out, settings, grade)
    untrained = start(lesson.train, lesson.held_out, settings)
    *_, trained = learn(untrained, lesson.train, lesson.held_out, settings)
    model = lesson.model.with_residual(residual_of(trained.best, settings.size))
    return with_uncertainty(model, lesson.train, lesson.held_out, settings.seed)
