"""The films of the studio: every film.toml below the folders that were opened."""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Literal

from unfade.errors import ProjectError, UnfadeError
from unfade.film.approval import Approval, Approvals
from unfade.film.bookmark import Bookmarks
from unfade.film.dismissal import Dismissals
from unfade.film.improvement import Improvement
from unfade.film.model import LossCurve, TrainingStop
from unfade.film.report import Report
from unfade.film.stage_names import STAGE_NAMES, folder_name
from unfade.pipeline.freshness import Freshness, status
from unfade.project.file import load_project
from unfade.project.films import MAX_DEPTH, find_films, may_hold_films
from unfade.project.paths import PROJECT_FILE
from unfade.studio.pictures.masters import load_masters
from unfade.work.approvals import read_approvals
from unfade.work.digest_cache import DigestCache, digest
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.receipt import UNFINISHED, Receipt

ID_DIGITS = 10
"""Hexadecimal digits of a film's id: chance never makes two of `MAX_FILMS` alike."""

READ_AT_ONCE_BYTES = 30_000_000
"""Bytes of new files whose digests a page waits for: a slow disk reads them in 0.3 s."""

READING = "its files are new here; the studio reads their checksums, which takes a while"
"""Why nothing is known of a stage yet."""


CHANGES_BETWEEN_STAGES = tuple(
    kind.PATH for kind in (Approvals, Bookmarks, Dismissals, Improvement, LossCurve, TrainingStop)
)
"""Paths of artefacts that change while no stage ends, and no picture of the film either."""


@dataclass(frozen=True)
class FilmPlace:
    """Where a film is: `id` in addresses, its project file, and its folder below the opened one."""

    id: str
    project_file: Path
    shown_folder: str

    @property
    def folder(self) -> Path:
        """The work directory."""
        return self.project_file.parent

    def job(self) -> Job:
        """The film as its film.toml is now.

        Raises:
            ProjectError: film.toml cannot be used.
        """
        return Job(load_project(self.project_file), self.folder, SilentProgress())

    def signature(self) -> tuple[tuple[str, int, int], ...]:
        """Sizes and times of change of all files whose change pages show."""
        names = [PROJECT_FILE, *CHANGES_BETWEEN_STAGES]
        for stage in STAGE_NAMES:
            folder = folder_name(stage)
            names += [f"{folder}/{Receipt.PATH}", f"{folder}/{UNFINISHED}"]
        found = []
        for name in names:
            with suppress(OSError):
                stat = (self.folder / name).stat()
                found.append((name, stat.st_size, stat.st_mtime_ns))
        return tuple(found)


@dataclass(frozen=True)
class Unknown:
    """The state of a stage while checksums are read, in the place of a `Freshness`."""

    state: Literal["unknown"] = "unknown"
    reason: str = READING
    cost: None = None


Stages = tuple[tuple[str, Freshness | Unknown], ...]
"""The stages by name, in their order, with their states."""

_UNKNOWN: Stages = tuple((name, Unknown()) for name in STAGE_NAMES)


@dataclass(frozen=True)
class ShownFilm:
    """What the list of films shows. `decision` is a person's on these masters; `error` is the
    sentence if film.toml cannot be used."""

    place: FilmPlace
    title: str
    stages: Stages = ()
    verdict: str | None = None
    decision: Approval | None = None
    error: str | None = None

    @property
    def is_reading(self) -> bool:
        """Whether the states of the stages are not known yet."""
        return self.stages == _UNKNOWN


def place_of(root: Path, project_file: Path) -> FilmPlace:
    """The place of a film below an opened folder."""
    shown = project_file.parent.relative_to(root).as_posix()
    digest = hashlib.sha256(shown.encode("utf-8", "surrogateescape")).hexdigest()
    return FilmPlace(digest[:ID_DIGITS], project_file, root.name if shown == "." else shown)


def check_is_shown(root: Path, folder: Path) -> None:
    """
    Raises:
        ProjectError: a film in this folder would not be in the list.
    """
    parts = folder.relative_to(root.resolve()).parts
    if len(parts) > MAX_DEPTH or not all(map(may_hold_films, parts)):
        raise ProjectError(
            f"{folder}: the studio shows no film there; choose a folder at most {MAX_DEPTH} levels "
            "down, outside of hidden folders and those of stages"
        )


