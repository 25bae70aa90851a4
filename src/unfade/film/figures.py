"""Figures that validate measures and the report page shows."""

from dataclasses import dataclass

from unfade.film.model import HeldOut
from unfade.film.shot import Shot


@dataclass(frozen=True)
class HeldOutFigures:
    """Errors on one hold-out pair: of the faded scan, of the LUT baseline, and of the colour that
    the model delivers by the method of the shot."""

    frame: int
    shot: int
    faded: HeldOut
    lut: HeldOut
    model: HeldOut

    @property
    def model_to_lut(self) -> float | None:
        """CIEDE2000 of the model divided by that of the LUT; none if the LUT has no error."""
        return self.model.ciede2000 / self.lut.ciede2000 if self.lut.ciede2000 > 0 else None


@dataclass(frozen=True)
class ShotFigures:
    """Figures of the rendered frames of a shot; luma and flicker are shares of the full range.

    `training_pairs` and `held_out_pairs` count the admitted pairs of the shot. `predicted` is the
    mean predicted CIEDE2000, `beyond` the share of pixels beyond what training pairs show.
    `flicker` is none if fewer than three frames are rendered.
    """

    shot: Shot
    rendered: int
    training_pairs: int
    held_out_pairs: int
    predicted: float
    beyond: float
    luma_max: float
    luma_mean: float
    flicker: float | None
    flicker_source: float | None
