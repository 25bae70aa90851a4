"""Which frame of the reference shows the instant of a source frame."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.ndimage import maximum_filter1d

from unfade.curate.signature import Framing, shared_windows, signatures
from unfade.film.shot import Shot
from unfade.film.work import Track, untracked

MIN_SIMILARITY = 0.6
"""Below it two frames show different things. Unlike material seldom reaches 0.5."""
MAX_LAG = 0.35
"""Frames between the reference's instant and the source's, beyond which a match is uncertain."""

_COARSE = (24, 18)
"""Pixels of the signatures in which a shot looks through the whole reference."""
_FINE = (64, 48)
"""Pixels of those in which its frames find theirs."""
_PROBES = 8
"""Frames of a shot that look through the whole reference."""
_PACES = (Fraction(1), Fraction(25, 24), Fraction(24, 25), Fraction(5, 4), Fraction(4, 5))
"""Reference frames per source frame: the same frames, or a conversion that repeats or drops."""
_PLAY = 2
"""Frames by which a probe may lie off its shot's line."""
_LOYALTY = 0.02
"""Likeness that another line must win to be preferred to that of the shot before."""
_BAND = 48
"""Frames beside a shot's line in which its frames are looked for."""
_HOLD_COST = 2.0
"""Of repeating or passing over one reference frame, in units of what stays unlike."""
_JUMP_COST = 6.0
"""Of passing over more, in the same unit."""
_ODD_DROP = 5.0
"""How far a frame may fall below its shot's likeness, in the same unit."""
_LEAST_DROP = 0.02
_LEAST_UNLIKE = 0.004
"""What stays unlike between true matches at best: grain and compression."""
_STILL = 0.15
"""Change between the reference's neighbours, of all structure, below which nothing moves."""


@dataclass(frozen=True)
class Matches:
    """For each source frame, in order of the proxy, its match.

    `reference` is an index of the reference's proxy, -1 for none. `similarity` runs from 0 to 1,
    also where there is no match: then it is the best that was found. `lag` is where between the
    neighbours the true instant lies, in frames, 0 where nothing moves.
    """

    reference: np.ndarray
    similarity: np.ndarray
    lag: np.ndarray

    @property
    def certain(self) -> np.ndarray:
        """Bool (N,): matched, and the moving regions fit no neighbour better."""
        return np.asarray((self.reference >= 0) & (np.abs(self.lag) <= MAX_LAG))


@dataclass(frozen=True)
class Line:
    """Reference index = pace * source index + offset."""

    pace: Fraction
    offset: float

    def at(self, place: float) -> float:
        """The reference index of a source index."""
        return float(self.pace) * float(place) + self.offset


def match_frames(
    source: np.ndarray,
    reference: np.ndarray,
    shots: tuple[Shot, ...],
    first: int,
    framing: Framing,
    track: Track = untracked,
) -> Matches:
    """The match of every source frame.

    Each shot finds its line through the reference by the votes of a few frames, its frames find
    theirs beside that line in order of time, and the moving regions confirm each.

    Args:
        source: proxy of the source, uint8 (N, h, w, 3).
        reference: proxy of the reference, uint8 (M, h, w, 3).
        shots: of the source.
        first: the number of the source's first frame.
        framing: of the film.
        track: is told of every shot.
    """
    ours, theirs = shared_windows(framing)
    library = signatures(reference, theirs, *_COARSE)
    matches = Matches(
        np.full(len(source), -1, np.int64),
        np.zeros(len(source), np.float32),
        np.zeros(len(source), np.float32),
    )
    line: Line | None = None
    for shot in track(shots, "Matching shots", len(shots)):
        start = shot.frames.first - first
        stop = start + len(shot.frames)
        frames = signatures(np.asarray(source[start:stop]), ours, *_FINE)
        places = np.unique(np.linspace(start, stop - 1, _PROBES).round().astype(np.int64))
        probes = signatures(np.asarray(source[places]), ours, *_COARSE)
        line = _line(probes, places, library, line)
        low = int(np.clip(round(line.at(start)) - _BAND, 0, len(reference) - 1))
        high = max(low + 1, round(line.at(stop)) + _BAND)
        window = signatures(np.asarray(reference[low:high]), theirs, *_FINE)
        found = _match_shot(frames, window)
        matches.reference[start:stop] = np.where(found.reference < 0, -1, found.reference + low)
        matches.similarity[start:stop] = found.similarity
        matches.lag[start:stop] = found.lag
        line = line if (found.reference >= 0).any() else None
    return matches


