"""The files of constructions and of the film's palette, which people may write by hand."""

import tomllib
from pathlib import Path
from typing import TypeVar

import tomlkit
from pydantic import ValidationError

from unfade.errors import ProjectError
from unfade.film.construction import (
    CONSTRUCT_FOLDER,
    PALETTE_FILE,
    Construction,
    Palette,
    PaletteColour,
    construct_path,
)
from unfade.film.noun import Noun
from unfade.work.project_writing import changed_meanwhile, text_digest
from unfade.work.record_files import read_record
from unfade.work.writing import make_folder, write_text

Record = TypeVar("Record", bound=Noun)


def construction_file(folder: Path, frame: int) -> Path:
    """The file of the construction of a frame, in the folder of film.toml."""
    return folder / construct_path(frame, ".toml")


def read_construction(folder: Path, frame: int) -> Construction:
    """The construction of a frame; one without points if there is no file.

    Raises:
        ProjectError: the file cannot be used.
    """
    path = construction_file(folder, frame)
    construction = _read(path, Construction) or Construction(frame=frame)
    if construction.frame != frame:
        raise ProjectError(
            f"{path}: is of frame {construction.frame}; name the file after that frame, or set "
            f"'frame' to {frame}"
        )
    return construction


def construction_of(folder: Path, value: object) -> Construction:
    """The construction that a page has sent, as its file would hold it.

    Raises:
        ProjectError: a value cannot be used.
    """
    try:
        return Construction.model_validate(value)
    except ValidationError as error:
        raise ProjectError(f"{folder / CONSTRUCT_FOLDER}: {_fault(error)}") from error


def construction_digest(folder: Path, frame: int) -> str:
    """The SHA-256 of the file of a construction, by which an editor says what it has seen; that of
    an empty text if there is no file.

    Raises:
        ProjectError: the file cannot be read.
    """
    return text_digest(_text(construction_file(folder, frame)) or "")


def frames_with_points(folder: Path) -> list[int]:
    """The frames that have a construction, by the names of their files."""
    names = (path.stem for path in (folder / CONSTRUCT_FOLDER).glob("*.toml"))
    return sorted(int(name) for name in names if name.isascii() and name.isdecimal())


def read_palette(folder: Path) -> Palette:
    """The palette of a film; an empty one if there is no file.

    Raises:
        ProjectError: the file cannot be used.
    """
    return _read(folder / PALETTE_FILE, Palette) or Palette()


def write_construction(folder: Path, construction: Construction) -> Path:
    """Writes the file of a construction; its path."""
    path = construction_file(folder, construction.frame)
    make_folder(path.parent)
    write_text(path, as_toml(construction))
    return path


def replace_construction(folder: Path, construction: Construction, seen: str) -> Path:
    """Writes the file of a construction if it still is what an editor has seen; its path.

    Args:
        folder: of film.toml.
        construction: the new one.
        seen: the `construction_digest` of what the editor began with.

    Raises:
        ProjectError: the file was changed meanwhile; nothing is written.
    """
    if construction_digest(folder, construction.frame) != seen:
        raise changed_meanwhile(construction_file(folder, construction.frame))
    return write_construction(folder, construction)


def keep_colour(folder: Path, name: str, colour: str, source: str) -> PaletteColour:
    """Keeps a colour in the palette of a film, in the place of one with its name.

    Args:
        folder: of film.toml.
        name: of the colour.
        colour: sRGB, ``"#6b8f3a"``.
        source: where it is known from.

    Raises:
        ProjectError: a value or the file cannot be used.
    """
    try:
        entry = PaletteColour(name=name, colour=colour.lower(), source=source)
    except ValidationError as error:
        raise ProjectError(f"{folder / PALETTE_FILE}: {_fault(error)}") from error
    others = tuple(one for one in read_palette(folder).colour if one.name != name)
    write_palette(folder, Palette(colour=(*others, entry)))
    return entry


def write_palette(folder: Path, palette: Palette) -> None:
    """Writes the file of a palette."""
    write_text(folder / PALETTE_FILE, as_toml(palette))


def _read(path: Path, kind: type[Record]) -> Record | None:
    text = _text(path)
    if text is None:
        return None
    try:
        return kind.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise ProjectError(f"{path}: {_fault(error)}") from error
    except (ValueError, RecursionError) as error:
        raise _unusable(path, error) from error


def _text(path: Path) -> str | None:
    """The text of a file; None if there is none."""
    try:
        return read_record(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> ProjectError:
    return ProjectError(f"{path}: cannot be used ({error}); mend or restore it")


def _fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"])
    return f"'{where}': {fault['msg']}; mend that value"


def as_toml(record: Noun) -> str:
    """A record as TOML, without what is empty; each entry of a list of records has a table of its
    own."""
    document = tomlkit.document()
    for key, value in record.model_dump(mode="json", exclude_defaults=True).items():
        if not (isinstance(value, list) and value and isinstance(value[0], dict)):
            document.append(key, tomlkit.item(value))
            continue
        tables = tomlkit.aot()
        for fields in value:
            tables.append(tomlkit.item(fields))
        document.append(key, tables)
    return tomlkit.dumps(document)
