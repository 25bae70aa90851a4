"""The project file, film.toml, parsed once into nouns."""

import difflib
import re
import tomllib
import types
import typing
from pathlib import Path
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, Field, ValidationError, model_validator

from unfade.errors import ProjectError
from unfade.film.clip import Area, FieldOrder
from unfade.film.model import ModelSize
from unfade.film.noun import Noun
from unfade.film.pair import PairKind, PairRole
from unfade.film.time import ExactFraction

WORKING_SPACE = "Gamma 2.4 Encoded Rec.709"
"""The OpenColorIO name of the space in which everything is computed."""

FilmTitle = Annotated[str, Field(min_length=1)]


class FilmSection(Noun):
    """[film]: what it is called."""

    title: FilmTitle


class ClipSection(Noun):
    """[source] and [reference]: where a clip is, and what its file does not say by itself.

    `first` and `last` are frame numbers, both included. `live_area` is ``[x, y, width, height]``
    in pixels; found by itself when absent.
    """

    path: str
    colorspace: str = "auto"
    first: int | None = None
    last: int | None = None
    rate: ExactFraction | None = None
    pixel_aspect: ExactFraction | None = None
    fields: FieldOrder | Literal["auto"] = "auto"
    live_area: tuple[int, int, int, int] | None = None

    def area(self) -> Area | None:
        """`live_area` as an `Area`."""
        if self.live_area is None:
            return None
        x, y, width, height = self.live_area
        return Area(x=x, y=y, width=width, height=height)


class PairSection(Noun):
    """[[pair]]: a pair that a person fixes. `reference` is a frame number or a picture file."""

    source: int
    reference: int | str
    kind: PairKind = "direct"
    role: PairRole = "train"
    aligned: bool = False
    note: str = ""


class CurateSection(Noun):
    """[curate]: how many pairs a shot gets, in frames; the guide uses 4 to 9."""

    pairs_per_shot: int = Field(default=4, ge=1, le=50)
    holdout_per_shot: int = Field(default=1, ge=0, le=50)


class AlignSection(Noun):
    """[align]: `max_residual` is the largest median residual, in source pixels, of a good pair."""

    max_residual: float = Field(default=1.5, gt=0)


class TargetSection(Noun):
    """[target]: `median` is the width of the reference pre-filter in reference pixels, 0 is off."""

    median: int = Field(default=3, ge=0, le=15)


class TrainSection(Noun):
    """[train]: how the model learns.

    `steps` of `batch` pixels each; the held-out error is measured every `checkpoint` steps.
    """

    size: ModelSize = "medium"
    steps: int = Field(default=2500, ge=1)
    batch: int = Field(default=8192, ge=4)
    checkpoint: int = Field(default=500, ge=1)
    learning_rate: float = Field(default=5e-3, gt=0)
    seed: int = Field(default=0, ge=0)


class RenderSection(Noun):
    """[render]: the masters.

    `dwa_level` is the DWAA compression level, 0 is best. `first` and `last` limit the frames.
    """

    colorspace: str = "ACES2065-1"
    compression: Literal["zip", "dwaa"] = "dwaa"
    dwa_level: float = Field(default=45.0, ge=0)
    version: int = Field(default=1, ge=1)
    first: int | None = None
    last: int | None = None


class ValidateSection(Noun):
    """[validate]: the acceptance criteria.

    `max_of_baseline` is the largest held-out CIEDE2000, as a share of the LUT baseline's, that
    counts as a clear improvement.
    """

    max_of_baseline: float = Field(default=0.9, gt=0)


class DeliverSection(Noun):
    """[deliver]: what the record says of the people."""

    institution: str = ""
    restorationist: str = ""
    note: str = ""


class Project(Noun):
    """A whole project file."""

    film: FilmSection
    source: ClipSection
    reference: ClipSection | None = None
    pair: tuple[PairSection, ...] = ()
    curate: CurateSection = CurateSection()
    align: AlignSection = AlignSection()
    target: TargetSection = TargetSection()
    train: TrainSection = TrainSection()
    render: RenderSection = RenderSection()
    validate_: ValidateSection = Field(default=ValidateSection(), alias="validate")
    deliver: DeliverSection = DeliverSection()

    @model_validator(mode="after")
    def _some_colour(self) -> "Project":
        if self.reference is None:
            if not self.pair:
                raise ValueError(
                    "there is neither a [reference] nor a [[pair]] to take colour from"
                )
            for pair in self.pair:
                if isinstance(pair.reference, int):
                    raise ValueError(
                        f"the pair at source frame {pair.source} names reference frame "
                        f"{pair.reference}, but there is no [reference]"
                    )
        return self


def load_project(path: Path) -> Project:
    """The project in the film.toml at `path`.

    Raises:
        ProjectError: it cannot be read, is not TOML, or holds an unknown key or a bad value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"{path}: cannot be read ({error}); write one with 'unfade new DIR --source S'"
        ) from error
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"{path}: is not TOML: {error}; mend that line") from error
    try:
        return Project.model_validate(fields)
    except ValidationError as error:
        raise ProjectError(f"{path}: {_explain(error)}") from error


def _explain(error: ValidationError) -> str:
    """The first fault of a project file, in one sentence."""
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"] if not _is_union_tag(part))
    if fault["type"] == "extra_forbidden":
        key = str(fault["loc"][-1])
        nearest = difflib.get_close_matches(key, _keys_at(fault["loc"][:-1]), n=1, cutoff=0.0)
        return f"unknown key '{where}'; the nearest valid one is '{nearest[0]}'"
    if fault["type"] == "missing":
        return f"'{where}' is missing; add it"
    message = re.sub("^Value error, ", "", fault["msg"])
    message = message[0].lower() + message[1:]
    if not where:
        return f"{message}; add one"
    return f"'{where}' is {fault['input']!r}: {message}; change it"


def _is_union_tag(part: int | str) -> bool:
    return (isinstance(part, str) and not part.isidentifier()) or part in ("int", "str")


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """The keys that the section at `location` may have."""
    section: type[BaseModel] = Project
    for part in location:
        if isinstance(part, str):
            field = next(
                value for name, value in section.model_fields.items() if part in (name, value.alias)
            )
            section = _section_type(field.annotation)
    return [field.alias or name for name, field in section.model_fields.items()]


def _section_type(annotation: Any) -> type[BaseModel]:
    """The section inside ``Section``, ``Section | None`` or ``tuple[Section, ...]``."""
    if typing.get_origin(annotation) in (Union, types.UnionType, tuple):
        return next(
            _section_type(part)
            for part in typing.get_args(annotation)
            if part not in (type(None), ...)
        )
    section: type[BaseModel] = annotation
    return section
