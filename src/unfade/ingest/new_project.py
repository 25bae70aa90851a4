"""A new project: looks at the elements and writes film.toml."""

import os
from collections.abc import Sequence
from pathlib import Path

from unfade import media
from unfade.errors import ProjectError, WorkError
from unfade.film.clip import Clip
from unfade.film.naming import clip_name
from unfade.film.project import ClipSection
from unfade.film.project_file import parse_project
from unfade.film.template import project_text
from unfade.film.work import Progress, write_text


def write_project(
    folder: Path, source: str, references: Sequence[str], title: str, progress: Progress
) -> Path:
    """Probes a scan and its references, and writes a commented film.toml for them.

    Args:
        folder: the work directory, made if need be.
        source: path of the scan, relative to the current directory.
        references: paths of the copies with good colour.
        title: of the film.
        progress: is told of the frames of a movie, and how their fields are read.

    Raises:
        ProjectError: there is a film.toml already, or two references have one name.
        MediaError: an element is missing or damaged.
        WorkError: the folder cannot be written to.
    """
    place = folder / "film.toml"
    if place.exists():
        raise ProjectError(f"{place}: exists already; edit it, or choose another folder")
    source_clip = _probe(source, progress)
    clips = [_probe(path, progress) for path in references]
    found = [
        (clip_name(path), _seen_from(folder, clip.path), clip)
        for path, clip in zip(references, clips, strict=True)
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkError(
            f"{folder}: cannot be made ({error.strerror}); choose one that you may write to"
        ) from error
    text = project_text(title, _seen_from(folder, source_clip.path), source_clip, found)
    parse_project(text, place)
    write_text(place, text)
    return place


def _probe(path: str, progress: Progress) -> Clip:
    clip = media.probe(os.path.abspath(path), ClipSection(path=path), progress.track)
    if message := clip.fields_message():
        progress.say(f"{path}: {message}")
    return clip


def _seen_from(folder: Path, path: str) -> str:
    """A path as film.toml names it: relative to its folder."""
    return Path(os.path.relpath(path, folder)).as_posix()
