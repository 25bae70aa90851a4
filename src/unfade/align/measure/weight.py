"""How far each pixel of a laid reference is to be trusted.

References carry subtitles, logos and dust, and a hand may be a frame out of time. Where the
source's luma does not follow from the reference's colour the way it does elsewhere in the same
frame, the reference shows something else.
"""

import cv2
import numpy as np

_TAKEN_OFF = 0.006
"""Luma that grain and compression leave between pictures that agree, at least."""
_TRUSTED, _REFUSED = 3.0, 7.0
"""Departures, in units of the frame's own spread, up to which a pixel is trusted in full and from
which it is not at all."""
_MINGLING = 2.0
"""Pixels of blur, at 960 across, under which grain and softness no longer tell source and
reference apart."""
_SLOW = 48.0
"""Pixels, at 960 across, of shading and flare that count as agreement."""
_COARSE = 8
"""How much smaller pictures are in which that is found."""
_WINDOW = 4.0
"""Pixels of the Gaussian window, at 960 across, in which structure is held together."""
_STRUCTURE = 0.035
"""Standard deviation of luma in a window from which its correlation counts in full."""
_ALIKE, _UNLIKE = 0.55, 0.1
"""Correlations from which structure is trusted in full and below which it is not at all."""
_SPREAD = 9
"""Pixels, at 960 across, by which doubt grows over its surroundings."""
_EDGE = 2
"""Pixels inside the reference's outline that are not trusted."""
_ROUNDS = 6
_SAMPLES = 20000
_REFERENCE_WIDTH = 960.0


def confidence(
    source_luma: np.ndarray, reference_rgb: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """The weight of each pixel of a laid reference.

    Args:
        source_luma: Y' of the source, float32 (H, W).
        reference_rgb: R'G'B' of the reference on the source's raster, float32 (H, W, 3).
        inside: bool (H, W), where the reference covers the source.

    Returns:
        float32 (H, W), 0 to 1.
    """
    scale = max(1.0, source_luma.shape[1] / _REFERENCE_WIDTH)
    core = _shrunk(inside, _EDGE)
    ours = cv2.GaussianBlur(source_luma, (0, 0), _MINGLING * scale)
    theirs = cv2.GaussianBlur(reference_rgb, (0, 0), _MINGLING * scale)
    expected = _expected_luma(ours, theirs, core)
    level = _level(ours - expected, core, scale)
    trust = np.where(core, np.minimum(level, _likeness(ours, expected, scale)), 1.0)
    size = 2 * round(_SPREAD * scale / 2) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    doubted = cv2.GaussianBlur(cv2.erode(trust, kernel), (0, 0), size / 4)
    return np.where(core, np.minimum(doubted, 1.0), 0.0).astype(np.float32)


def _shrunk(inside: np.ndarray, pixels: int) -> np.ndarray:
    """`inside`, without what lies within some pixels of the outside or of the raster's edge."""
    framed = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(framed, cv2.DIST_C, 3)[1:-1, 1:-1]
    return np.asarray(distance > pixels)


def _expected_luma(ours: np.ndarray, theirs: np.ndarray, core: np.ndarray) -> np.ndarray:
    """The source's luma as a smooth function of the reference's colour: float32 (H, W).

    Fading turns luma into a function of all three dyes, so that of the reference's luma alone does
    not tell it. A cubic is fitted by iteratively reweighted least squares, so that a subtitle does
    not take part.
    """
    planes = np.ascontiguousarray(theirs.transpose(2, 0, 1))
    where = np.flatnonzero(core)
    where = where[:: max(1, len(where) // _SAMPLES)]
    terms = _terms(planes.reshape(3, -1)[:, where].astype(np.float64))
    values = ours.ravel()[where].astype(np.float64)
    weight = np.ones(len(values))
    ridge = 1e-6 * len(values) * np.eye(len(terms))
    solution = np.zeros(len(terms))
    for _ in range(_ROUNDS):
        weighted = terms * weight
        solution = np.linalg.solve(weighted @ terms.T + ridge, weighted @ values)
        off = np.abs(values - solution @ terms)
        spread = max(1.4826 * float(np.median(off)), _TAKEN_OFF)
        weight = 1.0 / (1.0 + (off / (2.0 * spread)) ** 2) ** 2
    single = solution.astype(np.float32)
    rows = [single @ _terms(planes[:, row]) for row in range(len(ours))]
    return np.stack(rows)


def _terms(rgb: np.ndarray) -> np.ndarray:
    """Monomials of R'G'B' (3, n) up to the third degree: (20, n)."""
    r, g, b = rgb
    rr, gg, bb = rgb * rgb
    first = [np.ones_like(r), r, g, b]
    second = [rr, gg, bb, r * g, r * b, g * b]
    third = [r * rr, g * gg, b * bb, rr * g, rr * b, gg * r, gg * b, bb * r, bb * g, r * g * b]
    return np.stack([*first, *second, *third])


def _level(off: np.ndarray, core: np.ndarray, scale: float) -> np.ndarray:
    """Trust by level: 1 where the source is as light as the reference lets expect."""
    spread = max(1.4826 * float(np.median(np.abs(off[core]))), _TAKEN_OFF) if core.any() else 1.0
    fits = (np.abs(off) < 3 * spread) & core
    share = _slow(fits.astype(np.float32), scale)
    off = off - _slow(np.where(fits, off, 0.0).astype(np.float32), scale) / np.maximum(share, 0.05)
    spread = max(1.4826 * float(np.median(np.abs(off[core]))), _TAKEN_OFF) if core.any() else 1.0
    return _fall(np.abs(off) / spread, _TRUSTED, _REFUSED)


def _slow(picture: np.ndarray, scale: float) -> np.ndarray:
    """A picture with no detail but shading, blurred at a size at which that is quick."""
    height, width = picture.shape
    small = cv2.resize(picture, None, fx=1 / _COARSE, fy=1 / _COARSE, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), _SLOW * scale / _COARSE)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def _likeness(ours: np.ndarray, theirs: np.ndarray, scale: float) -> np.ndarray:
    """Trust by structure: the windows' correlation, as far as there is structure in either."""
    sigma = _WINDOW * scale

    def mean(picture: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma))

    mean_ours, mean_theirs = mean(ours), mean(theirs)
    variance_ours = np.maximum(mean(ours * ours) - mean_ours**2, 0)
    variance_theirs = np.maximum(mean(theirs * theirs) - mean_theirs**2, 0)
    together = mean(ours * theirs) - mean_ours * mean_theirs
    correlation = together / np.sqrt(variance_ours * variance_theirs + 1e-8)
    structured = np.sqrt(np.maximum(variance_ours, variance_theirs)) / _STRUCTURE
    doubt = _fall(correlation, _ALIKE, _UNLIKE)
    return np.asarray(1.0 - np.minimum(structured, 1.0) ** 2 * (1.0 - doubt), np.float32)


def _fall(value: np.ndarray, full: float, none: float) -> np.ndarray:
    """1 up to `full`, 0 from `none`, smooth between."""
    t = np.clip((value - none) / (full - none), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)
