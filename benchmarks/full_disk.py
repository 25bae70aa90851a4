"""Claim: a disk that fills up ends every stage with one sentence, and once there is space again the
same command goes on to the same bytes.

Runs a film of six small frames in a file system of memory. For each stage it measures how much the
stage writes, leaves it a share of that, runs it, makes space, and runs it again. Prints what the
user saw, and what was lost: another exit status than 2, a traceback, more than one sentence, a file
under its own name that is not whole, a changed receipt of an earlier stage, parts of files, or
final files that differ from those of an undisturbed run. The last rows fill the folder for
temporary files instead:

    python benchmarks/full_disk.py [--stage NAME ...] [--folder DIR]

Needs the right to mount a tmpfs on Linux, and says so where it is missing. Takes about twenty
minutes.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from unfade.commands.runtime import configure_process

configure_process()

import numpy as np  # noqa: E402
import OpenImageIO as oiio  # noqa: E402
from fault_film import Outcome, copy_film, leftovers, make_film, problem, run  # noqa: E402
from measures import circumstances, table  # noqa: E402
from safetensors import SafetensorError, safe_open  # noqa: E402

from unfade.film.stage_names import STAGE_NAMES, folder_name  # noqa: E402

DISK_BYTES = 512 * 2**20
"""Size of the disk: validate holds up to 160 MB of its units there."""
PAGE_BYTES = 4096
"""The unit in which a tmpfs gives space."""
SHARES = (0.0, 0.2, 0.8)
"""Space that a stage finds, as shares of what it writes."""
TEMPORARY_BYTES = (PAGE_BYTES, 65_536)
"""Sizes of the disk for temporary files: nothing but its root, and too little for a picture."""
MOVIE = 'movie = "h264"', 'movie = "prores"'
"""The review movies are ProRes, because x264 now and then gives other bytes for the same frames."""

HEAD = ("stage", "space left, kB", "exit status", "what the user saw", "lost")
Row = tuple[str, str, str, str, str]

_DATE = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+(\+00:00|Z)")
_OF_DATED_FILES = re.compile(rb"(?m)^.*  (data/premis\.xml|manifest-sha256\.txt)\n")
"""Checksums of files that hold dates."""


def main() -> None:
    """Prints the table, row by row; the exit status is 1 if something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    choices = [*STAGE_NAMES, "temporary"]
    parser.add_argument("--stage", choices=choices, nargs="+", default=choices, help="only these")
    parser.add_argument("--folder", type=Path, help="for the films and the mounted disks")
    options = parser.parse_args()
    count = lost = 0
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as name,
        mounted(Path(name) / "disk", DISK_BYTES) as disk,
    ):
        print(f"{circumstances()}\n\n{table(HEAD, ())}", flush=True)
        bench = _Bench(Path(name), disk)
        for row in bench.rows(options.stage):
            print("| " + " | ".join(row) + " |", flush=True)
            count, lost = count + 1, lost + (row[-1] != "nothing")
    print(f"\n{count} full disks, {lost} not survived")
    sys.exit(1 if lost else 0)


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[Path]:
    """Mounts a disk of some bytes on a new folder; without the right to do so, it ends."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"skipped: a tmpfs cannot be mounted here ({error})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=60)


@dataclass(frozen=True)
class Start:
    """The film before a stage, and the bytes that the stage takes on the disk."""

    folder: Path
    written: int


class _Bench:
    """The film before each stage, and all files of the finished film."""

    def __init__(self, folder: Path, disk: Path) -> None:
        self._folder, self._disk = folder, disk
        self._film, self._filler = disk / "film", disk / "filler"
        self._starts: dict[str, Start] = {}
        make_film(self._film)
        settings = self._film / "film.toml"
        settings.write_text(settings.read_text(encoding="utf-8").replace(*MOVIE), encoding="utf-8")
        for stage in STAGE_NAMES:
            copy = folder / f"before-{stage}"
            copy_film(self._film, copy)
            before = _free(disk)
            outcome = run(self._film, "run", "film.toml", "--quiet", "--to", stage)
            if outcome.status != 0:
                sys.exit(f"the undisturbed run failed: {outcome.said}")
            self._starts[stage] = Start(copy, before - _free(disk))
        self._finished = _contents(self._film)

    def rows(self, stages: Sequence[str]) -> Iterator[Row]:
        for stage in STAGE_NAMES:
            for share in SHARES if stage in stages else ():
                yield self._row(stage, share)
        for size in TEMPORARY_BYTES if "temporary" in stages else ():
            yield self._temporary_row(size)

    def _row(self, stage: str, share: float) -> Row:
        start = self._starts[stage]
        self._lay(start)
        left = int(start.written * share) // PAGE_BYTES * PAGE_BYTES
        earlier = _receipts(self._film, stage)
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, _free(self._disk) - left)
        outcome = run(self._film)
        lost = [problem(outcome, {2}), *self._broken()]
        if _receipts(self._film, stage) != earlier:
            lost.append("a receipt of an earlier stage changed")
        self._filler.unlink()
        return self._judged(stage, left, outcome, lost)

    def _temporary_row(self, size: int) -> Row:
        """A row for a small disk that holds the temporary files only."""
        self._lay(self._starts["ingest"])
        with mounted(self._folder / "temporary", size) as folder:
            outcome = run(self._film, environment={"TMPDIR": str(folder)})
        (self._folder / "temporary").rmdir()
        lost = [problem(outcome, {0, 2}), *self._broken()]
        return self._judged("temporary files", size, outcome, lost)

    def _lay(self, start: Start) -> None:
        shutil.rmtree(self._film, ignore_errors=True)
        copy_film(start.folder, self._film)

    def _broken(self) -> list[str]:
        """Files that are neither those of the finished film nor whole."""
        return [
            f"{name} is not whole"
            for name, content in _contents(self._film).items()
            if content != self._finished.get(name) and not _is_whole(self._film / name)
        ]

    def _judged(self, title: str, left: int, outcome: Outcome, lost: list[str]) -> Row:
        again = run(self._film)
        if again.status != 0:
            lost.append(f"the next run refuses: {again.said}")
        else:
            now = _contents(self._film)
            names = sorted(
                name
                for name in now.keys() | self._finished.keys()
                if now.get(name) != self._finished.get(name)
            )
            lost += [f"{name} differs" for name in names[:3]]
            lost += [f"left over: {name}" for name in leftovers(self._film)[:3]]
        status = "none, it hung" if outcome.status is None else str(outcome.status)
        said = outcome.said.replace(str(self._film), "FILM").replace(str(self._folder), "FOLDER")
        shown = "; ".join(filter(None, lost)) or "nothing"
        return title, f"{left / 1000:,.0f}", status, said.replace("|", "/")[:300], shown


def _free(disk: Path) -> int:
    """Free bytes of a disk."""
    return shutil.disk_usage(disk).free


def _receipts(film: Path, stage: str) -> list[bytes]:
    """The receipts of the stages before one."""
    earlier = STAGE_NAMES[: STAGE_NAMES.index(stage)]
    return [(film / folder_name(one) / "receipt.json").read_bytes() for one in earlier]


def _contents(film: Path) -> dict[str, bytes]:
    """The files of a film that a user sees, by name, without dates; receipts hold little else."""
    found = {}
    for path in sorted(film.rglob("*")):
        name = path.relative_to(film).as_posix()
        is_seen = not any(part.startswith(".") for part in name.split("/"))
        if path.is_file() and is_seen and path.name != "receipt.json":
            content = _DATE.sub(b"DATE", path.read_bytes())
            is_manifest = path.name.endswith("manifest-sha256.txt")
            found[name] = _OF_DATED_FILES.sub(b"", content) if is_manifest else content
    return found


def _is_whole(path: Path) -> bool:
    """Whether a file that an unfinished stage has left can be read to its end."""
    try:
        if path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.suffix == ".txt":
            return bool(path.read_text(encoding="utf-8"))
        elif path.suffix == ".npy":
            np.load(path)
        elif path.suffix == ".safetensors":
            with safe_open(str(path), "pt") as file:
                for key in file.keys():  # noqa: SIM118
                    file.get_tensor(key)
        else:
            picture = oiio.ImageBuf(str(path))
            is_read = picture.read(force=True)
            picture.geterror()
            return bool(is_read)
    except (OSError, ValueError, SafetensorError):
        return False
    return True


if __name__ == "__main__":
    main()
