"""From figures to measures with limits, and from measures to a verdict.

Source: the acceptance criteria of the chroma recovery guide: luma matches within tolerance, no
visible artefacts, colour consistent within a scene, clear improvement on a LUT baseline.
"""

from collections.abc import Sequence

from unfade.color.score import mean_error
from unfade.film.figures import HeldOutFigures
from unfade.film.report import Measure, Verdict

LOSSY_LUMA_LIMIT = 0.002
"""Mean luma difference that lossy DWAA may cost: half a step of 8-bit video."""

LOSSY_NEGATIVE_LIMIT = 0.001
"""Share of pixels that lossy DWAA may put below black."""

FLICKER_LIMIT = 0.005
"""Flicker of mean chroma that is surely seen: about CIEDE2000 1 on a mid grey."""

UNSEEN_ERROR = 0.01
"""CIEDE2000 that nobody sees: a smaller error of the LUT or the scan counts as this one, so that a
film without colour to bring back has ratios too."""

REJECTING = frozenset(
    {"luma_excess_max", "luma_mean_difference", "non_finite_values", "held_out_of_faded"}
)
"""Measures beyond whose limit a rendering is of no use; beyond others a person must look."""

_FAILURES = {
    "luma_excess_max": (
        "The luma of a rendered pixel differs from the scan's by {value:.2g} of the range more "
        "than the rounding of its file explains; render again."
    ),
    "luma_mean_difference": (
        "The lossy compression moved the luma by {value:.2g} of the range on average, above the "
        "limit of {limit:g}; lower render.dwa_level or render with compression 'zip'."
    ),
    "non_finite_values": (
        "{value:.0f} values of the rendered frames are infinite or no number; render again in a "
        "colour space that can hold them."
    ),
    "values_cut": (
        "{value:.0f} values of the frames lie outside 0 to 1 and were cut, because the format of "
        "the masters holds no others; render EXR to keep them."
    ),
    "negative_share": (
        "{value:.2%} of the rendered pixels have a component below black that the scan does not "
        "have; look at the darkest colours."
    ),
    "held_out_of_faded": (
        "On held-out frames the model's error is {value:.2f} times that of the faded scan; it "
        "does not recover colour."
    ),
    "held_out_of_lut": (
        "On held-out frames the model's error is {value:.2f} times that of the LUT baseline, "
        "where {limit:g} is the most that counts as a clear improvement."
    ),
    "chroma_flicker": (
        "The mean chroma flickers by {value:.2g} of the range, above the limit of {limit:g}; "
        "scrub through the shots with the highest figure."
    ),
    "frames_missing": "{value:.0f} frames of the scan are not rendered; run 'unfade render'.",
}


def held_out_measures(figures: Sequence[HeldOutFigures], max_of_lut: float) -> list[Measure]:
    """The measures of the held-out frames; without frames, only that there are none."""
    count = Measure(name="held_out_frames", value=len(figures), unit="frames")
    if not figures:
        return [count]
    model = mean_error([row.model for row in figures])
    lut = mean_error([row.lut for row in figures])
    faded = mean_error([row.faded for row in figures])
    worst = max(row.model.ciede2000 for row in figures)
    values = [
        ("held_out_ciede2000", model.ciede2000, "CIEDE2000"),
        ("held_out_ciede2000_lut", lut.ciede2000, "CIEDE2000"),
        ("held_out_ciede2000_faded", faded.ciede2000, "CIEDE2000"),
        ("held_out_ciede2000_worst", worst, "CIEDE2000"),
        ("held_out_chroma_error", model.chroma, "of range"),
        ("held_out_chroma_error_lut", lut.chroma, "of range"),
        ("held_out_chroma_error_faded", faded.chroma, "of range"),
    ]
    measures = [Measure(name=name, value=value, unit=unit) for name, value, unit in values]
    of_lut, of_faded = (
        model.ciede2000 / max(other.ciede2000, UNSEEN_ERROR) for other in (lut, faded)
    )
    measures.append(limited("held_out_of_lut", of_lut, "times", max_of_lut))
    measures.append(limited("held_out_of_faded", of_faded, "times", 1.0))
    return [*measures, count]


def limited(name: str, value: float, unit: str, limit: float) -> Measure:
    """A measure that is in order up to its limit."""
    return Measure(name=name, value=value, unit=unit, limit=limit, ok=value <= limit)


def decide(
    measures: Sequence[Measure], remarks: Sequence[str] = ()
) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict on a rendering, and a sentence for each reason.

    Args:
        measures: of the rendering.
        remarks: sentences about scan and references, for which a person must look.
    """
    failed = [measure for measure in measures if measure.ok is False]
    reasons = [
        _FAILURES[measure.name].format(value=measure.value, limit=measure.limit)
        for measure in failed
    ]
    proven = any(measure.name == "held_out_of_lut" for measure in measures)
    if not proven:
        reasons.append(
            "The colour is unproven, because no hold-out pair measures it against the LUT "
            "baseline; set curate.holdout_per_shot, or give a [[pair]] the role 'holdout'."
        )
    reasons += remarks
    if any(measure.name in REJECTING for measure in failed):
        return "reject", tuple(reasons)
    if reasons:
        return "review", tuple(reasons)
    return "accept", _merits({measure.name: measure.value for measure in measures})


def _merits(values: dict[str, float]) -> tuple[str, ...]:
    """What speaks for a rendering that is accepted."""
    colour = (
        f"On held-out frames the model's error is CIEDE2000 {values['held_out_ciede2000']:.2f}, "
        f"where the LUT baseline's is {values['held_out_ciede2000_lut']:.2f} and the faded "
        f"scan's {values['held_out_ciede2000_faded']:.2f}."
    )
    if "luma_excess_max" in values:
        return colour, "Every pixel of every frame holds the scan's luma to its file's rounding."
    return colour, (
        f"Lossy compression moved the luma by {values['luma_mean_difference']:.2g} of the range "
        f"on average and {values['luma_max_difference']:.2g} at most, which is within its limit."
    )
