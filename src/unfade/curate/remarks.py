"""Remarks on scan and references that a person should know before training.

A reference with the colour of the scan teaches nothing. Faded dyes lose contrast: if red or blue
has much less contrast than green in the scan and in the reference alike, both have faded.
"""

import cv2
import numpy as np

from unfade.color.colorfulness import film_colorfulness
from unfade.color.rec709 import CB_SCALE, CR_SCALE, KB, KG, KR
from unfade.curate.matching.frames import FrameMatches
from unfade.curate.matching.signature import Framing, Window, shared_views

_MAX_FRAMES = 100
"""Number of matched frames, spread over the film, in which colours are compared."""
_SIZE_PX = (64, 48)
"""Width and height of the compared views: contrast needs no detail, and grain averages out."""
_CELLS = (16, 12)
"""Cells across and down over which chroma is averaged, because matched frames are not yet
aligned."""
_MAX_EQUAL_CHROMA_DIFFERENCE = 0.01
"""RMS difference of chroma, on a range of 1, below which the reference has the scan's colour. Of 17
real films and shots with a good reference the least faded has 0.020, the mild simulated fade
0.040."""
_MAX_FADED_CONTRAST = 0.75
"""Contrast of red or blue, as a share of green's, below which a layer has faded. Simulated mild
fades of neutral films have 0.76, medium ones 0.62; good references 0.79 and more."""
_MAX_CONTRAST_GAIN = 1.15
"""Contrast of a faded layer in the reference, relative to the scan's, below which both have faded
equally. The mild simulated fade has 1.34, as a loss of 35 % of the dye causes."""
_CONTRAST_QUANTILES = (0.1, 0.9)
"""Quantiles of density between which contrast is measured. Not the extremes, because dirt, borders
and clipped highlights lie there."""
_MIN_GREEN_CONTRAST = 0.1
"""Contrast of green, in density, below which the layers cannot be compared."""


def scan_remarks(source: np.ndarray) -> list[str]:
    """Remarks on a scan, from its proxy, uint8 (N, h, w, 3)."""
    colorfulness = film_colorfulness(source)
    if colorfulness is None or not colorfulness.is_none:
        return []
    return [
        "The scan is black and white or has a single tint: no trace of its colour remains, so the "
        "recovered colour depends on brightness, shape and surroundings alone."
    ]


def reference_remarks(
    title: str, source: np.ndarray, reference: np.ndarray, matches: FrameMatches, framing: Framing
) -> list[str]:
    """Remarks on a reference whose colour may not be worth learning.

    Args:
        title: name of the reference in the remarks.
        source: proxy of the source, uint8 (N, h, w, 3).
        reference: proxy of the reference, uint8 (M, h, w, 3).
        matches: matches of the source's frames.
        framing: position of the source's picture in the reference's.
    """
    remarks = []
    colorfulness = film_colorfulness(reference)
    if colorfulness is not None and colorfulness.is_little:
        remarks.append(
            f"The {title} has hardly any colour: it may be black and white with colour noise, or "
            "toned; look at pairs.png before training on it."
        )
    certain = np.flatnonzero(matches.certain)
    if not len(certain):
        return remarks
    frames = certain[:: -(-len(certain) // _MAX_FRAMES)]
    source_view, reference_view = shared_views(framing)
    scan = _view_of_frames(source, frames, source_view)
    graded = _view_of_frames(reference, matches.reference[frames], reference_view)
    if _have_faded_alike(scan, graded):
        remarks.append(
            f"The {title} looks as faded as the scan: the contrast of its layers is as uneven; "
            "training on it cannot recover more colour than it has."
        )
    elif (difference := _rms_chroma_difference(scan, graded)) < _MAX_EQUAL_CHROMA_DIFFERENCE:
        remarks.append(
            f"The {title} has the colour of the scan to within {difference:.1%} of the range: "
            "either the scan has not faded, or the reference has faded equally; look at pairs.png."
        )
    return remarks


def _view_of_frames(proxy: np.ndarray, frames: np.ndarray, view: Window) -> np.ndarray:
    """A view of some frames, display values, float32 (n, h, w, 3)."""
    positions = view.sample_positions(proxy.shape[1:3], *_SIZE_PX)
    views = [
        cv2.remap(np.asarray(proxy[index]), positions[..., 0], positions[..., 1], cv2.INTER_LINEAR)
        for index in frames
    ]
    return np.stack(views).astype(np.float32) / 255


def _rms_chroma_difference(scan: np.ndarray, reference: np.ndarray) -> float:
    """Median over frames of the RMS difference of their chroma."""
    differences = [
        np.sqrt(((_chroma(scan_frame) - _chroma(reference_frame)) ** 2).sum(axis=-1).mean())
        for scan_frame, reference_frame in zip(scan, reference, strict=True)
    ]
    return float(np.median(differences))


def _chroma(rgb: np.ndarray) -> np.ndarray:
    """Cb and Cr of a picture (h, w, 3), averaged over cells: (rows, columns, 2)."""
    cells = cv2.resize(rgb, _CELLS, interpolation=cv2.INTER_AREA)
    y = cells @ np.array([KR, KG, KB], np.float32)
    return np.stack([(cells[..., 2] - y) / CB_SCALE, (cells[..., 0] - y) / CR_SCALE], axis=-1)


def _have_faded_alike(scan: np.ndarray, reference: np.ndarray) -> bool:
    """Whether some layer of the scan has faded, and every such layer equally in the reference."""
    scan_contrasts, reference_contrasts = _contrasts(scan), _contrasts(reference)
    faded = scan_contrasts < _MAX_FADED_CONTRAST
    return bool(
        faded.any() and (reference_contrasts < _MAX_CONTRAST_GAIN * scan_contrasts)[faded].all()
    )


def _contrasts(pictures: np.ndarray) -> np.ndarray:
    """Contrast of red and of blue, as shares of green's, (2,)."""
    density = -np.log10(np.maximum(pictures, 1 / 255)).reshape(-1, 3)
    low, high = np.quantile(density, _CONTRAST_QUANTILES, axis=0)
    red, green, blue = high - low
    return np.array([red, blue]) / green if green > _MIN_GREEN_CONTRAST else np.ones(2)
