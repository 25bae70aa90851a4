"""Measures with limits, and the verdict that follows from them.

Source: the acceptance criteria of the chroma recovery guide: luma matches within tolerance, no
visible artefacts, colour consistent within a scene, clear improvement on a LUT baseline.
"""

from collections.abc import Sequence

from unfade.color.score import mean_error
from unfade.film.figures import HeldOutFigures, judging_figures, of_kind
from unfade.film.method import ChosenMethod
from unfade.film.report import Measure, Verdict

MAX_LOSSY_LUMA_DIFFERENCE = 0.002
"""Limit of the mean luma difference for lossy DWAA, of range: half a code value of 8-bit video."""

MAX_LOSSY_NEGATIVE_SHARE = 0.001
"""Limit of the share of pixels below black for lossy DWAA, whose errors fall on both sides of 0."""

MAX_CHROMA_FLICKER = 0.005
"""Limit of the flicker of mean chroma, of range: about CIEDE2000 1 on a mid grey, clearly visible.
"""

INVISIBLE_CIEDE2000 = 0.01
"""An invisible error. Ratios divide by at least this, so that they exist for a scan that has not
faded, where the errors of LUT and scan are zero."""

REJECTING_MEASURES = frozenset(
    {"luma_excess_max", "luma_mean_difference", "non_finite_values", "held_out_of_faded"}
)
"""Measures that reject a rendering when they exceed their limit; all others ask for a review."""

_FAILURE_SENTENCES = {
    "luma_excess_max": (
        "The luma of a rendered pixel differs from the scan's by {value:.2g} of the range more "
        "than the rounding of the file explains; render again, or if film.view is set, without "
        "it, because the inverse of a view is inexact for saturated and very bright colours."
    ),
    "luma_mean_difference": (
        "The lossy compression moved the luma by {value:.2g} of the range on average, above the "
        "limit of {limit:g}; lower render.dwa_level or render with compression 'zip'."
    ),
    "non_finite_values": (
        "{value:.0f} values of the rendered frames are infinite or NaN; render again in a colour "
        "space that can hold them."
    ),
    "values_cut": (
        "{value:.0f} values of the frames lie outside 0 to 1 and were clipped, because the format "
        "of the masters cannot hold them; render EXR to keep them."
    ),
    "negative_share": (
        "{value:.2%} of the rendered pixels have a component below black where the scan is not "
        "below black; look at the darkest colours."
    ),
    "held_out_of_faded": (
        "On held-out frames the model's error is {value:.2f} times that of the faded scan; it "
        "does not recover colour."
    ),
    "held_out_of_lut": (
        "On held-out frames the model's error is {value:.2f} times that of the LUT baseline; a "
        "clear improvement is at most {limit:g} times."
    ),
    "outlier_frames": (
        "Outliers, in frames: {value:.0f}; look at the sheet outliers.png, where each has its "
        "reason and, if there is one, the pair that would mend it."
    ),
    "chroma_flicker": (
        "The mean chroma flickers by {value:.2g} of the range, above the limit of {limit:g}; "
        "play the shots with the highest flicker."
    ),
    "frames_missing": "{value:.0f} frames of the scan are not rendered; run 'unfade render'.",
}
"""Reasons of a verdict, by the measures that exceed their limit."""

_LUT_SENTENCES = {
    False: (
        "The LUT baseline is delivered for all shots, because neither networks nor law are better "
        "on held-out frames; a clear improvement on it is at most {limit:g} times its error."
    ),
    True: (
        "The LUT baseline is delivered for all shots, because a person chose it with 'render.use'; "
        "a clear improvement on it is at most {limit:g} times its error."
    ),
}
"""Reasons if the LUT is delivered for all shots, by whether a person chose it."""


