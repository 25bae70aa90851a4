"""A shot: source frames between two cuts."""

from unfade.film.noun import Noun
from unfade.film.time import FrameRange


class Shot(Noun):
    """Frames of the source between two cuts, numbered from 1."""

    number: int
    frames: FrameRange

    @property
    def name(self) -> str:
        """The shot as file names carry it: ``s001``."""
        return f"s{self.number:03d}"
