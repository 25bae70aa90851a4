"""Constructed references: simulated films of several dye stocks, with points read from the truth.

The start is estimated from all frames of a film. Points lie where the program proposes them and
state the mean of the truth around. For comparison: a smooth LUT of the pixels around the same
points, and colourisation by luma alone. All scores are at the scan's luma.

All stocks are Kodak's, because no other maker's dyes are at hand; the dyes of 5384 are nearly those
of 5383, which the solver assumes. The solver's constants were chosen on the development shots of
two stocks; shots and stocks that were kept apart have a table of their own.

    python benchmarks/construct.py [--data FOLDER] [--cache FOLDER] [--stocks NAME ...]
        [--parts points contradictions seconds start] [--threads N]
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from constructed import Candidates, ConstructedFilm
from measures import ROOT, circumstances, table
from scribbles import colourise
from simulated_shots import SHOTS
from simulated_stocks import STOCKS, StockFrame
from torch import Tensor
from torch.nn import functional

from unfade.color.log_light import rgb_of
from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.construct.contradictions import solve_consistent
from unfade.construct.laws import Law
from unfade.construct.places import FadedFrame, reduced
from unfade.construct.solver import Evidence, no_evidence, solve
from unfade.train.fit.lut import LutFit

COUNTS = (5, 10, 20, 40)
"""Numbers of points of a frame."""
CONTRADICTION_POINTS = 12
"""Points of a frame, of which one is wrong."""
CHANGES_CODES = (0, 10, 30, 255)
"""Bounds, in codes of 8 bits, of the classes of wrong colours by how far they are from the true
ones: below 10 is a grey that stays grey."""
TIMED_SIZE_PX = (1556, 2048)
"""Height and width of the timed frame: a 2K scan."""
TIMED_POINTS = 40
TIMED_ROUNDS = 3
"""Of which the median counts."""
SHOWN_PX = 960
"""Longer side of the picture in which a new point shows."""

PARTS = ("points", "contradictions", "seconds", "start")
CONSTRUCTED, LUT, LUMA_ALONE = METHODS = ("constructed", "smooth LUT", "luma alone")
"""Without points, the last two show the faded frame."""
Errors = dict[tuple[str, int], float]
"""Mean CIEDE2000 of a frame by method and number of points."""


@dataclass(frozen=True)
class Turn:
    """A point of a frame with its chroma turned: by how many codes of 8 bits that changes it,
    whether the point was named, and how many of the others were."""

    frame: StockFrame
    change_codes: float
    is_named: bool
    others_named: int


def main() -> None:
    """Prints the tables of the chosen parts."""
    options = _options()
    if not options.data.is_dir():
        sys.exit(f"{options.data}: the folder of the clips is missing; name it with --data")
    torch.set_num_threads(options.threads)
    print(f"{circumstances()}\n")
    films = [
        ConstructedFilm.of(options.data, options.cache, "hard", stock) for stock in options.stocks
    ]
    if "points" in options.parts:
        _print_points(films)
    if "contradictions" in options.parts:
        _print_contradictions(films)
    if "seconds" in options.parts:
        _print_seconds(films[0])
    if "start" in options.parts:
        medium = (
            ConstructedFilm.of(options.data, options.cache, "medium", stock)
            for stock in options.stocks
        )
        rows = [_start_row(film) for one in (films, medium) for film in one]
        _print_start(rows)


def _print_points(films: Sequence[ConstructedFilm]) -> None:
    """By number of points and by shot, of the development shots and of what was kept apart."""
    errors = {one.frame: _errors(one, film.law) for film in films for one in film.frames}
    for title, is_development in (("development", True), ("kept apart", False)):
        group = {f: e for f, e in errors.items() if f.is_development == is_development}
        if not group:
            continue
        print(f"{title}, hard fade, frames: {len(group)}, by the number of points\n")
        rows: list[list[str | float]] = [
            [m, *(_mean(group.values(), m, n) for n in (0, *COUNTS))] for m in METHODS
        ]
        print(f"{table(['', '0', *map(str, COUNTS)], rows)}\n")
        head = ("faded", "0", *map(str, COUNTS), "LUT, 20", "luma alone, 20", "to LUT, 20")
        print(f"{table(['', *head], _error_rows(group))}\n")
        sys.stdout.flush()


def _errors(one: Candidates, law: Law) -> Errors:
    """Of all methods; without points the other methods show the faded frame."""
    faded = one.error(rgb_to_ycbcr(one.frame.source_rgb)[1:])
    errors: Errors = {(LUT, 0): faded, (LUMA_ALONE, 0): faded}
    for chosen, solution in one.proposed(law, (0, *COUNTS)):
        count = len(chosen)
        errors[CONSTRUCTED, count] = one.error(one.faded.solved(solution))
        if count:
            errors[LUT, count] = one.error(_lut(one, chosen))
            errors[LUMA_ALONE, count] = one.error(_luma_alone(one, chosen))
    return errors


def _lut(one: Candidates, chosen: Sequence[int]) -> Tensor:
    """Chroma by a smooth LUT of all pixels around the points, each with its point's colour."""
    clean_rgb = rgb_of(one.faded.log_rgb)
    squares = [one.around(clean_rgb, index) for index in chosen]
    colours = [
        one.truth.cbcr[:, [index]].expand(2, square.shape[1])
        for index, square in zip(chosen, squares, strict=True)
    ]
    pixels = torch.cat(squares, dim=1)
    fit = LutFit(pixels, torch.cat(colours, dim=1))
    chroma: Tensor = fit.solve(torch.ones(pixels.shape[1]))(clean_rgb)
    return chroma


