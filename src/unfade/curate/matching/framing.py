"""How the reference frames the picture: one affine map for the whole film, mirrored or not."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from scipy.optimize import minimize

from unfade.curate.matching.signature import (
    WHOLE,
    Framing,
    Window,
    lumas,
    shared_views,
    signatures,
    structure,
)
from unfade.film.shot import Shot

_SCALES = (0.75, 0.86, 0.93, 1.0, 1.08, 1.16)
"""Scales that the coarse search tries across and down, source to reference."""
_SHIFTS = (-0.06, 0.0, 0.06)
"""Shifts off centre that the coarse search tries, in pictures."""
_MAX_STRETCH = 1.35
"""Across against down: a 4:3 window cut from a 16:9 picture."""
_COARSE = (24, 18)
"""Pixels of the coarse signatures: a framing that is wrong by 3 % still scores well."""
_FINE = (96, 72)
"""Pixels in which a framing is refined."""
_SAMPLES = 48
"""Source frames that the framing is looked for in."""
_MOST_OF_A_SHOT = 6
"""Of them in one shot: more of the same picture tell no more."""
_VOTERS = 16
"""Most alike samples that say what the framing is."""
_ECC_BLUR = 5
"""Pixels of the blur under which a framing is refined."""
_BALLOT = (64, 48)
"""Pixels in which framings are held against each other."""
_AROUND = 6
"""Frames on either side of a coarse match that may show the instant."""
_NEAR = 2
"""Frames on either side of an instant that the polish may still choose."""
_POLISH_STEP = 0.01
"""First step of the polish, in scale and in pictures."""
_POLISH_TRIES = 240
_HEARD = 0.7
"""Share of the voters, the most content, whose agreement counts."""
_LEAST_SHARED = 0.4
"""Share of the reference, across and down, that a framing must make use of."""
_CONTENT = 0.6
"""Mean likeness of the voters below which a mirrored framing is tried as well."""
_MIRROR = np.array([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
_BLOCK = 2048
"""Reference signatures held against the samples at a time."""


@dataclass(frozen=True)
class _Candidate:
    """A sample, the reference frame that looks most like it, and under which framing."""

    sample: int
    reference: int
    framing: Framing
    likeness: float


@dataclass(frozen=True)
class _Voter:
    """A source frame (h, w, 3), and the reference frames (n, h, w, 3) that may show its instant."""

    source: np.ndarray
    reference: np.ndarray

    def near(self, instant: int) -> "_Voter":
        """The same with only the reference frames beside one of them."""
        return _Voter(self.source, self.reference[max(0, instant - _NEAR) : instant + _NEAR + 1])


def find_framing(
    source: np.ndarray, reference: np.ndarray, shots: tuple[Shot, ...], first: int
) -> Framing:
    """The framing under which the most alike frames of source and reference agree best.

    Args:
        source: proxy of the source, uint8 (N, h, w, 3).
        reference: proxy of the reference, uint8 (M, h, w, 3).
        shots: of the source.
        first: the number of the source's first frame.

    Returns:
        The best framing found. Where the two have nothing in common it means nothing.
    """
    places = sample_frames(shots, first)
    samples = np.stack([np.asarray(source[index]) for index in places])
    upright = _found(samples, places, reference, shots, first, mirrored=False)
    if upright.likeness >= _CONTENT:
        return upright.framing
    mirrored = _found(samples, places, reference, shots, first, mirrored=True)
    return max(upright, mirrored, key=lambda found: found.likeness).framing


@dataclass(frozen=True)
class _Found:
    """A framing, and how alike the voters are under it."""

    framing: Framing
    likeness: float


def _found(
    samples: np.ndarray,
    places: list[int],
    reference: np.ndarray,
    shots: tuple[Shot, ...],
    first: int,
    *,
    mirrored: bool,
) -> _Found:
    """The best framing that is mirrored, or that is not."""
    candidates = _search(samples, reference, mirrored=mirrored)
    voters = [
        _Voter(samples[one.sample], _around(reference, one.reference))
        for one in _spread(candidates, places, shots, first)
    ]
    best, instants = _elect(list({one.framing for one in candidates}), voters)
    refined = [
        _refine(voters[k].source, voters[k].reference[instant], best)
        for k, instant in instants.items()
    ]
    best, instants = _elect([best, *(one for one in refined if one is not None)], voters)
    return _polish(best, [voters[k].near(instant) for k, instant in instants.items()])


def sample_frames(shots: tuple[Shot, ...], first: int) -> list[int]:
    """Indices of frames from the middle of shots, spread over the film."""
    per_shot = min(_MOST_OF_A_SHOT, max(1, _SAMPLES // len(shots)))
    chosen = shots[:: max(1, len(shots) // _SAMPLES)]
    return sorted(
        {
            shot.frames.first - first + (len(shot.frames) * (2 * k + 1)) // (2 * per_shot)
            for shot in chosen
            for k in range(per_shot)
        }
    )


def _spread(
    candidates: list[_Candidate], places: list[int], shots: tuple[Shot, ...], first: int
) -> list[_Candidate]:
    """The most alike candidates, no shot having more than another as long as there are others."""
    starts = [shot.frames.first - first for shot in shots]
    by_shot: dict[int, list[_Candidate]] = {}
    for one in sorted(candidates, key=lambda c: -c.likeness):
        by_shot.setdefault(bisect_right(starts, places[one.sample]), []).append(one)
    turns = [(rank, -one.likeness, one) for row in by_shot.values() for rank, one in enumerate(row)]
    return [one for _, _, one in sorted(turns, key=lambda turn: turn[:2])[:_VOTERS]]


def _around(reference: np.ndarray, index: int) -> np.ndarray:
    """The reference frames around one, (n, h, w, 3)."""
    return np.asarray(reference[max(0, index - _AROUND) : index + _AROUND + 1])


def _search(samples: np.ndarray, reference: np.ndarray, *, mirrored: bool) -> list[_Candidate]:
    """For each sample the most alike reference frame under any coarse framing."""
    tried = [
        Framing(across, down, (1 - across) / 2 + x, (1 - down) / 2 + y)
        for across, down, x, y in product(_SCALES, _SCALES, _SHIFTS, _SHIFTS)
        if max(across / down, down / across) <= _MAX_STRETCH
    ]
    if mirrored:
        tried = [Framing.of(_MIRROR @ one.matrix) for one in tried]
    lights = lumas(samples)
    views = np.stack([signatures(lights, _seen_by_reference(f), *_COARSE) for f in tried])
    best = np.full(len(samples), -1.0, np.float32)
    reference_of = np.zeros(len(samples), np.int64)
    framing_of = np.zeros(len(samples), np.int64)
    for start in range(0, len(reference), _BLOCK):
        block = signatures(np.asarray(reference[start : start + _BLOCK]), WHOLE, *_COARSE).T
        for number, view in enumerate(views):
            alike = view @ block
            top = alike.argmax(axis=1)
            score = alike[np.arange(len(samples)), top]
            better = score > best
            best[better] = score[better]
            reference_of[better] = top[better] + start
            framing_of[better] = number
    return [
        _Candidate(sample, int(reference_of[sample]), tried[framing_of[sample]], float(score))
        for sample, score in enumerate(best)
    ]


def _seen_by_reference(framing: Framing) -> Window:
    """The part of the source that fills the reference's picture."""
    return Window(np.linalg.inv(framing.matrix))


