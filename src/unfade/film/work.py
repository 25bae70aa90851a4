"""The work directory: where stages meet. Everything in it is written whole or not at all."""

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

from unfade.errors import WorkError
from unfade.film.clip import Clip, Clips
from unfade.film.color_config import color_config, config_to_share, is_file
from unfade.film.element import DIGESTS, Digests, Element, element, moved
from unfade.film.noun import Artefact
from unfade.film.pair import Pair
from unfade.film.project import Project

STAGE_NAMES = (
    "ingest",
    "curate",
    "align",
    "target",
    "train",
    "render",
    "validate",
    "deliver",
)

Item = TypeVar("Item")
AnArtefact = TypeVar("AnArtefact", bound=Artefact)


class Progress(Protocol):
    """Tells a person how far a piece of work is."""

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """`items`, one by one, counted on a bar called `label` that ends at `total`.

        `total` may be an estimate, and is 0 where nobody knows.
        """
        ...

    def say(self, message: str) -> None:
        """A line that stays."""
        ...


Track = Callable[[Iterable[Any], str, int], Iterator[Any]]
"""What `Progress.track` is, for pure functions that take long."""


def untracked(items: Iterable[Any], label: str, total: int) -> Iterator[Any]:
    """A `Track` that tells nobody."""
    return iter(items)


@dataclass(frozen=True)
class Job:
    """What a stage is given: the project, where to work, and whom to tell.

    `root` is the work directory, the folder of film.toml.
    """

    project: Project
    root: Path
    progress: Progress

    def folder(self, stage: str) -> Path:
        """The folder of a stage, such as ``03-align``, made if need be.

        Raises:
            WorkError: it cannot be made.
        """
        path = self.root / folder_name(stage)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkError(
                f"{path}: cannot be made ({error.strerror}); give yourself write permission there"
            ) from error
        return path

    def resolve(self, path: str) -> str:
        """A path of film.toml, which is relative to its folder, as an absolute one."""
        return str((self.root / path).absolute())

    def color_config(self) -> str:
        """The OpenColorIO config of the project: an absolute path, or ``ocio://...``."""
        asked = self.project.film.ocio
        return color_config(self.resolve(asked) if asked and is_file(asked) else asked)

    def color_facts(self) -> str:
        """All that decides what colour space names mean, without the folder of the config."""
        config = self.color_config()
        found = self.element("film.ocio", config) if is_file(config) else None
        facts = (config_to_share(config), found and found.content, self.project.film.view)
        return " ".join(fact for fact in facts if fact)

    @cached_property
    def digests(self) -> Digests:
        """What is known of files that were read before, by this process or an earlier one."""
        try:
            return Digests((self.root / DIGESTS).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return Digests()

    def remember(self) -> None:
        """Writes down what is known of files that are still there."""
        if self.digests.changed:
            self.digests.forget(lambda key: (self.root / key).exists())
            write_text(self.root / DIGESTS, self.digests.to_json())
            self.digests.changed = False

    def digest(self, path: Path) -> str:
        """The SHA-256 of a file of the work directory; it is read once."""
        return self.digests.of(path.relative_to(self.root).as_posix(), path)

    def element(self, role: str, path: str) -> Element | None:
        """What lies behind a path of film.toml, none where there is no file.

        Args:
            role: what film.toml calls it; it stays when the files are moved.
            path: as film.toml has it.
        """
        return element(
            self.resolve(path),
            lambda place: self.digests.of(f"<{role}>/{place.name}", place),
            lambda files: self.progress.track(files, f"Checksums of {role}", len(files)),
        )

    def load(self, kind: type[AnArtefact]) -> AnArtefact:
        """The artefact of a kind, from its place.

        Raises:
            WorkError: it is missing or damaged.
        """
        path = self.root / kind.PLACE
        stage = kind.PLACE.split("/")[0].split("-")[1]
        try:
            return kind.from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise WorkError(f"{path}: is missing; run 'unfade {stage}' first") from error
        except (OSError, ValueError) as error:
            raise WorkError(f"{path}: is damaged ({error}); run 'unfade {stage}' again") from error

    def clips(self) -> Clips:
        """What ingest found, with the absolute paths of now: a project may have been moved."""
        clips = self.load(Clips)
        named = {one.name: one.path for one in self.project.reference}
        references = {
            name: self._found(clip, named.get(name, clip.path))
            for name, clip in clips.references.items()
        }
        return Clips(
            source=self._found(clips.source, self.project.source.path), references=references
        )

    def _found(self, clip: Clip, named: str) -> Clip:
        return clip.model_copy(update={"path": self._moved(clip.path, named)})

    def picture(self, pair: Pair) -> str:
        """The absolute path of now of the picture that a pair takes its colour from."""
        assert pair.picture is not None
        named = (one.reference for one in self.project.pair if one.source == pair.source)
        path = next((path for path in named if isinstance(path, str)), pair.picture)
        return self._moved(pair.picture, path)

    def _moved(self, recorded: str, named: str) -> str:
        named = self.resolve(named)
        return moved(recorded, named, os.path.isdir(named))

    def save(self, artefact: Artefact) -> None:
        """Writes an artefact to its place."""
        self.folder(artefact.PLACE.split("/")[0].split("-")[1])
        write_text(self.root / artefact.PLACE, artefact.to_json())


def folder_name(stage: str) -> str:
    """``"align"`` is ``"03-align"``."""
    return f"{STAGE_NAMES.index(stage) + 1:02d}-{stage}"


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, of the same suffix, that takes its place on success.

    On failure, or when the process dies, `path` is as it was before.

    Raises:
        WorkError: it cannot be written.
    """
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise WorkError(
            f"{path}: cannot be written ({error.strerror or error}); "
            "see to write permission and free space there"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text file, whole or not at all."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_is_folder(folder: Path) -> None:
    """Whether a path may be that of a folder, there already or to be made.

    Raises:
        WorkError: it is a file, or lies in one.
    """
    there = next((one for one in (folder, *folder.parents) if os.path.exists(one)), None)
    if there is not None and not os.path.isdir(there):
        raise WorkError(f"{there}: is a file; name a folder")


def make_folder(folder: Path) -> None:
    """Makes a folder, with those that it lies in, unless it is there.

    Raises:
        WorkError: it is a file, or cannot be made.
    """
    check_is_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkError(
            f"{folder}: cannot be made ({error.strerror}); choose one that you may write to"
        ) from error


def clear_partials(folder: Path) -> None:
    """Removes what a killed run left half-written."""
    for path in folder.rglob(".*.partial*"):
        if path.is_file():
            path.unlink()