def _luma_alone(one: Candidates, chosen: Sequence[int]) -> Tensor:
    """Chroma by the luma and the same points."""
    clean_y = luma(rgb_of(one.faded.log_rgb))
    stated = torch.full_like(one.frame.cbcr, torch.nan)
    numbers = torch.arange(clean_y.numel()).reshape(clean_y.shape)
    for index in chosen:
        stated.flatten(1)[:, one.around(numbers, index)[0]] = one.truth.cbcr[:, [index]].float()
    return colourise(clean_y, stated)


def _error_rows(errors: dict[StockFrame, Errors]) -> list[list[str | float]]:
    """Means of each shot over its stocks, of each stock over its shots, and of all frames."""
    groups = {name: [e for f, e in errors.items() if f.shot == name] for name in SHOTS}
    groups |= {name: [e for f, e in errors.items() if f.stock == name] for name in STOCKS}
    groups["new shots of new stocks"] = [e for f, e in errors.items() if f.is_new]
    groups["mean"] = list(errors.values())
    rows: list[list[str | float]] = []
    for title, group in groups.items():
        if group:
            constructed = [_mean(group, CONSTRUCTED, count) for count in (0, *COUNTS)]
            others = [_mean(group, method, 20) for method in (LUT, LUMA_ALONE)]
            ratio = _mean(group, CONSTRUCTED, 20) / others[0]
            rows.append([title, _mean(group, LUT, 0), *constructed, *others, ratio])
    return rows


def _mean(errors: Iterable[Errors], method: str, count: int) -> float:
    return statistics.fmean(one[method, count] for one in errors)


def _start_row(film: ConstructedFilm) -> list[str | float]:
    """Of all frames without a point: their error faded and recovered, and the ratio of both."""
    faded = [one.error(rgb_to_ycbcr(one.frame.source_rgb)[1:]) for one in film.frames]
    solution = solve(film.law, no_evidence())
    start = [one.error(one.faded.solved(solution)) for one in film.frames]
    mean_faded, mean_start = statistics.fmean(faded), statistics.fmean(start)
    ratios = [after / before for before, after in zip(faded, start, strict=True)]
    title = f"{film.stock}, {film.severity}"
    return [title, mean_faded, mean_start, mean_start / mean_faded, max(ratios)]


