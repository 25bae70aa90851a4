"""Claim: the reels of a series share one model, so that a reel with few pairs is recovered better
than alone, and colour changes less over the reel change.

Makes the demo film and cuts it in the middle of a shot into two reels. The first has the pairs that
the machine chooses, the second only two training pairs, in two of its shots. Recovers both alone,
both as a series, and the whole as one film, with the same pairs:

    python benchmarks/reels.py [--folder DIR] [--severity medium] [--seed 0] [--pairs 2]

Errors are CIEDE2000 at source luma, against the truth in the grading of the DVD. The reel change is
the difference between the colours that both sides give to the same frames, the last of the first
reel and the first of the second. A film that is there is not trained again.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean

import torch
from measures import circumstances, table
from torch import Tensor

from unfade import media
from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.commands.runtime import configure_process
from unfade.film.alignment import Alignments
from unfade.film.clip import Clip, Clips
from unfade.film.model import TrainedModel
from unfade.film.pair import Pair, PairList
from unfade.film.time import FrameRange
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.model import ChromaModel, load_model
from unfade.model.files import FILM_NETWORKS, MODEL_SCHEMA, load_tensors
from unfade.project.settings import ClipSection
from unfade.simulate.demo import DVD, SCAN, make_demo
from unfade.simulate.dvd import grade
from unfade.simulate.record import Simulation
from unfade.work.progress import SilentProgress

CUT_SHOT = 3
"""The shot in whose middle the reel changes."""

SCORED_STEP = 3
"""Every third frame is scored: its neighbours show nearly the same."""

CHANGE_FRAMES = 3
"""Frames on each side of the reel change that are compared."""


@dataclass(frozen=True)
class Demo:
    """The demo film as one project, aligned: its pairs, and the truth of its frames."""

    folder: Path

    @cached_property
    def simulation(self) -> Simulation:
        return _load(self.folder / "elements", Simulation)

    @cached_property
    def scan(self) -> Clip:
        scan = _load(self.folder, Clips).source
        return scan.model_copy(update={"path": str((self.folder / scan.path).absolute())})

    @cached_property
    def truth(self) -> Clip:
        section = ClipSection(path="unused", colorspace=WORKING_SPACE)
        path = self.folder / "elements/truth/truth.%06d.dpx"
        return media.probe(str(path.absolute()), section)

    def reels(self) -> tuple[FrameRange, FrameRange]:
        """The frames before and after the middle of `CUT_SHOT`."""
        shot = next(one for one in self.simulation.shots if one.number == CUT_SHOT)
        change = (shot.frames.first + shot.frames.last) // 2
        frames = self.scan.frames
        return (
            FrameRange(first=frames.first, last=change),
            FrameRange(first=change + 1, last=frames.last),
        )

    def pairs(self, count: int) -> list[Pair]:
        """The machine's pairs; of the training pairs of the second reel only some, one a shot and
        none in the shot of the reel change."""
        admitted = [one.pair for one in _load(self.folder, Alignments).admitted]
        second = self.reels()[1]
        few: dict[int, Pair] = {}
        for pair in admitted:
            if pair.source in second and pair.role == "train" and pair.shot != CUT_SHOT:
                few.setdefault(pair.shot, pair)
        kept = [*few.values()][:count]
        left_out = [one for one in admitted if one.source in second and one.role == "train"]
        return [one for one in admitted if one not in left_out or one in kept]


@dataclass(frozen=True)
class Project:
    """A part of the demo as a project of its own."""

    folder: Path
    frames: FrameRange

    @cached_property
    def model(self) -> ChromaModel:
        return load_model(self.folder / "05-train" / _load(self.folder, TrainedModel).file)

    def shot(self, frame: int) -> int:
        """The number of a frame's shot in this project."""
        shots = _load(self.folder, PairList).shots
        return next(one.number for one in shots if frame in one.frames)

    def recovered(self, source_rgb: Tensor, shot: int) -> Tensor:
        """A frame with the colour of this project's model."""
        y = luma(source_rgb)
        return ycbcr_to_rgb(torch.cat([y, limit_chroma(y, self.model.predict(source_rgb, shot))]))


