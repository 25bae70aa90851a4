"""Units of work: pieces of a stage that are done side by side, in any order, on any machine.

A unit writes one whole file, its result, so that a unit whose result exists is not done again. The
results lie in a folder of the stage until the stage is done; a key names everything that the stage
depends on, and results of another key are removed.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from unfade.errors import WorkError
from unfade.work.record_files import read_if_usable
from unfade.work.writing import write_text, writing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from unfade.film.clip import Clip
    from unfade.work.job import Job

T = TypeVar("T")

UNITS_FOLDER = "units"
"""Folder, in that of a stage, with the results of its units."""

_FAULTS = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a result with other values than its unit writes raises where it is read."""

KEY_FILE = "key.txt"
"""File, among the results, with the key that they are of."""

NO_KEY = "none"
"""The key of results of a stage that runs by itself."""

MAX_ROUNDS = 3
"""Times that units are done whose results do not hold, because somebody changes their files."""

FRAMES_A_UNIT = 100
"""Frames of a unit: at 2K half a minute on one core, so that a lost unit costs little, and the
start of a unit, a fraction of a second, even less."""

UNITS_OF_SHORT_FILM = 8
"""Units of a film too short for units of `FRAMES_A_UNIT`, so that several workers share it."""

_FEWEST_FRAMES_A_UNIT = 10
"""Fewest frames of a unit: at 2K five seconds, so that the start of a unit stays a small share."""

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
    another process. No other unit of the stage has its `name`. `amount` is the number of its
    frames, pairs or shots.
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
        """Does units, at least one, each of which writes its result; yields as often as they have
        frames, pairs or shots.

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
    """Does a unit and writes its result; yields after each frame, pair or shot.

    Raises:
        UnfadeError: of the unit, or the stage has been begun anew with other settings meanwhile.
    """
    import numpy as np
    from safetensors.numpy import save

    folder = job.folder(unit.stage)
    key = results_key(folder)
    result = yield from _while_key_stays(unit.work(job, **unit.arguments), folder, key)
    arrays = {name: np.ascontiguousarray(array) for name, array in result.arrays.items()}
    facts = {"facts": json.dumps(result.facts), "key": _digest(key)}
    with writing(unit.path(job)) as temporary:
        temporary.write_bytes(save(arrays, facts))


def _while_key_stays(work: UnitWork, folder: Path, key: str) -> UnitWork:
    """The work of a unit, which ends if its run is over and another one has begun: a worker may not
    know that."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: UnitResult = end.value
            return result
        finally:
            check_key(folder, key)
        yield


def check_key(folder: Path, key: str) -> None:
    """
    Raises:
        WorkError: the results in the folder of a stage are no longer of `key`.
    """
    if not has_key(folder, key):
        raise WorkError(
            f"{folder}: was begun anew with other settings meanwhile; look at the newer run"
        )


def complete(
    job: Job,
    units: Sequence[Unit],
    label: str,
    *,
    holds: Callable[[Any], bool] = lambda facts: True,
) -> None:
    """Does the units that have no result.

    Args:
        job: the job.
        units: the units.
        label: of the progress, which counts frames, pairs or shots.
        holds: whether the facts of a result still hold, by the files that it is about; a unit is
            done again if not.

    Raises:
        UnfadeError: of a unit or of the executor.
    """
    if units and not results_key(job.folder(units[0].stage)):
        prepare_results(job.folder(units[0].stage), NO_KEY)
    for _ in range(MAX_ROUNDS):
        due = [unit for unit in units if not _is_done(job, unit, holds)]
        if not due:
            break
        for unit in due:
            _remove(unit.path(job))
        total = sum(unit.amount for unit in due)
        for _ in job.progress.track(job.executor.run(job, due), label, total):
            pass


def results(
    job: Job,
    units: Sequence[Unit],
    label: str,
    *,
    holds: Callable[[Any], bool] = lambda facts: True,
) -> Iterator[UnitResult]:
    """The result of each unit, in order, after those that have none were done, as `complete` does.

    Raises:
        UnfadeError: of a unit or of the executor, or a result cannot be read.
    """
    complete(job, units, label, holds=holds)
    for unit in units:
        yield read_result(job, unit)


def _is_done(job: Job, unit: Unit, holds: Callable[[Any], bool]) -> bool:
    """Whether a unit has a result of the present key that still holds."""
    try:
        return holds(_read(job, unit, with_arrays=False).facts)
    except (WorkError, *_FAULTS):
        return False


