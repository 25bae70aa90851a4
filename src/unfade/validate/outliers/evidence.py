"""Evidence of outliers in one frame: figures of its chroma beside the scan and a reference.

All pictures are Y'CbCr on the raster of `steadiness.small_frame`; rates of change are per pixel of
that raster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from unfade.color.score import chroma_difference
from unfade.validate.steadiness import SmallFrame

Plane = NDArray[np.float32]
Values = NDArray[np.float64]

COMPARED_WIDTH_PX = 128
"""Width at which a frame is compared with a reference: that of the proxies."""

TOLERANCE_PX = 3
"""Width of the neighbourhood in the reference whose range of colours counts as equal: fields,
weave and the edges of proxies differ by a pixel."""

BLUR_PX = 3
"""Width of the box that averages chroma before that comparison, against blocks of compression."""

WORST_SHARE = 0.05
"""Share of the pixels whose mean is the figure of a frame: a face in a long shot takes as much."""

MIN_COMPARED_PIXELS = 500
"""Pixels of the comparison below which there is no figure: a sliver of the picture proves nothing.
"""

BLOCKS = (16, 9)
"""Blocks across and down whose mean colours are followed over a shot."""

SUPPORT_PX = 5
"""Width of the neighbourhood in which an edge of the scan supports an edge of chroma."""

SUPPORT_GAIN = 0.5
"""Largest edge of chroma that an edge of the scan supports, as a ratio of both: fading takes half
of the chroma, and hardly more of an edge that it leaves visible."""

SOURCE_CHROMA_GAIN = 2.0
"""Weight of the scan's chroma beside its luma as support, because fading has weakened it."""

MAX_EDGE = 6.0
"""Limit of an edge, in means of the frame, in the measurement of a shift, so that no single edge
decides."""

MIN_SHIFT_CERTAINTY = 0.1
"""Least height of the peak of phase correlation: grain alone gives 0.01 to 0.05, pictures 0.12 and
more."""

PLATEAU_SLOPE = 2e-4
"""Change of chroma below which a pixel lies on a plateau, of range: a fifth of a step of 10 bits.
"""

PLATEAU_LUMA = (0.08, 0.92)
"""Luma between which plateaus are counted; beyond, chroma is limited and often constant."""

PLATEAU_CHROMA = 0.01
"""Chroma above which plateaus are counted; grey is constant by nature."""

SKIN_LINE_HUE = (1.75, 2.45)
"""Angles of skin in the Cb Cr plane, in radians: 100 to 140 degrees, around the skin line of
vectorscopes at 123 degrees. Narrower than the range of `color.kinds`, which wood and sand share,
because the mean over a shot must not follow other surfaces."""

SKIN_LINE_CHROMA = (0.03, 0.2)
"""Chroma of skin that is followed."""

SKIN_LINE_LUMA = (0.25, 0.85)
"""Luma of skin in the light."""

MIN_SKIN_SHARE = 0.01
"""Share of the frame below which skin is not followed."""

RIM_SHARE = 0.02
"""Width of the rim of the live area in which a change of the crop shows, as a share of the width.
"""


MIN_RIM_LUMA = 0.02
"""Mean luma of a frame below which it is black and has no rim."""


@dataclass(frozen=True)
class FrameEvidence:
    """Figures of a frame.

    `wrong` is the CIEDE2000 to the reference, and `offset` the mean Cb and Cr of that difference;
    NaN without a reference. `shift` is the displacement of chroma to the right and down in pixels,
    NaN where it is not certain. `unsupported` is the chroma edge that no edge of the scan supports,
    in percent of the range; `band` is the share of it within a quarter of the height. `plateau` is
    the share of coloured pixels without any change of chroma. `source_blocks` (3, 9, 16) and
    `blocks` (2, 9, 16) are mean colours of scan and recovered chroma. `skin` is mean Y', Cb, Cr of
    scan skin and its recovered Cb, Cr; None without skin. `rim` is the mean luma of the rim at
    left, right, top and bottom, divided by that of the frame; NaN in black.
    """

    frame: int
    shot: int
    wrong: float
    offset: tuple[float, float]
    shift: tuple[float, float]
    unsupported: float
    band: float
    plateau: float
    source_blocks: Plane
    blocks: Plane
    skin: Values | None
    rim: tuple[float, float, float, float]


