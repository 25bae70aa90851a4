"""The training set of a film: its untrained model, and sampled pixels with ground truth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor

from unfade.color.score import chroma_error
from unfade.color.ycbcr import ycbcr_to_rgb
from unfade.film.balance import FilmGrade
from unfade.film.model import CarriedColour
from unfade.film.series import is_own_shot
from unfade.model import Baseline, ChromaModel, ResidualNetworks
from unfade.model.device import network_device
from unfade.project.settings import TrainSection
from unfade.train.data.agreement import AreaMeans, agreement, area_means, weighted_by_area
from unfade.train.data.augment import augmented
from unfade.train.data.carried_colour import Frames
from unfade.train.data.carried_evidence import judge_carrying
from unfade.train.data.chroma_shift import without_chroma_shift
from unfade.train.data.picture_store import PictureKey, PictureStore
from unfade.train.data.pixels import (
    NetworkPicture,
    Pixels,
    TrainingPicture,
    network_picture,
    sample_for_closed_form,
    sample_pixels,
    select,
)
from unfade.train.data.samples import PositionedSamples
from unfade.train.data.series import baseline_of_film
from unfade.train.data.training_pictures import Share, TrainingPictures, with_carried
from unfade.train.fit.calibrate import with_uncertainty
from unfade.train.fit.closed_form import (
    CLOSED_FORM_PIXELS,
    ClosedForm,
    fit_closed_form,
    fit_grain,
)
from unfade.train.fit.loop import learn, pixels_error, residual_of, start
from unfade.work.cores import on_all_cores
from unfade.work.progress import Track, untracked

TRAIN_PIXELS = 500_000
"""Training pixels; as 58 features of 4 bytes they take 116 MB of memory. 800,000 have the same
held-out error (decisions/33)."""

JUDGING_PIXELS = 50_000
"""Pixels of a closed form that carried chroma is compared with. 25,000 to 100,000 gave the same
error within 1 %."""

HELD_OUT_PIXELS = 100_000
"""Pixels for the held-out error: its standard error is below 0.01, and every checkpoint costs as
many."""

JUDGING_NODES = 17
"""Nodes along each axis of the LUTs of that closed form: an eighth of the time of those of the
film, and as good from so few pixels."""


@dataclass(frozen=True)
class TrainingSet:
    """The untrained model, and training and hold-out pixels on the device of the networks.

    Training pixels are in random order. `baseline` holds the LUTs fitted to the pairs as they are.
    `pictures` are the corrected training pairs and the frames that received chroma from them.
    `carried_colour` has the decision for each shot; it is empty if `unpaired` of `prepare` is none.
    `choosing` are the hold-out pixels of all films of the series, which choose the checkpoint that
    they share; `held_out` and all other values but `model` are of the film itself. `lut_error` is
    the CIEDE2000 of the LUTs over all hold-out pictures, None without them.
    """

    model: ChromaModel
    baseline: Baseline
    train: Pixels
    held_out: Pixels | None
    pictures: TrainingPictures
    choosing: Pixels | None
    carried_colour: tuple[CarriedColour, ...] = ()
    lut_error: float | None = None

    @cached_property
    def closed_form_error(self) -> float | None:
        """The CIEDE2000 of the closed form over the choosing pixels; None without them."""
        pixels = self.choosing
        return None if pixels is None else pixels_error(pixels.base_cbcr, pixels).ciede2000

    @property
    def carried(self) -> tuple[int, ...]:
        """Numbers of the film's unpaired frames that received chroma."""
        pairs = {key.frame for key in self.pictures.pairs.keys}
        carried = {key.frame for key in self.pictures.carried.keys if is_own_shot(key.shot)}
        return tuple(sorted(carried - pairs))


