"""What people put on record: a text on one line, and the file beside film.toml that keeps it."""

from pathlib import Path
from typing import TypeVar

from unfade.errors import ProjectError, WorkError
from unfade.film.noun import Artefact, SchemaError
from unfade.work.record_files import read_record

PeopleRecord = TypeVar("PeopleRecord", bound=Artefact)


def one_line(what: str, text: str, max_length: int) -> str:
    """A text on one line.

    Args:
        what: the text is, at the start of a sentence: "--by:", "the reason".
        text: as a person wrote it.
        max_length: in characters.

    Raises:
        ProjectError: it is too long or holds control characters.
    """
    text = " ".join(text.split())
    if not text.isprintable():
        raise ProjectError(f"{what} holds a control character; leave it out")
    if len(text) > max_length:
        raise ProjectError(
            f"{what} has {len(text):,} characters; shorten it to {max_length:,} at most"
        )
    return text


def read_people_record(folder: Path, kind: type[PeopleRecord], holds: str) -> PeopleRecord:
    """The record of a class in a work directory; an empty one if there is none.

    Args:
        folder: the work directory.
        kind: the class.
        holds: what would be lost with the file, for the sentence: "the notes of people".

    Raises:
        WorkError: the file is damaged.
    """
    path = folder / kind.PATH
    try:
        return kind.from_json(read_record(path))
    except FileNotFoundError:
        return kind()
    except SchemaError as error:
        raise WorkError(
            f"{path}: is of another version of Unfade ({error}); use that version, because it "
            f"holds {holds}"
        ) from error
    except (OSError, ValueError) as error:
        raise WorkError(
            f"{path}: is damaged ({error}); restore it, because it holds {holds}"
        ) from error
