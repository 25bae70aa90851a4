"""Framing of the reference: one affine map for the whole film, mirrored or not."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from scipy.optimize import minimize

from unfade.curate.matching.signature import (
    WHOLE_FRAME,
    Framing,
    Sampling,
    Window,
    local_contrast,
    lumas,
    sampled_signatures,
    shared_views,
    signatures,
)
from unfade.film.shot import Shot

_SCALES = (0.75, 0.86, 0.93, 1.0, 1.08, 1.16)
"""Scales, source to reference, that the coarse search tries across and down: close enough, because
a framing that is wrong by 3 % still scores well."""
_SHIFTS = (-0.06, 0.0, 0.06)
"""Shifts off centre, as shares of the picture, that the coarse search tries."""
_MAX_STRETCH = 1.35
"""Largest ratio of horizontal and vertical scale: that of a 4:3 window cut from a 16:9 picture."""
_COARSE_SIZE_PX = (24, 18)
"""Width and height of the signatures of the coarse search: small, so that a framing that is wrong
by 3 % still scores well."""
_REFINE_SIZE_PX = (96, 72)
"""Width and height of the pictures on which a framing is refined by ECC."""
_MAX_SAMPLES = 48
"""Number of source frames in which the framing is searched for."""
_MAX_SAMPLES_PER_SHOT = 6
"""Number of these from one shot: more frames of the same picture add no information."""
_MAX_SUPPORTERS = 16
"""Number of samples, the most similar ones, that decide on the framing."""
_ECC_BLUR_PX = 5
"""Size of the Gaussian kernel with which ECC smooths both pictures."""
_ECC_MAX_ITERATIONS = 60
"""Number of iterations after which ECC stops."""
_ECC_EPSILON = 1e-4
"""Increase of ECC's correlation below which it stops."""
_PLAUSIBLE_SCALES = (0.5, 2.0)
"""Range of scales that a refined framing may have; ECC has diverged outside it."""
_COMPARE_SIZE_PX = (64, 48)
"""Width and height of the signatures by which framings are compared."""
_INSTANT_REACH_FRAMES = 6
"""Number of frames on either side of a coarse match that may show the same instant."""
_FINAL_REACH_FRAMES = 2
"""Number of frames on either side of a consensus match that the final optimisation may choose."""
_FIRST_STEP = 0.01
"""First step of the final optimisation, in scale and as a share of the picture."""
_FRAMING_TOLERANCE = 2e-4
"""Change of scale or shift, as a share of the picture, below which the final optimisation stops:
about 0.03 pixels of a proxy."""
_SIMILARITY_TOLERANCE = 1e-5
"""Change of similarity below which the final optimisation stops."""
_MAX_EVALUATIONS = 240
"""Number of framings that the final optimisation tries: each costs the signatures of all
samples."""
_INLIER_SHARE = 0.7
"""Share of the samples, the most similar ones, whose similarity counts. The others are outliers,
because the reference may lack their shots."""
_MIN_SHARED_SIDE = 0.4
"""Share of the reference, across and down, that a framing must use: a small window matches by
chance."""
_MIN_UPRIGHT_SIMILARITY = 0.6
"""Mean similarity of the samples below which mirrored framings are tried too."""
_MIRROR = np.array([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
"""Maps a picture to its mirror image, in coordinates from 0 to 1."""
_BLOCK_FRAMES = 2048
"""Number of reference signatures compared with the samples at a time, which bounds memory."""


@dataclass(frozen=True)
class _Candidate:
    """A sample, the most similar reference frame, and the framing and similarity of that match."""

    sample: int
    reference: int
    framing: Framing
    similarity: float


@dataclass(frozen=True)
class _Sample:
    """Lumas of a source frame (h, w), and of the reference frames (n, h, w) that may show its
    instant."""

    source: np.ndarray
    reference: np.ndarray

    def near(self, instant: int) -> "_Sample":
        """The same sample with only the reference frames next to one of them."""
        return _Sample(
            self.source,
            self.reference[
                max(0, instant - _FINAL_REACH_FRAMES) : instant + _FINAL_REACH_FRAMES + 1
            ],
        )


def find_framing(
    source: np.ndarray, reference: np.ndarray, shots: tuple[Shot, ...], first: int
) -> Framing:
    """The framing under which source and reference are most similar.

    Args:
        source: proxy of the source, uint8 (N, h, w, 3).
        reference: proxy of the reference, uint8 (M, h, w, 3).
        shots: shots of the source.
        first: number of the source's first frame.

    Returns:
        The best framing found. It is arbitrary if the two have no content in common.
    """
    indices = sample_frames(shots, first)
    samples = lumas(np.stack([np.asarray(source[index]) for index in indices]))
    upright = _search(samples, indices, reference, shots, first, mirrored=False)
    if upright.similarity >= _MIN_UPRIGHT_SIMILARITY:
        return upright.framing
    mirrored = _search(samples, indices, reference, shots, first, mirrored=True)
    return max(upright, mirrored, key=lambda scored: scored.similarity).framing


@dataclass(frozen=True)
class _ScoredFraming:
    """A framing and the mean similarity of the samples under it."""

    framing: Framing
    similarity: float


def _search(
    samples: np.ndarray,
    indices: list[int],
    reference: np.ndarray,
    shots: tuple[Shot, ...],
    first: int,
    *,
    mirrored: bool,
) -> _ScoredFraming:
    """The best framing among mirrored ones, or among the others."""
    candidates = _coarse_search(samples, reference, mirrored=mirrored)
    matched = [
        _Sample(samples[one.sample], lumas(_around(reference, one.reference)))
        for one in _spread_over_shots(candidates, indices, shots, first)
    ]
    best, instants = _select_by_consensus(list({one.framing for one in candidates}), matched)
    refined = [
        _refine(matched[k].source, matched[k].reference[instant], best)
        for k, instant in instants.items()
    ]
    best, instants = _select_by_consensus(
        [best, *(one for one in refined if one is not None)], matched
    )
    return _optimise(best, [matched[k].near(instant) for k, instant in instants.items()])


def sample_frames(shots: tuple[Shot, ...], first: int) -> list[int]:
    """Indices of frames from the middle of shots, spread over the film."""
    per_shot = min(_MAX_SAMPLES_PER_SHOT, max(1, _MAX_SAMPLES // len(shots)))
    chosen = shots[:: max(1, len(shots) // _MAX_SAMPLES)]
    return sorted(
        {
            shot.frames.first - first + (len(shot.frames) * (2 * k + 1)) // (2 * per_shot)
            for shot in chosen
            for k in range(per_shot)
        }
    )


def _spread_over_shots(
    candidates: list[_Candidate], indices: list[int], shots: tuple[Shot, ...], first: int
) -> list[_Candidate]:
    """The most similar candidates, taken from all shots in turn."""
    starts = [shot.frames.first - first for shot in shots]
    by_shot: dict[int, list[_Candidate]] = {}
    for one in sorted(candidates, key=lambda c: -c.similarity):
        by_shot.setdefault(bisect_right(starts, indices[one.sample]), []).append(one)
    turns = [
        (rank, -one.similarity, one) for row in by_shot.values() for rank, one in enumerate(row)
    ]
    return [one for _, _, one in sorted(turns, key=lambda turn: turn[:2])[:_MAX_SUPPORTERS]]


def _around(reference: np.ndarray, index: int) -> np.ndarray:
    """The reference frames around one, (n, h, w, 3)."""
    return np.asarray(
        reference[max(0, index - _INSTANT_REACH_FRAMES) : index + _INSTANT_REACH_FRAMES + 1]
    )


def _coarse_search(
    samples: np.ndarray, reference: np.ndarray, *, mirrored: bool
) -> list[_Candidate]:
    """For each sample, the most similar reference frame under any coarse framing."""
    framings = [
        Framing(across, down, (1 - across) / 2 + x, (1 - down) / 2 + y)
        for across, down, x, y in product(_SCALES, _SCALES, _SHIFTS, _SHIFTS)
        if max(across / down, down / across) <= _MAX_STRETCH
    ]
    if mirrored:
        framings = [Framing.of(_MIRROR @ one.matrix) for one in framings]
    source_signatures = np.stack(
        [signatures(samples, _reference_window(f), *_COARSE_SIZE_PX) for f in framings]
    )
    best = np.full(len(samples), -1.0, np.float32)
    reference_of = np.zeros(len(samples), np.int64)
    framing_of = np.zeros(len(samples), np.int64)
    for start in range(0, len(reference), _BLOCK_FRAMES):
        block = signatures(
            np.asarray(reference[start : start + _BLOCK_FRAMES]), WHOLE_FRAME, *_COARSE_SIZE_PX
        ).T
        for number, view in enumerate(source_signatures):
            similarity = view @ block
            best_match = similarity.argmax(axis=1)
            score = similarity[np.arange(len(samples)), best_match]
            better = score > best
            best[better] = score[better]
            reference_of[better] = best_match[better] + start
            framing_of[better] = number
    return [
        _Candidate(sample, int(reference_of[sample]), framings[framing_of[sample]], float(score))
        for sample, score in enumerate(best)
    ]


def _reference_window(framing: Framing) -> Window:
    """The part of the source that fills the reference's picture."""
    return Window(np.linalg.inv(framing.matrix))


def _refine(source: np.ndarray, reference: np.ndarray, start: Framing) -> Framing | None:
    """A framing refined by ECC on the lumas of a pair of frames; none if that does not converge to
    a plausible scale."""
    width, height = _REFINE_SIZE_PX
    source_contrast = local_contrast(source, WHOLE_FRAME, width, height)
    reference_contrast = local_contrast(reference, WHOLE_FRAME, width, height)
    to_pixels = np.array([[width, 0.0, -0.5], [0.0, height, -0.5], [0.0, 0.0, 1.0]])
    matrix = (to_pixels @ start.matrix @ np.linalg.inv(to_pixels))[:2].astype(np.float32)
    mask = np.ones_like(source_contrast, np.uint8)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ECC_MAX_ITERATIONS, _ECC_EPSILON)
    try:
        _, refined = cv2.findTransformECC(
            source_contrast,
            reference_contrast,
            matrix,
            cv2.MOTION_AFFINE,
            criteria,
            mask,
            _ECC_BLUR_PX,
        )
    except cv2.error:
        return None
    matrix_in_pixels = np.vstack([np.asarray(refined, np.float64), [0.0, 0.0, 1.0]])
    framing = Framing.of(np.linalg.inv(to_pixels) @ matrix_in_pixels @ to_pixels)
    low, high = _PLAUSIBLE_SCALES
    if not (low < abs(framing.scale_x) < high and low < framing.scale_y < high):
        return None
    return framing


def _select_by_consensus(
    framings: list[Framing], samples: list[_Sample]
) -> tuple[Framing, dict[int, int]]:
    """The framing with the highest mean similarity of its inliers, and the index of each inlier's
    reference frame.

    Under each framing every sample chooses its reference frame anew: in a pan, a wrong shift fits
    at a wrong instant, but not in the other shots. The least similar samples are outliers, because
    the reference may lack their shots.
    """
    inlier_count = max(1, round(len(samples) * _INLIER_SHARE))
    best_score, best, instants = -np.inf, framings[0], dict[int, int]()
    for framing in framings:
        similarities = _similarities(framing, samples)
        inliers = sorted(range(len(samples)), key=lambda k: -float(similarities[k].max()))[
            :inlier_count
        ]
        score = float(np.mean([similarities[k].max() for k in inliers]))
        if score > best_score:
            best_score, best = score, framing
            instants = {k: int(similarities[k].argmax()) for k in inliers}
    return best, instants


def _similarities(framing: Framing, samples: list[_Sample]) -> list[np.ndarray]:
    """Similarity of each sample and each of its reference frames under a framing."""
    source_view, reference_view = shared_views(framing)
    if min(np.linalg.norm(reference_view.matrix[:2, :2], axis=0)) < _MIN_SHARED_SIDE:
        return [np.full(len(sample.reference), -1.0, np.float32) for sample in samples]
    of_source = Sampling.of(source_view, samples[0].source.shape, *_COMPARE_SIZE_PX)
    of_reference = Sampling.of(reference_view, samples[0].reference.shape[1:], *_COMPARE_SIZE_PX)
    return [
        sampled_signatures(sample.reference, of_reference)
        @ sampled_signatures(sample.source[None], of_source)[0]
        for sample in samples
    ]


def _optimise(start: Framing, samples: list[_Sample]) -> _ScoredFraming:
    """The framing with the highest mean similarity, by the Nelder-Mead method."""

    def framing(point: np.ndarray) -> Framing:
        """Scales and shears act about the centre of the picture, so that all parameters have
        similar effects."""
        moved = start.matrix[:2].copy()
        moved[:, :2] += point[:4].reshape(2, 2)
        moved[:, 2] += point[4:] - point[:4].reshape(2, 2).sum(axis=1) / 2
        return Framing.of(moved)

    def cost(point: np.ndarray) -> float:
        return -float(np.mean([values.max() for values in _similarities(framing(point), samples)]))

    first = np.zeros(6)
    simplex = np.vstack([first, first + _FIRST_STEP * np.eye(6)])
    result = minimize(
        cost,
        first,
        method="Nelder-Mead",
        options={
            "initial_simplex": simplex,
            "xatol": _FRAMING_TOLERANCE,
            "fatol": _SIMILARITY_TOLERANCE,
            "maxfev": _MAX_EVALUATIONS,
        },
    )
    return _ScoredFraming(framing(result.x), -float(result.fun))
