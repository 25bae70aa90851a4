"""Held-out frames of simulated films with known truth.

For each shot, severity, reference and number of pairs: fit on the pairs and score on held-out
frames of the shot at source luma. The closed forms get the source through the project's degrain.
Ours also gets the sources of the shot's other frames that could have been pairs, as in a film, and
never the held-out frames.

    python benchmarks/simulated.py [--data FOLDER] [--cache FOLDER] [--shots NAME ...]
        [--cases SEVERITY/REFERENCE/PAIRS ...] [--threads N] [--steps N]
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import closed_forms
import torch
from measures import ROOT, Curve, Score, circumstances, mean_score, score, table
from ours import ours
from simulated_shots import (
    LIVE_ACTION,
    SHOTS,
    SimulatedShot,
    at_source_luma,
    chosen_pairs,
    simulated_shots,
)

from unfade.model.raster import to_raster
from unfade.train.data.carried_colour import Frame

OURS = "ours"
CLOSED_FORMS = {
    "smooth LUT": closed_forms.smooth_lut,
    "polynomial": closed_forms.polynomial,
    "bilateral grid": closed_forms.bilateral_grid,
}
METHODS = ("no recovery", *CLOSED_FORMS, OURS)
CASES = (
    "hard/clean/4", "hard/rough/4", "hard/clean/1", "hard/clean/9", "medium/clean/4",
    "mild/clean/4",
)  # fmt: skip


def main() -> None:
    """Prints a table for each case."""
    options = _options()
    if not options.data.is_dir():
        sys.exit(f"{options.data}: the folder of the clips is missing; name it with --data")
    torch.set_num_threads(options.threads)
    print(f"{circumstances()}\n")
    for case in options.cases:
        severity, reference, pairs = case.split("/")
        results, total_seconds = {}, 0.0
        for shot in simulated_shots(options.data, options.cache, severity, options.shots):
            results[shot.name], seconds = _case(shot, reference, int(pairs), options.steps)
            total_seconds += seconds
        for curve in Curve:
            print(f"{severity}, {reference} reference, pairs a shot: {pairs}, {curve.value}\n")
            print(f"{_table(results, curve)}\n")
        print(f"ours took {total_seconds / len(results):.0f} s a shot\n")
        sys.stdout.flush()


def _case(
    shot: SimulatedShot, reference: str, pairs: int, steps: int | None
) -> tuple[dict[str, Score], float]:
    """The scores of every method, and the seconds of our fit."""
    chosen = chosen_pairs(shot, pairs)
    sources = [frame.source_rgb for frame in chosen]
    truths = [frame.clean_rgb if reference == "clean" else frame.rough_rgb for frame in chosen]
    numbers = [frame.index for frame in chosen]
    between = [
        Frame(to_raster(frame.source_rgb), frame.index, 1)
        for frame in shot.pairs
        if frame.index not in numbers
    ]
    our_fit = ours(steps, numbers, between)
    methods = {METHODS[0]: closed_forms.faded, **CLOSED_FORMS, OURS: our_fit}
    scores, seconds = {}, 0.0
    for method, fit in methods.items():
        start = time.perf_counter()
        recover = fit(sources, truths)
        if method == OURS:
            seconds = time.perf_counter() - start
        scores[method] = mean_score(
            [
                score(frame.truth_rgb, at_source_luma(frame.source_rgb, recover(frame.source_rgb)))
                for frame in shot.held_out
            ]
        )
    return scores, seconds


def _table(results: Mapping[str, Mapping[str, Score]], curve: Curve) -> str:
    """Rows of the shots, then the mean of all and of live action; p95 is by the working curve."""
    head = ["shot", *METHODS, "ours / best", "p95"]
    rows: list[list[str | float]] = []
    for name, scores in results.items():
        means = [one.mean(curve) for one in scores.values()]
        rows.append([name, *means, _ratio(means), scores[OURS].p95])
    groups = {"mean": list(results), "live action": [n for n in results if n in LIVE_ACTION]}
    for title, names in groups.items():
        if names:
            chosen = [results[name] for name in names]
            means = [sum(s[m].mean(curve) for s in chosen) / len(chosen) for m in METHODS]
            p95 = sum(scores[OURS].p95 for scores in chosen) / len(chosen)
            rows.append([title, *means, _ratio(means), p95])
    return table(head, rows)


def _ratio(means: Sequence[float]) -> float:
    """Error of ours, the last of `METHODS`, as a multiple of the best closed form's."""
    return means[-1] / min(means[1:-1])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path, default=ROOT / ".benchmarks")
    parser.add_argument("--shots", nargs="*", default=list(SHOTS))
    parser.add_argument("--cases", nargs="*", default=CASES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="training steps of ours")
    return parser.parse_args()


if __name__ == "__main__":
    main()
