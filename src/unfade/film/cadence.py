"""How the frames of film lie in the frames of a clip."""

import re
from bisect import bisect_right
from typing import Self

from pydantic import Field, model_validator

from unfade.film.noun import Noun


class Cadence(Noun):
    """A letter for each frame of a clip, in order.

    `weave` says which fields make up the picture of a frame: ``s`` both of it as stored; ``p``
    its top field and the bottom field of the frame before (previous), ``n`` that of the frame
    after (next); ``x`` where no bottom field fits its top field: such a picture is half of one
    and is never taken for truth.

    `repeats` is ``r`` where a frame shows the same film frame as the one before, ``.`` elsewhere.
    """

    weave: str = Field(pattern="^[spnx]+$")
    repeats: str = Field(pattern="^[.r]+$")

    @model_validator(mode="after")
    def _of_one_clip(self) -> Self:
        if len(self.weave) != len(self.repeats):
            raise ValueError("'weave' and 'repeats' are of different length")
        return self

    def film_frames(self) -> list[int]:
        """The film frames that the clip has whole, in order: of each the place, from 0, of a
        frame that shows it."""
        return [
            place
            for place, (weave, repeat) in enumerate(zip(self.weave, self.repeats, strict=True))
            if weave != "x" and not self._has_gone_before(place, repeat)
        ]

    def repeat_counts(self) -> list[int]:
        """For how many frames of the clip each of `film_frames` is shown from there on."""
        ends = [match.end() for match in re.finditer(".r*", self.repeats)]
        return [ends[bisect_right(ends, place)] - place for place in self.film_frames()]

    def _has_gone_before(self, place: int, repeat: str) -> bool:
        return repeat == "r" and self.weave[place - 1] != "x"
