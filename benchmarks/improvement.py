"""Claim: `unfade improve` from one pair a shot comes within 5 % of the error that 11 pairs a shot
give, with fewer pairs.

Makes the demo film, recovers it with one pair a shot, improves it, and recovers it with 11 pairs a
shot. Scores every frame of the three against the truth, as `demo_film.py` does:

    python benchmarks/improvement.py [--folder DIR] [--severity medium] [--seed 0]

A film that is there is not run again.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from demo_film import score_frames
from measures import circumstances, table

from unfade.commands.runtime import configure_process
from unfade.film.pair import PairList
from unfade.film.report import Report
from unfade.project.file import load_project
from unfade.simulate.demo import make_demo
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

FEW, MANY = 1, 11
"""Pairs a shot."""


def main() -> None:
    """Prints a table with a row for each way to choose pairs."""
    configure_process()
    options = _options()
    film = options.folder / "film"
    if not film.exists():
        make_demo(film, severity=options.severity, seed=options.seed, progress=SilentProgress())
    few, many = (_copy(film, options.folder, count) for count in (FEW, MANY))
    improved = options.folder / "improved"
    _unfade("run", few)
    if not improved.exists():
        shutil.copytree(few, improved)
        _unfade("improve", improved)
    _unfade("run", many)
    films = {
        "one pair a shot": few,
        "after `improve`": improved,
        f"{MANY} pairs a shot": many,
    }
    rows = [_row(name, folder) for name, folder in films.items()]
    print(f"{circumstances()}; {options.severity}, seed {options.seed}\n")
    print(table(("", "training pairs", "pairs that judge", "all frames"), rows))
    print(f"\nimproved / {MANY} pairs a shot: {float(rows[1][-1]) / float(rows[2][-1]):.3f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("improvement"))
    parser.add_argument("--severity", default="medium")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _copy(film: Path, folder: Path, count: int) -> Path:
    """A copy of the film whose film.toml asks for a number of pairs a shot."""
    copy = folder / f"pairs-{count}"
    if not copy.exists():
        shutil.copytree(film, copy)
        path = copy / "film.toml"
        before = path.read_text(encoding="utf-8")
        lines = [
            f"pairs_per_shot = {count}" if line.startswith("pairs_per_shot") else line
            for line in before.splitlines()
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return copy


def _unfade(verb: str, folder: Path) -> None:
    command = [sys.executable, "-m", "unfade", verb, str(folder / "film.toml"), "--quiet"]
    subprocess.run(command, check=True)


def _row(name: str, folder: Path) -> list[str]:
    job = Job(load_project(folder / "film.toml"), folder, SilentProgress())
    measures = {one.name: one.value for one in job.load(Report).measures}
    errors = [figures[2] for _, figures in score_frames(folder)]
    training = [pair for pair in job.load(PairList).pairs if pair.role == "train"]
    judged, mean = measures["held_out_ciede2000"], sum(errors) / len(errors)
    return [name, str(len(training)), f"{judged:.3f}", f"{mean:.3f}"]


if __name__ == "__main__":
    main()