def _print_start(rows: list[list[str | float]]) -> None:
    columns = zip(*(row[1:] for row in rows), strict=True)
    means = [statistics.fmean(map(float, column)) for column in columns]
    mean: list[str | float] = ["mean", *means]
    print("Without any point, all shots\n")
    head = ["film", "faded", "start", "start / faded", "worst frame's ratio"]
    print(f"{table(head, [*rows, mean])}\n")


def _print_contradictions(films: Sequence[ConstructedFilm]) -> None:
    """How often a point is named, with each of a frame's points turned once."""
    turns = [turn for film in films for one in film.frames for turn in _turns(one, film.law)]
    rows: list[list[str | float]] = []
    for title, is_development in (("development", True), ("kept apart", False)):
        group = [turn for turn in turns if turn.frame.is_development == is_development]
        if group:
            others = sum(turn.others_named for turn in group)
            true_points = len(group) * (CONTRADICTION_POINTS - 1)
            classes = [_share(group, low, high) for low, high in pairwise(CHANGES_CODES)]
            rows.append([title, *classes, f"{others} of {true_points}"])
    print(f"One of {CONTRADICTION_POINTS} points turned by 90 degrees, hard fade: named\n")
    classes = [f"wrong by {low} to {high} codes" for low, high in pairwise(CHANGES_CODES)]
    print(f"{table(['', *classes, 'true points'], rows)}\n")


def _share(turns: Sequence[Turn], low_codes: int, high_codes: int) -> str:
    """How many of the wrong colours of a class were named."""
    group = [turn for turn in turns if low_codes <= turn.change_codes < high_codes]
    return f"{sum(turn.is_named for turn in group)} of {len(group)}"


def _turns(one: Candidates, law: Law) -> Iterator[Turn]:
    """Each of the points of a frame turned, one at a time."""
    ((chosen, _),) = one.proposed(law, (CONTRADICTION_POINTS,))
    truth = one.truth.at(chosen)
    for index in range(len(chosen)):
        cbcr = truth.cbcr.clone()
        cbcr[:, index] = torch.stack([-truth.cbcr[1, index], truth.cbcr[0, index]])
        stated = Evidence(truth.places, cbcr, truth.deviation)
        _, contradictions = solve_consistent(law, stated, range(len(chosen)))
        named = {contradiction.index for contradiction in contradictions}
        change_codes = 255 * float((cbcr - truth.cbcr)[:, index].norm())
        yield Turn(one.frame, change_codes, index in named, len(named - {index}))


def _print_seconds(film: ConstructedFilm) -> None:
    """Of a 2K frame, enlarged from a simulated one."""
    small = film.frames[0].frame
    source_rgb, cbcr = (
        functional.interpolate(one[None], size=TIMED_SIZE_PX, mode="bicubic")[0]
        for one in (small.source_rgb, small.cbcr)
    )
    large = Candidates(StockFrame(small.stock, small.shot, source_rgb, cbcr, source_rgb))
    ((chosen, _),) = large.proposed(film.law, (TIMED_POINTS,))
    evidence = large.truth.at(chosen)
    shown = reduced(large.faded, SHOWN_PX)

    def whole() -> None:
        FadedFrame.of(source_rgb).solved(solve(film.law, evidence))

    def one_more_point() -> None:
        shown.solved(solve(film.law, evidence))

    height, width = TIMED_SIZE_PX
    rows: list[list[str | float]] = [
        [f"{width}x{height}, from the scan to the chroma", _median_seconds(whole)],
        [f"one more point, shown at {SHOWN_PX} pixels", _median_seconds(one_more_point)],
    ]
    print(f"{table([f'{TIMED_POINTS} points', 's'], rows)}\n")


def _median_seconds(work: Callable[[], None]) -> float:
    seconds = []
    for _ in range(TIMED_ROUNDS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path, default=ROOT / ".benchmarks")
    parser.add_argument("--stocks", nargs="*", default=list(STOCKS), choices=STOCKS)
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=PARTS)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
