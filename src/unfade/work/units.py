"""Units of work: pieces of a stage that are done side by side, in any order, on any machine.

A unit writes one whole file, its result, so that a unit whose result exists is not done again. The
results lie in a folder of the stage until the stage is done; a key names everything that the stage
depends on, and results of another key are removed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from unfade.errors import WorkError
from unfade.work.record_files import read_record
from unfade.work.writing import write_text, writing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from unfade.work.job import Job

T = TypeVar("T")

UNITS_FOLDER = "units"
"""Folder, in that of a stage, with the results of its units."""

_FAULTS = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a result with other values than its unit writes raises where it is read."""

KEY_FILE = "key.txt"
"""File, among the results, with the key that they are of."""

FRAMES_A_UNIT = 100
"""Frames of a unit: at 2K half a minute on one core, so that a lost unit costs little, and the
start of a unit, a fraction of a second, even less."""

ITEMS_A_UNIT = 32
"""Pairs or shots of a unit; each takes seconds."""


@dataclass(frozen=True)
class UnitResult:
    """What a unit found: values of JSON, and arrays by name."""

    facts: Any = None
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


UnitWork = Generator[None, None, UnitResult]
"""The work of a unit: it yields after each of its frames or pairs, and returns the result."""


@dataclass(frozen=True)
class Unit:
    """A piece of a stage's work.

    `work` is a function of a module: it takes a job and the `arguments`, which can be sent to
    another process. `name` tells the unit from the others of its stage. `amount` is the number of
    its frames, pairs or shots.
    """

    stage: str
    name: str
    work: Callable[..., UnitWork]
    arguments: Mapping[str, Any]
    amount: int

    def path(self, job: Job) -> Path:
        """The file of its result."""
        return job.folder(self.stage) / UNITS_FOLDER / f"{self.name}.safetensors"


class Executor(Protocol):
    """Does units: in this process, in others, or on other machines."""

    def run(self, job: Job, units: Sequence[Unit]) -> Iterator[None]:
        """Does units, each of which writes its result; yields as often as they have frames, pairs
        or shots.

        Raises:
            UnfadeError: of a unit, or of the executor.
        """
        ...


class InProcess:
    """Does units one after the other; each uses all cores."""

    def run(self, job: Job, units: Sequence[Unit]) -> Iterator[None]:
        """Does units, and yields after each frame, pair or shot."""
        for unit in units:
            yield from do_unit(job, unit)


def do_unit(job: Job, unit: Unit) -> Iterator[None]:
    """Does a unit and writes its result; yields after each frame, pair or shot."""
    import numpy as np
    from safetensors.numpy import save

    result = yield from unit.work(job, **unit.arguments)
    arrays = {name: np.ascontiguousarray(array) for name, array in result.arrays.items()}
    path = unit.path(job)
    path.parent.mkdir(exist_ok=True)
    with writing(path) as temporary:
        temporary.write_bytes(save(arrays, {"facts": json.dumps(result.facts)}))


def results(
    job: Job,
    units: Sequence[Unit],
    label: str,
    *,
    holds: Callable[[UnitResult], bool] = lambda result: True,
) -> Iterator[UnitResult]:
    """The result of each unit, in order, after those that have none were done.

    Args:
        job: the job.
        units: the units.
        label: of the progress, which counts frames, pairs or shots.
        holds: whether an earlier result still holds; the unit is done again if not.

    Raises:
        UnfadeError: of a unit or of the executor, or a result cannot be read.
    """
    due = [unit for unit in units if not _is_done(unit.path(job), holds)]
    total = sum(unit.amount for unit in due)
    for _ in job.progress.track(job.executor.run(job, due), label, total):
        pass
    for unit in units:
        yield _read(unit.path(job))


def read_result(job: Job, unit: Unit) -> UnitResult:
    """The result of a unit that is done.

    Raises:
        WorkError: it is missing or damaged.
    """
    return _read(unit.path(job))


def _is_done(path: Path, holds: Callable[[UnitResult], bool]) -> bool:
    try:
        is_done = path.exists() and holds(_read(path))
    except (WorkError, *_FAULTS):
        is_done = False
    if not is_done:
        path.unlink(missing_ok=True)
    return is_done


def _read(path: Path) -> UnitResult:
    """
    Raises:
        WorkError: the file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            facts = json.loads(file.metadata()["facts"])
            return UnitResult(facts, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (OSError, SafetensorError, *_FAULTS) as error:
        raise WorkError(f"{path}: is damaged ({error}); remove it, and run again") from error


def frames_unit(
    stage: str, work: Callable[..., UnitWork], frames: Sequence[int], **arguments: Any
) -> Unit:
    """A unit of a range of frames, ascending: `work` gets its first and its last one."""
    first, last = frames[0], frames[-1]
    name = "-".join([*map(str, arguments.values()), f"{first:07d}", f"{last:07d}"])
    return Unit(stage, name, work, {"first": first, "last": last, **arguments}, len(frames))


def ranges(items: Sequence[T], count: int | None = None) -> list[Sequence[T]]:
    """Frames or other items in parts of at most `count`; None is `FRAMES_A_UNIT`."""
    step = count or FRAMES_A_UNIT
    return [items[start : start + step] for start in range(0, len(items), step)]


def prepare_results(folder: Path, key: str) -> None:
    """Removes the results in the folder of a stage that are not of `key`."""
    if not has_key(folder, key):
        remove_results(folder)
        (folder / UNITS_FOLDER).mkdir()
        write_text(folder / UNITS_FOLDER / KEY_FILE, key)


def has_key(folder: Path, key: str) -> bool:
    """Whether the results in the folder of a stage are of `key`."""
    return results_key(folder) == key


def results_key(folder: Path) -> str:
    """The key that the results in the folder of a stage are of; empty if there is none."""
    try:
        return read_record(folder / UNITS_FOLDER / KEY_FILE)
    except (OSError, ValueError):
        return ""


def remove_results(folder: Path) -> None:
    """Removes all results in the folder of a stage."""
    units = folder / UNITS_FOLDER
    if units.is_symlink():
        units.unlink()
    elif units.exists():
        shutil.rmtree(units)
