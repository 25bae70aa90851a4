"""Colours that no pair shows: the model beside single laws, and its predicted error.

Four kinds of cases: halves of real frames, each from its other half; third crops of shots of a
real print; shots of simulated films without pairs, beside shots with pairs ("seen"); colour
families of simulated films that no pair shows, beside the other colours ("seen"). Scores are mean
CIEDE2000 at source luma. A film is a frame, a shot of crops or a simulated film. Its best law is
chosen with hindsight: the one with the smallest mean over what no pair shows, the faded scan and
grey included. Ours gets four pairs of each trained shot, no hold-out pair, and no frames to carry
colour to.

    python benchmarks/unseen.py [--data FOLDER] [--cache FOLDER] [--cases KIND ...]
        [--split development|test|all] [--references clean rough] [--only NAME ...]
        [--without-ours] [--threads N] [--steps N]
"""

import argparse
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import closed_forms
import torch
from measures import ROOT, Curve, circumstances, difference, table
from ours import film_balance
from scipy.stats import spearmanr
from simulated_shots import at_source_luma
from torch import Tensor
from unseen_cases import CASES, REFERENCES, SPLITS, Case, Choice, Picture

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.film.pair import Pair
from unfade.model import ChromaModel
from unfade.model.chroma_model import ERROR_STRIDE_PX
from unfade.model.raster import network_factor, raster_factor
from unfade.model.resample import downsample
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import picture_of_pair
from unfade.train.training_set import fit

SCAN, GREY, OURS, CLOSED_FORM = "faded scan", "grey", "ours", "its closed form"
SINGLE_LAWS = (SCAN, GREY, *closed_forms.LAWS)
OUR_METHODS = (OURS, CLOSED_FORM)
FOLDERS = {
    "halves": ("halves", "alignment"),
    "crops": ("copycat-crops",),
    "shots": ("video",),
    "families": ("video",),
}
"""Folders of --data that the cases need."""

Errors = Mapping[str, float]
"""Mean CIEDE2000, by method."""


@dataclass(frozen=True)
class FrameResult:
    """True errors of a frame by method, and the error that ours predicts."""

    errors: Errors
    predicted: float | None


@dataclass(frozen=True)
class TrialResult:
    """Frames that were scored together; `seen` if the fit was shown their like."""

    name: str
    seen: bool
    frames: tuple[FrameResult, ...]

    @property
    def errors(self) -> Errors:
        """Means over the frames."""
        return _means([frame.errors for frame in self.frames])


@dataclass(frozen=True)
class FilmResult:
    """All trials of a film."""

    name: str
    trials: tuple[TrialResult, ...]

    @property
    def unseen(self) -> Errors:
        """Means over the trials of what no pair shows."""
        return _means([trial.errors for trial in self.trials if not trial.seen])

    @property
    def best(self) -> str:
        """The best single law with hindsight."""
        errors = self.unseen
        return min(SINGLE_LAWS, key=lambda law: errors[law])

    @property
    def ratio(self) -> float:
        """Error of ours as a multiple of the best law's."""
        return self.unseen[OURS] / self.unseen[self.best]

    def frames(self, seen: bool) -> list[FrameResult]:
        """All frames that were seen, or all others."""
        return [frame for trial in self.trials if trial.seen == seen for frame in trial.frames]


def main() -> None:
    """Prints a table for each film, then summaries for each kind of cases."""
    options = _options()
    for folder in (options.data / name for kind in options.cases for name in FOLDERS[kind]):
        if not folder.is_dir():
            sys.exit(f"{folder}: the folder is missing; name the folder that holds it with --data")
    torch.set_num_threads(options.threads)
    print(f"{circumstances()}\n")
    splits = SPLITS if options.split == "all" else (options.split,)
    choice = Choice(options.data, options.cache, splits, options.references, options.only)
    methods = SINGLE_LAWS if options.without_ours else (*SINGLE_LAWS, *OUR_METHODS)
    results: dict[str, list[FilmResult]] = {}
    for kind in options.cases:
        for film, cases in groupby(CASES[kind](choice), key=lambda case: case.film):
            start = time.perf_counter()
            result = _film_result(film, cases, options)
            results.setdefault(kind, []).append(result)
            print(f"{kind}: {film}, {time.perf_counter() - start:.0f} s\n")
            print(f"{_film_table(result, methods)}\n", flush=True)
    if not results:
        sys.exit(
            f"no film's name contains {' or '.join(options.only)}; see the names without --only"
        )
    for kind, films in results.items():
        print(f"{kind}, what no pair shows\n\n{_summary(films, methods)}\n")
    if not options.without_ours:
        print(f"predicted error\n\n{_predicted_table(results)}")