def prepare(
    train: Sequence[TrainingPicture],
    held_out: Sequence[TrainingPicture],
    settings: TrainSection,
    grade: FilmGrade,
    unpaired: Frames | None = None,
    track: Track = untracked,
    folder: Path | None = None,
) -> TrainingSet:
    """The training set of a film.

    Pictures may be read each time that they are asked for, so that memory holds few. Shots of other
    films of its series are numbered as of `film.series`.

    Args:
        train: pictures of training pairs, at least one.
        held_out: pictures of hold-out pairs.
        settings: the section [train] of film.toml.
        grade: balance of the networks' input.
        unpaired: frames that receive chroma along motion; none to carry no chroma.
        track: reports progress.
        folder: for temporary files; none for that of the system.
    """
    preparation = _Preparation(settings, grade, fit_grain(train, settings.seed, track), track)
    raw_pairs = preparation.store(train, folder)
    held_out_pairs = preparation.store(held_out, folder)
    first = closed_form = preparation.closed_form(TrainingPictures.of_pairs(raw_pairs))
    pictures, carried_colour = preparation.pictures(raw_pairs, held_out_pairs, first, unpaired)
    if pictures.receivers or pictures.pairs is not raw_pairs:
        closed_form = preparation.closed_form(pictures)
    model = preparation.untrained(closed_form.extrapolated(settings.seed))
    choosing = preparation.held_out_pixels(model, held_out_pairs)
    own = [index for index, key in enumerate(held_out_pairs.keys) if is_own_shot(key.shot)]
    if len(own) == len(held_out_pairs):
        held_out_pixels = choosing
    else:
        held_out_pixels = preparation.held_out_pixels(model, held_out_pairs.subset(own))
    return TrainingSet(
        model,
        baseline_of_film(first.laws.baseline),
        preparation.training_pixels(model, pictures).to(network_device()),
        held_out_pixels,
        pictures,
        choosing,
        tuple(one for one in carried_colour if is_own_shot(one.shot)),
        _lut_error(first.laws.baseline, held_out_pairs) if held_out else None,
    )


def _lut_error(baseline: Baseline, pictures: PictureStore) -> float | None:
    """The mean CIEDE2000 of LUTs over all pixels of pictures, by weight; None without weight."""
    total = weights = 0.0
    for index in range(len(pictures)):
        picture = pictures[index]
        weight = float(picture.weight.sum())
        if weight > 0:
            cbcr = baseline.of(picture.frame.shot)(picture.frame.clean_rgb)
            error = chroma_error(ycbcr_to_rgb(picture.truth_ycbcr), cbcr, picture.weight)
            total, weights = total + error.ciede2000 * weight, weights + weight
    return total / weights if weights else None


