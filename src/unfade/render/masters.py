"""The masters of a film: their frames, their files, and the files that count as masters."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from unfade.film.naming import master_name
from unfade.film.rendering import MasterNaming
from unfade.film.shot import Shot
from unfade.project.settings import Project

MASTER_PATTERN = re.compile(r".+_v\d{3,}_[0-9a-f]{12}\.\d{7}\.(exr|((tif|dpx)(\.json)?))")
"""File names of masters and of their sidecars."""


@dataclass(frozen=True)
class Master:
    """A frame to render, with the names of its files.

    `sidecar` is the file of its record, written after the master; none if the header holds the
    record. `other_name` is the name of the master by the other of the two naming schemes.
    """

    frame: int
    shot: Shot
    name: str
    sidecar: str | None
    other_name: str

    def is_complete(self, folder: Path) -> bool:
        """Whether the master and its sidecar are in a folder."""
        names = (self.name,) if self.sidecar is None else (self.name, self.sidecar)
        return all((folder / name).exists() for name in names)


def masters(project: Project, shots: Iterable[Shot], model_id: str) -> Iterator[Master]:
    """The masters of all frames of the film, also of those outside the range of [render]."""
    settings, title = project.render, project.film.title
    other: MasterNaming = "film" if settings.naming == "shot" else "shot"

    def name_of(shot: Shot, frame: int, naming: MasterNaming) -> str:
        version, kind = settings.version, settings.format
        return master_name(title, shot, version, model_id, frame, kind, naming)

    for shot in shots:
        for frame in shot.frames.frames():
            name = name_of(shot, frame, settings.naming)
            sidecar = None if settings.format == "exr" else sidecar_of(name)
            yield Master(frame, shot, name, sidecar, name_of(shot, frame, other))


def sidecar_of(name: str) -> str:
    """The name of the sidecar of a master."""
    return f"{name}.json"
