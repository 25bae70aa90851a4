"""`unfade new`: probes the elements of a film, and writes film.toml."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

from unfade import media
from unfade.errors import MissingFactError, ProjectError
from unfade.film.naming import MAX_NAME_LENGTH, clip_name
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
"""A value for each fact that a file may not state, used only to go on and probe the other facts."""


@dataclass(frozen=True)
class NewProject:
    """The path of a film.toml that was written, and its keys that a person has to fill in."""

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

    A reference whose file has the name of an earlier one gets a number after its name.

    Args:
        folder: the work directory; it is made if it is missing.
        source: path of the scan, relative to the current directory.
        references: paths of the copies with good colour.
        title: the title of the film.
        progress: shows the frames of a movie as they are probed, remarks on the clips, and the
            names of references that share one.
        colors: the config that defines the names of colour spaces.

    Raises:
        ProjectError: there is a film.toml already, a reference is given twice, or the scan is one
            frame of a sequence.
        MediaError: an element is missing or damaged.
        WorkError: the folder is a file, or cannot be written to.
    """
    path = folder / PROJECT_FILE
    if path.is_dir():
        raise ProjectError(f"{path}: is a folder; rename it, or choose another folder")
    if path.exists():
        raise ProjectError(f"{path}: exists already; edit it, or choose another folder")
    check_is_folder(folder)
    sections = [
        section_of_options(ClipSection, {"path": option}, path=clip)
        for option, clip in (("--source", source), *(("--reference", one) for one in references))
    ]
    _check_not_one_frame(source)
    scan = _probe(sections[0], folder, progress, colors, keeps_damaged=True)
    copies = [_probe(section, folder, progress, colors) for section in sections[1:]]
    _check_given_once(references, copies)
    file_names = [copy.name.lower() for copy in copies]
    names = _unique_names([copy.name for copy in copies])
    copies = [replace(copy, name=name) for copy, name in zip(copies, names, strict=True)]
    text = project_text(title, scan, copies)
    to_fill_in = (
        *(f"source.{key}" for key in scan.to_fill_in),
        *(f"reference.{key}" for copy in copies for key in copy.to_fill_in),
    )
    # Everything but the facts to fill in must be valid before the file is written.
    parse_project(
        project_text(title, _filled_in(scan), [_filled_in(copy) for copy in copies]), path
    )
    make_folder(folder)
    write_text(path, text)
    for name, file_name, reference in zip(names, file_names, references, strict=True):
        if file_names.count(file_name) > 1:
            progress.say(f"{reference}: is the reference '{name}' in {path}")
    return NewProject(path, to_fill_in)


def _unique_names(names: Sequence[str]) -> list[str]:
    """Names that differ without regard to case: of equal names, the later ones get a number.

    For example ``title01``, ``title01-2``. No name of a file is given to another file.
    """
    taken: set[str] = set()
    unique = []
    for name in names:
        free = name
        if name.lower() in taken:
            reserved = taken | {other.lower() for other in names}
            free = next(one for one in _numbered(name) if one.lower() not in reserved)
        taken.add(free.lower())
        unique.append(free)
    return unique


def _numbered(name: str) -> Iterator[str]:
    """A name with the numbers from 2, shortened to the length that a name may have."""
    for number in count(2):
        suffix = f"-{number}"
        yield name[: MAX_NAME_LENGTH - len(suffix)] + suffix


def _check_given_once(references: Sequence[str], copies: Sequence[TemplateElement]) -> None:
    """
    Raises:
        ProjectError: two references are the same file or sequence, perhaps in two spellings.
    """
    paths = [os.path.realpath(copy.clip.path) for copy in copies]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise ProjectError(f"{references[number]}: is given twice as --reference; give it once")


def _check_not_one_frame(source: str) -> None:
    """
    Raises:
        ProjectError: the scan is one frame of a sequence.
    """
    sequence = media.sequence_around(source) if os.path.isfile(source) else None
    if sequence is not None:
        raise ProjectError(
            f"{source}: is one frame of a sequence; for the whole sequence, name it as "
            f"'{sequence}'; for this frame alone, set 'first' and 'last' in film.toml afterwards"
        )


def _probe(
    section: ClipSection,
    folder: Path,
    progress: Progress,
    colors: ColorManagement,
    *,
    keeps_damaged: bool = False,
) -> TemplateElement:
    """The facts of a clip for film.toml, with the missing facts and the files' evidence on them.

    For each missing fact a provisional value is set, and the clip is probed again.
    """
    path = section.path
    missing: dict[str, str] = {}
    surveys: media.Surveys = {}
    while True:
        try:
            clip = media.probe(
                os.path.abspath(path),
                section,
                progress.track,
                surveys,
                colors=colors,
                keeps_damaged=keeps_damaged,
            )
        except MissingFactError as error:
            if error.key in missing:
                raise
            missing[error.key] = error.known
            section = section.model_copy(update={error.key: _PROVISIONAL_FACTS[error.key]})
        else:
            messages = clip.fields_message(), clip.damage.caveat(), *clip.all_remarks()
            for remark in filter(None, messages):
                progress.say(f"{path}: {remark}")
            return TemplateElement(clip_name(path), _relative(folder, clip.path), clip, missing)


def _relative(folder: Path, path: str) -> str:
    """A path as film.toml stores it: relative to the folder of film.toml."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _filled_in(element: TemplateElement) -> TemplateElement:
    return replace(element, to_fill_in={})
