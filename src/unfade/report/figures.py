"""Figures and names as a person reads them."""

import math
from pathlib import PurePath

from unfade.film.alignment import Alignments
from unfade.film.pair import Pair, PairList, Rejection

MEASURE_TITLES = {
    "held_out_ciede2000": "Held-out colour error, model",
    "held_out_ciede2000_lut": "Held-out colour error, LUT baseline",
    "held_out_ciede2000_faded": "Held-out colour error, faded scan",
    "held_out_ciede2000_worst": "Held-out colour error, model, worst frame",
    "predicted_ciede2000": "Predicted colour error, all frames",
    "predicted_ciede2000_worst": "Predicted colour error, worst frame",
    "held_out_of_lut": "Model error as a share of the LUT baseline's",
    "held_out_of_faded": "Model error as a share of the faded scan's",
    "held_out_chroma_error": "Held-out chroma error, model",
    "held_out_chroma_error_lut": "Held-out chroma error, LUT baseline",
    "held_out_chroma_error_faded": "Held-out chroma error, faded scan",
    "held_out_frames": "Held-out frames",
    "luma_max_difference": "Luma difference to the scan, greatest",
    "luma_mean_difference": "Luma difference to the scan, mean",
    "luma_excess_max": "Luma difference beyond the rounding of the file, greatest",
    "non_finite_values": "Values that are not numbers or infinite",
    "values_cut": "Values that the format of the masters cannot hold",
    "negative_share": "Pixels below black that are not in the scan",
    "chroma_flicker": "Flicker of mean chroma, recovered",
    "chroma_flicker_source": "Flicker of mean chroma, faded scan",
    "chroma_change_along_motion": "Change of chroma along motion, recovered",
    "chroma_change_along_motion_source": "Change of chroma along motion, faded scan",
    "frames_checked": "Rendered frames checked, every pixel",
    "frames_missing": "Frames not rendered",
}
"""What a person reads for the name of a measure."""


def figure(value: float, unit: str) -> str:
    """A value as a person reads it in its unit."""
    if unit in ("frames", "values"):
        return f"{value:,.0f}"
    if unit == "CIEDE2000":
        return f"{value:.2f}"
    if unit.startswith("of range"):
        return _small_figure(value)
    return f"{value:.3g}"


def _small_figure(value: float) -> str:
    """Two significant digits without an exponent, down to a millionth."""
    if value == 0 or value >= 1e-6:
        digits = max(1 - math.floor(math.log10(value)), 4) if value else 0
        return f"{value:.{digits}f}"
    return "below 0.000001"


def file_name(path: str) -> str:
    """The last part of a path: machine paths are nobody's business."""
    return PurePath(path.replace("\\", "/")).name


def reference_of(pair: Pair) -> str:
    """What a pair's colour comes from: a frame of a reference, or a picture's file name."""
    return (
        f"frame {pair.reference} of {pair.of}" if pair.picture is None else file_name(pair.picture)
    )


def rejections(pair_list: PairList, alignments: Alignments) -> list[Rejection]:
    """Every pair that curate or align turned down, in order of source frames."""
    both = [*pair_list.rejected, *alignments.rejected]
    return sorted(both, key=lambda rejection: rejection.pair.source)
