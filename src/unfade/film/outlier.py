"""An outlier: frames whose colour a person should look at, and the pair that would mend them."""

from typing import Literal

from unfade.film.clip import Area
from unfade.film.noun import FileName, Noun
from unfade.film.wording import frames_in_words

OutlierKind = Literal[
    "wrong colour",
    "unseen colour",
    "hue drift",
    "flicker",
    "unstable skin",
    "bleed",
    "banding",
    "overlay",
    "seam",
    "crop",
]
"""What is wrong. "wrong colour": far from the reference. "unseen colour": far from what training
pairs show. "hue drift": the colour leaves that of its shot. "flicker": it changes from frame to
frame. "unstable skin": skin does. "bleed": edges of colour lie beside those of the picture.
"banding": steps in smooth colour. "overlay": letters or dirt were learned. "seam": two shots of a
scene differ. "crop": the picture's edge moves at the head or tail of a shot."""


class Mend(Noun):
    """The pair that would mend an outlier: a frame of the scan, and the frame of the reference `of`
    that name which shows it."""

    source: int
    reference: int
    of: str


class OutlierRun(Noun):
    """Consecutive frames of a shot with one kind of outlier.

    `worst` is the frame farthest above the limit; `score` is its figure and `limit` what the film's
    good frames stay below, both in `unit`. `ciede2000` is how visible the fault is in that frame;
    None where colour is not what is wrong, and for an error that is only predicted. `box` is its
    place, in pixels of the scan, and `mask` the file of its exact place, beside the report; None
    where it is the whole frame. `why` is a sentence. `mend` is None if no reference shows the
    frames, or if a new pair would not help. `row` is its row on the sheet ``outliers.png``, from
    0; None if it is not on the sheet.
    """

    kind: OutlierKind
    shot: int
    first: int
    last: int
    worst: int
    score: float
    limit: float
    unit: str
    ciede2000: float | None
    box: Area
    mask: FileName | None = None
    why: str
    mend: Mend | None = None
    row: int | None = None

    @property
    def weight(self) -> float:
        """How many times the limit its worst frame reaches: the order of the queue."""
        return self.score / self.limit if self.limit > 0 else self.score

    def frames_in_words(self) -> str:
        """The frames: ``"1012 to 1019"``, or one."""
        return frames_in_words(self.first, self.last)
