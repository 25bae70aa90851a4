"""The base classes of all values that are validated or stored."""

import json
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError


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
        fields = json.loads(text)
        schema = fields.pop("schema", None) if isinstance(fields, dict) else None
        if schema != cls.SCHEMA:
            raise SchemaError(f"holds {schema or 'no schema'}, expected {cls.SCHEMA}")
        try:
            return cls.model_validate_json(json.dumps(fields))
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(str(part) for part in fault["loc"])
            raise ValueError(f"'{where}': {fault['msg']}") from error
