"""Confidence of each pixel of a warped reference.

References carry subtitles, logos and dust, and a hand may be one frame out of time. Where the
source's luma does not follow from the reference's colour as it does in the rest of the frame, the
reference shows something else.
"""

import cv2
import numpy as np

_MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution relative to its median absolute deviation."""
_MIN_SPREAD = 0.006
"""Smallest spread of luma differences: grain and compression leave as much between pictures that
agree."""
_TRUSTED_SIGMAS, _REJECTED_SIGMAS = 3.0, 7.0
"""Luma differences, in units of the frame's own spread, up to which confidence is 1 and from which
it is 0."""
_BLUR_PX = 2.0
"""Standard deviation of the blur, at a width of 960, that removes grain and the difference in
sharpness."""
_AGREEING_SIGMAS = 3
"""Luma differences, in units of the frame's own spread, below which pixels contribute to
shading."""
_MIN_AGREEING_SHARE = 0.05
"""Smallest share of contributing pixels, which bounds the shading where few agree."""
_RIDGE = 1e-6
"""Ridge of the cubic fit per sample, which keeps it solvable for pictures of few colours."""
_SHADING_BLUR_PX = 48.0
"""Standard deviation, at a width of 960, of the shading and flare that count as agreement."""
_SHADING_SHRINK = 8
"""Factor by which pictures are reduced to compute shading, for speed."""
_WINDOW_PX = 4.0
"""Standard deviation, at a width of 960, of the window in which local correlation is measured."""
_FULL_STRUCTURE = 0.035
"""Standard deviation of luma in a window from which its correlation counts fully."""
_TRUSTED_CORRELATION, _REJECTED_CORRELATION = 0.55, 0.1
"""Correlations from which confidence is 1 and below which it is 0."""
_DILATION_PX = 9
"""Diameter, at a width of 960, by which areas of low confidence grow, because overlays have soft
edges."""
_EDGE_PX = 2
"""Width of the reference's outline with confidence 0."""
_FIT_ROUNDS = 6
"""Number of iterations of reweighted least squares: a fixed number bounds the cost."""
_MAX_SAMPLES = 20000
"""Number of pixels to which the colour relation is fitted: 20 coefficients need no more."""
_BATCH_PX = 4096
"""Number of pixels whose luma is predicted at a time: their terms stay in a core's cache."""
_REFERENCE_WIDTH_PX = 960.0
"""Width at which the sizes above apply; they grow with larger pictures."""