def frame_evidence(small: SmallFrame, reference_cbcr: Plane | None) -> FrameEvidence:
    """The evidence of a frame.

    Args:
        small: the frame.
        reference_cbcr: chroma (2, h, w) of its reference on the raster of `compared_size`, NaN
            beyond the reference's picture; None without a reference.
    """
    source, recovered = small.source.numpy(), small.recovered.numpy()
    wrong, offset = np.nan, (np.nan, np.nan)
    if reference_cbcr is not None:
        wrong, offset = _against_reference(source, recovered, reference_cbcr)
    edges, support = chroma_edges(recovered), source_edges(source)
    unsupported = unsupported_edges(edges, support)
    chroma = np.hypot(recovered[1], recovered[2])
    return FrameEvidence(
        frame=small.frame,
        shot=small.shot,
        wrong=wrong,
        offset=offset,
        shift=_shift(support, edges),
        unsupported=100 * _worst_mean(unsupported),
        band=_share_in_a_band(unsupported),
        plateau=_plateau_share(recovered[0], chroma, edges),
        source_blocks=_blocks(source),
        blocks=_blocks(recovered[1:]),
        skin=_skin(source, recovered, chroma),
        rim=_rim(source[0]),
    )


def compared_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the raster on which a frame is compared with its reference."""
    across = min(width, COMPARED_WIDTH_PX)
    return max(2, round(height * across / width)), across


def difference_map(source: Plane, recovered: Plane, reference_cbcr: Plane) -> Plane:
    """CIEDE2000 (h, w) at the scan's luma between recovered chroma and the nearest chroma of the
    reference within `TOLERANCE_PX`; NaN beyond the reference's picture.

    Args:
        source: Y'CbCr (3, H, W).
        recovered: Y'CbCr (3, H, W).
        reference_cbcr: (2, h, w), NaN beyond its picture.
    """
    height, width = reference_cbcr.shape[1:]
    y, *cbcr = (_shrunk(plane, height, width) for plane in (source[0], *recovered[1:]))
    return _nearest_difference(y, np.stack(cbcr), reference_cbcr)


def plane_difference(y: Plane | Values, cbcr_1: Plane | Values, cbcr_2: Plane | Values) -> Plane:
    """`chroma_difference` (h, w) of chroma planes (2, h, w) at the luma `y` (1, h, w)."""
    planes = (torch.from_numpy(np.asarray(one, np.float32)) for one in (y, cbcr_1, cbcr_2))
    return np.asarray(chroma_difference(*planes)[0].numpy())


def chroma_edges(ycbcr: Plane) -> Plane:
    """Rate of change (h, w) of the chroma of Y'CbCr (3, h, w)."""
    return _slope(ycbcr[1:], (1.0, 1.0))


def source_edges(ycbcr: Plane) -> Plane:
    """Rate of change (h, w) of a scan (3, h, w), with its weak chroma raised."""
    return _slope(ycbcr, (1.0, SOURCE_CHROMA_GAIN, SOURCE_CHROMA_GAIN))


def unsupported_edges(edges: Plane, support: Plane) -> Plane:
    """The part (h, w) of chroma edges that no edge of the scan nearby supports."""
    near = cv2.dilate(support, np.ones((SUPPORT_PX, SUPPORT_PX), np.uint8))
    return np.maximum(cv2.scaleAdd(near, -SUPPORT_GAIN, edges), 0.0)


def _against_reference(
    source: Plane, recovered: Plane, reference_cbcr: Plane
) -> tuple[float, tuple[float, float]]:
    """The figure of `difference_map`, and the mean difference of Cb and Cr."""
    height, width = reference_cbcr.shape[1:]
    y, *cbcr = (_shrunk(plane, height, width) for plane in (source[0], *recovered[1:]))
    difference = _nearest_difference(y, np.stack(cbcr), reference_cbcr)
    compared = np.isfinite(difference)
    if compared.sum() < MIN_COMPARED_PIXELS:
        return np.nan, (np.nan, np.nan)
    offsets = [
        float((own - reference)[compared].mean())
        for own, reference in zip(cbcr, reference_cbcr, strict=True)
    ]
    return _worst_mean(difference[compared]), (offsets[0], offsets[1])


def _nearest_difference(y: Plane, cbcr: Plane, reference_cbcr: Plane) -> Plane:
    """The map of `difference_map` on the raster (h, w) of the reference, which all planes have."""
    inside = np.isfinite(reference_cbcr).all(axis=0)
    solid = cv2.erode(np.asarray(inside, np.uint8), np.ones((5, 5), np.uint8)) > 0
    own = np.stack([_blurred(plane) for plane in cbcr])
    filled = np.where(inside, reference_cbcr, own).astype(np.float32)
    smooth = [_blurred(plane) for plane in filled]
    kernel = np.ones((TOLERANCE_PX, TOLERANCE_PX), np.uint8)
    nearest = np.stack(
        [
            np.clip(plane, cv2.erode(near, kernel), cv2.dilate(near, kernel))
            for plane, near in zip(own, smooth, strict=True)
        ]
    )
    return np.where(solid, plane_difference(y[None], own, nearest), np.nan).astype(np.float32)


