"""The base classes of all values that are validated or stored."""

import gc
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from unfade.film.upgrades import upgraded

_SHOWN_LETTERS = 100
"""Letters of a wrong schema or key that a sentence shows."""


def check_file_name(value: str) -> str:
    """The value.

    Raises:
        ValueError: it is no name of a file: a record of others could name any place by it.
    """
    if value in ("", ".", "..") or any(one in value for one in "/\\\0"):
        raise ValueError("it has to be the name of a file, without a folder")
    return value


FileName = Annotated[str, Field(max_length=255), AfterValidator(check_file_name)]
"""The name of a file beside the record; its maximum length is that of common file systems."""

_SCHEMA_FIRST = re.compile(r'\s*\{\s*"schema"\s*:\s*"([^"\\]*)"\s*,')
"""The start of a text that `Artefact.to_json` wrote, up to its first field."""


class Noun(BaseModel):
    """An immutable value. An unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SchemaError(ValueError):
    """An artefact is of another kind, or of another version of Unfade."""


class Artefact(Noun):
    """A noun that is stored as a JSON file with the name and version of its schema.

    Subclasses set `SCHEMA`, for example ``"PairList.1"``, and `PATH`, the path of the file in the
    work directory.
    """

    SCHEMA: ClassVar[str]
    PATH: ClassVar[str]

    def to_json(self) -> str:
        """The artefact as JSON text, schema first."""
        fields = self.model_dump_json(indent=2)
        return fields.replace("{", '{\n  "schema": "' + self.SCHEMA + '",', 1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The artefact in a text that `to_json` wrote, in this version or, where it can be
        upgraded, in an earlier one.

        Raises:
            SchemaError: the text has another schema or version.
            ValueError: the text is not JSON, or a value is invalid.
        """
        stored, fields = _without_schema(text)
        if stored != cls.SCHEMA:
            schema, upgraded_fields = upgraded(stored, _parsed(fields), cls.SCHEMA)
            if schema != cls.SCHEMA:
                held = str(stored or "no schema")[:_SHOWN_LETTERS]
                raise SchemaError(f"holds {held}, expected {cls.SCHEMA}")
            fields = json.dumps(upgraded_fields)
        try:
            with paused_garbage_collection():
                return cls.model_validate_json(fields)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(str(part) for part in fault["loc"])[:_SHOWN_LETTERS]
            raise ValueError(f"'{where}': {fault['msg']}") from error


def _without_schema(text: str) -> tuple[object, str]:
    """The schema that the JSON text of an artefact names, and the text without it. Most texts name
    it first, so that they are parsed once.

    Raises:
        ValueError: the text is not JSON.
    """
    if start := _SCHEMA_FIRST.match(text):
        return start[1], "{" + text[start.end() :]
    fields = _parsed(text)
    schema = fields.pop("schema", None) if isinstance(fields, dict) else None
    return schema, json.dumps(fields)


def _parsed(text: str) -> Any:
    """
    Raises:
        ValueError: the text is not JSON.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


@contextmanager
def paused_garbage_collection() -> Iterator[None]:
    """Makes many objects without cycles: looking for cycles among those of 150,000 frames takes
    five times as long as making them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
