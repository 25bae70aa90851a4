"""Claim: the predicted error of a model ranks frames by their true error.

The model of a simulated film is trained on four pairs, with one hold-out pair, of some of its
shots. The other shots show objects that are not in training. The figure is Spearman's rank
correlation of the predicted and the true mean CIEDE2000 over all frames that are not in training:

    python benchmarks/uncertainty.py [--data FOLDER] [--cache FOLDER] [--trained NAME,NAME ...]
        [--shots NAME ...] [--severity hard] [--threads N] [--steps N]
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from measures import ROOT, circumstances, score, table
from ours import film_balance
from scipy.stats import spearmanr
from simulated_shots import (
    SHOTS,
    Frame,
    at_source_luma,
    chosen_pairs,
    number_in_film,
    simulated_shots,
)

from unfade.film.pair import Pair, PairRole
from unfade.model import ChromaModel
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import TrainingPicture, picture_of_pair
from unfade.train.training_set import fit

PAIRS = 4
"""Training pairs of each shot in training."""
TEST_SHOTS = ("bikes-2", "bikes-4", "asl-book", "sintel-face", "sintel-city", "bbb-2")
"""Shots that no method was tuned on."""
TRAINED = ("bikes-2,sintel-face,bbb-2", "bikes-4,asl-book,sintel-city")
"""Shots in training, one group for each model."""


@dataclass(frozen=True)
class FrameErrors:
    """Predicted and true mean CIEDE2000 of a frame that is not in training."""

    shot: str
    predicted: float
    true: float


def main() -> None:
    """Prints a table for each group of training shots."""
    options = _options()
    if not options.data.is_dir():
        sys.exit(f"{options.data}: the folder of the clips is missing; name it with --data")
    torch.set_num_threads(options.threads)
    print(f"{circumstances()}\n")
    correlations = []
    for names in options.trained:
        trained = names.split(",")
        errors = _train_and_predict(options, trained)
        print(f"trained on {', '.join(trained)}\n\n{_table(errors, trained)}\n")
        correlations.append(_correlation(errors))
        sys.stdout.flush()
    mean = sum(correlations) / len(correlations)
    print(f"mean rank correlation over all frames: {mean:.2f}")


def _train_and_predict(options: argparse.Namespace, trained: Sequence[str]) -> list[FrameErrors]:
    """Trains on some shots, and predicts the error of all frames that are not in training."""
    train: list[TrainingPicture] = []
    held_out: list[TrainingPicture] = []
    for shot in simulated_shots(options.data, options.cache, options.severity, trained):
        number = options.shots.index(shot.name) + 1
        train += [as_picture(frame, number, "train") for frame in chosen_pairs(shot, PAIRS)]
        held_out.append(as_picture(shot.held_out[0], number, "holdout"))
    settings = TrainSection() if options.steps is None else TrainSection(steps=options.steps)
    shots = simulated_shots(options.data, options.cache, options.severity, options.shots)
    grade = film_balance([frame.source_rgb for shot in shots for frame in shot.pairs])
    model = fit(train, held_out, settings, grade)
    used = {one.frame for one in (*train, *held_out)}
    return [
        _errors(model, frame, shot.name, options.shots.index(shot.name) + 1)
        for shot in simulated_shots(options.data, options.cache, options.severity, options.shots)
        for frame in (*shot.pairs, *shot.held_out)
        if number_in_film(frame, options.shots.index(shot.name) + 1) not in used
    ]


def as_picture(frame: Frame, shot: int, role: PairRole) -> TrainingPicture:
    """A frame and its clean reference as a pair of a shot, with full weight everywhere."""
    pair = Pair(source=number_in_film(frame, shot), reference=0, of="dvd", shot=shot, role=role)
    everywhere = torch.ones_like(frame.source_rgb[:1])
    return picture_of_pair(frame.source_rgb, frame.clean_rgb, everywhere, pair)


def _errors(model: ChromaModel, frame: Frame, name: str, shot: int) -> FrameErrors:
    inputs = model.inputs_of_frame(frame.source_rgb, shot)
    recovered_rgb = at_source_luma(frame.source_rgb, model.predict_from(frame.source_rgb, inputs))
    return FrameErrors(
        name,
        float(model.predict_error(inputs).ciede2000.mean()),
        score(frame.truth_rgb, recovered_rgb).ciede2000,
    )


def _correlation(errors: Sequence[FrameErrors]) -> float:
    predicted, true = [one.predicted for one in errors], [one.true for one in errors]
    return float(spearmanr(predicted, true).statistic)


def _table(errors: Sequence[FrameErrors], trained: Sequence[str]) -> str:
    """Rows of the shots, then of all shots without pairs, of all with pairs, and of the film."""
    names = list(dict.fromkeys(one.shot for one in errors))
    groups = {name: [one for one in errors if one.shot == name] for name in names}
    groups["without pairs"] = [one for one in errors if one.shot not in trained]
    groups["with pairs"] = [one for one in errors if one.shot in trained]
    groups["film"] = list(errors)
    head = ("frames of", "pairs", "count", "predicted", "true", "rank correlation")
    return table(
        head,
        [
            [
                name,
                "yes" if name in trained else "",
                str(len(members)),
                sum(one.predicted for one in members) / len(members),
                sum(one.true for one in members) / len(members),
                _correlation(members),
            ]
            for name, members in groups.items()
            if members
        ],
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path, default=ROOT / ".benchmarks")
    parser.add_argument("--shots", nargs="*", default=list(TEST_SHOTS), choices=list(SHOTS))
    parser.add_argument("--trained", nargs="*", default=list(TRAINED), help="NAME,NAME of --shots")
    parser.add_argument("--severity", default="hard")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="training steps")
    return parser.parse_args()


if __name__ == "__main__":
    main()
