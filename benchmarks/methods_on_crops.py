"""Claim: a method that half a picture chooses is right for the other half.

Crops of real prints: the model is trained on two crops of a shot. The left half of the third is the
hold-out, chooses checkpoint and method, and the right half scores all methods:

    python benchmarks/methods_on_crops.py [--data FOLDER] [--shots NAME ...] [--steps N]
        [--threads N]
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch
from crops import CROPS, Shot, load_shot
from measures import ROOT, circumstances, table
from ours import film_balance

from unfade.film.method import METHODS
from unfade.film.pair import Pair, PairRole
from unfade.model import ChromaModel
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import TrainingPicture, picture_of_pair
from unfade.train.fit.loop import learn, residual_of, start
from unfade.train.method_choice import HeldOutPicture, block_errors, methods_by_errors
from unfade.train.training_set import prepare


def main() -> None:
    """Prints a row for each shot and third crop."""
    options = _options()
    if not options.data.is_dir():
        sys.exit(f"{options.data}: the folder of the crops is missing; name it with --data")
    torch.set_num_threads(options.threads)
    print(f"{circumstances()}; {options.steps} steps\n")
    names = options.shots or sorted(path.name for path in options.data.iterdir() if path.is_dir())
    head = ("crop", "method", "left half, networks", "law", "LUT")
    print(table((*head, "right half, networks", "law", "LUT", "delivered"), []))
    for name in names:
        shot = load_shot(options.data / name)
        for third in range(CROPS):
            print(_row(shot, third, options.steps), flush=True)


def _row(shot: Shot, third: int, steps: int) -> str:
    """A row of the table."""
    left = torch.zeros_like(shot.sources[third][:1])
    left[..., : left.shape[-1] // 2] = 1
    model = _train(shot, third, left, steps)
    source_rgb, truth_rgb = shot.sources[third], shot.truths[third]
    judge, other = (
        block_errors(model, HeldOutPicture(1, source_rgb, truth_rgb, weight))
        for weight in (left, 1 - left)
    )
    method = methods_by_errors([judge]).of(1).method
    errors = [half.mean(one) for half in (judge, other) for one in METHODS]
    figures = " | ".join(f"{error:.2f}" for error in (*errors, other.mean(method)))
    return f"| {shot.name}, {third + 1} | {method} | {figures} |"


def _train(shot: Shot, third: int, left: torch.Tensor, steps: int) -> ChromaModel:
    """A model of the other two crops."""
    rest = [index for index in range(CROPS) if index != third]
    everywhere = torch.ones_like(left)
    settings = TrainSection(steps=steps, checkpoint=max(1, steps // 4))
    training_set = prepare(
        [_picture(shot, index, "train", everywhere) for index in rest],
        [_picture(shot, third, "holdout", left)],
        settings,
        film_balance([shot.sources[index] for index in rest]),
    )
    pixels = training_set.train, training_set.held_out
    *_, state = learn(start(*pixels, settings), *pixels, settings)
    networks = residual_of(state.best, settings.size)
    return replace(training_set.model.with_residual(networks), baseline=training_set.baseline)


def _picture(shot: Shot, index: int, role: PairRole, weight: torch.Tensor) -> TrainingPicture:
    pair = Pair(source=index, reference=0, of="dvd", shot=1, role=role)
    return picture_of_pair(shot.sources[index], shot.truths[index], weight, pair)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = ROOT.parent / "shared" / "data" / "copycat-crops"
    parser.add_argument("--data", type=Path, default=shared)
    parser.add_argument("--shots", nargs="*")
    parser.add_argument("--steps", type=int, default=200, help="training steps")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
