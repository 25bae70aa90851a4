"""The acceptance criteria of the chroma recovery guide, with the measures that answer them.

Source: the guide's list: luma matches within tolerance; no visible artefacts; colour consistent
within a scene; clear improvement on the baseline.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from unfade.film.report import Measure

_CRITERIA = (
    (
        "Luma matches within tolerance",
        ("luma_excess_max", "luma_mean_difference", "luma_max_difference"),
        "Every pixel of every rendered frame is compared with the scan.",
        False,
    ),
    (
        "No visible artefacts",
        (
            "outlier_frames",
            "non_finite_values",
            "negative_share",
            "values_cut",
            "chroma_change_along_motion",
            "chroma_change_along_motion_source",
        ),
        "Figures find values that no picture can have, outliers (wrong and drifting hues, bleeding "
        "edges, banding, letters, seams), and chroma that is less steady than the scan's. What "
        "they miss is for the eye: look at the worst frames and at the ends of shots.",
        True,
    ),
    (
        "Colour consistent within a scene",
        ("chroma_flicker", "chroma_flicker_source"),
        "Flicker is the distance of a frame's mean chroma from the mean of its two neighbours, of "
        "the shot that flickers most. Compare the shots of a scene below.",
        True,
    ),
    (
        "Clear improvement on the baseline",
        ("held_out_of_lut", "held_out_ciede2000", "held_out_ciede2000_lut"),
        "Both are measured on pairs that training did not see: the test pairs of a shot, which "
        "chose nothing either, or its hold-out pairs if it has no test pair.",
        False,
    ),
)
"""Titles, names of measures, what the measures can and cannot show, and whether the eye decides."""


@dataclass(frozen=True)
class Criterion:
    """A criterion and its measures. It `needs_eye` if figures alone cannot prove it."""

    title: str
    measures: tuple[Measure, ...]
    note: str
    needs_eye: bool

    @property
    def is_met(self) -> bool | None:
        """Whether all measures are within their limits; None if none has a limit."""
        judged = [measure.ok for measure in self.measures if measure.ok is not None]
        return all(judged) if judged else None

    @property
    def words(self) -> str:
        """Whether it is met, in words."""
        met = "figures met, your eye decides" if self.needs_eye else "met"
        return {True: met, False: "not met", None: "not measured"}[self.is_met]


def criteria(measures: Sequence[Measure]) -> list[Criterion]:
    """Every criterion of the guide, with those of its measures that the film has."""
    by_name = {measure.name: measure for measure in measures}
    return [
        Criterion(title, tuple(by_name[name] for name in names if name in by_name), note, eye)
        for title, names, note, eye in _CRITERIA
    ]