class _TooMuchToReadError(Exception):
    """A page would have to wait for the digests of many bytes."""


class Films:
    """All films of the studio by id, with their states, which are computed when files change.
    Several threads may use it at a time."""

    def __init__(self, root: Path, *, read_only: bool = False) -> None:
        self.root = root
        self._read_only = read_only
        self._places: dict[str, FilmPlace] = {}
        self._states: dict[str, tuple[object, ShownFilm]] = {}
        self._digests: dict[str, DigestCache] = {}
        self._reading: set[str] = set()
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._disk = Lock()
        self.look_around()

    def look_around(self) -> None:
        """Finds new films, and forgets those that are gone."""
        places = (place_of(self.root, file) for file in find_films(self.root))
        self._places = {place.id: place for place in places}

    @property
    def places(self) -> list[FilmPlace]:
        """All films in the order of their folders."""
        return [*self._places.values()]

    def place(self, id: str) -> FilmPlace:
        """
        Raises:
            ProjectError: there is no such film.
        """
        if id not in self._places:
            self.look_around()
        if id not in self._places:
            raise ProjectError(
                "this film is not below the folder that the studio opened; open its own folder "
                "with 'unfade studio'"
            )
        return self._places[id]

    def signature(self, place: FilmPlace) -> object:
        """What changes whenever `state` would."""
        return place.signature(), place.id in self._reading

    def state(self, place: FilmPlace) -> ShownFilm:
        """The state of a film, from memory if its files are unchanged.

        If checksums of large files are missing, a thread reads them, those of one film at a time;
        until then the states of the stages are unknown.
        """
        with self._locks[place.id]:
            signature = place.signature()
            known = self._states.get(place.id)
            if known is not None and known[0] == signature:
                return known[1]
            if place.id not in self._reading:
                try:
                    return self._compute(place, signature, READ_AT_ONCE_BYTES)
                except _TooMuchToReadError:
                    self._reading.add(place.id)
                    Thread(target=self._read, args=(place,), daemon=True).start()
        return _shown(place, lambda _: _UNKNOWN)

    def _read(self, place: FilmPlace) -> None:
        """Computes the state of a film, however much there is to read."""
        try:
            with self._disk:
                self._compute(place, place.signature(), None)
        finally:
            self._reading.discard(place.id)

    def _compute(self, place: FilmPlace, signature: object, limit: int | None) -> ShownFilm:
        """Computes the state of a film, and keeps it.

        Raises:
            _TooMuchToReadError: more bytes than the limit would have to be read.
        """

        def stages(job: Job) -> Stages:
            if (unsaved := self._digests.pop(place.id, None)) is not None:
                job.digests.adopt(unsaved)
            if limit is not None:
                job.digests.read = _limited_digest(limit)
            try:
                found = status(job, saves_digests=not self._read_only)
            finally:
                if job.digests.changed:
                    self._digests[place.id] = job.digests
            return tuple((stage.name, current) for stage, current in found)

        state = _shown(place, stages)
        self._states[place.id] = (signature, state)
        return state


def _limited_digest(limit: int) -> Callable[[Path], str]:
    """Gives digests of files until so many bytes would have been read."""
    left = limit

    def read(path: Path) -> str:
        nonlocal left
        left -= path.stat().st_size
        if left < 0:
            raise _TooMuchToReadError
        return digest(path)

    return read


def _shown(place: FilmPlace, stages_of: Callable[[Job], Stages]) -> ShownFilm:
    """What the list shows of a film now, with the states of its stages."""
    try:
        job = place.job()
        stages = stages_of(job)
    except UnfadeError as error:
        return ShownFilm(place, place.folder.name, error=str(error))
    except OSError as error:
        sentence = f"{error.filename or place.folder}: cannot be read ({error.strerror})"
        return ShownFilm(place, place.folder.name, error=sentence)
    verdict = decision = None
    with suppress(UnfadeError):
        verdict = job.load(Report).verdict
        approvals = read_approvals(place.folder)
        decision = approvals.of(load_masters(place.folder).sha256) if approvals.decisions else None
    title = job.project.film.title or place.folder.name
    return ShownFilm(place, title, stages, verdict, decision)