def held_out_measures(figures: Sequence[HeldOutFigures], max_of_lut: float) -> list[Measure]:
    """The measures of the held-out frames; without such frames, only their number, 0. Those of
    constructed pairs stand apart, unless the film has no direct one.

    Args:
        figures: of the hold-out pairs.
        max_of_lut: limit of the delivered colour's error, as a multiple of the LUT's.
    """
    constructed = _constructed_measures(of_kind(figures, "constructed"))
    figures = judging_figures(figures)
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
        model.ciede2000 / max(other.ciede2000, INVISIBLE_CIEDE2000) for other in (lut, faded)
    )
    measures.append(limited("held_out_of_lut", of_lut, "times", max_of_lut))
    measures.append(limited("held_out_of_faded", of_faded, "times", 1.0))
    return [*measures, count, *constructed]


def _constructed_measures(figures: Sequence[HeldOutFigures]) -> list[Measure]:
    """The measures of constructed hold-out pairs, none without such pairs."""
    if not figures:
        return []
    errors = {
        "held_out_constructed_ciede2000": [row.model for row in figures],
        "held_out_constructed_ciede2000_lut": [row.lut for row in figures],
        "held_out_constructed_ciede2000_faded": [row.faded for row in figures],
    }
    return [
        *(
            Measure(name=name, value=mean_error(rows).ciede2000, unit="CIEDE2000")
            for name, rows in errors.items()
        ),
        Measure(name="held_out_constructed_frames", value=len(figures), unit="frames"),
    ]


def mean_model_error(figures: Sequence[HeldOutFigures]) -> float | None:
    """Mean CIEDE2000 of the delivered colour; None without figures."""
    return mean_error([row.model for row in figures]).ciede2000 if figures else None


def limited(name: str, value: float, unit: str, limit: float) -> Measure:
    """A measure that passes if its value is at most the limit."""
    return Measure(name=name, value=value, unit=unit, limit=limit, ok=value <= limit)


def decide(
    measures: Sequence[Measure],
    remarks: Sequence[str] = (),
    methods: Sequence[ChosenMethod] = (),
    *,
    is_assumed: bool = False,
) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict on a rendering, and one sentence for each reason.

    Args:
        measures: of the rendering.
        remarks: sentences about scan and references; each of them asks for a review.
        methods: of the rendered shots.
        is_assumed: whether all held-out frames are of constructed pairs.
    """
    failed = [measure for measure in measures if measure.ok is False]
    sentences = _FAILURE_SENTENCES | _sentence_of_lut(methods)
    reasons = [
        sentences[measure.name].format(value=measure.value, limit=measure.limit)
        for measure in failed
    ]
    is_proven = any(measure.name == "held_out_of_lut" for measure in measures)
    if not is_proven:
        reasons.append(
            "The colour is unproven, because no hold-out pair measures it against the LUT "
            "baseline; set curate.holdout_per_shot, or give a [[pair]] the role 'holdout'."
        )
    if is_proven and is_assumed:
        reasons.append(
            "The colour is measured against constructed references alone, which are what a person "
            "assumed; compare the masters with whatever is known of the film's colours."
        )
    reasons += remarks
    if any(measure.name in REJECTING_MEASURES for measure in failed):
        return "reject", tuple(reasons)
    if reasons:
        return "review", tuple(reasons)
    return "accept", _merits({measure.name: measure.value for measure in measures})


def _sentence_of_lut(methods: Sequence[ChosenMethod]) -> dict[str, str]:
    """The reason for missing the limit of "held_out_of_lut" if all shots have the LUT's colour."""
    if not methods or any(one.method != "lut" for one in methods):
        return {}
    by_person = any(one.chosen_by == "person" for one in methods)
    return {"held_out_of_lut": _LUT_SENTENCES[by_person]}


def _merits(values: dict[str, float]) -> tuple[str, ...]:
    """The reasons for accepting a rendering."""
    colour = (
        f"On held-out frames the model's error is CIEDE2000 {values['held_out_ciede2000']:.2f}, "
        f"where the LUT baseline's is {values['held_out_ciede2000_lut']:.2f} and the faded "
        f"scan's {values['held_out_ciede2000_faded']:.2f}."
    )
    if "luma_excess_max" in values:
        return colour, (
            "Every pixel of every frame has the scan's luma, within the rounding of the file."
        )
    return colour, (
        f"Lossy compression moved the luma by {values['luma_mean_difference']:.2g} of the range "
        f"on average and {values['luma_max_difference']:.2g} at most, which is within its limit."
    )
