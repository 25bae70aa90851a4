"""Which frame of the reference shows the instant of a source frame."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.ndimage import maximum_filter1d

from unfade.curate.matching.bend import find_bend
from unfade.curate.matching.reference_index import COARSE, FINE, Library
from unfade.curate.matching.signature import Framing, Window, shared_views, signatures
from unfade.curate.matching.timing import Movement, confirm
from unfade.film.shot import Shot
from unfade.work.progress import Track, untracked

MIN_SIMILARITY = 0.6
"""Below it two frames show different things. Unlike material seldom reaches 0.5."""

_SECTION = 120
"""Frames of a shot that find their places together: cost and memory do not grow with a shot."""
_CONTEXT = 12
"""Frames on either side of a section that help it to its places."""
_PROBES = 8
"""Frames of a section that look through the reference."""
_NEARBY = 1500
"""Film frames on either side of the expected place that are looked through first."""
_FAMILIAR = 0.75
"""Mean likeness of the probes, in the coarse signatures, above which no other place is tried."""
_PACES = (Fraction(1), Fraction(25, 24), Fraction(24, 25), Fraction(5, 4), Fraction(4, 5))
"""Reference frames per source frame: the same frames, or a conversion that repeats or drops."""
_PLAY = 2
"""Frames by which a probe may lie off its section's line."""
_LOYALTY = 0.02
"""Likeness that another line must win to be preferred to that of the section before."""
_BAND = 48
"""Frames beside a section's line in which its frames are looked for."""
_HOLD_COST = 2.0
"""Of repeating or passing over one reference frame, in units of what stays unlike."""
_JUMP_COST = 6.0
"""Of passing over more, in the same unit."""
_TEMPER = 10.0
"""How much less what moves is believed than its variance says: weave lasts for some frames."""
_LAG_SPREAD = 0.1
"""Variance, in squared frames, of a lag besides what is known of it."""
_BESIDE = 3
"""Frames beside the way that likeness finds, among which what moves decides."""
_MOST_UNTIMELY = 4.0
"""Cost of a place whose instant is certainly another, in the same unit."""
_ODD_DROP = 5.0
"""How far a frame may fall below its section's likeness, in the same unit."""
_LEAST_DROP = 0.02
_LEAST_UNLIKE = 0.004
"""What stays unlike between true matches at best: grain and compression."""
_LESSONS = 48
"""Shots, spread over the film, whose beginnings tell how the reference is bent."""
_STILL = 4
"""Frames of the clip that show one film frame where the picture stands still; pulldown and a
repeated frame together make 4 of them at most once in a while."""


@dataclass(frozen=True)
class FrameMatches:
    """For each source frame, in order of the proxy, its match.

    `reference` is an index of the reference's proxy, -1 for none. `similarity` runs from 0 to 1,
    also where there is no match: then it is the best that was found. `lag` is how many source
    frames after the match, or before it, the moving regions fit best. `doubt` says why a match is
    not to be trusted, empty where it is. `mirrored` tells of the whole reference.
    """

    reference: np.ndarray
    similarity: np.ndarray
    lag: np.ndarray
    doubt: np.ndarray
    mirrored: bool = False

    @classmethod
    def none(cls, count: int, *, mirrored: bool) -> "FrameMatches":
        """No match for any of so many frames."""
        return cls(
            np.full(count, -1, np.int64),
            np.zeros(count, np.float32),
            np.zeros(count, np.float32),
            np.full(count, "", object),
            mirrored,
        )

    def put(self, frames: range, found: "FrameMatches") -> None:
        """Takes over what was found of some of the frames."""
        part = slice(frames.start, frames.stop)
        self.reference[part] = found.reference
        self.similarity[part] = found.similarity
        self.lag[part] = found.lag
        self.doubt[part] = found.doubt

    @property
    def matched(self) -> np.ndarray:
        """Bool (N,)."""
        return np.asarray(self.reference >= 0)

    @property
    def certain(self) -> np.ndarray:
        """Bool (N,): matched, and the moving regions agree with this instant and no other."""
        return np.asarray(self.matched & (self.doubt == ""))


@dataclass(frozen=True)
class Line:
    """Film frame = pace * source index + offset."""

    pace: Fraction
    offset: float

    def at(self, place: float) -> float:
        """The film frame of a source index."""
        return float(self.pace) * float(place) + self.offset


