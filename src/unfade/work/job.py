"""The work directory, through whose files the stages exchange their results."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from unfade.errors import WorkError
from unfade.film.clip import Clip, Clips
from unfade.film.noun import Artefact, SchemaError
from unfade.film.pair import Pair
from unfade.film.stage_names import folder_name
from unfade.project.color_config import ColorManagement, color_config, config_to_share, is_file
from unfade.project.paths import PROJECT_FILE
from unfade.project.settings import Project
from unfade.work.digest_cache import DIGEST_CACHE, ELEMENT_DIGESTS, DigestCache
from unfade.work.elements import Element, relocated, scan_element
from unfade.work.progress import Progress
from unfade.work.record_files import read_if_usable, read_record
from unfade.work.units import Executor, InProcess
from unfade.work.writing import write_text

AnArtefact = TypeVar("AnArtefact", bound=Artefact)
T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """The input of a stage: the project, the work directory `root`, the progress display, and what
    does units of work.

    `root` is the folder of film.toml.
    """

    project: Project
    root: Path
    progress: Progress
    executor: Executor = field(default_factory=InProcess)

    def folder(self, stage: str) -> Path:
        """The folder of a stage, such as ``03-align``; it is made if it is missing.

        Raises:
            WorkError: it cannot be made.
        """
        path = self.root / folder_name(stage)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkError(
                f"{path}: cannot be made ({error.strerror}); "
                "check write permission and free space there"
            ) from error
        return path

    def resolve(self, path: str) -> str:
        """The absolute path for a path of film.toml, which is relative to the work directory."""
        return str((self.root / path).absolute())

    def once(self, make: Callable[["Job"], T]) -> T:
        """What a function makes of this job, made once, for all units of a stage."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    def forget_made(self) -> None:
        """Forgets what `once` keeps, because a stage has changed what it was made of."""
        self._made.clear()

    @cached_property
    def _made(self) -> dict[Any, Any]:
        return {}

    @property
    def project_file(self) -> Path:
        """The path of film.toml; its folder if the project file has another name."""
        path = self.root / PROJECT_FILE
        return path if path.is_file() else self.root

    @cached_property
    def colors(self) -> ColorManagement:
        """The OpenColorIO config and view of the project."""
        named = self.project.film.ocio
        config = color_config(self.resolve(named) if named and is_file(named) else named)
        element = self.element("film.ocio", config) if is_file(config) else None
        return ColorManagement(config, self.project.film.view, element.content if element else "")

    def color_facts(self) -> str:
        """Everything that defines colour spaces: name and content of the config, and the view."""
        colors = self.colors
        facts = (config_to_share(colors.config), colors.fingerprint, colors.view)
        return " ".join(fact for fact in facts if fact)

    @cached_property
    def digests(self) -> DigestCache:
        """The digests of files that this or an earlier process has read."""
        return DigestCache(
            read_if_usable(self.root / DIGEST_CACHE),
            lambda: read_if_usable(self.root / ELEMENT_DIGESTS),
        )

    def save_digests(self) -> None:
        """Stores the digests of files that still exist, if there are new ones."""
        digests = self.digests
        if not digests.changed:
            return
        digests.forget(lambda key: (self.root / key).exists())
        if digests.elements_changed:
            write_text(self.root / ELEMENT_DIGESTS, digests.elements_to_json())
            digests.elements_changed = False
        write_text(self.root / DIGEST_CACHE, digests.to_json())
        digests.changed = False

    def digest(self, path: Path) -> str:
        """The SHA-256 of a file of the work directory, from the cache if the file is unchanged."""
        return self.digests.of(path.relative_to(self.root).as_posix(), path)

    def know_digest(self, path: Path, size: int, mtime_ns: int, content: str) -> None:
        """Takes over the SHA-256 of a file of the work directory, which another process took."""
        self.digests.know(path.relative_to(self.root).as_posix(), size, mtime_ns, content)

    def element(self, role: str, path: str) -> Element | None:
        """The element behind a path of film.toml; None if there is no file.

        Args:
            role: what the element is to the film, such as "the source"; it does not change when
                the files are moved.
            path: the path as in film.toml.
        """
        return scan_element(self.resolve(path), role, self.digests, self.progress.track)

    def element_digest(self, role: str, file: Path) -> str:
        """The SHA-256 of a file of an element, from the cache if the file is unchanged."""
        return self.digests.of(f"<{role}>/{file.name}", file)

    def load(self, kind: type[AnArtefact]) -> AnArtefact:
        """The artefact of a class, from its file.

        Raises:
            WorkError: it is missing or damaged.
        """
        path = self.root / kind.PATH
        stage = kind.PATH.split("/")[0].split("-")[1]
        try:
            return kind.from_json(read_record(path))
        except FileNotFoundError as error:
            raise WorkError(f"{path}: is missing; run 'unfade {stage}' first") from error
        except SchemaError as error:
            raise WorkError(
                f"{path}: is of another version of Unfade ({error}); run 'unfade {stage}' again"
            ) from error
        except (OSError, ValueError) as error:
            raise WorkError(f"{path}: is damaged ({error}); run 'unfade {stage}' again") from error

    def load_if_made(self, kind: type[AnArtefact]) -> AnArtefact | None:
        """The artefact of a class that not every film has; None if there is none.

        Raises:
            WorkError: it is damaged.
        """
        return self.load(kind) if (self.root / kind.PATH).exists() else None

    def clips(self) -> Clips:
        """The clips that ingest probed, with their current absolute paths.

        The folders come from film.toml, because files may have been moved since ingest.
        """
        clips = self.load(Clips)
        paths = {one.name: one.path for one in self.project.reference}
        references = {
            name: self._relocated_clip(clip, paths.get(name, clip.path))
            for name, clip in clips.references.items()
        }
        return Clips(
            source=self._relocated_clip(clips.source, self.project.source.path),
            references=references,
        )

    def _relocated_clip(self, clip: Clip, named: str) -> Clip:
        return clip.model_copy(update={"path": self._relocated(clip.path, named)})

    def picture(self, pair: Pair) -> str:
        """The current absolute path of the picture of a pair."""
        assert pair.picture is not None
        references = (one.reference for one in self.project.pair if one.source == pair.source)
        named = next((path for path in references if isinstance(path, str)), pair.picture)
        return self._relocated(pair.picture, named)

    def _relocated(self, recorded: str, named: str) -> str:
        named = self.resolve(named)
        return relocated(recorded, named, os.path.isdir(named))

    def save(self, artefact: Artefact) -> None:
        """Writes an artefact to its file."""
        self.folder(artefact.PATH.split("/")[0].split("-")[1])
        write_text(self.root / artefact.PATH, artefact.to_json())