def _worst_mean(values: Plane) -> float:
    """The mean of the largest `WORST_SHARE` of values that are not negative.

    Zeros are left out of the selection, because many equal values slow it down tenfold.
    """
    count = max(1, round(WORST_SHARE * values.size))
    largest = values[values > 0]
    if len(largest) > count:
        largest = np.partition(largest, len(largest) - count)[-count:]
    return float(largest.sum()) / count


def _slope(planes: Plane, gains: Sequence[float]) -> Plane:
    """Root of the summed squares of both derivatives of all planes, each times its gain."""
    total = np.zeros(planes.shape[1:], np.float32)
    for plane, gain in zip(planes, gains, strict=True):
        for across, down in ((1, 0), (0, 1)):
            derivative = cv2.Sobel(plane, cv2.CV_32F, across, down, ksize=3, scale=gain / 8)
            cv2.accumulateSquare(derivative, total)
    return np.asarray(cv2.sqrt(total))


def _shift(support: Plane, edges: Plane) -> tuple[float, float]:
    """Displacement of chroma edges from the scan's edges in pixels, by phase correlation; NaN below
    `MIN_SHIFT_CERTAINTY`.

    Source: Kuglin, Hines, "The phase correlation image alignment method", 1975.
    """
    first, second = (
        np.minimum(one / max(float(one.mean()), 1e-6), MAX_EDGE, dtype=np.float32)
        for one in (support, edges)
    )
    (x, y), response = cv2.phaseCorrelate(first, second, _hanning_window(*support.shape))
    return (float(x), float(y)) if response >= MIN_SHIFT_CERTAINTY else (np.nan, np.nan)


@cache
def _hanning_window(height: int, width: int) -> Plane:
    return np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F))


def _share_in_a_band(unsupported: Plane) -> float:
    """The largest share of the unsupported edges that lies within a quarter of the height."""
    rows = unsupported.sum(axis=1)
    total = float(rows.sum())
    height = max(1, len(rows) // 4)
    sums = np.convolve(rows, np.ones(height), mode="valid")
    return float(sums.max()) / total if total > 0 else 0.0


def _plateau_share(y: Plane, chroma: Plane, edges: Plane) -> float:
    low, high = PLATEAU_LUMA
    coloured = (y > low) & (y < high) & (chroma > PLATEAU_CHROMA)
    count = np.count_nonzero(coloured)
    if count < MIN_COMPARED_PIXELS:
        return 0.0
    return np.count_nonzero(coloured & (edges < PLATEAU_SLOPE)) / count


def _blocks(planes: Plane) -> Plane:
    return np.stack([cv2.resize(plane, BLOCKS, interpolation=cv2.INTER_AREA) for plane in planes])


def _skin(source: Plane, recovered: Plane, chroma: Plane) -> Values | None:
    y, cb, cr = recovered
    (low, high), (dark, bright), hues = SKIN_LINE_CHROMA, SKIN_LINE_LUMA, SKIN_LINE_HUE
    mask = (chroma > low) & (chroma < high) & (y > dark) & (y < bright)
    hue = np.arctan2(cr[mask], cb[mask])
    mask[mask] = (hue > hues[0]) & (hue < hues[1])
    if np.count_nonzero(mask) < MIN_SKIN_SHARE * mask.size:
        return None
    return np.array([cv2.mean(plane, mask.view(np.uint8))[0] for plane in (*source, cb, cr)])


def _rim(y: Plane) -> tuple[float, float, float, float]:
    width = max(1, round(RIM_SHARE * y.shape[1]))
    mean = float(y.mean())
    if mean < MIN_RIM_LUMA:
        return np.nan, np.nan, np.nan, np.nan
    parts = (y[:, :width], y[:, -width:], y[:width], y[-width:])
    left, right, top, bottom = (float(part.mean()) / mean for part in parts)
    return left, right, top, bottom


def _blurred(plane: Plane) -> Plane:
    return np.asarray(cv2.blur(plane, (BLUR_PX, BLUR_PX)), np.float32)


def _shrunk(plane: Plane, height: int, width: int) -> Plane:
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA))