def read_result(job: Job, unit: Unit) -> UnitResult:
    """The result of a unit that is done.

    Raises:
        WorkError: it is missing or damaged, or of another key.
    """
    return _read(job, unit, with_arrays=True)


def known_facts(folder: Path) -> Iterator[Any]:
    """The facts of all results in the folder of a stage that can be read, whatever units they are
    of."""
    for path in sorted((folder / UNITS_FOLDER).glob("*.safetensors")):
        with suppress(WorkError):
            yield _read_file(path, folder, with_arrays=False).facts


def _read(job: Job, unit: Unit, *, with_arrays: bool) -> UnitResult:
    return _read_file(unit.path(job), job.folder(unit.stage), with_arrays=with_arrays)


def _read_file(path: Path, folder: Path, *, with_arrays: bool) -> UnitResult:
    from safetensors import SafetensorError, safe_open

    try:
        if not path.is_file():  # A pipe would be waited for.
            raise FileNotFoundError("there is no such file")
        with safe_open(path, "numpy") as file:
            found = file.metadata()
            if found["key"] != _digest(results_key(folder)):
                raise WorkError(f"{path}: is of other settings; remove it, and run again")
            names = list(file.keys()) if with_arrays else []
            arrays = {name: file.get_tensor(name) for name in names}
            return UnitResult(json.loads(found["facts"]), arrays)
    except (OSError, SafetensorError, *_FAULTS) as error:
        raise WorkError(f"{path}: is damaged ({error}); remove it, and run again") from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise WorkError(
            f"{path}: cannot be removed ({error.strerror}); remove it, and run again"
        ) from error


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def frames_unit(
    stage: str, work: Callable[..., UnitWork], frames: Sequence[int], **arguments: Any
) -> Unit:
    """A unit of a range of frames, ascending: `work` gets its first and its last one."""
    first, last = frames[0], frames[-1]
    name = "-".join([*map(str, arguments.values()), f"{first:07d}", f"{last:07d}"])
    return Unit(stage, name, work, {"first": first, "last": last, **arguments}, len(frames))


def frames_units(
    stage: str, work: Callable[..., UnitWork], clip: Clip, frames: Sequence[int]
) -> list[Unit]:
    """Units of frames of a clip, ascending: of `FRAMES_A_UNIT` each, shorter ones of a short film,
    or of all frames if the clip is sequential, because each unit would decode it from the start
    again."""
    share = max(math.ceil(len(frames) / UNITS_OF_SHORT_FILM), _FEWEST_FRAMES_A_UNIT)
    parts = ranges(frames, len(frames) if clip.is_sequential else min(share, FRAMES_A_UNIT))
    return [frames_unit(stage, work, part) for part in parts]


def ranges(items: Sequence[T], count: int | None = None) -> list[Sequence[T]]:
    """Frames or other items in parts of at most `count`; None is `FRAMES_A_UNIT`."""
    step = count or FRAMES_A_UNIT
    return [items[start : start + step] for start in range(0, len(items), step)]


def prepare_results(folder: Path, key: str) -> None:
    """Removes the results in the folder of a stage that are not of `key`.

    Raises:
        WorkError: there is a folder of their name that Unfade did not make.
    """
    if not has_key(folder, key):
        remove_results(folder)
        (folder / UNITS_FOLDER).mkdir()
        write_text(folder / UNITS_FOLDER / KEY_FILE, key)


def has_key(folder: Path, key: str) -> bool:
    """Whether the results in the folder of a stage are of `key`."""
    return results_key(folder) == key


def results_key(folder: Path) -> str:
    """The key that the results in the folder of a stage are of; empty if there is none."""
    return read_if_usable(folder / UNITS_FOLDER / KEY_FILE)


def remove_results(folder: Path) -> None:
    """Removes all results in the folder of a stage.

    Raises:
        WorkError: there is a folder of their name that Unfade did not make.
    """
    units = folder / UNITS_FOLDER
    if units.is_symlink():
        units.unlink()
    elif units.exists():
        names = os.listdir(units) if units.is_dir() else [units.name]
        if names and KEY_FILE not in names:
            raise WorkError(
                f"{units}: was not made by Unfade; move it elsewhere, because it is in the way"
            )
        shutil.rmtree(units)
