"""Frames above the limits of the film, with the kind of each outlier.

Each limit is the larger of a visible step and a multiple of what the film's own good frames show.
The lower quartile stands for those, because it holds while fewer than three quarters are faulty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median_low

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unfade.film.outlier import OutlierKind
from unfade.validate.outliers.evidence import Values, plane_difference
from unfade.validate.outliers.scores import FrameScores, stretches

GOOD_QUANTILE = 0.25
"""Quantile of a score over the film that stands for its good frames."""

GOOD_RATIO = 5.0
"""Ratio of a limit to the score of good frames: in films without a fault single frames reach 3.5
(benchmarks/outliers.py)."""

MIN_GOOD_VALUES = 8
"""Values below which a quartile says nothing, and the least limit holds."""

WRONG_FLOOR = 2.5
"""Least limit of `wrong`, in CIEDE2000 over the worst part of a frame: seen at a glance."""

OWN_RATIO = 1.75
"""Ratio of a shot's limit of `wrong` to the median at its own pairs, if these are good: some shots
are hard for every method, and their pairs show how hard."""

MAX_HELD_OUT_RATIO = 2.0
"""Held-out error of a shot, in multiples of the film's median, up to which its pairs are good."""

DRIFT_FLOOR, FLICKER_FLOOR, SKIN_FLOOR = 1.5, 0.7, 2.0
"""Least limits in CIEDE2000: a step of colour is seen from 1.5, flicker from less, because the eye
compares neighbours in time; skin has few pixels and varies by more."""

SHIFT_FLOOR_PX = 1.0
"""Least limit of a shift of chroma, in pixels of the small raster of some 450 across."""

UNSUPPORTED_FLOOR = 0.2
"""Least limit of unsupported chroma edges, in percent of the range a pixel."""

BLEED_SHARE = 0.5
"""Share of that limit from which a wrong colour counts as bleed."""

BAND_SHARE = 0.85
"""Share of the unsupported edges within a quarter of the height, from which they are letters."""

PLATEAU_FLOOR = 0.45
"""Least limit of the share of coloured pixels on plateaus."""

MAX_PLATEAU = 0.9
"""Largest limit of that share: flat pictures have plateaus by nature, but not everywhere."""

SEAM_FLOOR = 2.0
"""Least limit of a step between shots of a scene, in CIEDE2000."""

SEAM_FRAMES = 5
"""Frames at each side of a join whose colours are compared."""

CROP_FLOOR, CROP_RATIO = 0.5, 1.5
"""Least limit of the darkening of a rim; and ratio to the largest one within shots."""

PREDICTED_RATIO = 1.25
"""Predicted error of an outlier where no reference shows the frame, as a multiple of the expected
error. On the films of `benchmarks/uncertainty.py` this finds five of six shots without pairs."""

PREDICTED_UNIT = "CIEDE2000, predicted"
"""Unit of a score that the model expects, and that no reference confirms."""

PREDICTED_FLOOR = 1.5
"""Least limit of the predicted error of a frame, in CIEDE2000: below, hardly anybody sees it."""

HOLD_SHARE = 0.6
"""Share of a limit above which frames beside an outlier belong to it."""

MAX_GAP_FRAMES = 3
"""Frames without evidence between two outliers of one shot that belong to them."""


@dataclass(frozen=True)
class ShotFacts:
    """What is known of a shot: its scene, whether it has admitted training pairs, the frames of
    pairs that the machine chose, and the mean CIEDE2000 of its hold-out pairs; None without."""

    scene: int
    has_pairs: bool
    pair_frames: frozenset[int]
    held_out: float | None


@dataclass(frozen=True)
class Flag:
    """A score above its limit, both in `unit`."""

    kind: OutlierKind
    score: float
    limit: float
    unit: str


