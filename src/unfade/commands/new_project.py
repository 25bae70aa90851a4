"""A new project: looks at the elements and writes film.toml."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from unfade import media
from unfade.errors import MissingFactError, ProjectError
from unfade.film.naming import clip_name
from unfade.film.working_space import WORKING_SPACE
from unfade.project.color_config import ColorManagement
from unfade.project.file import parse_project, section_of_options
from unfade.project.paths import PROJECT_FILE
from unfade.project.settings import ClipSection
from unfade.project.template import TemplateElement, project_text
from unfade.work.progress import Progress
from unfade.work.writing import check_is_folder, make_folder, write_text

_PROVISIONAL_FACTS: dict[str, Any] = {
    "colorspace": WORKING_SPACE,
    "rate": Fraction(24),
    "pixel_aspect": Fraction(1),
    "orientation": "as-stored",
    "range": "full",
    "matrix": "bt709",
}
"""What is taken for a fact that nobody has said yet, to find out the others."""


@dataclass(frozen=True)
class NewProject:
    """A film.toml that was written, and the keys in it that a person has to fill in."""

    path: Path
    to_fill_in: tuple[str, ...]


def write_project(
    folder: Path,
    source: str,
    references: Sequence[str],
    title: str,
    progress: Progress,
    colors: ColorManagement,
) -> NewProject:
    """Probes a scan and its references, and writes a commented film.toml for them.

    Args:
        folder: the work directory, made if need be.
        source: path of the scan, relative to the current directory.
        references: paths of the copies with good colour.
        title: of the film.
        progress: is told of the frames of a movie, and how their fields are read.
        colors: the config that knows the names of colour spaces.

    Raises:
        ProjectError: there is a film.toml already, two references have one name, or one frame of a
            sequence is given for all.
        MediaError: an element is missing or damaged.
        WorkError: the folder is a file, or cannot be written to.
    """
    place = folder / PROJECT_FILE
    if place.exists():
        raise ProjectError(f"{place}: exists already; edit it, or choose another folder")
    check_is_folder(folder)
    sections = [
        section_of_options(ClipSection, {"path": option}, path=path)
        for option, path in (("--source", source), *(("--reference", one) for one in references))
    ]
    _check_whole(source)
    scan, *copies = (_probe(section, folder, progress, colors) for section in sections)
    text = project_text(title, scan, copies)
    to_fill_in = (
        *(f"source.{key}" for key in scan.to_fill_in),
        *(f"reference.{key}" for copy in copies for key in copy.to_fill_in),
    )
    # What is still to be filled in is no fault yet; all else has to be right.
    parse_project(
        project_text(title, _filled_in(scan), [_filled_in(copy) for copy in copies]), place
    )
    make_folder(folder)
    write_text(place, text)
    return NewProject(place, to_fill_in)


def _check_whole(source: str) -> None:
    """
    Raises:
        ProjectError: the scan is one frame of a sequence.
    """
    sequence = media.sequence_around(source) if os.path.isfile(source) else None
    if sequence is not None:
        raise ProjectError(
            f"{source}: is one frame of a sequence; if all of it is meant, name it as "
            f"'{sequence}'; for this frame alone, set 'first' and 'last' in film.toml afterwards"
        )


def _probe(
    section: ClipSection, folder: Path, progress: Progress, colors: ColorManagement
) -> TemplateElement:
    """What is found out about a clip, and which facts are missing, with what is known of them."""
    path = section.path
    missing: dict[str, str] = {}
    surveys: media.Surveys = {}
    while True:
        try:
            clip = media.probe(
                os.path.abspath(path), section, progress.track, surveys, colors=colors
            )
        except MissingFactError as error:
            if error.key in missing:
                raise
            missing[error.key] = error.known
            section = section.model_copy(update={error.key: _PROVISIONAL_FACTS[error.key]})
        else:
            for remark in filter(None, (clip.fields_message(), *clip.all_remarks())):
                progress.say(f"{path}: {remark}")
            return TemplateElement(clip_name(path), _seen_from(folder, clip.path), clip, missing)


def _seen_from(folder: Path, path: str) -> str:
    """A path as film.toml names it: relative to its folder."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _filled_in(element: TemplateElement) -> TemplateElement:
    return replace(element, to_fill_in={})
