"""Claim: the error that a model predicts ranks frames by the error that they have.

A film of several shots is simulated, and a model trained on four pairs, and one hold-out pair, of
some of its shots only. The other shots hold objects that it never saw. All frames that it did not
learn from are predicted, and Spearman's rank correlation of the predicted and the true mean
CIEDE2000 is taken over them:

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
from simulated_shots import SHOTS, Frame, at_source_luma, chosen_pairs, simulated_shots

from unfade.film.pair import Pair, PairRole
from unfade.model import ChromaModel
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import TrainingPicture, picture_of_pair
from unfade.train.training_set import fit

PAIRS = 4  # a shot that is learned from
KEPT_APART = ("bikes-2", "bikes-4", "asl-book", "sintel-face", "sintel-city", "bbb-2")
TRAINED = ("bikes-2,sintel-face,bbb-2", "bikes-4,asl-book,sintel-city")


@dataclass(frozen=True)
class Judged:
    """A frame that the model did not learn from; errors are mean CIEDE2000."""

    shot: str
    predicted: float
    true: float


def main() -> None:
    """Prints a table for each choice of shots to learn from."""
    asked = _arguments()
    if not asked.data.is_dir():
        sys.exit(f"{asked.data}: the clips are not there; name their folder with --data")
    torch.set_num_threads(asked.threads)
    print(f"{circumstances()}\n")
    found = []
    for names in asked.trained:
        trained = names.split(",")
        judged = _judge(asked, trained)
        print(f"learned from {', '.join(trained)}\n\n{_table(judged, trained)}\n")
        found.append(_correlation(judged))
        sys.stdout.flush()
    print(f"mean rank correlation over all frames: {sum(found) / len(found):.2f}")


def _judge(asked: argparse.Namespace, trained: Sequence[str]) -> list[Judged]:
    """Trains on some shots, and predicts the frames of all that are left."""
    train: list[TrainingPicture] = []
    held_out: list[TrainingPicture] = []
    for shot in simulated_shots(asked.data, asked.cache, asked.severity, trained):
        number = asked.shots.index(shot.name) + 1
        train += [as_picture(frame, number, "train") for frame in chosen_pairs(shot, PAIRS)]
        held_out.append(as_picture(shot.held_out[0], number, "holdout"))
    settings = TrainSection() if asked.steps is None else TrainSection(steps=asked.steps)
    shots = simulated_shots(asked.data, asked.cache, asked.severity, asked.shots)
    grade = film_balance([frame.source_rgb for shot in shots for frame in shot.pairs])
    model = fit(train, held_out, settings, grade)
    used = {(one.shot, one.frame) for one in (*train, *held_out)}
    return [
        _judged(model, frame, shot.name, asked.shots.index(shot.name) + 1)
        for shot in simulated_shots(asked.data, asked.cache, asked.severity, asked.shots)
        for frame in (*shot.pairs, *shot.held_out)
        if (asked.shots.index(shot.name) + 1, frame.index) not in used
    ]


def as_picture(frame: Frame, shot: int, role: PairRole) -> TrainingPicture:
    """A pair of a shot, trusted everywhere, with the clean reference."""
    pair = Pair(source=frame.index, reference=0, of="dvd", shot=shot, role=role)
    everywhere = torch.ones_like(frame.source_rgb[:1])
    return picture_of_pair(frame.source_rgb, frame.clean_rgb, everywhere, pair)


def _judged(model: ChromaModel, frame: Frame, name: str, shot: int) -> Judged:
    seen = model.inputs_of_frame(frame.source_rgb, shot)
    recovered_rgb = at_source_luma(frame.source_rgb, model.predict_from(frame.source_rgb, seen))
    return Judged(
        name,
        float(model.predict_error(seen).mean()),
        score(frame.truth_rgb, recovered_rgb).ciede2000,
    )


def _correlation(judged: Sequence[Judged]) -> float:
    predicted, true = [one.predicted for one in judged], [one.true for one in judged]
    return float(spearmanr(predicted, true).statistic)


def _table(judged: Sequence[Judged], trained: Sequence[str]) -> str:
    """A row a shot, then all shots without pairs, all with, and the film."""
    names = list(dict.fromkeys(one.shot for one in judged))
    groups = {name: [one for one in judged if one.shot == name] for name in names}
    groups["never seen"] = [one for one in judged if one.shot not in trained]
    groups["seen"] = [one for one in judged if one.shot in trained]
    groups["film"] = list(judged)
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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path, default=ROOT / ".benchmarks")
    parser.add_argument("--shots", nargs="*", default=list(KEPT_APART), choices=list(SHOTS))
    parser.add_argument("--trained", nargs="*", default=list(TRAINED), help="NAME,NAME of --shots")
    parser.add_argument("--severity", default="hard")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="instead of the default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
