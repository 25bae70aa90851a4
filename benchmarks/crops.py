"""Crops of a faded print, with CopyCat's results on the same crops.

For each shot: (a) fit on its three crops and score on them; (b) fit on two and score on the third,
for each of the three. All scores are at source luma, except CopyCat's, which has its own luma.
CopyCat's published figures read the display values as sRGB, so the tables show that curve and the
project's.

    python benchmarks/crops.py [--data FOLDER] [--shots NAME ...] [--threads N]
        [--steps N]
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import closed_forms
import torch
from measures import (
    ROOT,
    SCORE_HEAD,
    Curve,
    Score,
    circumstances,
    mean_score,
    score,
    score_rows,
    table,
)
from ours import ours
from simulated_shots import at_source_luma
from torch import Tensor

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.media import read_picture

CROPS = 3
OURS = "ours"
COPYCAT = "CopyCat"

Methods = dict[str, closed_forms.Fit]


@dataclass(frozen=True)
class Shot:
    """Crops (3, H, W) of a shot; the truths have the luma of the sources."""

    name: str
    sources: tuple[Tensor, ...]
    truths: tuple[Tensor, ...]
    copycats: tuple[Tensor, ...]


def main() -> None:
    """Prints a table for each shot and (a) or (b), then a summary for each curve."""
    options = _options()
    if not options.data.is_dir():
        sys.exit(f"{options.data}: the folder of the crops is missing; name it with --data")
    torch.set_num_threads(options.threads)
    print(f"{circumstances()}\n")
    names = options.shots or sorted(path.name for path in options.data.iterdir() if path.is_dir())
    methods = _methods(options.steps)
    results = {}
    for name in names:
        shot = load_shot(options.data / name)
        results[name] = (_fitted_to_all(shot, methods), _third_crop(shot, methods))
        for title, (scores, seconds) in zip(("(a)", "(b)"), results[name], strict=True):
            print(f"{name} {title}\n\n{table(SCORE_HEAD, score_rows(scores, seconds))}\n")
            sys.stdout.flush()
    _print_summary(results, [*methods, COPYCAT])


Result = tuple[dict[str, Score], dict[str, float]]


def _fitted_to_all(shot: Shot, methods: Methods) -> Result:
    scores, seconds = {}, {}
    for method, fit in methods.items():
        start = time.perf_counter()
        recover = fit(shot.sources, shot.truths)
        seconds[method] = time.perf_counter() - start
        scores[method] = _score(recover, shot, range(CROPS))
    scores[COPYCAT] = mean_score(
        [score(truth, crop) for truth, crop in zip(shot.truths, shot.copycats, strict=True)]
    )
    return scores, seconds


def _third_crop(shot: Shot, methods: Methods) -> Result:
    """Mean score over the three choices, and the seconds of one fit."""
    scores, seconds = {}, {}
    for method, fit in methods.items():
        each = []
        start = time.perf_counter()
        for third in range(CROPS):
            rest = [i for i in range(CROPS) if i != third]
            recover = fit([shot.sources[i] for i in rest], [shot.truths[i] for i in rest])
            each.append(_score(recover, shot, [third]))
        seconds[method] = (time.perf_counter() - start) / CROPS
        scores[method] = mean_score(each)
    return scores, seconds


def _score(recover: closed_forms.Recover, shot: Shot, crops: Sequence[int]) -> Score:
    return mean_score(
        [
            score(shot.truths[i], at_source_luma(shot.sources[i], recover(shot.sources[i])))
            for i in crops
        ]
    )


def _methods(steps: int | None) -> Methods:
    methods = {
        "no recovery": closed_forms.faded,
        "smooth LUT": closed_forms.smooth_lut,
        "polynomial": closed_forms.polynomial,
        OURS: ours(steps),
    }
    if find_spec("color_matcher"):
        methods["color-matcher"] = closed_forms.color_matcher
    return methods


def _print_summary(results: dict[str, tuple[Result, Result]], methods: Sequence[str]) -> None:
    for curve in Curve:
        print(f"Summary, mean CIEDE2000, {curve.value}\n")
        print(table(("shots", *methods), _summary_rows(results, methods, curve)))
        better = [
            name
            for name, ((a, _), _) in results.items()
            if a[OURS].mean(curve) < a[COPYCAT].mean(curve)
        ]
        print(f"\n(a) ours is below CopyCat on {len(better)} of {len(results)} shots")
        ratios = {
            name: b[OURS].mean(curve) / b["smooth LUT"].mean(curve)
            for name, (_, (b, _)) in results.items()
        }
        worst = max(ratios, key=lambda name: ratios[name])
        largest = f"{ratios[worst]:.2f} ({worst})"
        print(f"(b) largest ratio of ours to the smooth LUT on a shot: {largest}\n")


def _summary_rows(
    results: dict[str, tuple[Result, Result]], methods: Sequence[str], curve: Curve
) -> list[list[str | float]]:
    """Means over the animated shots and rows of every other shot, each for (a) and (b)."""
    groups = {
        "animated": [name for name in results if name.startswith("candy-")],
        **{name: [name] for name in results if not name.startswith("candy-")},
    }
    rows: list[list[str | float]] = []
    for group, names in groups.items():
        for i, title in enumerate(("(a)", "(b)")):
            if names:
                means = [
                    sum(results[n][i][0][m].mean(curve) for n in names) / len(names)
                    for m in methods
                    if i == 0 or m != COPYCAT
                ]
                rows.append([f"{group}, {len(names)} shots {title}", *means] + [""] * i)
    return rows


def load_shot(folder: Path) -> Shot:
    """The crops in a folder."""

    def crops(kind: str) -> tuple[Tensor, ...]:
        paths = [folder / f"{kind}.{number:04d}.png" for number in range(1, CROPS + 1)]
        return tuple(read_picture(str(path)) for path in paths)

    sources = crops("source")
    truths = tuple(
        at_source_luma(source, rgb_to_ycbcr(truth)[1:])
        for source, truth in zip(sources, crops("truth"), strict=True)
    )
    return Shot(folder.name, sources, truths, crops("copycat"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = ROOT.parent / "shared" / "data" / "copycat-crops"
    parser.add_argument("--data", type=Path, default=shared)
    parser.add_argument("--shots", nargs="*")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="training steps of ours")
    return parser.parse_args()


if __name__ == "__main__":
    main()
