"""The files of constructions and of the film's palette, which people may write by hand."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

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
from unfade.project.faults import explain
from unfade.work.project_writing import changed_meanwhile, one_editor, text_digest
from unfade.work.record_files import read_record
from unfade.work.writing import make_folder, write_text

BYTE_ORDER_MARK = "\ufeff"
"""What some editors put before a text in UTF-8."""

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


def construction_of(path: Path, fields: dict[str, Any]) -> Construction:
    """The construction that fields state.

    Args:
        path: of its file, for messages.
        fields: as the file would hold them.

    Raises:
        ProjectError: a value cannot be used.
    """
    return _valid(path, fields, Construction)


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


def frames_stating(folder: Path, name: str) -> list[int]:
    """The frames in whose construction a point has the colour of a name.

    Raises:
        ProjectError: a construction cannot be used.
    """
    constructions = (read_construction(folder, frame) for frame in frames_with_points(folder))
    return [one.frame for one in constructions if any(point.colour == name for point in one.point)]


def check_construction_seen(folder: Path, frame: int, seen: str) -> None:
    """
    Args:
        folder: of film.toml.
        frame: of the construction.
        seen: the `construction_digest` of what an editor began with.

    Raises:
        ProjectError: the file was changed meanwhile.
    """
    if construction_digest(folder, frame) != seen:
        raise changed_meanwhile(construction_file(folder, frame))


def write_construction(folder: Path, construction: Construction) -> None:
    """Writes the file of a construction."""
    path = construction_file(folder, construction.frame)
    make_folder(path.parent)
    write_text(path, as_toml(construction))


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
    path = folder / PALETTE_FILE
    entry = {"name": name, "colour": colour.lower(), "source": source}
    with one_editor(folder):
        others = [one.model_dump() for one in read_palette(folder).colour if one.name != name]
        palette = _valid(path, {"colour": [*others, entry]}, Palette)
        write_text(path, as_toml(palette))
    return palette.colour[-1]


def _read(path: Path, kind: type[Record]) -> Record | None:
    text = _text(path)
    if text is None:
        return None
    try:
        fields = tomllib.loads(text.removeprefix(BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:
        raise _unusable(path, error) from error
    return _valid(path, fields, kind)


def _valid(path: Path, fields: dict[str, Any], kind: type[Record]) -> Record:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise ProjectError(f"{path}: {explain(error, fields, kind)}") from error


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