def flags(
    scores: FrameScores, shots: Mapping[int, ShotFacts], expected: float | None
) -> list[Flag | None]:
    """The outlier that each frame is, or None. The first of these that applies names it.

    Args:
        scores: of the film's frames.
        shots: facts of the shots, by number.
        expected: mean CIEDE2000 of the hold-out pairs; None without such pairs.
    """
    unit = "CIEDE2000"
    edges = "percent of the range a pixel"
    judged = [
        _above(scores, scores.plateau, "banding", PLATEAU_FLOOR, "of coloured pixels", MAX_PLATEAU),
        _above(scores, scores.shift, "bleed", SHIFT_FLOOR_PX, "small pixels"),
        _above(scores, scores.flicker, "flicker", FLICKER_FLOOR, unit),
        _above(scores, scores.reference_flicker, "flicker", FLICKER_FLOOR, unit),
        _above(scores, scores.drift, "hue drift", DRIFT_FLOOR, unit),
        _wrong(scores, shots),
        _above(scores, scores.skin, "unstable skin", SKIN_FLOOR, unit),
        _predicted(scores, expected),
        _above(scores, scores.unsupported, "bleed", UNSUPPORTED_FLOOR, edges),
        _seams(scores, shots),
        _crops(scores),
    ]
    named = [next((flag for flag in frame if flag), None) for frame in zip(*judged, strict=True)]
    return [
        flag and replace(flag, kind=_kind(flag, scores, index, shots))
        for index, flag in enumerate(named)
    ]


def _kind(
    flag: Flag, scores: FrameScores, index: int, shots: Mapping[int, ShotFacts]
) -> OutlierKind:
    """The kind of an outlier, narrowed by the other scores of its frame."""
    has_letters = scores.band[index] > BAND_SHARE
    has_edges = scores.unsupported[index] > BLEED_SHARE * UNSUPPORTED_FLOOR
    if has_letters and scores.unsupported[index] > UNSUPPORTED_FLOOR:
        return "overlay" if flag.kind in ("wrong colour", "bleed") else flag.kind
    if flag.kind != "wrong colour":
        return flag.kind
    if not shots[int(scores.shot[index])].has_pairs:
        return "unseen colour"
    return "bleed" if has_edges and not has_letters else "wrong colour"


def good_limit(values: Values, floor: float, most: float = np.inf) -> float:
    """The limit of a score: the larger of `floor` and what good frames of the film show, but not
    above `most`."""
    known = values[np.isfinite(values)]
    if len(known) < MIN_GOOD_VALUES:
        return floor
    limit = max(floor, GOOD_RATIO * float(np.quantile(known, GOOD_QUANTILE)))
    return min(limit, most)


def _above(
    scores: FrameScores,
    values: Values,
    kind: OutlierKind,
    floor: float,
    unit: str,
    most: float = np.inf,
) -> list[Flag | None]:
    limit = good_limit(values, floor, most)
    return _flagged(scores, values, np.full(len(values), limit), kind, unit)


def _flagged(
    scores: FrameScores, values: Values, limits: Values, kind: OutlierKind, unit: str
) -> list[Flag | None]:
    """A flag for each frame above its limit, for frames beside those above `HOLD_SHARE` of it, and
    for those without evidence between."""
    is_flagged = np.zeros(len(values), bool)
    for _, part in stretches(scores):
        is_flagged[part] = _with_neighbours(values[part] / limits[part])
    filled = np.where(np.isfinite(values), values, limits)
    return [
        Flag(kind, float(filled[index]), float(limits[index]), unit) if flagged else None
        for index, flagged in enumerate(is_flagged)
    ]


def _with_neighbours(ratios: Values) -> NDArray[np.bool_]:
    """Whether each frame of a shot, with a score in multiples of its limit, is in a run that rises
    above the limit."""
    known = np.isfinite(ratios)
    held = known & (np.nan_to_num(ratios) > HOLD_SHARE)
    gaps, _ = ndimage.label(~known)
    for gap in ndimage.find_objects(gaps):
        start, stop = gap[0].start, gap[0].stop
        is_between = start > 0 and stop < len(ratios) and held[start - 1] and held[stop]
        held[start:stop] = is_between and stop - start <= MAX_GAP_FRAMES
    runs, count = ndimage.label(held)
    above = {*runs[known & (np.nan_to_num(ratios) > 1.0)].tolist()}
    return np.isin(runs, [run for run in range(1, count + 1) if run in above])


