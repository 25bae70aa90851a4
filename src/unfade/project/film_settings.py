"""[film] of film.toml: the title, the series, and the colour management of the project."""

from typing import Annotated

from pydantic import AfterValidator, Field

from unfade.film.noun import Noun
from unfade.film.values import FilePath, Name, Text

FilmTitle = Annotated[Text, Field(min_length=1, max_length=100)]


def _several(paths: tuple[str, ...]) -> tuple[str, ...]:
    if len(paths) < 2:
        raise ValueError(
            "it names fewer than two films; name all films of the series, or take it out"
        )
    return paths


SeriesPaths = Annotated[tuple[FilePath, ...], AfterValidator(_several)]
"""The films of a series, in order."""


class FilmSection(Noun):
    """[film]: the title, and the colour management of the whole project."""

    title: FilmTitle = Field(
        description="Title of the film; it becomes the first part of the masters' names.",
        json_schema_extra={"guide": "name with shot or scene, version, model id"},
    )
    ocio: FilePath | None = Field(
        default=None,
        description="OpenColorIO config that names all colour spaces: a file, or 'ocio://...'",
        examples=["house.ocio"],
        json_schema_extra={
            "allowed": "a path, or 'ocio://...'",
            "default_in_words": (
                "the environment variable OCIO, else the ACES studio config of Unfade"
            ),
            "guide": "one ACES-managed project for all steps",
        },
    )
    series: SeriesPaths | None = Field(
        default=None,
        description="All films of one print, such as the reels of a title, in their order, this "
        "one among them; the same line in each film.toml. They learn one model from the pairs of "
        "all.",
        examples=[["../reel1", "../reel2"]],
        json_schema_extra={
            "allowed": "paths of two or more film.toml, or of their folders",
            "default_in_words": "none; the film learns from its own pairs",
        },
    )
    view: Name | None = Field(
        default=None,
        description="View of the config's Rec.1886 Rec.709 display. Scene-linear and log pictures "
        "pass through the view, and masters through its inverse. A view cuts values above "
        "display white.",
        json_schema_extra={
            "allowed": "a name of the config",
            "default_in_words": "none; highlights above display white keep their value",
        },
    )
