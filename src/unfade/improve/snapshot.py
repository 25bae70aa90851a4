"""A snapshot of film.toml and of the stages that a round changes, so that it can be undone.

Files are linked, not copied, where the file system can: stages write whole files anew and never
change one in place.
"""

import json
import os
import shutil
from pathlib import Path

from unfade.errors import ProjectError, WorkError
from unfade.film.stage_names import folder_name
from unfade.project.file import project_file_text
from unfade.work.project_writing import replace_project_text
from unfade.work.record_files import read_record
from unfade.work.writing import write_text

STAGES = ("curate", "align", "target", "train")
"""Stages that a round runs before it is known to help."""

SNAPSHOT = "09-improve/before"
"""Folder of a snapshot, in the work directory."""

EDIT = "edit.json"
"""File in a snapshot with the text of film.toml before and after the round's edit. It is written
last, so that a snapshot without it is not complete."""


class Snapshot:
    """The state before a round, until the round is kept or undone."""

    def __init__(self, root: Path, project_file: Path) -> None:
        """`root` is the work directory."""
        self._root, self._project_file = root, project_file
        self._folder = root / SNAPSHOT

    def take(self, old_text: str, new_text: str) -> None:
        """Keeps the state, and then replaces the old text of film.toml by the new one.

        Raises:
            ProjectError: a person has changed film.toml meanwhile; nothing is written.
        """
        self.keep_round()
        for stage in STAGES:
            name = folder_name(stage)
            shutil.copytree(self._root / name, self._folder / name, copy_function=link)
        texts = {"before": old_text, "after": new_text}
        write_text(self._folder / EDIT, json.dumps(texts, ensure_ascii=False))
        try:
            replace_project_text(self._project_file, old_text, new_text)
        except ProjectError as error:
            self.keep_round()
            raise ProjectError(
                f"{self._project_file}: was changed while a round of improvement was prepared; run "
                "'unfade improve' again"
            ) from error

    def _texts(self) -> dict[str, str]:
        """The texts of film.toml before and after the round's edit.

        Raises:
            WorkError: the file is damaged.
        """
        path = self._folder / EDIT
        try:
            texts = json.loads(read_record(path))
            return {key: str(texts[key]) for key in ("before", "after")}
        except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise WorkError(
                f"{path}: is damaged ({error}); look at film.toml, and remove {self._folder}"
            ) from error

    def keep_round(self) -> None:
        """Forgets the state before the round; its edit goes first, so that what a killed process
        leaves is no snapshot."""
        (self._folder / EDIT).unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def undo_round(self) -> bool:
        """Restores film.toml and the stages, if there is a complete snapshot.

        Returns:
            Whether there was one.

        Raises:
            ProjectError: a person has changed film.toml since.
        """
        if not (self._folder / EDIT).exists():
            shutil.rmtree(self._folder, ignore_errors=True)
            return False
        texts = self._texts()
        found = project_file_text(self._project_file)
        if found not in texts.values():
            raise ProjectError(
                f"{self._project_file}: was changed while a round of improvement ran; what the "
                "round wrote stays there, frames on 'curate.add' and the model of "
                f"'train.start_from'; remove {self._folder} to go on"
            )
        for stage in STAGES:
            saved = self._folder / folder_name(stage)
            if saved.exists():
                shutil.rmtree(self._root / saved.name, ignore_errors=True)
                saved.rename(self._root / saved.name)
        replace_project_text(self._project_file, found, texts["before"])
        self.keep_round()
        return True


def open_round(root: Path) -> bool:
    """Whether a round in a work directory was interrupted, so that `unfade improve` undoes it."""
    return (root / SNAPSHOT / EDIT).exists()


def link(source: str, target: str) -> None:
    """Links a file, or copies it where the file system cannot link."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