def _film_result(film: str, cases: Iterable[Case], options: argparse.Namespace) -> FilmResult:
    """Scores of all cases of a film."""
    trials: list[TrialResult] = []
    for case in cases:
        clean = [closed_forms.degrain(picture.source_rgb) for picture in case.train]
        pixels = closed_forms.law_pixels(
            clean,
            [picture.truth_rgb for picture in case.train],
            [picture.weight for picture in case.train],
        )
        laws = {name: fit_law(pixels) for name, fit_law in closed_forms.LAWS.items()}
        model = None if options.without_ours else _our_model(case, options.steps)
        trials += [
            TrialResult(
                trial.name,
                trial.seen,
                tuple(_frame_result(picture, laws, model) for picture in trial.pictures),
            )
            for trial in case.trials
        ]
    return FilmResult(film, tuple(trials))


def _our_model(case: Case, steps: int | None) -> ChromaModel:
    """The project's model of the pairs of a case, with the balance of the whole film."""
    settings = TrainSection() if steps is None else TrainSection(steps=steps)
    train = [
        picture_of_pair(
            picture.source_rgb,
            picture.truth_rgb,
            picture.weight,
            Pair(source=picture.frame, reference=0, of="dvd", shot=picture.shot),
        )
        for picture in case.train
    ]
    everything = (*case.train, *(one for trial in case.trials for one in trial.pictures))
    return fit(train, [], settings, film_balance([one.source_rgb for one in everything]))


def _frame_result(
    picture: Picture, laws: Mapping[str, closed_forms.Recover], model: ChromaModel | None
) -> FrameResult:
    """Errors of a picture by all methods, at the pixels of nonzero weight."""
    source_rgb = picture.source_rgb
    clean_rgb = closed_forms.degrain(source_rgb)
    recovered = {SCAN: rgb_to_ycbcr(source_rgb)[1:], GREY: torch.zeros_like(source_rgb[:2])}
    recovered |= {name: law(clean_rgb) for name, law in laws.items()}
    predicted = None
    if model is not None:
        inputs = model.inputs_of_frame(source_rgb, picture.shot)
        recovered[OURS] = model.predict_from(source_rgb, inputs)
        recovered[CLOSED_FORM] = inputs.base_cbcr
        predicted = _weighted_mean(model.predict_error(inputs).ciede2000, _at_stride(picture))
    errors = {name: _error(picture, cbcr) for name, cbcr in recovered.items()}
    return FrameResult(errors, predicted)


def _error(picture: Picture, cbcr: Tensor) -> float:
    """Mean CIEDE2000 of chroma (2, H, W) by the working curve, at source luma."""
    recovered_rgb = at_source_luma(picture.source_rgb, cbcr)
    errors = difference(picture.truth_rgb, recovered_rgb, Curve.WORKING)
    return _weighted_mean(errors, picture.weight)


def _at_stride(picture: Picture) -> Tensor:
    """The weight of a picture where its error is predicted."""
    weight = downsample(picture.weight, raster_factor(picture.weight.shape[-1]))
    weight = downsample(weight, network_factor(weight.shape[-1]))
    return weight[:, ::ERROR_STRIDE_PX, ::ERROR_STRIDE_PX]


def _weighted_mean(values: Tensor, weight: Tensor) -> float:
    return float((values * weight).sum() / weight.sum())


def _means(errors: Sequence[Errors]) -> Errors:
    """The mean of each method."""
    return {name: sum(one[name] for one in errors) / len(errors) for name in errors[0]}


