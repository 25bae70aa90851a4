"""What every stage costs, beside reading and writing alone.

Runs the demo film from an empty work directory in one process, as a user does, or a long film at
the size of a 2K scan, which `long_film.py` makes. Then, in the same run, the floor: every frame of
the scan is read once, every master written once and read back once, by the project's own reader,
colour conversion and writer. Prints wall and CPU seconds, busy cores and peak memory of each stage
and of the whole, wall seconds a frame, and the wall time as a multiple of the floor's:

    python benchmarks/whole_line.py [--folder DIR] [--severity medium] [--seed 0]
        [--long] [--frames 2000] [--shots 40] [--width 2048] [--height 1556]

The long film needs 40 GB in DIR, because the masters of the run are removed before those of the
floor are written. All files are removed at the end.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unfade.commands.runtime import configure_process

configure_process()

from long_film import FilmSize, make_long_film  # noqa: E402
from measures import circumstances, table  # noqa: E402

from unfade import media  # noqa: E402
from unfade.film.clip import Clips  # noqa: E402
from unfade.film.pair import PairList  # noqa: E402
from unfade.film.stage_names import STAGE_NAMES, folder_name  # noqa: E402
from unfade.pipeline.clock import Clock  # noqa: E402
from unfade.pipeline.freshness import receipt_in  # noqa: E402
from unfade.project.file import load_project  # noqa: E402
from unfade.work.cores import on_all_cores  # noqa: E402
from unfade.work.job import Job  # noqa: E402
from unfade.work.progress import SilentProgress  # noqa: E402
from unfade.work.receipt import UNFINISHED, Cost  # noqa: E402

SAMPLING_S = 0.05
"""Seconds between two samples of the memory in use."""
KIB_A_MIB = 1024
START = "start, and making the film"
"""The part of the run before the first stage."""
WHOLE, FLOOR = "all stages", "floor"


@dataclass(frozen=True)
class Row:
    """The cost of a part of the run, and its peak memory in KiB."""

    name: str
    cost: Cost
    memory_kib: int


def main() -> None:
    """Prints the table."""
    options = _options()
    if options.floor is not None:
        print(_pass_through(options.floor).model_dump_json())
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name) / "film"
        arguments = _long(folder, options) if options.long else _demo(folder, options)
        memory = peak_memory([sys.executable, "-m", "unfade", *arguments, "--quiet"], folder)
        costs = [receipt_in(folder / folder_name(stage)).cost for stage in STAGE_NAMES]
        stages = [
            Row(stage, cost, memory.get(stage, 0))
            for stage, cost in zip(STAGE_NAMES, costs, strict=True)
            if cost is not None
        ]
        for stage in ("render", "deliver"):
            shutil.rmtree(folder / folder_name(stage))
        floor_cost = Cost.model_validate_json(
            _output([sys.executable, __file__, "--floor", str(folder)])
        )
        source, pairs = _job(folder).load(Clips).source, _job(folder).load(PairList)
    frames = len(source.frames)
    print(
        f"{circumstances()}; {options.severity}, seed {options.seed}, {frames} frames of "
        f"{source.width}x{source.height}, {len(pairs.shots)} shots, {len(pairs.pairs)} pairs\n"
    )
    rows = [*stages, _sum(WHOLE, stages), Row(FLOOR, floor_cost, 0)]
    print(_table(rows, floor_cost.wall_s, frames))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="for temporary files")
    parser.add_argument("--severity", default="medium")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--long", action="store_true", help="a long film of the size below")
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--shots", type=int, default=40)
    parser.add_argument("--width", type=int, default=2048, help="of the scan, in pixels")
    parser.add_argument("--height", type=int, default=1556, help="of the scan, in pixels")
    parser.add_argument("--floor", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _demo(folder: Path, options: argparse.Namespace) -> list[str]:
    """Arguments of the command that makes the demo film and runs it."""
    return ["demo", str(folder), "--severity", options.severity, "--seed", str(options.seed)]


def _long(folder: Path, options: argparse.Namespace) -> list[str]:
    """Makes the long film; arguments of the command that runs it."""
    size = FilmSize(options.frames, options.shots, options.width, options.height)
    make_long_film(folder, size, options.severity, options.seed)
    return ["run", str(folder / "film.toml")]


def peak_memory(command: Sequence[str], folder: Path) -> dict[str, int]:
    """The peak memory in KiB during each stage, of a command that works on a work directory.

    The stage that runs is the one whose folder has the marker of unfinished work.
    """
    peaks: dict[str, int] = {}
    process = subprocess.Popen(command)
    while process.poll() is None:
        running = [
            stage for stage in STAGE_NAMES if (folder / folder_name(stage) / UNFINISHED).exists()
        ]
        part = running[0] if running else START
        peaks[part] = max(peaks.get(part, 0), _memory_kib(process.pid))
        time.sleep(SAMPLING_S)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: ended with status {process.returncode}")
    return peaks


def _memory_kib(process_id: int) -> int:
    """Memory of a process in use, as Linux tells it; 0 on other systems."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(lines[0].split()[1]) if lines else 0


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _pass_through(folder: Path) -> Cost:
    """The cost of reading the scan, writing it as masters and reading these back."""
    job = _job(folder)
    source = job.load(Clips).source
    source = source.model_copy(update={"path": job.resolve(job.project.source.path)})
    settings, clock = job.project.render, Clock()
    with tempfile.TemporaryDirectory(dir=folder) as masters:
        paths = []
        with media.write_behind() as write_later:
            for frame, source_rgb in media.read(source, list(source.frames.frames()), job.colors):
                paths.append(Path(masters) / f"{frame:06d}.exr")
                tags = media.read_tags(source, frame)
                write_later(
                    media.write_master, paths[-1], source_rgb, settings, {}, tags, job.colors
                )
        stored = [(path, settings.colorspace) for path in paths]
        for _ in on_all_cores(_read_back, stored):
            pass
        return clock.cost()


def _read_back(master: tuple[Path, str]) -> None:
    path, colorspace = master
    media.read_picture(str(path), colorspace)


def _job(folder: Path) -> Job:
    return Job(load_project(folder / "film.toml"), folder, SilentProgress())


def _sum(name: str, rows: Sequence[Row]) -> Row:
    wall_s, cpu_s = (sum(getattr(row.cost, key) for row in rows) for key in ("wall_s", "cpu_s"))
    return Row(name, Cost(wall_s=wall_s, cpu_s=cpu_s), max(row.memory_kib for row in rows))


def _table(rows: Sequence[Row], floor_s: float, frames: int) -> str:
    costs = ("wall, s", "CPU, s", "cores busy", "peak memory, MiB")
    head = ("", *costs, "wall, s a frame", "wall / floor")
    cells = [
        [
            row.name,
            f"{row.cost.wall_s:.1f}",
            f"{row.cost.cpu_s:.1f}",
            row.cost.cpu_s / max(row.cost.wall_s, 0.01),
            f"{row.memory_kib / KIB_A_MIB:,.0f}" if row.memory_kib else "",
            f"{row.cost.wall_s / frames:.3f}",
            row.cost.wall_s / floor_s,
        ]
        for row in rows
    ]
    return table(head, cells)


if __name__ == "__main__":
    main()
