"""Claim: the delivered colour does not lose to the report's LUT, also on frames that chose nothing.

The model of a simulated film is trained on some pairs of each shot. One hold-out pair of each shot
chooses its method: networks, law or LUT. All methods are scored on frames that are neither in
training nor in the hold-out, against the clean reference, or the truth where that is rough:

    python benchmarks/methods.py [--data FOLDER] [--cache FOLDER] [--shots NAME ...]
        [--pairs N] [--reference clean|rough] [--steps N] [--severity hard] [--threads N]
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch
from measures import ROOT, circumstances, table
from ours import film_balance
from shot_models import frames_error
from simulated_shots import SHOTS, Frame, chosen_pairs, number_in_film, simulated_shots
from uncertainty import TEST_SHOTS

from unfade.film.method import METHODS
from unfade.film.pair import Pair, PairRole
from unfade.model import ChromaModel
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import TrainingPicture, picture_of_pair
from unfade.train.fit.loop import learn, residual_of, start
from unfade.train.method_choice import HeldOutPicture, block_errors, methods_by_errors
from unfade.train.training_set import prepare


def main() -> None:
    """Prints a table with one row for each shot."""
    options = _options()
    if not options.data.is_dir():
        sys.exit(f"{options.data}: the folder of the clips is missing; name it with --data")
    torch.set_num_threads(options.threads)
    print(f"{circumstances()}; {options.pairs} pairs, {options.reference} reference\n")
    model = _train(options)
    rows: list[list[str | float]] = []
    shots = simulated_shots(options.data, options.cache, options.severity, options.shots)
    for number, shot in enumerate(shots, start=1):
        chosen = model.methods.of(number)
        assert chosen.errors is not None
        test = [_scored(frame, options.reference) for frame in shot.held_out[1:]]
        others = [frames_error(model.using(method), test, number) for method in METHODS]
        delivered = others[METHODS.index(chosen.method)]
        judged = [getattr(chosen.errors, method) for method in METHODS]
        rows.append([shot.name, chosen.method, *judged, *others, delivered])
    means = [sum(row[i] for row in rows) / len(rows) for i in range(2, 9)]  # type: ignore[misc]
    rows.append(["mean", model.methods.film.method, *means])
    names = ("hold-out, networks", "law", "LUT", "others, networks", "law", "LUT", "delivered")
    print(table(("shot", "method", *names), rows))


def _scored(frame: Frame, kind: str) -> Frame:
    """A frame to score: against its clean reference, or against its truth, because a rough
    reference lies beside its picture."""
    return replace(frame, truth_rgb=frame.clean_rgb) if kind == "clean" else frame


def _train(options: argparse.Namespace) -> ChromaModel:
    """The film's model, with the method of each shot."""
    train, held_out, judges, sources = [], [], [], []
    shots = simulated_shots(options.data, options.cache, options.severity, options.shots)
    for number, shot in enumerate(shots, start=1):
        pairs = chosen_pairs(shot, options.pairs)
        train += [_picture(frame, number, "train", options.reference) for frame in pairs]
        judge = shot.held_out[0]
        held_out.append(_picture(judge, number, "holdout", options.reference))
        weight = torch.ones_like(judge.source_rgb[:1])
        truth_rgb = getattr(judge, f"{options.reference}_rgb")
        judges.append(HeldOutPicture(number, judge.source_rgb, truth_rgb, weight))
        sources += [frame.source_rgb for frame in shot.pairs]
    settings = TrainSection()
    if options.steps is not None:
        settings = TrainSection(steps=options.steps, checkpoint=options.steps)
    training_set = prepare(train, held_out, settings, film_balance(sources))
    untrained = start(training_set.train, training_set.held_out, settings)
    *_, state = learn(untrained, training_set.train, training_set.held_out, settings)
    networks = residual_of(state.best, settings.size)
    model = replace(training_set.model.with_residual(networks), baseline=training_set.baseline)
    return replace(model, methods=methods_by_errors(block_errors(model, one) for one in judges))


def _picture(frame: Frame, shot: int, role: PairRole, kind: str) -> TrainingPicture:
    """A frame and its reference as a pair of a shot, with full weight everywhere."""
    pair = Pair(source=number_in_film(frame, shot), reference=0, of="dvd", shot=shot, role=role)
    everywhere = torch.ones_like(frame.source_rgb[:1])
    return picture_of_pair(frame.source_rgb, getattr(frame, f"{kind}_rgb"), everywhere, pair)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path, default=ROOT / ".benchmarks")
    parser.add_argument("--shots", nargs="*", default=list(TEST_SHOTS), choices=list(SHOTS))
    parser.add_argument("--pairs", type=int, default=4, help="training pairs of each shot")
    parser.add_argument("--reference", choices=("clean", "rough"), default="rough")
    parser.add_argument("--severity", default="hard")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="training steps of the film")
    return parser.parse_args()


if __name__ == "__main__":
    main()