def _refine(source: np.ndarray, reference: np.ndarray, start: Framing) -> Framing | None:
    """A framing refined on one pair of frames, or none where that does not settle."""
    width, height = _FINE
    ours = structure(source, WHOLE, width, height)
    theirs = structure(reference, WHOLE, width, height)
    to_pixels = np.array([[width, 0.0, -0.5], [0.0, height, -0.5], [0.0, 0.0, 1.0]])
    matrix = (to_pixels @ start.matrix @ np.linalg.inv(to_pixels))[:2].astype(np.float32)
    everywhere = np.ones_like(ours, np.uint8)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
    try:
        _, found = cv2.findTransformECC(
            ours, theirs, matrix, cv2.MOTION_AFFINE, stop, everywhere, _ECC_BLUR
        )
    except cv2.error:
        return None
    whole = np.vstack([np.asarray(found, np.float64), [0.0, 0.0, 1.0]])
    framing = Framing.of(np.linalg.inv(to_pixels) @ whole @ to_pixels)
    if not (0.5 < abs(framing.scale_x) < 2 and 0.5 < framing.scale_y < 2):
        return None
    return framing


def _elect(framings: list[Framing], voters: list[_Voter]) -> tuple[Framing, dict[int, int]]:
    """The framing that the voters agree on best, and which frame each of them then sees.

    Each voter may choose its instant anew under each framing: where the camera pans, a wrong shift
    looks right at a wrong instant, but not in the other shots. The least content voters are not
    heard: the reference may lack what they look for.
    """
    heard = max(1, round(len(voters) * _HEARD))
    best_score, best, seen = -np.inf, framings[0], dict[int, int]()
    for framing in framings:
        alike = _ballots(framing, voters)
        order = sorted(range(len(voters)), key=lambda k: -float(alike[k].max()))[:heard]
        score = float(np.mean([alike[k].max() for k in order]))
        if score > best_score:
            best_score, best = score, framing
            seen = {k: int(alike[k].argmax()) for k in order}
    return best, seen


def _ballots(framing: Framing, voters: list[_Voter]) -> list[np.ndarray]:
    """How alike each voter and each of its reference frames are under a framing."""
    ours, theirs = shared_views(framing)
    if min(np.linalg.norm(theirs.matrix[:2, :2], axis=0)) < _LEAST_SHARED:
        return [np.full(len(voter.reference), -1.0, np.float32) for voter in voters]
    return [
        signatures(v.reference, theirs, *_BALLOT) @ signatures(v.source[None], ours, *_BALLOT)[0]
        for v in voters
    ]


def _polish(start: Framing, voters: list[_Voter]) -> _Found:
    """A framing moved until the voters agree best."""

    def framing(point: np.ndarray) -> Framing:
        """Scales and shears act about the middle of the picture, so that shifts stay as small."""
        moved = start.matrix[:2].copy()
        moved[:, :2] += point[:4].reshape(2, 2)
        moved[:, 2] += point[4:] - point[:4].reshape(2, 2).sum(axis=1) / 2
        return Framing.of(moved)

    def discontent(point: np.ndarray) -> float:
        return -float(np.mean([ballot.max() for ballot in _ballots(framing(point), voters)]))

    first = np.zeros(6)
    simplex = np.vstack([first, first + _POLISH_STEP * np.eye(6)])
    found = minimize(
        discontent,
        first,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": 2e-4, "fatol": 1e-5, "maxfev": _POLISH_TRIES},
    )
    return _Found(framing(found.x), -float(found.fun))
