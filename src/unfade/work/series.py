"""The films of the series of a project: their places on disk, and what training reads of them."""

import os
from dataclasses import dataclass
from pathlib import Path

from unfade.errors import ProjectError, WorkError
from unfade.film.balance import FilmBalance, FilmGrade
from unfade.film.series import FRAMES_A_FILM, SHOTS_A_FILM, SeriesFilm
from unfade.film.target import Target, Targets, UnpairedFrame
from unfade.project.file import load_project
from unfade.project.paths import named_project_file
from unfade.work.digest_cache import digest
from unfade.work.job import AnArtefact, Job
from unfade.work.progress import SilentProgress
from unfade.work.receipt import UNFINISHED
from unfade.work.record_files import read_record


@dataclass(frozen=True)
class SeriesPlace:
    """A film of a series: its `path` in film.toml, its project file, and its place in the series
    less that of the film itself."""

    path: str
    project_file: Path
    place: int

    @property
    def folder(self) -> Path:
        """Its work directory."""
        return self.project_file.parent

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name

    @property
    def targets(self) -> Path:
        """Its list of targets."""
        return self.folder / Targets.PATH


def series_places(job: Job) -> list[SeriesPlace]:
    """The films of the series in order, the film itself among them; none without a series.

    Raises:
        ProjectError: the series does not name the film itself, or two films cannot be told apart.
    """
    paths = job.project.film.series or ()
    files = [named_project_file(job.resolve(path)) for path in paths]
    folders = [Path(os.path.realpath(file.parent)) for file in files]
    own = Path(os.path.realpath(job.root))
    if folders and own not in folders:
        raise ProjectError(
            f"{job.project_file}: 'film.series' does not name this film itself; name all films in "
            "the order of the title, this one among them, by the same line in each film.toml"
        )
    for number, folder in enumerate(folders):
        if folder.name in [one.name for one in folders[:number]]:
            raise ProjectError(
                f"{job.project_file}: 'film.series' names two films in folders called "
                f"'{folder.name}'; name each film once, or rename a folder"
            )
    return [
        SeriesPlace(path, folder / file.name, number - folders.index(own))
        for number, (path, folder, file) in enumerate(zip(paths, folders, files, strict=True))
    ]


@dataclass(frozen=True)
class OtherFilm:
    """Another film of a series: where it is, its targets, and the SHA-256 of their list."""

    place: SeriesPlace
    targets: Targets
    targets_sha256: str

    def numbered(self) -> Targets:
        """Its targets as training reads them."""
        return _numbered(self.targets, self.place.place, str(self.place.targets.parent))

    def record(self) -> SeriesFilm:
        """What the record of a model says of it."""
        train, held_out = (
            tuple(one.pair.source for one in self.targets.with_role(role))
            for role in ("train", "holdout")
        )
        return SeriesFilm(
            name=self.place.name,
            train_frames=train,
            holdout_frames=held_out,
            targets_sha256=self.targets_sha256,
        )


@dataclass(frozen=True)
class Series:
    """The other films of a series, in order. `grade` is the balance of its first film; None if that
    is the film itself."""

    others: tuple[OtherFilm, ...] = ()
    grade: FilmGrade | None = None

    def targets(self, own: Targets) -> Targets:
        """The targets of the film itself and of the others, in the order of the series; without
        unpaired frames if the film itself carries no colour."""
        by_place = {0: own} | {one.place.place: one.numbered() for one in self.others}
        films = [by_place[place] for place in sorted(by_place)]
        between = tuple(frame for film in films for frame in film.between or ())
        return own.model_copy(
            update={
                "targets": tuple(target for film in films for target in film.targets),
                "between": None if own.between is None else between,
            }
        )

    def records(self) -> tuple[SeriesFilm, ...]:
        """What the record of a model says of the others."""
        return tuple(one.record() for one in self.others)

    def facts(self) -> list[str]:
        """All that training depends on."""
        grade = [self.grade.model_dump_json()] if self.grade else []
        return [*(f"{one.place.place} {one.targets_sha256}" for one in self.others), *grade]


def load_series(job: Job) -> Series:
    """The series of a film, none if film.toml names no other film. Only targets of the others are
    read, so that films can name each other.

    Raises:
        ProjectError: a film of the series is missing, or has another colour config or view.
        WorkError: a film of the series has no targets yet.
    """
    places = series_places(job)
    others = tuple(_load_other(job, place) for place in places if place.place)
    if not others or places[0].place == 0:
        return Series(others)
    return Series(others, _load(job, places[0], FilmBalance).grade)


def _load_other(job: Job, place: SeriesPlace) -> OtherFilm:
    who = f"{job.project_file}: 'film.series' names {place.path}"
    if not place.project_file.is_file():
        raise ProjectError(f"{who}, where no film.toml is; correct the path, or take it out")
    other = Job(load_project(place.project_file), place.folder, SilentProgress())
    if other.color_facts() != job.color_facts():
        raise ProjectError(
            f"{who}, which has another 'film.ocio' or 'film.view' ({other.color_facts()}, here "
            f"{job.color_facts()}); set both alike in all films of the series"
        )
    targets = _load(job, place, Targets)
    if (place.targets.parent / UNFINISHED).exists():
        raise _not_ready(job, place, "has not finished its targets")
    return OtherFilm(place, targets, digest(place.targets))


def _load(job: Job, place: SeriesPlace, kind: type[AnArtefact]) -> AnArtefact:
    """
    Raises:
        WorkError: the other film has no such artefact of this version.
    """
    path = place.folder / kind.PATH
    try:
        return kind.from_json(read_record(path))
    except FileNotFoundError as error:
        raise _not_ready(job, place, "has no targets yet") from error
    except (OSError, ValueError) as error:
        raise _not_ready(job, place, f"has a {path.name} that cannot be used ({error})") from error


def _not_ready(job: Job, place: SeriesPlace, what: str) -> WorkError:
    return WorkError(
        f"{job.project_file}: 'film.series' names {place.path}, which {what}; run 'unfade run "
        f"{place.folder} --to target', or all films in one command"
    )


def _numbered(targets: Targets, place: int, folder: str) -> Targets:
    """The targets of another film of a series, with numbers of their own and whole paths.

    Both are outside of what a record may hold, so they are set by `model_copy`, which checks
    nothing: they stay in memory, and the names that the paths are made of were checked.

    Args:
        targets: of the other film.
        place: its place in the series, less that of the film that is trained.
        folder: of its targets.
    """
    frames, shots = place * FRAMES_A_FILM, place * SHOTS_A_FILM

    def of_target(one: Target) -> Target:
        pair = one.pair.model_copy(
            update={"source": one.pair.source + frames, "shot": one.pair.shot + shots}
        )
        names = {name: f"{folder}/{getattr(one, name)}" for name in ("source", "truth", "weight")}
        return one.model_copy(update={"pair": pair, **names})

    def of_frame(one: UnpairedFrame) -> UnpairedFrame:
        numbers = {"frame": one.frame + frames, "shot": one.shot + shots}
        return one.model_copy(update={**numbers, "source": f"{folder}/{one.source}"})

    return targets.model_copy(
        update={
            "targets": tuple(map(of_target, targets.targets)),
            "between": tuple(map(of_frame, targets.between or ())),
        }
    )