def match_frames(
    source: np.ndarray,
    reference: np.ndarray,
    film_frames: np.ndarray,
    copies: np.ndarray,
    shots: tuple[Shot, ...],
    first: int,
    framing: Framing,
    track: Track = untracked,
) -> FrameMatches:
    """The match of every source frame.

    Each section of a shot finds its line through the reference by the votes of a few frames, its
    frames find theirs beside that line in order of time, and the moving regions confirm each.

    Args:
        source: proxy of the source, uint8 (N, h, w, 3).
        reference: proxy of the reference, uint8 (M, h, w, 3).
        film_frames: indices of the reference's frames that show each film frame once and whole.
        copies: for how many frames of the reference each of them is shown.
        shots: of the source.
        first: the number of the source's first frame.
        framing: of the film.
        track: is told of every shot.
    """
    ranges = [range(s.frames.first - first, s.frames.last + 1 - first) for s in shots]
    ours, theirs = shared_views(framing)
    matcher = _Matcher(source, ours, Library(reference, film_frames, copies, theirs))
    bend = find_bend(matcher.lessons(ranges[:: max(1, len(ranges) // _LESSONS)]))
    bent = Window(theirs.matrix, bend)
    matcher = _Matcher(source, ours, Library(reference, film_frames, copies, bent))
    matches = FrameMatches.none(len(source), mirrored=framing.scale_x < 0)
    for shot in track(ranges, "Matching shots", len(shots)):
        for section, wide in _sections(shot):
            matches.put(section, matcher.match(section, wide))
    return matches


def _sections(shot: range) -> Iterator[tuple[range, range]]:
    """Parts of a shot, about equally long, and the same with their context."""
    count = -(-len(shot) // _SECTION)
    for number in range(count):
        part = shot[len(shot) * number // count : len(shot) * (number + 1) // count]
        low, high = max(shot.start, part.start - _CONTEXT), min(shot.stop, part.stop + _CONTEXT)
        yield part, range(low, high)


@dataclass(frozen=True)
class _Places:
    """Of each frame of a section its place among film frames (n,), how alike the two are, and
    bool: whether it is there at all; and what the movement says of them."""

    path: np.ndarray
    similarity: np.ndarray
    kept: np.ndarray
    movement: Movement


@dataclass(frozen=True)
class _Section:
    """A section's source signatures (n, d), those of the film frames (m, d) it was looked for
    among, of which the first is `low`, where those stand still, and its places."""

    frames: np.ndarray
    window: np.ndarray
    low: int
    still: np.ndarray
    places: _Places


class _Matcher:
    """FrameMatches sections, each beside the line of the one before."""

    def __init__(self, source: np.ndarray, view: Window, library: Library) -> None:
        self._source = source
        self._view = view
        self._library = library
        self._line: Line | None = None

    def lessons(self, shots: list[range]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Source signatures and those of their matches, (n, d) each, of the shots' beginnings."""
        for shot in shots:
            _, wide = next(_sections(shot))
            section = self._place(wide)
            kept, path = section.places.kept, section.places.path
            if kept.any():
                yield section.frames, np.where(kept[:, None], section.window[path], np.nan)

    def match(self, frames: range, wide: range) -> FrameMatches:
        """The matches of a section's frames, which are looked for with their context."""
        section = self._place(wide)
        found = section.places
        instants = confirm(found.movement, found.path, found.kept, section.still)
        inner = slice(frames.start - wide.start, frames.stop - wide.start)
        kept = found.kept[inner]
        places = self._library.frames[section.low + found.path[inner]]
        return FrameMatches(
            np.where(kept, places, -1),
            found.similarity[inner],
            np.where(kept, instants.lag[inner], 0.0),
            np.where(kept, instants.doubt[inner], ""),
        )

    def _place(self, wide: range) -> _Section:
        """Where a section lies."""
        library = self._library
        frames = signatures(np.asarray(self._source[wide.start : wide.stop]), self._view, *FINE)
        places = np.unique(np.linspace(wide.start, wide.stop - 1, _PROBES).round().astype(np.int64))
        probes = signatures(np.asarray(self._source[places]), self._view, *COARSE)
        line = _line(probes, places, library, self._line)
        low = int(np.clip(round(line.at(wide.start)) - _BAND, 0, len(library) - 1))
        high = int(np.clip(round(line.at(wide.stop)) + _BAND, low + 1, len(library)))
        window = library.fine(low, high)
        still = library.copies[low:high] >= _STILL
        found = _places(frames, window, still)
        self._line = line if found.kept.any() else None
        return _Section(frames, window, low, still, found)


def _line(probes: np.ndarray, places: np.ndarray, library: Library, before: Line | None) -> Line:
    """The line on which the film frames lie that are most like a section's probes.

    Args:
        probes: coarse signatures of a few frames, (p, d).
        places: their indices in the source, (p,).
        library: the reference.
        before: the line of the section before, beside which is looked first.
    """
    if before is not None:
        expected = round(before.at(places[0]))
        low = int(np.clip(expected - _NEARBY, 0, len(library) - 1))
        high = int(np.clip(expected + _NEARBY, low + 1, len(library)))
        line, likeness = _best_line(library.likeness(probes, low, high), low, places, before)
        if likeness >= _FAMILIAR or (low, high) == (0, len(library)):
            return line
    return _best_line(library.likeness(probes, 0, len(library)), 0, places, before)[0]


def _best_line(
    likeness: np.ndarray, low: int, places: np.ndarray, before: Line | None
) -> tuple[Line, float]:
    """The line through film frames, of which the first is `low`, and the probes' mean likeness."""
    alike = maximum_filter1d(likeness, 2 * _PLAY + 1, axis=1, mode="constant", cval=0.0)
    length = alike.shape[1]
    best, best_votes = Line(Fraction(1), 0.0), -np.inf
    for pace in _PACES:
        steps = np.round((places - places[0]) * float(pace)).astype(np.int64)
        reach = int(steps[-1])
        votes = np.zeros(length + reach, np.float32)
        for row, step in zip(alike, steps, strict=True):
            votes[reach - step : reach - step + length] += row
        handicap = 0.0 if pace == 1 else _LOYALTY * len(places)
        starts = [(int(votes.argmax()), handicap)]
        if before is not None and before.pace == pace:
            same = round(before.at(places[0])) - low + reach
            starts.append((int(np.clip(same, 0, len(votes) - 1)), -_LOYALTY * len(places)))
        for start, burden in starts:
            if votes[start] - burden > best_votes:
                best_votes = votes[start] - burden
                best = Line(pace, start - reach + low - float(pace) * float(places[0]))
    return best, float(best_votes) / len(places)


def _places(source: np.ndarray, reference: np.ndarray, still: np.ndarray) -> _Places:
    """The place of each frame (n, d) among reference frames (m, d), both signatures.

    First by how alike they are, then by what differs from the section's mean, which is what
    moves, and last, beside that way, by the instant that the movement tells.
    """
    alike = source @ reference.T
    unlike = max(_LEAST_UNLIKE, 1.0 - float(np.median(alike.max(axis=1))))
    path = _path(alike / unlike, still)
    movement = Movement(source, reference, path)
    score = -movement.apart / (2 * unlike)
    path = _path(score, still)
    path = _path(score + _timeliness(movement, path, len(reference)), still)
    similarity = np.maximum(alike[np.arange(len(path)), path], 0.0)
    good = similarity >= MIN_SIMILARITY
    typical = float(np.median(similarity[good])) if good.any() else 1.0
    least = max(MIN_SIMILARITY, typical - max(_ODD_DROP * unlike, _LEAST_DROP))
    kept = (similarity >= least) & _best_of_run(path, similarity, still)
    return _Places(path, similarity, kept, movement)


def _timeliness(movement: Movement, path: np.ndarray, columns: int) -> np.ndarray:
    """How likely each place beside a path is by what moves, (n, columns); elsewhere as unlikely
    as can be."""
    likelihood = np.full((len(path), columns), -_MOST_UNTIMELY)
    rows = np.arange(len(path))
    for step in range(-_BESIDE, _BESIDE + 1):
        place = np.clip(path + step, 0, columns - 1)
        lag, variance = movement.lags(place)
        off = lag**2 / (_TEMPER * (variance + _LAG_SPREAD))
        likelihood[rows, place] = -np.minimum(off, _MOST_UNTIMELY)
    return likelihood


def _path(score: np.ndarray, still: np.ndarray) -> np.ndarray:
    """The column of each row on the best way through a score (n, m), never to the left.

    To stay on a column costs, but where the picture stands still, bool (m,).
    """
    rows, columns = score.shape
    total = score[0].copy()
    came_from = np.zeros((rows, columns), np.int32)
    here = np.arange(columns, dtype=np.int32)
    staying = np.where(still, 0.0, _HOLD_COST)
    for row in range(1, rows):
        leader = np.maximum.accumulate(np.where(total >= np.maximum.accumulate(total), here, 0))
        ways = np.stack(
            [
                _moved(total, 1),
                total - staying,
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


def _best_of_run(path: np.ndarray, similarity: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Of the frames that share one reference frame, the most alike; all where it stands still."""
    order = np.lexsort((-similarity, path))
    lead = np.ones(len(path), bool)
    lead[1:] = path[order][1:] != path[order][:-1]
    kept = np.zeros(len(path), bool)
    kept[order[lead]] = True
    return np.asarray(kept | still[path])
