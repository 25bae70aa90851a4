"""What a person ought to know of scan and references before colour is learned from them.

A reference teaches nothing where its colour is the scan's. Dyes that fade lose contrast: where red,
or blue, has much less of it than green, in the scan and in the reference alike, both have faded.
"""

import cv2
import numpy as np

from unfade.color.colorfulness import film_colorfulness
from unfade.color.ycbcr import CB_SCALE, CR_SCALE, KB, KG, KR
from unfade.curate.matching.frames import FrameMatches
from unfade.curate.matching.signature import Framing, Window, shared_views

_FRAMES = 100
"""Matched frames, spread over the film, in which colours are compared."""
_SIZE = (64, 48)
"""Pixels across and down of the shared view, because contrast needs no detail and grain averages
out."""
_CELLS = (16, 12)
"""Cells across and down over which chroma is averaged, because matched frames are not yet
aligned."""
_SAME_CHROMA = 0.01
"""RMS difference of chroma, of range 1, up to which the reference shows nothing new. Of 17 real
films and shots with a good reference the least faded has 0.020, the mild simulated fade 0.040."""
_WEAK = 0.75
"""Contrast of red or blue, as a share of green's, below which a layer has faded. Simulated mild
fades of neutral films have 0.76, medium ones 0.62; good references 0.79 and more."""
_AS_WEAK = 1.15
"""Times the scan's contrast of a faded layer up to which the reference's has faded as much. The
mild simulated fade has 1.34, which is what a loss of 35 % of the dye makes of it."""
_ENDS = (0.1, 0.9)
"""Quantiles of density between which contrast is measured. Not the extremes, because dirt, borders
and clipped highlights lie there."""
_LEAST_CONTRAST = 0.1
"""Density. A film whose green has less says nothing of its layers."""


def scan_remarks(source: np.ndarray) -> list[str]:
    """Sentences about a scan, by its proxy, uint8 (N, h, w, 3)."""
    found = film_colorfulness(source)
    if found is None or not found.is_none:
        return []
    return [
        "The scan is black and white or of one tint: no trace of its colour is left, so what is "
        "given back rests on light, shape and surroundings alone."
    ]


def reference_remarks(
    title: str, source: np.ndarray, reference: np.ndarray, matches: FrameMatches, framing: Framing
) -> list[str]:
    """Sentences about a reference whose colour may not be worth learning.

    Args:
        title: what people call it.
        source: proxy of the source, uint8 (N, h, w, 3).
        reference: proxy of the reference, uint8 (M, h, w, 3).
        matches: of the source's frames.
        framing: where the source's picture lies in the reference's.
    """
    found = []
    colors = film_colorfulness(reference)
    if colors is not None and colors.is_little:
        found.append(
            f"The {title} has hardly any colour: it may be black and white with colour noise, or "
            "toned; look at pairs.png before you trust what is learned from it."
        )
    certain = np.flatnonzero(matches.certain)
    if not len(certain):
        return found
    frames = certain[:: -(-len(certain) // _FRAMES)]
    ours, theirs = shared_views(framing)
    scan = _seen(source, frames, ours)
    truth = _seen(reference, matches.reference[frames], theirs)
    if _have_faded_alike(scan, truth):
        found.append(
            f"The {title} looks as faded as the scan: the contrast of its layers is as uneven; "
            "what is learned from it can bring back no more colour than it has."
        )
    elif (difference := _chroma_difference(scan, truth)) < _SAME_CHROMA:
        found.append(
            f"The {title} has the colour of the scan, but for {difference:.1%} of the range: "
            "either the scan has not faded, or the reference has as much; look at pairs.png."
        )
    return found


def _seen(proxy: np.ndarray, frames: np.ndarray, view: Window) -> np.ndarray:
    """The shared part of frames, display values, float32 (n, h, w, 3)."""
    places = view.places(proxy.shape[1:3], *_SIZE)
    parts = [
        cv2.remap(np.asarray(proxy[index]), places[..., 0], places[..., 1], cv2.INTER_LINEAR)
        for index in frames
    ]
    return np.stack(parts).astype(np.float32) / 255


def _chroma_difference(scan: np.ndarray, truth: np.ndarray) -> float:
    """The median over frames of the RMS difference of their chroma."""
    differences = [
        np.sqrt(((_chroma(ours) - _chroma(theirs)) ** 2).sum(axis=-1).mean())
        for ours, theirs in zip(scan, truth, strict=True)
    ]
    return float(np.median(differences))


def _chroma(rgb: np.ndarray) -> np.ndarray:
    """Cb and Cr of cells of a picture (h, w, 3), (rows, columns, 2)."""
    cells = cv2.resize(rgb, _CELLS, interpolation=cv2.INTER_AREA)
    y = cells @ np.array([KR, KG, KB], np.float32)
    return np.stack([(cells[..., 2] - y) / CB_SCALE, (cells[..., 0] - y) / CR_SCALE], axis=-1)


def _have_faded_alike(scan: np.ndarray, truth: np.ndarray) -> bool:
    """Whether layers of the scan have faded, and all of them as much in the reference."""
    ours, theirs = _contrasts(scan), _contrasts(truth)
    faded = ours < _WEAK
    return bool(faded.any() and (theirs < _AS_WEAK * ours)[faded].all())


def _contrasts(pictures: np.ndarray) -> np.ndarray:
    """The contrast of red and of blue, as shares of green's, (2,)."""
    density = -np.log10(np.maximum(pictures, 1 / 255)).reshape(-1, 3)
    low, high = np.quantile(density, _ENDS, axis=0)
    red, green, blue = high - low
    return np.array([red, blue]) / green if green > _LEAST_CONTRAST else np.ones(2)