def main() -> None:
    """Prints a row for each way to train."""
    configure_process()
    options = _options()
    demo = Demo(options.folder / "demo")
    make_demo(demo.folder, severity=options.severity, seed=options.seed, progress=SilentProgress())
    _unfade("align", demo.folder)
    pairs = demo.pairs(options.pairs)

    def project(folder: str, name: str, frames: FrameRange, line: str = "") -> Project:
        work = options.folder / folder / name
        _write_project(work, demo.folder.absolute(), frames, pairs, line)
        return Project(work, frames)

    names, line = ("reel-1", "reel-2"), 'series = ["../reel-1", "../reel-2"]'
    both = [*zip(names, demo.reels(), strict=True)]
    alone = [project("alone", *one) for one in both]
    series = [project("series", *one, line) for one in both]
    one = project("one", "film", demo.scan.frames)
    _unfade("train", *(each.folder for each in alone), one.folder)
    _unfade("train", *(each.folder for each in series))
    print(f"{circumstances()}; {options.severity}, seed {options.seed}\n")
    rows = [
        _row(demo, "each reel alone", *alone),
        _row(demo, "as a series", *series),
        _row(demo, "as one film", one, one),
    ]
    print(table(("", "reel 1", "reel 2", "hold-out pairs of reel 2", "reel change"), rows))
    same = "the same" if _networks(series[0]) == _networks(series[1]) else "not the same"
    print(f"\nThe networks of both reels of the series are {same}.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("reels"))
    parser.add_argument("--severity", default="medium")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pairs", type=int, default=2, help="training pairs of the second reel")
    return parser.parse_args()


def _write_project(
    work: Path, demo: Path, frames: FrameRange, pairs: Sequence[Pair], line: str
) -> None:
    """Writes film.toml for a part of the film with these pairs and no others, unless it is there.
    `line` is one more of [film]."""
    if (work / "film.toml").exists():
        return
    work.mkdir(parents=True)
    own = [one for one in pairs if one.source in frames]
    used = {one.source for one in own}
    drop = [number for number in frames.frames() if number not in used]
    lines = [
        f'[film]\ntitle = "{work.name}"\n{line}\n[source]\npath = "{demo / SCAN}"\nrate = 24',
        f"first = {frames.first}\nlast = {frames.last}",
        f'[reference]\npath = "{demo / DVD}"\n[curate]\ndrop = {drop}',
        *(
            f'[[pair]]\nsource = {one.source}\nreference = {one.reference}\nrole = "{one.role}"'
            for one in own
        ),
    ]
    (work / "film.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _unfade(last: str, *folders: Path) -> None:
    command = [sys.executable, "-m", "unfade", "run", *map(str, folders), "--to", last, "--quiet"]
    subprocess.run(command, check=True)


def _row(demo: Demo, name: str, first: Project, second: Project) -> list[str | float]:
    reels = demo.reels()
    errors = [
        fmean(_errors(demo, project, frames))
        for project, frames in zip((first, second), reels, strict=True)
    ]
    held_out = [
        one.pair.source
        for one in _load(demo.folder, Alignments).admitted
        if one.pair.role == "holdout" and one.pair.source in reels[1]
    ]
    of_pairs = fmean(_errors_of(demo, second, held_out))
    return [name, *errors, of_pairs, _change(demo, first, second)]


def _errors(demo: Demo, project: Project, frames: FrameRange) -> Iterator[float]:
    return _errors_of(demo, project, list(frames.frames())[::SCORED_STEP])


def _errors_of(demo: Demo, project: Project, numbers: Sequence[int]) -> Iterator[float]:
    """The error of each frame."""
    area, transfer = demo.scan.live_area, demo.simulation.transfer
    pictures = zip(media.read(demo.scan, numbers), media.read(demo.truth, numbers), strict=True)
    for (number, scan_rgb), (_, unfaded_rgb) in pictures:
        recovered = project.recovered(crop(scan_rgb, area), project.shot(number))
        truth_cbcr = rgb_to_ycbcr(grade(crop(unfaded_rgb, area), transfer))[1:]
        truth_rgb = ycbcr_to_rgb(torch.cat([luma(recovered), truth_cbcr]))
        yield float(rgb_difference(recovered, truth_rgb).mean())


def _change(demo: Demo, first: Project, second: Project) -> float:
    """Mean CIEDE2000 between the colours that both sides give to the frames at the reel change."""
    last = demo.reels()[0].last
    shots = first.shot(last), second.shot(last + 1)
    numbers = range(last - CHANGE_FRAMES + 1, last + CHANGE_FRAMES + 1)
    differences = []
    for _, scan_rgb in media.read(demo.scan, numbers):
        source_rgb = crop(scan_rgb, demo.scan.live_area)
        sides = (
            project.recovered(source_rgb, shot)
            for project, shot in zip((first, second), shots, strict=True)
        )
        differences.append(float(rgb_difference(*sides).mean()))
    return fmean(differences)


def _networks(project: Project) -> dict[str, bytes]:
    """The weights of the film's networks and the nodes of the film's law."""
    tensors, _ = load_tensors(project.folder / "05-train/model.safetensors", MODEL_SCHEMA)
    names = [one for one in tensors if one.startswith((FILM_NETWORKS, "lut.film", "spread.film"))]
    return {name: tensors[name].numpy().tobytes() for name in names}


def _load(folder: Path, kind):  # type: ignore[no-untyped-def]
    return kind.from_json((folder / kind.PATH).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
