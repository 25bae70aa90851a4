"""The files of constructions and of the film's palette, which people may write by hand."""

import tomllib
from pathlib import Path
from typing import TypeVar

import tomlkit
from pydantic import ValidationError

from unfade.errors import ProjectError
from unfade.film.construction import PALETTE_FILE, Construction, Palette, construct_path
from unfade.film.noun import Noun
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


def write_palette(folder: Path, palette: Palette) -> Path:
    """Writes the file of a palette; its path."""
    path = folder / PALETTE_FILE
    write_text(path, as_toml(palette))
    return path


def _read(path: Path, kind: type[Record]) -> Record | None:
    try:
        return kind.model_validate(tomllib.loads(read_record(path)))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise ProjectError(f"{path}: '{where}': {fault['msg']}; mend that value") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ProjectError(f"{path}: cannot be used ({error}); mend or restore it") from error


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