def _wrong(scores: FrameScores, shots: Mapping[int, ShotFacts]) -> list[Flag | None]:
    """Frames far from their reference. A shot whose own pairs are good, and yet far, has a limit of
    its own."""
    limits = np.full(len(scores.wrong), good_limit(scores.wrong, WRONG_FLOOR))
    held_out = [one.held_out for one in shots.values() if one.held_out is not None]
    for shot in np.unique(scores.shot).tolist():
        part = scores.shot == shot
        facts = shots[shot]
        if facts.held_out is None or facts.held_out > MAX_HELD_OUT_RATIO * median_low(held_out):
            continue
        at_pairs = np.isin(scores.frame[part], list(facts.pair_frames))
        own = scores.wrong[part][at_pairs & np.isfinite(scores.wrong[part])]
        if len(own):
            limits[part] = np.maximum(limits[part], OWN_RATIO * np.median(own))
    return _flagged(scores, scores.wrong, limits, "wrong colour", "CIEDE2000")


def _predicted(scores: FrameScores, expected: float | None) -> list[Flag | None]:
    """Frames without a reference to compare with whose predicted error is far above the expected
    one; without hold-out pairs, above the median of the film."""
    usual = float(np.median(scores.predicted)) if expected is None else expected
    limit = max(PREDICTED_FLOOR, PREDICTED_RATIO * usual)
    return [
        Flag("unseen colour", float(predicted), limit, PREDICTED_UNIT)
        if predicted > limit and not np.isfinite(wrong)
        else None
        for predicted, wrong in zip(scores.predicted, scores.wrong, strict=True)
    ]


def _seams(scores: FrameScores, shots: Mapping[int, ShotFacts]) -> list[Flag | None]:
    """The last frame of a shot and the first of the next, if both are of one scene and differ in
    their distance to the reference."""
    flagged: list[Flag | None] = [None] * len(scores.frame)
    places = list(stretches(scores))
    joins = [
        (before, after)
        for (first, before), (second, after) in pairwise(places)
        if first != second
        and shots[first].scene == shots[second].scene
        and scores.frame[before.stop - 1] + 1 == scores.frame[after.start]
    ]
    steps = np.array([_step(scores, before, after) for before, after in joins])
    limit = good_limit(steps, SEAM_FLOOR)
    for (before, after), step in zip(joins, steps, strict=True):
        if step > limit:
            flag = Flag("seam", float(step), limit, "CIEDE2000")
            flagged[before.stop - 1] = flagged[after.start] = flag
    return flagged


def _step(scores: FrameScores, before: slice, after: slice) -> float:
    """CIEDE2000, on a mid grey, between the offsets at both sides of a join; NaN if unknown."""
    sides = scores.offset[before][-SEAM_FRAMES:], scores.offset[after][:SEAM_FRAMES]
    if any(not np.isfinite(side).all(axis=1).any() for side in sides):
        return np.nan
    first, second = (np.nanmedian(side, axis=0).reshape(2, 1, 1) for side in sides)
    grey = np.full((1, 1, 1), 0.5, np.float32)
    return float(plane_difference(grey, *(one.astype(np.float32) for one in (first, second)))[0, 0])


def _crops(scores: FrameScores) -> list[Flag | None]:
    """Heads and tails of shots where the rim darkens more than it does anywhere within shots."""
    inner = scores.inner_crop[np.isfinite(scores.inner_crop)]
    limit = max(CROP_FLOOR, CROP_RATIO * float(inner.max())) if len(inner) else CROP_FLOOR
    return [
        Flag("crop", float(score), limit, "of the rim's luma") if score > limit else None
        for score in scores.crop
    ]
