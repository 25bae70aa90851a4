"""What grows with the length of a film: seconds and memory of the stages, and of bookkeeping.

`stages` makes films with pictures and runs them as a user does, each length and size in a process
of its own: wall and CPU seconds and peak memory of each stage, the exponents of growth between the
shortest and the longest film of each size, and a projection to a feature of 150,000 frames.

    python benchmarks/scale.py stages [--frames 100 1000 10000] [--size sd 2k 4k] [--to deliver]
        [--folder DIR]

`records` makes finished films without pictures of their own (`feature_film.py`) and measures what
Unfade does with their files and artefacts, each in a process of its own:

    python benchmarks/scale.py records [--frames 15000 150000] [--only status review]
        [--folder DIR]

A film of 150,000 frames takes 6 GB in DIR. All files are removed at the end.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unfade.commands.runtime import configure_process

configure_process()

from feature_film import feature_job, make_feature  # noqa: E402
from long_film import FilmSize, make_long_film  # noqa: E402
from measures import circumstances, table  # noqa: E402
from whole_line import WHOLE, peak_memory  # noqa: E402

from unfade.curate.choice.choose import PairQuota, choose_frames  # noqa: E402
from unfade.curate.choice.frame_facts import measure_frames  # noqa: E402
from unfade.curate.shots.cuts import find_cuts  # noqa: E402
from unfade.curate.shots.scenes import colour_distributions, scene_numbers  # noqa: E402
from unfade.deliver import stage as deliver  # noqa: E402
from unfade.film.clip import SOURCE_PROXY  # noqa: E402
from unfade.film.figures import HeldOutFigures  # noqa: E402
from unfade.film.match import MatchRecord  # noqa: E402
from unfade.film.model import HeldOut  # noqa: E402
from unfade.film.rendering import RenderedFrame  # noqa: E402
from unfade.film.stage_names import STAGE_NAMES, folder_name  # noqa: E402
from unfade.pipeline import preflight  # noqa: E402
from unfade.pipeline.freshness import receipt_in  # noqa: E402
from unfade.validate.frames import FrameFigures, frame_measures, shot_figures  # noqa: E402
from unfade.validate.luma import LumaFigures  # noqa: E402
from unfade.validate.outliers.evidence import BLOCKS, FrameEvidence  # noqa: E402
from unfade.validate.outliers.reference import ReferenceColour  # noqa: E402
from unfade.validate.outliers.review import OutlierReview, shot_facts  # noqa: E402
from unfade.validate.outliers.runs import mend, mend_facts  # noqa: E402
from unfade.validate.shown_frames import choose_shown, place_figures  # noqa: E402
from unfade.validate.steadiness import ChromaChange  # noqa: E402
from unfade.validate.validated_film import ValidatedFilm  # noqa: E402
from unfade.work.job import Job  # noqa: E402
from unfade.work.proxies import load_proxy  # noqa: E402

SIZES = {"sd": (720, 576), "2k": (2048, 1556), "4k": (4096, 3112)}
"""Width and height of the scan in pixels."""

FRAMES_A_SHOT = 125
"""Frames of a shot: a feature of 150,000 frames has 1,200 shots."""

FEATURE_FRAMES = 150_000
"""Frames of a feature of 104 minutes."""

MACHINES = 50
"""Number of machines of the second projection."""

WHOLE_FILM_STAGES = ("curate", "train")
"""Stages that one machine runs for the whole film, in the second projection."""

KIB_A_MIB = 1024


def main() -> None:
    """Prints the tables."""
    options = _options()
    if options.item is not None:
        print(_seconds_of(options.item, options.folder))
        return
    print(circumstances(), end="\n\n")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        print(*(_stages if options.part == "stages" else _records)(Path(name), options), sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("stages", "records"))
    parser.add_argument("--frames", type=int, nargs="+")
    parser.add_argument("--size", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--to", default=STAGE_NAMES[-1], choices=STAGE_NAMES, help="last stage")
    parser.add_argument("--only", nargs="+", choices=ITEMS, default=list(ITEMS))
    parser.add_argument("--folder", type=Path, help="for temporary files")
    parser.add_argument("--item", help=argparse.SUPPRESS)
    return parser.parse_args()


def exponent(small: tuple[float, float], large: tuple[float, float]) -> float:
    """The power of the length with which a figure grows, from two pairs of length and figure."""
    (length, figure), (longer, larger) = small, large
    return math.log(larger / figure) / math.log(longer / length)


# Stages, with pictures.


@dataclass(frozen=True)
class StageRow:
    """The cost of a stage on a film; memory in KiB."""

    stage: str
    wall_s: float
    cpu_s: float
    memory_kib: int


def _stages(folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """The lines of the tables of all sizes."""
    lengths = sorted(options.frames or (100, 1000, 10_000))
    stages = STAGE_NAMES[: STAGE_NAMES.index(options.to) + 1]
    for size in options.size:
        measured = {frames: _measure(folder, size, frames, stages) for frames in lengths}
        head = ("stage", *(f"{frames} frames: wall, CPU, s; MiB" for frames in lengths))
        head += ("exponent of CPU", "exponent of memory") if len(lengths) > 1 else ()
        yield f"{size}, {SIZES[size][0]} x {SIZES[size][1]}:\n"
        yield table(head, _stage_rows(measured)) + "\n"
        if len(lengths) > 1:
            yield _projection(measured[lengths[-2]], measured[lengths[-1]], *lengths[-2:]) + "\n"


def _measure(folder: Path, size: str, frames: int, stages: Sequence[str]) -> list[StageRow]:
    """Makes a film and runs it; the costs of its stages, and of all together."""
    film = folder / f"{size}-{frames}"
    shots = 2 * max(1, round(frames / FRAMES_A_SHOT / 2))
    make_long_film(film, FilmSize(frames, shots, *SIZES[size]), "medium", 0)
    run = ("run", str(film / "film.toml"), "--to", stages[-1], "--quiet")
    memory = peak_memory([sys.executable, "-m", "unfade", *run], film)
    rows = []
    for stage in stages:
        cost = receipt_in(film / folder_name(stage)).cost
        assert cost is not None
        rows.append(StageRow(stage, cost.wall_s, cost.cpu_s, memory.get(stage, 0)))
    subprocess.run(["rm", "-r", str(film)], check=True)
    whole = StageRow(
        WHOLE,
        sum(row.wall_s for row in rows),
        sum(row.cpu_s for row in rows),
        max(row.memory_kib for row in rows),
    )
    return [*rows, whole]


def _stage_rows(measured: dict[int, list[StageRow]]) -> Iterator[list[str | float]]:
    lengths = [*measured]
    for rows in zip(*measured.values(), strict=True):
        cells: list[str | float] = [rows[0].stage]
        cells += [
            f"{row.wall_s:.1f}, {row.cpu_s:.1f}; {row.memory_kib / KIB_A_MIB:,.0f}" for row in rows
        ]
        if len(rows) > 1:
            ends = (lengths[0], rows[0]), (lengths[-1], rows[-1])
            cells.append(exponent(*((length, row.cpu_s) for length, row in ends)))
            cells.append(exponent(*((length, row.memory_kib) for length, row in ends)))
        yield cells


def _projection(
    short: Sequence[StageRow], long: Sequence[StageRow], frames: int, more_frames: int
) -> str:
    """Hours of a feature, by the wall seconds of the frames that the longer film has more."""
    seconds = {
        after.stage: after.wall_s
        + (after.wall_s - before.wall_s) / (more_frames - frames) * (FEATURE_FRAMES - more_frames)
        for before, after in zip(short[:-1], long[:-1], strict=True)
    }
    whole = sum(seconds[stage] for stage in WHOLE_FILM_STAGES if stage in seconds)
    split = sum(seconds.values()) - whole
    return (
        f"A feature of {FEATURE_FRAMES:,} frames: {(whole + split) / 3600:.1f} hours on this "
        f"machine, {(whole + split / MACHINES) / 3600:.1f} hours on {MACHINES}, if all but "
        f"{' and '.join(WHOLE_FILM_STAGES)} are split among them without loss."
    )


# Records, without pictures.


def _records(folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """The lines of the table."""
    lengths = sorted(options.frames or (15_000, FEATURE_FRAMES))
    films = [folder / str(frames) for frames in lengths]
    for film, frames in zip(films, lengths, strict=True):
        make_feature(film, frames, max(1, frames // FRAMES_A_SHOT))
    head = ("what", *(f"{frames} frames: CPU, s; peak MiB" for frames in lengths))
    head += ("exponent",) if len(lengths) > 1 else ()
    rows = []
    for item in options.only:
        costs = [_cost_of_item(item, film) for film in films]
        row: list[str | float] = [ITEMS[item].__doc__ or item]
        row += [f"{cpu_s:.2f}; {memory_kib / KIB_A_MIB:,.0f}" for cpu_s, memory_kib in costs]
        if len(costs) > 1:
            row.append(exponent((lengths[0], costs[0][0]), (lengths[-1], costs[-1][0])))
        rows.append(row)
    yield table(head, rows)


def _cost_of_item(item: str, film: Path) -> tuple[float, int]:
    """CPU seconds and peak memory in KiB of an item, in a process of its own."""
    command = [sys.executable, __file__, "records", "--item", item, "--folder", str(film)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{item}: ended with status {process.returncode}")
    return float(said), usage.ru_maxrss


def _seconds_of(item: str, film: Path) -> float:
    """CPU seconds of an item, without what it prepares."""
    work = ITEMS[item](feature_job(film))
    begin = time.process_time()
    result = work()
    return result if isinstance(result, float) else time.process_time() - begin


def _status(job: Job) -> Callable[[], float]:
    """`unfade status`, the whole command"""

    def work() -> float:
        before = os.times()
        command = [sys.executable, "-m", "unfade", "status", str(job.root)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        return (
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        )

    return work


def _preflight(job: Job) -> Callable[[], None]:
    """checks before a run"""

    def work() -> None:
        preflight.check(job, STAGE_NAMES[-1], STAGE_NAMES)
        preflight.check_scan(job, STAGE_NAMES)

    return work


def _artefacts(job: Job) -> Callable[[], object]:
    """artefacts loaded by validate"""
    return lambda: (ValidatedFilm.of(job), job.load(MatchRecord))


def _curate(job: Job) -> Callable[[], None]:
    """curate: cuts, facts of frames, scenes, choice of pairs"""
    film = ValidatedFilm.of(job)
    source = load_proxy(job.root / SOURCE_PROXY, len(film.clips.source.frames))

    def work() -> None:
        find_cuts(source)
        facts, shots = measure_frames(source), film.pair_list.shots
        scene_numbers(colour_distributions(facts, shots, 1))
        states = ["free"] * len(source)
        for shot in shots:
            frames = range(shot.frames.first - 1, shot.frames.last)
            choose_frames(facts, states, frames, PairQuota(2, 1, 4, 1))

    return work


def _review(job: Job) -> Callable[[], None]:
    """validate: figures of shots, review of outliers"""
    film, matches = ValidatedFilm.of(job), job.load(MatchRecord)
    frames = film.rendering.frames
    draws = np.random.default_rng(0)
    evidence = [_evidence(one, draws) for one in frames[:FRAMES_A_SHOT]]

    def work() -> None:
        figures = [_figures(one) for one in frames]
        admitted = film.alignments.admitted
        shots = shot_figures(figures, film.pair_list.shots, [one.pair for one in admitted])
        frame_measures(figures, shots, 0, "zip")
        choose_shown(frames, film.targets.targets)
        place_figures(figures)
        error = HeldOut(ciede2000=1.0, chroma=0.01)
        held_out = [
            HeldOutFigures(one.pair.source, one.pair.shot, error, error, error)
            for one in admitted
            if one.pair.role != "train"
        ]
        reference = ReferenceColour(film.clips, matches, admitted, {})
        area = film.clips.source.live_area
        review = OutlierReview(reference, area, film.pair_list.shots, job.root)
        for index, one in enumerate(frames):
            like = evidence[index % len(evidence)]
            review.add(_of_frame(like, one), one.predicted_error)
        facts = mend_facts(matches, film.alignments, ())
        for run in review.runs(shot_facts(film.pair_list, film.alignments, held_out), 1.0):
            mend(run, facts)

    return work


def _figures(one: RenderedFrame) -> FrameFigures:
    luma = LumaFigures(1e-4, 1e-5, 0.0, 0, 0, 7000)
    chroma = (0.01, 0.02)
    change = ChromaChange(0.001, 0.001)
    return FrameFigures(one.frame, one.shot, one.predicted_error, luma, chroma, chroma, change)


def _evidence(one: RenderedFrame, draws: np.random.Generator) -> FrameEvidence:
    """Made-up evidence of a frame without a fault."""
    x, y, wrong = draws.normal(0, 0.1, 3).tolist()
    blocks = draws.uniform(0, 1, (3, *BLOCKS[::-1])).astype(np.float32)
    return FrameEvidence(
        frame=one.frame,
        shot=one.shot,
        wrong=1.0 + wrong,
        offset=(0.001, 0.001),
        shift=(x, y),
        unsupported=0.02,
        band=0.3,
        plateau=0.1,
        source_blocks=blocks,
        blocks=blocks[:2] / 10,
        skin=None,
        rim=(1.0, 1.0, 1.0, 1.0),
    )


def _of_frame(like: FrameEvidence, one: RenderedFrame) -> FrameEvidence:
    """The same evidence, of another frame."""
    facts = {name: getattr(like, name) for name in FrameEvidence.__dataclass_fields__}
    return FrameEvidence(**(facts | {"frame": one.frame, "shot": one.shot}))


def _deliver(job: Job) -> Callable[[], None]:
    """deliver, without review movies"""
    return lambda: deliver.run(job)


ITEMS: dict[str, Callable[[Job], Callable[[], object]]] = {
    "status": _status,
    "preflight": _preflight,
    "artefacts": _artefacts,
    "curate": _curate,
    "review": _review,
    "deliver": _deliver,
}
"""What `records` measures: each prepares, and returns what is measured. The first line of its
docstring is its row."""


if __name__ == "__main__":
    main()
