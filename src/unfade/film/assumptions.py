"""The assumptions of a constructed frame: what a person stated, and what the solver made of it."""

from collections import Counter

from pydantic import Field

from unfade.film.construction import Position, SrgbColour, Words
from unfade.film.noun import Artefact, Noun
from unfade.film.wording import counted


class AssumedPoint(Noun):
    """A focal point as it was solved: the colour of a palette's name, its source and its author
    are written out."""

    at: tuple[Position, ...] = Field(
        description="x and y in pixels of the whole upright scan; several are a scribble."
    )
    area: bool = Field(description="Whether the positions outline a region.")
    colour: SrgbColour = Field(description="sRGB, of which hue and saturation are stated.")
    source: Words = Field(description="Where the colour is known from.")
    author: Words = Field(description="Who stated it; empty if that is not known.")
    note: str
    left_out_for: SrgbColour | None = Field(
        description="The colour, sRGB, that the other points say, if this one contradicts them and "
        "was left out; null if it counts."
    )


class Assumptions(Artefact):
    """The record beside the picture of a constructed frame.

    `uncertainty` is the mean standard deviation of its chroma, of range 1. The checksums are those
    of the files that were written with it: the picture, and the sheet that shows the points.
    """

    SCHEMA = "Assumptions.1"
    PATH = "construct/*.json"

    frame: int
    points: tuple[AssumedPoint, ...]
    uncertainty: float
    picture_sha256: str
    sheet_sha256: str

    def in_words(self) -> list[str]:
        """The points of each author with their sources, and a sentence for each point that was left
        out."""
        used = Counter((one.author, one.source) for one in self.points if one.left_out_for is None)
        lines = []
        for author in dict.fromkeys(author for author, _ in used):
            sources = {source: count for (by, source), count in used.items() if by == author}
            listed = "; ".join(f"{source} ({count})" for source, count in sources.items())
            points = counted(sum(sources.values()), "focal point")
            lines.append(f"{points} by {author or 'nobody named'}: {listed}")
        for number, one in enumerate(self.points, start=1):
            if one.left_out_for is not None:
                lines.append(
                    f"point {number} ({one.colour}, {one.source}, by "
                    f"{one.author or 'nobody named'}) was left out, because the others say "
                    f"{one.left_out_for}"
                )
        return lines
