"""Claim: a shot gets networks of its own where these are better, and nowhere else.

The model of a simulated film is trained on four pairs of each shot, with one hold-out pair of each;
then networks for its shots are trained. Both are scored on frames that are neither in training nor
in the hold-out:

    python benchmarks/shot_models.py [--data FOLDER] [--cache FOLDER] [--shots NAME ...]
        [--severity hard] [--threads N] [--steps N]
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from measures import ROOT, circumstances, score, table
from ours import film_balance
from simulated_shots import SHOTS, Frame, at_source_luma, chosen_pairs, simulated_shots
from uncertainty import PAIRS, TEST_SHOTS, as_picture

from unfade.model import ChromaModel
from unfade.project.settings import TrainSection
from unfade.train.fit.loop import learn, residual_of, start
from unfade.train.fit.shot_networks import PixelsOfShots, ShotTrial, try_shot_networks
from unfade.train.training_set import prepare


def main() -> None:
    """Prints a table with one row for each shot."""
    options = _options()
    if not options.data.is_dir():
        sys.exit(f"{options.data}: the folder of the clips is missing; name it with --data")
    torch.set_num_threads(options.threads)
    print(f"{circumstances()}\n")
    film, trials = _train(options)
    rows: list[list[str | float]] = []
    used_errors: list[tuple[float, float]] = []
    shots = simulated_shots(options.data, options.cache, options.severity, options.shots)
    for shot, trial in zip(shots, trials, strict=True):
        verdict = trial.verdict
        own = replace(film, shot_networks={verdict.shot: trial.network})
        test = shot.held_out[1:]
        errors = [frames_error(model, test, verdict.shot) for model in (film, own)]
        used_errors.append((errors[0], errors[1] if verdict.kept else errors[0]))
        used = "own" if verdict.kept else "film's"
        rows.append([shot.name, used, verdict.film, verdict.own, *errors])
    means = [sum(column) / len(rows) for column in zip(*used_errors, strict=True)]
    rows.append(["mean, as used", "", "", "", *means])
    head = ("shot", "used", "hold-out, film's", "hold-out, own", "others, film's", "others, own")
    print(table(head, rows))


def _train(options: argparse.Namespace) -> tuple[ChromaModel, list[ShotTrial]]:
    """The film's model, and the trial of each shot's networks, in order."""
    train, held_out, sources = [], [], []
    shots = simulated_shots(options.data, options.cache, options.severity, options.shots)
    for number, shot in enumerate(shots, start=1):
        train += [as_picture(frame, number, "train") for frame in chosen_pairs(shot, PAIRS)]
        held_out.append(as_picture(shot.held_out[0], number, "holdout"))
        sources += [frame.source_rgb for frame in shot.pairs]
    settings = TrainSection() if options.steps is None else TrainSection(steps=options.steps)
    training_set = prepare(train, held_out, settings, film_balance(sources))
    untrained = start(training_set.train, training_set.held_out, settings)
    *_, state = learn(untrained, training_set.train, training_set.held_out, settings)
    film = training_set.model.with_residual(residual_of(state.best, settings.size))
    return film, list(try_shot_networks(state.best, PixelsOfShots.of(training_set), settings))


def frames_error(model: ChromaModel, frames: Sequence[Frame], shot: int) -> float:
    """Mean CIEDE2000 of frames."""
    scores = [
        score(
            frame.truth_rgb,
            at_source_luma(frame.source_rgb, model.predict(frame.source_rgb, shot)),
        ).ciede2000
        for frame in frames
    ]
    return sum(scores) / len(scores)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path, default=ROOT / ".benchmarks")
    parser.add_argument("--shots", nargs="*", default=list(TEST_SHOTS), choices=list(SHOTS))
    parser.add_argument("--severity", default="hard")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="training steps of the film")
    return parser.parse_args()


if __name__ == "__main__":
    main()
