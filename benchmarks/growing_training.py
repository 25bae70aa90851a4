"""Memory and time of training by the number of pairs and of shots.

Makes targets of the demo film, and trains on them several times over: as further pairs of its shots
for the memory, as further shots for the time. Each training runs in a process of its own.

    python benchmarks/growing_training.py [--folder DIR] [--pairs 40 1000] [--shots 6 24]
        [--steps 200]

The frames between pairs are repeated with them. A short training is enough for the memory, because
it peaks before and after the steps; the time of a shot has few of them in any case.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from unfade.commands.runtime import configure_process

configure_process()

from measures import circumstances, table  # noqa: E402

from unfade.film.stage_names import folder_name  # noqa: E402
from unfade.film.target import Target, Targets, UnpairedFrame  # noqa: E402
from unfade.project.file import load_project  # noqa: E402
from unfade.simulate.demo import make_demo  # noqa: E402
from unfade.train import stage as train  # noqa: E402
from unfade.work.job import Job  # noqa: E402
from unfade.work.progress import SilentProgress  # noqa: E402

KIB_A_MIB = 1024

FRAMES_APART = 10_000
"""Frames between two repetitions of the film, more than it has."""


def main() -> None:
    """Prints a table of the trainings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="for temporary files")
    parser.add_argument("--pairs", type=int, nargs="*", default=[40, 1000])
    parser.add_argument("--shots", type=int, nargs="*", default=[6, 24])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train is not None:
        print(*_train(options.train, options.steps))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        film = Path(name) / "film"
        make_demo(film, severity="medium", seed=0, progress=SilentProgress())
        run = [sys.executable, "-m", "unfade", "run", str(film / "film.toml"), "--to", "target"]
        subprocess.run([*run, "--quiet"], check=True)
        targets = Job(load_project(film / "film.toml"), film, SilentProgress()).load(Targets)
        cases = [(_with_pairs(targets, count), "pairs") for count in options.pairs]
        cases += [(_with_shots(targets, count), "shots") for count in options.shots]
        rows = [_row(film, Path(name) / str(index), *case, options.steps)
                for index, case in enumerate(cases)]  # fmt: skip
    print(f"{circumstances()}; {options.steps} steps\n")
    print(table(("growing", "pairs", "shots", "wall, s", "CPU, s", "peak memory, MiB"), rows))


def _row(film: Path, folder: Path, targets: Targets, growing: str, steps: int) -> list[str]:
    """Trains on the targets of a film in another work directory."""
    folder.mkdir()
    for path in film.iterdir():
        if path.name not in {folder_name("train"), folder_name("target")}:
            (folder / path.name).symlink_to(path)
    target_folder = folder / folder_name("target")
    target_folder.mkdir()
    for path in (film / folder_name("target")).glob("*.exr"):
        os.link(path, target_folder / path.name)
    (folder / Targets.PATH).write_text(targets.to_json())
    command = [sys.executable, __file__, "--steps", str(steps), "--train", str(folder)]
    costs = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    shots = len({one.pair.shot for one in targets.targets})
    return [growing, str(len(targets.targets)), str(shots), *costs]


def _train(folder: Path, steps: int) -> tuple[str, str, str]:
    """Trains once: wall seconds, CPU seconds, peak memory."""
    project = load_project(folder / "film.toml")
    section = project.train.model_copy(update={"steps": steps, "checkpoint": steps})
    project = project.model_copy(update={"train": section})
    job = Job(project, folder, SilentProgress())
    begin = time.perf_counter()
    train.run(job)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_A_MIB
    return f"{time.perf_counter() - begin:.1f}", f"{time.process_time():.1f}", f"{peak:,.0f}"


def _with_pairs(targets: Targets, count: int) -> Targets:
    """Targets with `count` pairs in the same shots."""
    times = -(-count // len(targets.targets))
    again = _again(targets, times, shots_apart=0)
    return again.model_copy(update={"targets": again.targets[:count]})


def _with_shots(targets: Targets, count: int) -> Targets:
    """Targets with at least `count` shots."""
    shots = max(one.pair.shot for one in targets.targets)
    return _again(targets, -(-count // shots), shots)


def _again(targets: Targets, times: int, shots_apart: int) -> Targets:
    """The pictures of targets several times, with other numbers of frames and shots."""
    pairs: list[Target] = []
    between: list[UnpairedFrame] = []
    for index in range(times):
        frames, shots = FRAMES_APART * index, shots_apart * index
        for one in targets.targets:
            moved = {"source": one.pair.source + frames, "shot": one.pair.shot + shots}
            pairs.append(one.model_copy(update={"pair": one.pair.model_copy(update=moved)}))
        for frame in targets.between or ():
            moved = {"frame": frame.frame + frames, "shot": frame.shot + shots}
            between.append(frame.model_copy(update=moved))
    return targets.model_copy(update={"targets": tuple(pairs), "between": tuple(between)})


if __name__ == "__main__":
    main()
