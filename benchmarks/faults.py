"""Claim: no fault of material, project, work directory or system ends in a traceback, hangs or
loses work: it is survived or refused in one sentence, and after it is mended the masters are the
same.

Plants each fault in a film of six small frames, runs the program, mends what the person would have
to mend, and runs it again. Prints what the user saw, and what was lost: pixels of masters that
differ from those of an undisturbed run, or files that are left over:

    python benchmarks/faults.py [--folder DIR] [--only WORDS] [--kills 8] [--seed 0]

Needs a system with limits for processes, such as Linux. Takes about ten minutes.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from unfade.commands.runtime import configure_process

configure_process()

from fault_film import (  # noqa: E402
    Outcome,
    copy_film,
    interrupted,
    leftovers,
    make_film,
    pixel_digest,
    problem,
    run,
)
from fault_list import Fault, faults, kill_points  # noqa: E402
from hostile_faults import hostile_faults  # noqa: E402
from measures import circumstances, table  # noqa: E402

from unfade.work.lock import LOCK  # noqa: E402

ELEMENTS = ("scan", "dvd", "painted", "film.toml")
"""What a person mends: everything else is the program's own."""

EXPECTED_SIGNALS = {-signal.SIGKILL, 130}
"""Ends of runs that were killed or stopped."""

HEAD = ("fault", "exit status", "what the user saw", "lost")

Row = tuple[str, str, str, str]


def main() -> None:
    """Prints the table, row by row; the exit status is 1 if something was lost."""
    options = _options()
    # A shell lets its background jobs, and so what they start, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(f"{circumstances()}\n\n{table(HEAD, ())}", flush=True)
    count = lost = 0
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        bench = _Bench(Path(name))
        for row in bench.rows(options.only, options.kills, random.Random(options.seed)):
            print("| " + " | ".join(row) + " |", flush=True)
            count, lost = count + 1, lost + (row[-1] != "nothing")
    print(f"\n{count} faults, {lost} not survived")
    sys.exit(1 if lost else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="for temporary files")
    parser.add_argument("--only", default="", help="faults whose name contains these words")
    parser.add_argument("--kills", type=int, default=8, help="number of runs that are killed")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


class _Bench:
    """The film, untouched and finished, and the digest of its masters."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._raw, self._finished = folder / "raw", folder / "finished"
        make_film(self._raw)
        copy_film(self._raw, self._finished)
        outcome = run(self._finished)
        if outcome.status != 0:
            sys.exit(f"the undisturbed run failed: {outcome.said}")
        self._digest = pixel_digest(self._finished)

    def rows(self, only: str, kills: int, draws: random.Random) -> Iterator[Row]:
        for fault in (*faults(), *hostile_faults()):
            if only in fault.name:
                yield self._row(fault)
        for number in range(kills):
            name = kill_points()[number % len(kill_points())]
            title = f"the run is killed in {name}"
            if only in title:
                yield self._killed(title, name, signal.SIGKILL, draws)
        for name in kill_points():
            title = f"Ctrl-C in {name}"
            if only in title:
                yield self._killed(title, name, signal.SIGINT, draws)
        for title, change in _PLACES.items():
            if only in title:
                yield self._moved(title, change)

    def _row(self, fault: Fault) -> Row:
        film = self._folder / "film"
        copy_film(self._finished if fault.starts_finished else self._raw, film)
        try:
            fault.plant(film)
            outcome = run(
                film, *fault.arguments, environment=fault.environment, limits=fault.limits
            )
            wrong = problem(outcome, {0, 2} if fault.may_pass else {2})
            self._mend(film)
            if "run 'unfade render' again" in outcome.said:
                run(film, "render", "film.toml", "--quiet")
            return self._judged(fault.name, outcome, wrong, film)
        finally:
            shutil.rmtree(film)

    def _killed(self, title: str, stage: str, number: int, draws: random.Random) -> Row:
        film = self._folder / "film"
        copy_film(self._raw, film)
        delay_s = draws.uniform(0, 0.4)

        def is_time(folder: Path) -> bool:
            if not (folder / stage / ".unfinished").exists():
                return False
            time.sleep(delay_s)
            return True

        try:
            outcome = interrupted(film, is_time, number)
            wrong = problem(outcome, EXPECTED_SIGNALS | {0})
            return self._judged(title, outcome, wrong, film)
        finally:
            shutil.rmtree(film)

    def _moved(self, title: str, name: str) -> Row:
        """A row for a film in a folder of another name: it runs there as anywhere."""
        film = self._folder / name
        copy_film(self._finished, film)
        try:
            (film / "06-render" / "rendering.json").unlink()
            outcome = run(film)
            return self._judged(title, outcome, problem(outcome, {0}), film)
        finally:
            shutil.rmtree(film)

    def _mend(self, film: Path) -> None:
        """Puts the elements and film.toml back as they were, without records of people."""
        (film / "approvals.json").unlink(missing_ok=True)
        if (film / LOCK).is_symlink():
            (film / LOCK).unlink()
        for folder in film.glob("0[1-8]-*"):
            if folder.is_symlink() or not folder.is_dir():
                folder.unlink()
        for name in ELEMENTS:
            place, original = film / name, self._raw / name
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
            if original.is_dir():
                shutil.copytree(original, place)
            else:
                shutil.copy2(original, place)

    def _judged(self, title: str, outcome: Outcome, wrong: str, film: Path) -> Row:
        said = outcome.said.replace(str(film), "FILM").replace(str(self._folder), "FOLDER")
        status = "none, it hung" if outcome.status is None else str(outcome.status)
        lost = [wrong] if wrong else []
        again = run(film)
        if again.status != 0:
            lost.append(f"the next run refuses: {again.said.replace(str(film), 'FILM')}")
        elif pixel_digest(film) != self._digest:
            lost.append("masters differ")
        elif left := leftovers(film):
            lost.append(f"left over: {', '.join(left[:3])}")
        return title, status, said.replace("|", "/")[:400], "; ".join(lost) or "nothing"


_PLACES: dict[str, str] = {
    "a path with spaces": "reel 1, take 2",
    "a path in other scripts": "Фильм キャン 膠片",
    "a path with quotes and brackets": 'it\'s [a] "film" {1} %04d #',
    "a path with a line break": "reel\n1",
    "a path of 200 characters": "x" * 200,
}
"""Names of folders, by what they try; each also moves a finished project."""

if __name__ == "__main__":
    main()
