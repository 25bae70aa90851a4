"""The work directory: where stages meet. Everything in it is written whole or not at all."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from unfade.errors import WorkError
from unfade.film.clip import Clip, Clips
from unfade.film.noun import Artefact
from unfade.film.pair import Pair
from unfade.project.color_config import color_config, config_to_share, is_file
from unfade.project.settings import Project
from unfade.work.elements import DIGESTS, Digests, Element, element, relocated
from unfade.work.progress import Progress
from unfade.work.writing import write_text

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

AnArtefact = TypeVar("AnArtefact", bound=Artefact)


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

    def save_digests(self) -> None:
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
            role: what film.toml calls it; it stays when the files are relocated.
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
        path = self.root / kind.PATH
        stage = kind.PATH.split("/")[0].split("-")[1]
        try:
            return kind.from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise WorkError(f"{path}: is missing; run 'unfade {stage}' first") from error
        except (OSError, ValueError) as error:
            raise WorkError(f"{path}: is damaged ({error}); run 'unfade {stage}' again") from error

    def clips(self) -> Clips:
        """What ingest found, with the absolute paths of now: a project may have been relocated."""
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
        return relocated(recorded, named, os.path.isdir(named))

    def save(self, artefact: Artefact) -> None:
        """Writes an artefact to its place."""
        self.folder(artefact.PATH.split("/")[0].split("-")[1])
        write_text(self.root / artefact.PATH, artefact.to_json())


def folder_name(stage: str) -> str:
    """``"align"`` is ``"03-align"``."""
    return f"{STAGE_NAMES.index(stage) + 1:02d}-{stage}"