def _film_table(film: FilmResult, methods: Sequence[str]) -> str:
    """Rows of the trials, then of the mean over what no pair shows."""
    with_ours = OURS in methods
    rows: list[list[str | float]] = []
    for trial in film.trials:
        row = [trial.name, "yes" if trial.seen else "", *(trial.errors[name] for name in methods)]
        rows.append(row + ([_mean_predicted(trial.frames)] if with_ours else []))
    mean = ["mean of unseen", "", *(film.unseen[name] for name in methods)]
    rows.append(mean + ([_mean_predicted(film.frames(seen=False))] if with_ours else []))
    return table(("scored", "seen", *methods, *(["predicted"] if with_ours else [])), rows)


def _summary(films: Sequence[FilmResult], methods: Sequence[str]) -> str:
    """A table of the films and their mean, and sentences on the worst ones."""
    if OURS not in methods:
        rows: list[list[str | float]] = [
            [film.name, film.best, film.unseen[film.best], film.unseen[SCAN]] for film in films
        ]
        rows.append(["mean", "", _mean(rows, 2), _mean(rows, 3)])
        return table(("film", "best law", "its error", SCAN), rows)
    rows = [
        [film.name, film.best, film.unseen[film.best], film.unseen[SCAN],
         film.unseen[CLOSED_FORM], film.unseen[OURS], film.ratio]
        for film in films
    ]  # fmt: skip
    means = [_mean(rows, column) for column in range(2, 6)]
    rows.append(["mean", "", *means, means[-1] / means[0]])
    head = ("film", "best law", "its error", SCAN, CLOSED_FORM, OURS, "ours / best")
    worst = max(films, key=lambda film: film.ratio)
    return (
        f"{table(head, rows)}\n\nlargest ratio of ours to the best law: {worst.ratio:.2f} "
        f"({worst.name})\nours above the faded scan: {_above_scan(films)}"
    )


def _mean(rows: Sequence[Sequence[str | float]], column: int) -> float:
    return sum(float(row[column]) for row in rows) / len(rows)


def _above_scan(films: Sequence[FilmResult]) -> str:
    """The trials of what no pair shows in which the faded scan is better than ours."""
    above = [
        f"{film.name}: {trial.name} ({trial.errors[OURS]:.2f}, scan {trial.errors[SCAN]:.2f})"
        for film in films
        for trial in film.trials
        if not trial.seen and trial.errors[OURS] > trial.errors[SCAN]
    ]
    return ", ".join(above) or "nowhere"


def _predicted_table(results: Mapping[str, Sequence[FilmResult]]) -> str:
    """Predicted and true error over the frames of each kind of cases and of each simulated film."""
    rows: list[list[str | float]] = []
    for kind, films in results.items():
        unseen, seen = (
            [frame for film in films for frame in film.frames(which)] for which in (False, True)
        )
        groups = {f"{kind}, unseen": unseen, f"{kind}, seen": seen}
        groups |= {
            f"{kind}, {film.name}, all": film.frames(False) + film.frames(True)
            for film in films
            if film.frames(True)
        }
        rows += [_predicted_row(name, frames) for name, frames in groups.items() if frames]
    head = ("frames", "count", "predicted", "true", "ratio", "mean ratio", "rank correlation")
    return table(head, rows)


def _predicted_row(name: str, frames: Sequence[FrameResult]) -> list[str | float]:
    predicted = [frame.predicted for frame in frames]
    true = [frame.errors[OURS] for frame in frames]
    ratios = [one / other for one, other in zip(predicted, true, strict=True)]
    return [
        name,
        str(len(frames)),
        sum(predicted) / len(frames),
        sum(true) / len(frames),
        sum(predicted) / sum(true),
        sum(ratios) / len(frames),
        float(spearmanr(predicted, true).statistic) if len(frames) > 1 else "",
    ]


def _mean_predicted(frames: Sequence[FrameResult]) -> float:
    return sum(frame.predicted for frame in frames) / len(frames)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path, default=ROOT / ".benchmarks")
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--split", default="all", choices=[*SPLITS, "all"])
    parser.add_argument(
        "--references", nargs="*", default=list(REFERENCES), choices=REFERENCES,
        help="of simulated films",
    )  # fmt: skip
    parser.add_argument("--only", nargs="*", default=[], help="parts of names of films")
    parser.add_argument("--without-ours", action="store_true", help="only the single laws")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="training steps of ours")
    return parser.parse_args()


if __name__ == "__main__":
    main()