def confidence(
    source_luma: np.ndarray, reference_rgb: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """The confidence of each pixel of a warped reference.

    Args:
        source_luma: Y' of the source, float32 (H, W).
        reference_rgb: R'G'B' of the reference on the source's raster, float32 (H, W, 3).
        inside: bool (H, W), where the reference covers the source.

    Returns:
        float32 (H, W), 0 to 1.
    """
    scale = max(1.0, source_luma.shape[1] / _REFERENCE_WIDTH_PX)
    covered = _eroded(inside, _EDGE_PX)
    source_blurred = cv2.GaussianBlur(source_luma, (0, 0), _BLUR_PX * scale)
    reference_blurred = cv2.GaussianBlur(reference_rgb, (0, 0), _BLUR_PX * scale)
    expected = _expected_luma(source_blurred, reference_blurred, covered)
    level_confidence = _level_confidence(source_blurred - expected, covered, scale)
    confidence_map = np.where(
        covered,
        np.minimum(level_confidence, _structure_confidence(source_blurred, expected, scale)),
        1.0,
    )
    size = 2 * round(_DILATION_PX * scale / 2) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    softened = cv2.GaussianBlur(cv2.erode(confidence_map, kernel), (0, 0), size / 4)
    return np.where(covered, np.minimum(softened, 1.0), 0.0).astype(np.float32)


def _eroded(inside: np.ndarray, pixels: int) -> np.ndarray:
    """`inside` without the pixels within a distance of the outside or of the raster's edge."""
    framed = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(framed, cv2.DIST_C, 3)[1:-1, 1:-1]
    return np.asarray(distance > pixels)


def _expected_luma(
    source_luma: np.ndarray, reference_rgb: np.ndarray, covered: np.ndarray
) -> np.ndarray:
    """The source's luma as a cubic function of the reference's colour: float32 (H, W).

    Fading turns luma into a function of all three dyes, so the reference's luma alone is not
    sufficient. Iteratively reweighted least squares exclude subtitles from the fit.
    """
    planes = np.ascontiguousarray(reference_rgb.transpose(2, 0, 1))
    indices = np.flatnonzero(covered)
    if not len(indices):
        return np.zeros_like(source_luma)
    indices = indices[:: max(1, len(indices) // _MAX_SAMPLES)]
    terms = _terms(planes.reshape(3, -1)[:, indices].astype(np.float64))
    values = source_luma.ravel()[indices].astype(np.float64)
    weight = np.ones(len(values))
    ridge = _RIDGE * len(values) * np.eye(len(terms))
    solution = np.zeros(len(terms))
    for _ in range(_FIT_ROUNDS):
        weighted = terms * weight
        solution = np.linalg.solve(weighted @ terms.T + ridge, weighted @ values)
        errors = np.abs(values - solution @ terms)
        spread = max(_MAD_TO_SIGMA * float(np.median(errors)), _MIN_SPREAD)
        weight = 1.0 / (1.0 + (errors / (2.0 * spread)) ** 2) ** 2
    coefficients, pixels = solution.astype(np.float32), planes.reshape(3, -1)
    expected = np.empty(source_luma.size, np.float32)
    for start in range(0, len(expected), _BATCH_PX):
        batch = slice(start, start + _BATCH_PX)
        expected[batch] = coefficients @ _terms(pixels[:, batch])
    return expected.reshape(source_luma.shape)


def _terms(rgb: np.ndarray) -> np.ndarray:
    """Monomials of R'G'B' (3, n) up to the third degree: (20, n)."""
    r, g, b = rgb
    rr, gg, bb = rgb * rgb
    first = [np.ones_like(r), r, g, b]
    second = [rr, gg, bb, r * g, r * b, g * b]
    third = [r * rr, g * gg, b * bb, rr * g, rr * b, gg * r, gg * b, bb * r, bb * g, r * g * b]
    return np.stack([*first, *second, *third])


def _level_confidence(difference: np.ndarray, covered: np.ndarray, scale: float) -> np.ndarray:
    """Confidence by level: 1 where the source's luma equals the expected luma."""
    spread = _robust_spread(difference, covered)
    agrees = (np.abs(difference) < _AGREEING_SIGMAS * spread) & covered
    agreeing_share = _shading(agrees.astype(np.float32), scale)
    difference = difference - _shading(
        np.where(agrees, difference, 0.0).astype(np.float32), scale
    ) / np.maximum(agreeing_share, _MIN_AGREEING_SHARE)
    spread = _robust_spread(difference, covered)
    return _smoothstep(np.abs(difference) / spread, _TRUSTED_SIGMAS, _REJECTED_SIGMAS)


def _robust_spread(difference: np.ndarray, covered: np.ndarray) -> float:
    """Robust standard deviation of covered luma differences, at least `_MIN_SPREAD`."""
    if not covered.any():
        return 1.0
    return max(_MAD_TO_SIGMA * float(np.median(np.abs(difference[covered]))), _MIN_SPREAD)


def _shading(picture: np.ndarray, scale: float) -> np.ndarray:
    """The low frequencies of a picture, computed at reduced size."""
    height, width = picture.shape
    small = cv2.resize(
        picture, None, fx=1 / _SHADING_SHRINK, fy=1 / _SHADING_SHRINK, interpolation=cv2.INTER_AREA
    )
    small = cv2.GaussianBlur(small, (0, 0), _SHADING_BLUR_PX * scale / _SHADING_SHRINK)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def _structure_confidence(
    source_luma: np.ndarray, expected_luma: np.ndarray, scale: float
) -> np.ndarray:
    """Confidence by local correlation, in proportion to the structure in either picture."""
    sigma = _WINDOW_PX * scale

    def mean(picture: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma))

    source_mean, expected_mean = mean(source_luma), mean(expected_luma)
    source_variance = np.maximum(mean(source_luma * source_luma) - source_mean**2, 0)
    expected_variance = np.maximum(mean(expected_luma * expected_luma) - expected_mean**2, 0)
    covariance = mean(source_luma * expected_luma) - source_mean * expected_mean
    correlation = covariance / np.sqrt(source_variance * expected_variance + 1e-8)
    structure = np.sqrt(np.maximum(source_variance, expected_variance)) / _FULL_STRUCTURE
    confidence = _smoothstep(correlation, _TRUSTED_CORRELATION, _REJECTED_CORRELATION)
    return np.asarray(1.0 - np.minimum(structure, 1.0) ** 2 * (1.0 - confidence), np.float32)


def _smoothstep(value: np.ndarray, full: float, none: float) -> np.ndarray:
    """1 up to `full`, 0 from `none`, smooth between."""
    t = np.clip((value - none) / (full - none), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)
