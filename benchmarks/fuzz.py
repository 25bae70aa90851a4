"""Claim: no file of a stranger makes Unfade fail other than in one sentence.

Feeds every reader with mutations of valid files: film.toml, artefacts, receipts and records, model
files, proxies, stills, movies, colour configs, bags, and the pages of the studio over them. A
reader may give an `UnfadeError` whose sentence is one line without control characters. It breaks
the rule by another exception, by more than 10 seconds or 4 GiB for a file, by a file that it
writes outside its folder, by a process that it starts, or by unpickling.

    python benchmarks/fuzz.py [--minutes 60] [--only WORDS] [--folder DIR] [--seed 0]
    python benchmarks/fuzz.py --repeat DIR/findings/NAME

Each reader runs in a process of its own, which may crash. Inputs are guided by the coverage of
Unfade's code if atheris is installed (pip install atheris), else they are random. Prints a table;
`DIR/findings` keeps the input and the report of each finding. The exit status is 1 if there is one.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

SLICE_S = 60.0
"""Largest number of seconds for which a target is fed in one process."""
GRACE_S = 45.0
"""Seconds that a process may need to start and to end, besides."""
HEAD = ("target", "executions", "seconds", "findings")


def main() -> None:
    """Feeds all targets in turn until the time is over, and prints the table."""
    options = _options()
    if options.child:
        from fuzz_child import feed

        feed(options.child, options.folder, options.seconds, options.seed)
        return
    if options.repeat:
        from fuzz_child import repeat

        repeat(options.repeat)
        return
    from fuzz_film import finished_film
    from fuzz_targets import TARGETS
    from measures import circumstances, table

    folder = Path(options.folder or tempfile.mkdtemp(prefix="unfade-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    finished_film(folder)
    names = [one.name for one in TARGETS if options.only in one.name]
    executions: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    end, seed = time.monotonic() + 60 * options.minutes, options.seed
    slice_s = min(SLICE_S, 60 * options.minutes / len(names))
    while time.monotonic() < end:
        for name in names:
            began = time.monotonic()
            executions[name] += _slice(folder, name, slice_s, seed)
            seconds[name] += round(time.monotonic() - began)
        seed += 1
    found = Counter(_findings(folder))
    rows = [(n, f"{executions[n]:,}", str(seconds[n]), str(found[n])) for n in names]
    print(f"{circumstances()}\n\n{table(HEAD, rows)}\n\nfindings: {folder / 'findings'}")
    sys.exit(1 if found.total() else 0)


def _findings(folder: Path) -> list[str]:
    """The target of each finding."""
    reports = (folder / "findings").glob("*.json")
    return [json.loads(one.read_text(encoding="utf-8"))["target"] for one in reports]


def _slice(folder: Path, name: str, seconds: float, seed: int) -> int:
    """Feeds a target in a process of its own; returns the number of executions."""
    state = folder / "state.json"
    state.unlink(missing_ok=True)
    with (folder / "stderr.txt").open("wb") as errors:
        arguments = ["--child", name, "--folder", str(folder)]
        process = subprocess.Popen(
            [sys.executable, __file__, *arguments, "--seconds", str(seconds), "--seed", str(seed)],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(seconds + GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = None
    if status != 0:
        _keep_end(folder, name, status)
    with suppress(OSError, ValueError):
        return int(json.loads(state.read_text(encoding="utf-8"))["executions"])
    return 0


def _keep_end(folder: Path, name: str, status: int | None) -> None:
    """Keeps the input at which a process ended by itself."""
    from fuzz_child import CURRENT, keep

    said = (folder / "stderr.txt").read_text(encoding="utf-8", errors="replace")
    stack = [line for line in said.splitlines() if "File " in line and "fuzz_" not in line]
    where = stack[0].strip() if stack else said.strip()[-200:]
    kind = "hang" if status is None or "Timeout" in said else f"crash {status}"
    current = folder / CURRENT
    data = current.read_bytes() if current.exists() else b""
    keep(folder, name, f"{kind} {where}", data, said[-6_000:])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--only", default="", help="words in the name of a target")
    parser.add_argument("--folder", help="for the film, inputs and findings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeat", type=Path, help="an input of a finding")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=SLICE_S, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
