"""Cadence: which film frame each frame of a clip shows, and from which fields."""

import re
from bisect import bisect_right
from typing import Self

from pydantic import Field, model_validator

from unfade.film.noun import Noun


class Cadence(Noun):
    """The cadence of a clip: two strings with one letter a frame, in order.

    `weave` says which bottom field completes the top field of a frame: ``s`` (stored) its own,
    ``p`` (previous) that of the frame before, ``n`` (next) that of the frame after, ``x`` none. A
    frame with ``x`` has only half the lines of a film frame and is never ground truth.

    `repeats` is ``r`` if a frame shows the same film frame as the frame before, else ``.``.
    """

    weave: str = Field(pattern="^[spnx]+$")
    repeats: str = Field(pattern="^[.r]+$")

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        if len(self.weave) != len(self.repeats):
            raise ValueError("'weave' and 'repeats' differ in length")
        return self

    def film_frames(self) -> list[int]:
        """Indices, from 0, of the first whole frame of each film frame, in order.

        A film frame without a whole frame is left out.
        """
        return [
            index
            for index, (weave, repeat) in enumerate(zip(self.weave, self.repeats, strict=True))
            if weave != "x" and not self._repeats_whole_frame(index, repeat)
        ]

    def repeat_counts(self) -> list[int]:
        """For each of `film_frames`, the number of clip frames that show it, itself included."""
        ends = [match.end() for match in re.finditer(".r*", self.repeats)]
        return [ends[bisect_right(ends, index)] - index for index in self.film_frames()]

    def _repeats_whole_frame(self, index: int, repeat: str) -> bool:
        return repeat == "r" and self.weave[index - 1] != "x"
