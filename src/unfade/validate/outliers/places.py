"""Where in a frame an outlier is, how visible, and why: a mask, a box, CIEDE2000 and a sentence."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unfade.film.clip import Area
from unfade.film.outlier import OutlierKind
from unfade.validate.outliers.evidence import (
    Plane,
    chroma_edges,
    difference_map,
    plane_difference,
    source_edges,
    unsupported_edges,
)
from unfade.validate.outliers.flags import PREDICTED_UNIT, Flag

MASK_SHARE = 0.5
"""Share of the strongest evidence from which a pixel belongs to the mask."""

STRONGEST_QUANTILE = 0.995
"""Quantile of the evidence that counts as the strongest; single pixels are grain."""

PART_SHARE = 0.2
"""Share of the evidence of the largest part of a mask that another part needs."""

SMOOTHING = 60
"""Ratio of the width to the standard deviation of the blur that stands for smooth colour."""

WHOLE_FRAME: frozenset[OutlierKind] = frozenset({"hue drift", "flicker", "seam", "crop"})
"""Kinds that concern the whole frame."""

OF_REFERENCE: frozenset[OutlierKind] = frozenset({"wrong colour", "unseen colour", "unstable skin"})
"""Kinds whose place only a reference shows."""

REASONS: dict[OutlierKind, str] = {
    "wrong colour": "The colour is {score:.1f} CIEDE2000 from the reference in the worst part of "
    "the frame, where good frames of the film stay below {limit:.1f}.",
    "unseen colour": "No training pair shows these colours, and they are {score:.1f} CIEDE2000 "
    "off, where good frames of the film stay below {limit:.1f}.",
    "hue drift": "The colour leaves that of its shot by {score:.1f} CIEDE2000, where good frames "
    "stay below {limit:.1f}.",
    "flicker": "The colour changes from frame to frame by {score:.1f} CIEDE2000 against the "
    "reference or the shot, where good frames stay below {limit:.1f}.",
    "unstable skin": "Skin leaves its usual colour in the shot by {score:.1f} CIEDE2000, where "
    "good frames stay below {limit:.1f}.",
    "bleed": "Edges of colour lie beside the edges of the picture: {score:.2f} {unit}, where good "
    "frames stay below {limit:.2f}.",
    "banding": "{score:.0%} of the coloured pixels lie on plateaus with steps between them, where "
    "good frames stay below {limit:.0%}.",
    "overlay": "Edges of colour without an edge in the picture lie in a band, like letters: "
    "{score:.2f} {unit}, where good frames stay below {limit:.2f}.",
    "seam": "At this join two shots of one scene differ by {score:.1f} CIEDE2000, where other "
    "joins stay below {limit:.1f}.",
    "crop": "The edge of the picture darkens by {score:.0%} at the head or tail of the shot, where "
    "frames within shots stay below {limit:.0%}.",
}
"""Why a frame is an outlier, by kind."""


PREDICTED_REASON = (
    "No reference shows this frame, and the model expects an error of {score:.1f} CIEDE2000; its "
    "limit is {limit:.1f}."
)
"""Why a frame is an outlier by the predicted error alone."""


@dataclass(frozen=True)
class Place:
    """The place of an outlier in a frame: `mask` bool (h, w) on the small raster, or None for the
    whole frame; `box`, in pixels of the scan; `ciede2000`, how visible it is, or None."""

    mask: NDArray[np.bool_] | None
    box: Area
    ciede2000: float | None


def reason(flag: Flag) -> str:
    """Why a frame is an outlier, in a sentence."""
    if flag.unit == PREDICTED_UNIT:
        return PREDICTED_REASON.format(score=flag.score, limit=flag.limit)
    return REASONS[flag.kind].format(score=flag.score, limit=flag.limit, unit=flag.unit)


def locate(
    flag: Flag,
    shift: tuple[float, float],
    source: Plane,
    recovered: Plane,
    reference_cbcr: Plane | None,
    predicted: Plane | None,
    live_area: Area,
) -> Place:
    """The place of an outlier.

    Args:
        flag: the outlier.
        shift: measured displacement of chroma in the shot around the frame, in pixels.
        source: Y'CbCr (3, h, w) of the scan on the small raster.
        recovered: Y'CbCr (3, h, w) of the recovered frame.
        reference_cbcr: of the frame, as of `ReferenceColour.chroma`.
        predicted: the predicted error, CIEDE2000 (h, w), for an outlier by that alone.
        live_area: of the scan.
    """
    if flag.unit == PREDICTED_UNIT:
        mask = None if predicted is None else _mask(predicted)
        return Place(mask, live_area if mask is None else _box(mask, live_area), None)
    if flag.kind in WHOLE_FRAME or (flag.kind in OF_REFERENCE and reference_cbcr is None):
        return Place(None, live_area, flag.score if flag.kind != "crop" else None)
    evidence = _evidence(flag.kind, shift, source, recovered, reference_cbcr)
    mask = _mask(evidence)
    return Place(mask, _box(mask, live_area), float(evidence[mask].mean()))


def _mask(evidence: Plane) -> NDArray[np.bool_]:
    """Where evidence is strong."""
    strongest = float(np.quantile(evidence, STRONGEST_QUANTILE))
    return _main_parts(evidence >= MASK_SHARE * strongest, evidence)


def _main_parts(mask: NDArray[np.bool_], evidence: Plane) -> NDArray[np.bool_]:
    """The connected parts of a mask that hold at least `PART_SHARE` of the evidence of the largest;
    gaps between them that are narrow are closed."""
    kernel = np.ones((max(3, mask.shape[1] // 50),) * 2, np.uint8)
    joined = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    parts, count = ndimage.label(joined)
    weights = ndimage.sum_labels(evidence, parts, np.arange(1, count + 1))
    main = 1 + np.flatnonzero(weights >= PART_SHARE * weights.max())
    return np.asarray(np.isin(parts, main))


def _evidence(
    kind: OutlierKind,
    shift: tuple[float, float],
    source: Plane,
    recovered: Plane,
    reference_cbcr: Plane | None,
) -> Plane:
    """How visible the fault is at each pixel, CIEDE2000 (h, w)."""
    height, width = source.shape[1:]
    if kind in OF_REFERENCE and reference_cbcr is not None:
        difference = np.nan_to_num(difference_map(source, recovered, reference_cbcr))
        return np.asarray(cv2.resize(difference, (width, height), interpolation=cv2.INTER_LINEAR))
    if kind == "bleed" and np.hypot(*shift) > 0.5:
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float64)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        other = np.stack(
            [
                cv2.warpAffine(
                    plane, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
                )
                for plane in recovered[1:]
            ]
        ).astype(np.float32)
        return plane_difference(source[:1], recovered[1:], other)
    smooth = np.stack(
        [cv2.GaussianBlur(plane, (0, 0), width / SMOOTHING) for plane in recovered[1:]]
    )
    difference = plane_difference(source[:1], recovered[1:], smooth)
    if kind == "banding":
        return difference
    unsupported = unsupported_edges(chroma_edges(recovered), source_edges(source))
    near = cv2.dilate((unsupported > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.where(near, difference, 0.0)


def _box(mask: NDArray[np.bool_], live_area: Area) -> Area:
    """The box around a mask, in pixels of the scan."""
    height, width = mask.shape
    across, down = live_area.width / width, live_area.height / height
    columns, lines = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    left, right = int(columns[0] * across), min(live_area.width, round((columns[-1] + 1) * across))
    top, bottom = int(lines[0] * down), min(live_area.height, round((lines[-1] + 1) * down))
    return Area(x=live_area.x + left, y=live_area.y + top, width=right - left, height=bottom - top)
