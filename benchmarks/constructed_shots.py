"""Constructed references through the whole pipeline: shots learned from one constructed frame each,
and a film of which half the shots have pairs.

A film of moving shots that nobody tuned on is simulated with known truth. `unfade construct` itself
constructs frames: points lie where it proposes them, five at a time, and state the colour of the
unfaded print there, in 8 bits. Then `unfade run` learns and renders.

`shots`: each shot has one constructed frame of 20 points in its middle, and no other pair.

`halves`: every other shot has three training pairs and a hold-out pair with the true colour. The
others have nothing at first; then 10 points each in their middle frame, from the film's model as
the start; then 20.

    python benchmarks/constructed_shots.py [--parts shots halves] [--severity hard] [--stock 5384]
        [--data FOLDER] [--folder DIR]
"""

import argparse
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import torch
from measures import ROOT, Curve, circumstances, difference, table
from simulated_shots import (
    SEED,
    SHOTS,
    TEN_BIT_WHITE,
    at_source_luma,
    clip_cut,
    dyes_of_frames,
    film_exposure,
    scan_and_truth,
)
from simulated_stocks import STOCKS, stock_densities
from torch import Tensor
from typer.testing import CliRunner

from unfade import media
from unfade.color.srgb import srgb_colour
from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.commands.app import app
from unfade.construct.places import surroundings
from unfade.film.construction import construct_path
from unfade.film.rendering import Rendering
from unfade.film.working_space import WORKING_SPACE
from unfade.simulate import SEVERITIES, print_film
from unfade.simulate.plan import plan_film
from unfade.validate.steadiness import flicker, mean_chroma

KEPT_APART = ("bikes-2", "asl-book", "sintel-autumn", "bikes-4", "sintel-city", "bbb-2")
"""Shots on which no constant was chosen, in the order of the film: neighbours differ."""
FRAMES_A_SHOT = 24
POINTS_AT_ONCE = 5
"""Points between two calls of the command, as it proposes by default."""
PAIR_OFFSETS = {"train": (2, 12, 21), "holdout": (7,)}
"""Frames, within a shot, of its pairs with the true colour."""

_PROPOSED = re.compile(r" at (\d+),(\d+) \(uncertain")

FILM = f"""
[film]
title = "Constructed"
[source]
path = "scan/s.%04d.dpx"
colorspace = "{WORKING_SPACE}"
live_area = [0, 0, {{width}}, {{height}}]
[deliver]
movie = "none"
"""

PAIR = f"""
[[pair]]
source = {{frame}}
reference = "true/s.{{frame:04d}}.dpx"
colorspace = "{WORKING_SPACE}"
aligned = true
role = "{{role}}"
"""


@dataclass(frozen=True)
class TrueFrame:
    """A frame, (3, H, W): its scan and its unfaded print."""

    source_rgb: Tensor
    print_rgb: Tensor

    @property
    def truth_rgb(self) -> Tensor:
        """The print's chroma at the scan's luma."""
        return at_source_luma(self.source_rgb, rgb_to_ycbcr(self.print_rgb)[1:])


class TrueFilm:
    """A film in a folder, with its truth by frame number, from 1."""

    def __init__(self, folder: Path, frames: Sequence[TrueFrame], pairs: str = "") -> None:
        self.folder, self.frames = folder, dict(enumerate(frames, start=1))
        height, width = frames[0].source_rgb.shape[1:]
        for name in ("scan", "true"):
            (folder / name).mkdir(parents=True)
        for number, frame in self.frames.items():
            media.write_dpx(folder / f"scan/s.{number:04d}.dpx", frame.source_rgb, bits=16)
            media.write_dpx(folder / f"true/s.{number:04d}.dpx", frame.print_rgb, bits=16)
        self.project = folder / "film.toml"
        self.project.write_text(FILM.format(width=width, height=height) + pairs)

    def construct(self, number: int, count: int) -> None:
        """Constructs a frame from its points so far and more, up to a number of points."""
        path = self.folder / f"construct/{number:07d}.toml"
        done = path.read_text().count("[[point]]") if path.exists() else 0
        proposed = self._propose(number)
        while done < count:
            places = _PROPOSED.findall(proposed)[: count - done]
            if not places:
                sys.exit(f"frame {number}: has {done} calm places, and {count} points are asked")
            points = [f"{x},{y},{self._colour(number, int(x), int(y))},truth" for x, y in places]
            options = [part for point in points for part in ("--point", point)]
            proposed = self._propose(number, *options)
            done += len(places)

    def _propose(self, number: int, *options: str) -> str:
        """The output of the command, which proposes places."""
        return _unfade("construct", self.project, number, *options, "--propose", POINTS_AT_ONCE)

    def _colour(self, number: int, x: int, y: int) -> str:
        """The colour of the unfaded print around a place."""
        return srgb_colour(surroundings(self.frames[number].print_rgb, x, y).mean(dim=1))

    def render(self) -> None:
        """Runs all stages up to render."""
        _unfade("run", self.project, "--to", "render", "--quiet")

    def constructed_error(self, number: int) -> float:
        """Mean CIEDE2000 of a constructed frame."""
        return self.error(
            number, media.read_picture(str(self.folder / construct_path(number, ".exr")))
        )

    def masters(self, numbers: range) -> dict[int, Tensor]:
        """Masters in the working space."""
        path = self.folder / Rendering.PATH
        rendering = Rendering.from_json(path.read_text(encoding="utf-8"))
        return {
            one.frame: media.read_picture(
                str(self.folder / "06-render" / one.file), rendering.colorspace
            )
            for one in rendering.frames
            if one.frame in numbers
        }

    def error(self, number: int, recovered_rgb: Tensor) -> float:
        """Mean CIEDE2000 of a frame against its truth."""
        truth_rgb = self.frames[number].truth_rgb
        return float(difference(truth_rgb, recovered_rgb, Curve.WORKING).mean())


