"""A shot: source frames between two cuts."""

from unfade.film.noun import Noun
from unfade.film.time import ClipFrames

CUT_MARGIN_FRAMES = 2
"""Frames on either side of a cut that are not learned, because splices, half-exposed frames and
mixtures of two shots lie there."""


class Shot(Noun):
    """A range of source frames between two cuts. `number` counts from 1."""

    number: int
    frames: ClipFrames

    @property
    def name(self) -> str:
        """The name of the shot in file names: ``s001``."""
        return f"s{self.number:03d}"
