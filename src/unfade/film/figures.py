"""What was measured of a film, for its report."""

from dataclasses import dataclass

from unfade.film.model import HeldOut
from unfade.film.shot import Shot


@dataclass(frozen=True)
class HeldOutFigures:
    """The errors of one hold-out pair, of the faded scan, the LUT baseline and the model."""

    frame: int
    shot: int
    faded: HeldOut
    lut: HeldOut
    model: HeldOut


@dataclass(frozen=True)
class ShotFigures:
    """What was measured on the rendered frames of a shot, all as shares of the full range.

    `flicker` is none where the shot has fewer than three frames.
    """

    shot: Shot
    rendered: int
    luma_max: float
    luma_mean: float
    flicker: float | None
    flicker_source: float | None


@dataclass(frozen=True)
class Outlier:
    """Frames `first` to `last` of a shot, which are far from anything in training.

    `predicted` is the CIEDE2000 that the model expects at the `worst` of them.
    """

    shot: int
    first: int
    last: int
    worst: int
    predicted: float