def main() -> None:
    """Prints the tables of the chosen parts."""
    options = _options()
    if not options.data.is_dir():
        sys.exit(f"{options.data}: the folder of the clips is missing; name it with --data")
    print(f"{circumstances()}\n")
    densities = stock_densities(options.data, options.stock)
    with mock.patch.object(print_film, "dye_densities", return_value=densities):
        frames = list(_simulated(options))
    print(
        f"{options.stock}, {options.severity} fade, {frames[0].source_rgb.shape[2]} pixels wide\n"
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        if "shots" in options.parts:
            _print_shots(TrueFilm(Path(folder) / "shots", frames))
        if "halves" in options.parts:
            _print_halves(TrueFilm(Path(folder) / "halves", frames, _pairs()))


def _simulated(options: argparse.Namespace) -> Iterator[TrueFrame]:
    """The middle frames of each shot."""
    cuts = [clip_cut(options.data, SHOTS[name]) for name in KEPT_APART]
    plan = plan_film(cuts, SEVERITIES[options.severity], SEED)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        exposure = film_exposure(Path(folder), cuts, plan)
    for cut, shot in zip(cuts, plan.shots, strict=True):
        skipped = max(len(cut.frames) - FRAMES_A_SHOT, 0) // 2
        numbers = range(cut.frames.first + skipped, cut.frames.first + skipped + FRAMES_A_SHOT)
        start = shot.frames.first - plan.shots[0].frames.first - cut.frames.first
        for number, dyes in dyes_of_frames(cut, numbers):
            codes = scan_and_truth(dyes, plan, start + number, exposure)
            yield TrueFrame(*(torch.from_numpy(one).float() / TEN_BIT_WHITE for one in codes))


def _pairs() -> str:
    """The pairs of every other shot, as film.toml has them."""
    return "".join(
        PAIR.format(frame=_frames(index)[offset], role=role)
        for index in range(0, len(KEPT_APART), 2)
        for role, offsets in PAIR_OFFSETS.items()
        for offset in offsets
    )


def _print_shots(film: TrueFilm) -> None:
    _unfade("ingest", film.project)
    for index in range(len(KEPT_APART)):
        film.construct(_middle(index), 20)
    film.render()
    rows = [_shot_row(film, index) for index in range(len(KEPT_APART))]
    head = ("faded", "constructed frame", "whole shot", "ratio")
    flickers = ("flicker of masters", "of the truth", "of the scan")
    print("Shots from one constructed frame of 20 points each\n")
    print(f"{table(['', *head, *flickers], rows)}\n")
    sys.stdout.flush()


def _shot_row(film: TrueFilm, index: int) -> list[str | float]:
    """Errors of a shot as scanned, of its constructed frame and of its masters, and flickers."""
    masters = film.masters(_frames(index))
    own = film.constructed_error(_middle(index))
    frames = {number: film.frames[number] for number in _frames(index)}
    faded = statistics.fmean(film.error(n, one.source_rgb) for n, one in frames.items())
    error = statistics.fmean(film.error(n, rgb) for n, rgb in masters.items())
    pictures = (
        masters.values(),
        [one.truth_rgb for one in frames.values()],
        [one.source_rgb for one in frames.values()],
    )
    flickers = [flicker([mean_chroma(rgb) for rgb in shown]) or 0.0 for shown in pictures]
    return [KEPT_APART[index], faded, own, error, error / own, *(f"{one:.4f}" for one in flickers)]


def _print_halves(film: TrueFilm) -> None:
    unpaired = range(1, len(KEPT_APART), 2)
    film.render()
    alone = _errors(film, unpaired)
    columns, head = [alone], ["", "model alone"]
    for count in (10, 20):
        for index in unpaired:
            film.construct(_middle(index), count)
        own = [film.constructed_error(_middle(index)) for index in unpaired]
        film.render()
        columns += [own, _errors(film, unpaired)]
        head += [f"frame of {count} points", "whole shot"]
    names = [KEPT_APART[index] for index in unpaired]
    rows: list[list[str | float]] = [[*row] for row in zip(names, *columns, strict=True)]
    rows.append(["mean", *map(statistics.fmean, columns)])
    print("Shots without pairs, in a film of which half the shots have pairs\n")
    print(f"{table(head, rows)}\n")


def _errors(film: TrueFilm, indices: Sequence[int]) -> list[float]:
    """Mean CIEDE2000 of each of some shots, as rendered."""
    return [
        statistics.fmean(film.error(n, rgb) for n, rgb in film.masters(_frames(index)).items())
        for index in indices
    ]


def _frames(index: int) -> range:
    """The frame numbers of a shot."""
    return range(1 + FRAMES_A_SHOT * index, 1 + FRAMES_A_SHOT * (index + 1))


def _middle(index: int) -> int:
    return _frames(index)[FRAMES_A_SHOT // 2]


def _unfade(*arguments: object) -> str:
    """The output of a command."""
    result = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    if result.exit_code:
        sys.exit(f"unfade {arguments[0]}: {result.output}")
    return result.output


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--folder", type=Path, help="where films are made and removed")
    parser.add_argument("--stock", default="5384", choices=STOCKS)
    parser.add_argument("--severity", default="hard", choices=SEVERITIES)
    parser.add_argument("--parts", nargs="*", default=["shots", "halves"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