def _line(probes: np.ndarray, places: np.ndarray, library: np.ndarray, before: Line | None) -> Line:
    """The line that the most alike reference frames of a shot's probes lie on.

    Args:
        probes: signatures of a few frames, (p, d).
        places: their indices in the source, (p,).
        library: signatures of the reference, (m, d).
        before: the line of the shot before, preferred where it is as good.
    """
    alike = maximum_filter1d(probes @ library.T, 2 * _PLAY + 1, axis=1, mode="constant", cval=0.0)
    best, best_votes = Line(Fraction(1), 0.0), -np.inf
    for pace in _PACES:
        steps = np.round((places - places[0]) * float(pace)).astype(np.int64)
        reach = int(steps[-1])
        votes = np.zeros(len(library) + reach, np.float32)
        for row, step in zip(alike, steps, strict=True):
            votes[reach - step : reach - step + len(library)] += row
        handicap = 0.0 if pace == 1 else _LOYALTY * len(places)
        starts = [(int(votes.argmax()), handicap)]
        if before is not None and before.pace == pace:
            same = int(np.clip(round(before.at(places[0])) + reach, 0, len(votes) - 1))
            starts.append((same, -_LOYALTY * len(places)))
        for start, burden in starts:
            if votes[start] - burden > best_votes:
                best_votes = votes[start] - burden
                best = Line(pace, start - reach - float(pace) * float(places[0]))
    return best


def _match_shot(source: np.ndarray, reference: np.ndarray) -> Matches:
    """The match of a shot's frames (n, d) among reference frames (m, d), both signatures."""
    alike = source @ reference.T
    unlike = max(_LEAST_UNLIKE, 1.0 - float(np.median(alike.max(axis=1))))
    path = _path(alike / unlike)
    similarity = np.maximum(alike[np.arange(len(path)), path], 0.0)
    good = similarity >= MIN_SIMILARITY
    typical = float(np.median(similarity[good])) if good.any() else 1.0
    least = max(MIN_SIMILARITY, typical - max(_ODD_DROP * unlike, _LEAST_DROP))
    kept = (similarity >= least) & _best_of_run(path, similarity)
    lag = _lag(source, reference, path)
    return Matches(np.where(kept, path, -1), similarity, np.where(kept, lag, 0.0))


def _path(score: np.ndarray) -> np.ndarray:
    """The column of each row on the best way through a score (n, m), never to the left."""
    rows, columns = score.shape
    total = score[0].copy()
    came_from = np.zeros((rows, columns), np.int64)
    here = np.arange(columns)
    for row in range(1, rows):
        leader = np.maximum.accumulate(np.where(total >= np.maximum.accumulate(total), here, 0))
        ways = np.stack(
            [
                _moved(total, 1),
                total - _HOLD_COST,
                _moved(total, 2) - _HOLD_COST,
                total[leader] - _JUMP_COST,
            ]
        )
        origins = np.stack([here - 1, here, here - 2, leader])
        best = ways.argmax(axis=0)
        came_from[row] = origins[best, here]
        total = ways[best, here] + score[row]
    path = np.empty(rows, np.int64)
    path[-1] = int(total.argmax())
    for row in range(rows - 1, 0, -1):
        path[row - 1] = came_from[row, path[row]]
    return path


def _moved(total: np.ndarray, by: int) -> np.ndarray:
    """A row moved to the right, with nothing to be had at its left end."""
    return np.concatenate([np.full(min(by, len(total)), -np.inf), total[: max(0, len(total) - by)]])


def _best_of_run(path: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """Of the frames that share one reference frame, the most alike: bool (n,)."""
    order = np.lexsort((-similarity, path))
    lead = np.ones(len(path), bool)
    lead[1:] = path[order][1:] != path[order][:-1]
    kept = np.zeros(len(path), bool)
    kept[order[lead]] = True
    return kept


def _lag(source: np.ndarray, reference: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Frames from each match to the instant that its moving regions fit best: (n,).

    The misfit in the moving regions, against the match and its two neighbours, is taken for a
    parabola; beyond a whole frame the lag says 1 or -1.
    """
    middle = reference[path]
    earlier = reference[np.maximum(path - 1, 0)]
    later = reference[np.minimum(path + 1, len(reference) - 1)]
    motion = np.abs(later - earlier)
    moving = motion.sum(axis=1) > _STILL * np.abs(middle).sum(axis=1)
    before, now, after = (
        (motion * (source - other) ** 2).sum(axis=1) for other in (earlier, middle, later)
    )
    bend = before - 2 * now + after
    bowl = bend > 0
    vertex = 0.5 * (before - after) / np.where(bowl, bend, 1.0)
    lag = np.where(bowl, np.clip(vertex, -1.0, 1.0), np.sign(before - after))
    return np.where(moving, lag, 0.0).astype(np.float32)
