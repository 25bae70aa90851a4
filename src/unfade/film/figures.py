"""Figures that validate measures and the report page shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from unfade.film.model import HeldOut
from unfade.film.pair import PairKind
from unfade.film.shot import Shot

ColourKind = Literal["skin", "saturated", "shadows", "neutrals"]
"""Kinds of colour that are looked at one by one: see `unfade.color.kinds`."""

Place = Literal["first", "last", "join"]
"""The first or the last frame of a shot, or its join with the next shot."""


@dataclass(frozen=True)
class HeldOutFigures:
    """Errors on one hold-out pair: of the faded scan, of the LUT baseline, and of the colour that
    the model delivers by the method of the shot. `kind` is that of the pair."""

    frame: int
    shot: int
    faded: HeldOut
    lut: HeldOut
    model: HeldOut
    kind: PairKind = "direct"

    @property
    def model_to_lut(self) -> float | None:
        """CIEDE2000 of the model divided by that of the LUT; none if the LUT has no error."""
        return self.model.ciede2000 / self.lut.ciede2000 if self.lut.ciede2000 > 0 else None


@dataclass(frozen=True)
class KindFigures:
    """One kind of colour in the frame that shows a shot.

    `share` is its share of the pixels, 0 to 1. The errors, mean CIEDE2000 over these pixels, are
    none if the frame is no hold-out pair or shows too little of the kind.
    """

    kind: ColourKind
    share: float
    faded: float | None = None
    lut: float | None = None
    model: float | None = None


@dataclass(frozen=True)
class PlaceFigures:
    """The first or last frame of a shot, or its join with the next.

    `step` and `step_source` are the distances in the plane of Cb and Cr, full range 1, from the
    mean chroma of `frame` to that of the neighbour within the shot, or across the join, of the
    recovered film and of the scan; none without a neighbour. `predicted` is CIEDE2000.
    """

    place: Place
    frame: int
    neighbour: int | None
    predicted: float
    step: float | None
    step_source: float | None


@dataclass(frozen=True)
class ShotFigures:
    """Figures of the rendered frames of a shot; luma and flicker are shares of the full range.

    `training_pairs` and `held_out_pairs` count the admitted pairs of the shot,
    `constructed_training_pairs` and `constructed_held_out_pairs` those of them with a constructed
    reference. `predicted` is the mean predicted CIEDE2000, `beyond` the share of pixels beyond what
    training pairs show.
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
    constructed_training_pairs: int = 0
    constructed_held_out_pairs: int = 0


def of_kind(figures: Sequence[HeldOutFigures], kind: PairKind) -> list[HeldOutFigures]:
    """The figures of hold-out pairs of one kind."""
    return [one for one in figures if one.kind == kind]


def judging_figures(figures: Sequence[HeldOutFigures]) -> list[HeldOutFigures]:
    """The figures of direct pairs; those of constructed ones if there is no direct one. The two are
    never averaged: what a person assumed is no measurement of what was photographed."""
    return of_kind(figures, "direct") or [*figures]
