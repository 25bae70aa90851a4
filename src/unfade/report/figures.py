"""Titles, numbers and names for the report page and the validation note."""

import math
from pathlib import PurePath

from unfade.film.alignment import Alignments
from unfade.film.figures import ColourKind, Place
from unfade.film.method import Method, Methods
from unfade.film.pair import Pair, PairList, Rejection

MEASURE_TITLES = {
    "held_out_ciede2000": "Held-out colour error, recovered",
    "held_out_ciede2000_lut": "Held-out colour error, LUT baseline",
    "held_out_ciede2000_faded": "Held-out colour error, faded scan",
    "held_out_ciede2000_worst": "Held-out colour error, recovered, worst frame",
    "predicted_ciede2000": "Predicted colour error, all frames",
    "predicted_ciede2000_worst": "Predicted colour error, worst frame",
    "beyond_pairs": "Picture beyond what the training pairs show",
    "held_out_of_lut": "Recovered error relative to the LUT baseline",
    "held_out_of_faded": "Recovered error relative to the faded scan",
    "held_out_chroma_error": "Held-out chroma error, recovered",
    "held_out_chroma_error_lut": "Held-out chroma error, LUT baseline",
    "held_out_chroma_error_faded": "Held-out chroma error, faded scan",
    "held_out_frames": "Held-out frames",
    "held_out_constructed_ciede2000": "Error on constructed hold-out pairs, recovered",
    "held_out_constructed_ciede2000_lut": "Error on constructed hold-out pairs, LUT baseline",
    "held_out_constructed_ciede2000_faded": "Error on constructed hold-out pairs, faded scan",
    "held_out_constructed_frames": "Held-out frames of constructed pairs",
    "luma_max_difference": "Luma difference from the scan, maximum",
    "luma_mean_difference": "Luma difference from the scan, mean",
    "luma_excess_max": "Luma difference beyond the rounding of the file, maximum",
    "non_finite_values": "Values that are infinite or NaN",
    "values_cut": "Values that the format of the masters cannot hold",
    "negative_share": "Pixels below black where the scan is not",
    "chroma_flicker": "Flicker of mean chroma, recovered",
    "chroma_flicker_source": "Flicker of mean chroma, faded scan",
    "chroma_change_along_motion": "Change of chroma along motion, recovered",
    "chroma_change_along_motion_source": "Change of chroma along motion, faded scan",
    "frames_checked": "Rendered frames checked, every pixel",
    "frames_missing": "Frames not rendered",
    "outlier_frames": "Frames that are outliers",
}
"""Titles of measures, by their names in report.json. "Recovered" is the colour that is delivered,
by each shot's method."""

KIND_TITLES: dict[ColourKind, str] = {
    "skin": "Skin tones",
    "saturated": "Saturated colours",
    "shadows": "Deep shadows",
    "neutrals": "Neutrals",
}
"""Kinds of colour as pages name them."""

PLACE_TITLES: dict[Place, str] = {
    "first": "First frame",
    "last": "Last frame",
    "join": "Join with the next shot",
}
"""Places of a shot as pages name them."""

METHOD_NAMES: dict[Method, str] = {"networks": "networks", "law": "law", "lut": "LUT"}
"""Methods as pages name them."""

NO_OTHER_IS_BETTER = "no other is better beyond chance on the hold-out pairs of the {whose}"
IS_BETTER = "better beyond chance on the hold-out pairs of the {whose}"
"""Why hold-out pairs chose a method: the default was kept, or it gave way."""


def method_reason(methods: Methods, shot: int) -> str:
    """Why a shot gets its colour by its method, in words."""
    chosen = methods.of(shot)
    if chosen.chosen_by == "person":
        return "a person chose it with 'render.use'"
    if chosen.chosen_by == "default":
        return "the film has no hold-out pair"
    default = methods.film.method if chosen.chosen_by == "shot" else "networks"
    sentence = NO_OTHER_IS_BETTER if chosen.method == default else IS_BETTER
    return sentence.format(whose=chosen.chosen_by)


def figure(value: float | None, unit: str) -> str:
    """A value as text, with the digits that its unit deserves; a dash for none."""
    if value is None:
        return "-"
    if unit in ("frames", "values"):
        return f"{value:,.0f}"
    if unit == "CIEDE2000":
        return f"{value:.2f}"
    if unit.startswith("of range"):
        return _small_figure(value)
    return f"{value:.3g}"


def _small_figure(value: float) -> str:
    """Two significant digits, at least four decimals, no exponent; "below" under a millionth."""
    if value == 0 or value >= 1e-6:
        digits = max(1 - math.floor(math.log10(value)), 4) if value else 0
        return f"{value:.{digits}f}"
    return "below 0.000001"


def file_name(path: str) -> str:
    """The last part of a path of any system: reports name files without their folders."""
    return PurePath(path.replace("\\", "/")).name


def reference_of(pair: Pair) -> str:
    """The colour reference of a pair: a frame of a reference clip, or a picture's file name."""
    return (
        f"frame {pair.reference} of {pair.of}" if pair.picture is None else file_name(pair.picture)
    )


def rejections(pair_list: PairList, alignments: Alignments) -> list[Rejection]:
    """Every pair that curate or align rejected, in order of source frames."""
    rejected = [*pair_list.rejected, *alignments.rejected]
    return sorted(rejected, key=lambda rejection: rejection.pair.source)