@dataclass(frozen=True)
class _Preparation:
    """The steps of `prepare`, with the settings that they share.

    `grade` is the balance of the networks' input, `grain` the covariance for the degrain.
    """

    settings: TrainSection
    grade: FilmGrade
    grain: Tensor
    track: Track

    def store(self, pictures: Sequence[TrainingPicture], folder: Path | None) -> PictureStore:
        """Pictures on the networks' raster."""

        def on_networks_raster(index: int) -> NetworkPicture:
            return network_picture(pictures[index], self.grain)

        converted = on_all_cores(on_networks_raster, range(len(pictures)))
        return PictureStore(self.track(converted, "Reading pairs", len(pictures)), folder)

    def closed_form(self, pictures: TrainingPictures) -> ClosedForm:
        """The closed form of pixels of pictures."""
        return fit_closed_form(self._samples(pictures, CLOSED_FORM_PIXELS), self.grain)

    def judging_model(self, pairs: PictureStore) -> ChromaModel:
        """An untrained model of pairs without judges."""
        samples = self._samples(TrainingPictures.of_pairs(pairs), JUDGING_PIXELS)
        return self.untrained(fit_closed_form(samples, self.grain, JUDGING_NODES))

    def _samples(
        self, pictures: TrainingPictures, limit: int
    ) -> Iterator[tuple[PictureKey, PositionedSamples]]:
        for share in chain.from_iterable(pictures.shares(limit)):
            yield (
                share.key,
                sample_for_closed_form(share.read(), share.pixels, self.settings.seed),
            )

    def untrained(self, fitted: ClosedForm) -> ChromaModel:
        """A model with a closed form, and untrained networks."""
        size, laws = self.settings.size, fitted.laws
        return ChromaModel(size, laws, ResidualNetworks(size), fitted.unevenness, grade=self.grade)

    def pictures(
        self,
        raw_pairs: PictureStore,
        held_out: PictureStore,
        first: ClosedForm,
        unpaired: Frames | None,
    ) -> tuple[TrainingPictures, tuple[CarriedColour, ...]]:
        """The corrected pairs with what their chroma is carried to, and where it is carried.

        The pairs are `raw_pairs` if none is corrected.
        """
        pairs = self.corrected_pairs(raw_pairs, self.untrained(first))
        if unpaired is None:
            return TrainingPictures.of_pairs(pairs), ()
        carried_colour = judge_carrying(pairs, held_out, self.judging_model)
        without = frozenset(one.shot for one in carried_colour if not one.carried)
        return with_carried(pairs, unpaired, self.grain, without, self.track), carried_colour

    def held_out_pixels(self, model: ChromaModel, pairs: PictureStore) -> Pixels | None:
        """Pixels of hold-out pairs on the device of the networks; None without pairs."""
        if not pairs:
            return None
        pixels = self.sample(model, TrainingPictures.of_pairs(pairs), HELD_OUT_PIXELS)
        return pixels.to(network_device())

    def training_pixels(self, model: ChromaModel, pictures: TrainingPictures) -> Pixels:
        """Pixels for training in random order, half of them augmented if the film says so."""
        augment = self.settings.augment
        pixels = self.sample(model, pictures, TRAIN_PIXELS // (2 if augment else 1))
        if augment:
            again = self.sample(model, pictures, TRAIN_PIXELS // 2, augment=True)
            pixels = Pixels.concatenate((pixels, again))
        generator = torch.Generator().manual_seed(self.settings.seed)
        return select(pixels, torch.randperm(len(pixels.shot), generator=generator))

    def corrected_pairs(self, pairs: PictureStore, model: ChromaModel) -> PictureStore:
        """Pairs without chroma shift, weighted by their agreement with each other; the same store
        if none is changed."""

        def aligned(index: int) -> tuple[NetworkPicture | None, AreaMeans]:
            picture = pairs[index]
            frame = picture.frame
            inputs = model.network_inputs(frame.source_rgb, frame.clean_rgb, frame.shot)
            result = without_chroma_shift(picture, inputs.law_cbcr)
            return None if result is picture else result, area_means(result, inputs)

        corrected, means, any_changed = pairs.subset(range(len(pairs))), [], False
        results = self.track(
            on_all_cores(aligned, range(len(pairs))), "Comparing pairs", len(pairs)
        )
        for index, (picture, areas) in enumerate(results):
            means.append(areas)
            if picture is not None:
                corrected.replace(index, picture)
                any_changed = True
        for index, factors in enumerate(agreement(means)):
            if (factors < 1).any():
                picture = corrected[index]
                weight = weighted_by_area(picture.weight, factors)
                corrected.replace(index, replace(picture, weight=weight))
                any_changed = True
        return corrected if any_changed else pairs

    def sample(
        self, model: ChromaModel, pictures: TrainingPictures, limit: int, augment: bool = False
    ) -> Pixels:
        """At most `limit` pixels of pictures, as input of the model's networks."""
        seed = self.settings.seed

        def of_frame(shares: list[Share]) -> Pixels:
            read = [(share.read(), share.pixels) for share in shares]
            if augment:
                read = [(augmented(picture, seed), pixels) for picture, pixels in read]
            return sample_pixels(read, model, seed)

        frames = pictures.shares(limit)
        parts = self.track(on_all_cores(of_frame, frames), "Sampling pixels", len(frames))
        return Pixels.gather(parts, sum(share.pixels for shares in frames for share in shares))


def fit(
    train: Sequence[TrainingPicture],
    held_out: Sequence[TrainingPicture],
    settings: TrainSection,
    grade: FilmGrade,
    unpaired: Frames | None = None,
) -> ChromaModel:
    """The trained and calibrated model of a film, without checkpoints and shot networks."""
    training_set = prepare(train, held_out, settings, grade, unpaired)
    first = start(training_set.train, training_set.held_out, settings)
    *_, trained = learn(first, training_set.train, training_set.held_out, settings)
    model = training_set.model.with_residual(residual_of(trained.best, settings.size))
    return with_uncertainty(model, training_set.train, training_set.held_out)
