"""The base classes of all values that are validated or stored."""

import gc
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

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
        """The artefact in a text that `to_json` wrote.

        Raises:
            SchemaError: the text has another schema or version.
            ValueError: the text is not JSON, or a value is invalid.
        """
        schema, fields = _without_schema(text)
        if schema != cls.SCHEMA:
            raise SchemaError(f"holds {schema or 'no schema'}, expected {cls.SCHEMA}")
        try:
            with paused_garbage_collection():
                return cls.model_validate_json(fields)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(str(part) for part in fault["loc"])
            raise ValueError(f"'{where}': {fault['msg']}") from error


def _without_schema(text: str) -> tuple[str | None, str]:
    """The schema that the JSON text of an artefact names, and the text without it. Most texts name
    it first, so that they are parsed once."""
    if start := _SCHEMA_FIRST.match(text):
        return start[1], "{" + text[start.end() :]
    fields = json.loads(text)
    schema = fields.pop("schema", None) if isinstance(fields, dict) else None
    return schema, json.dumps(fields)


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
