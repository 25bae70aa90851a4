"""Frame matching: which frame of the reference shows the instant of each source frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unfade.curate.matching.displacement import estimate_displacement
from unfade.curate.matching.monotonic_path import best_of_repeats, best_path
from unfade.curate.matching.reference_index import COARSE_SIZE_PX, FINE_SIZE_PX, ReferenceIndex
from unfade.curate.matching.signature import Framing, Window, shared_views, signatures
from unfade.curate.matching.time_map import TimeMap, find_time_map
from unfade.curate.matching.timing import LagEstimator, check_timing
from unfade.film.shot import Shot
from unfade.work.progress import Track, untracked

MIN_SIMILARITY = 0.6
"""Similarity below which two frames have different content. Unrelated frames seldom reach 0.5."""

_SECTION_FRAMES = 120
"""Number of frames of a shot that are matched together, so that cost and memory do not grow with
the length of a shot."""
_CONTEXT_FRAMES = 12
"""Number of frames on either side of a section that are matched with it, so that its ends are as
reliable as its middle."""
_PROBES_PER_SECTION = 8
"""Number of frames of a section that are searched for in the whole reference."""
_BAND_FRAMES = 48
"""Number of film frames on either side of a section's time map among which its frames are
matched."""
_LAG_VARIANCE_FACTOR = 10.0
"""Factor on the variance of a lag, because weave is correlated from frame to frame."""
_EXTRA_LAG_VARIANCE = 0.1
"""Variance, in squared frames, added to that of a lag. A larger value lets similarity decide more
often."""
_TIMING_REACH_FRAMES = 3
"""Distance from the path found by similarity within which timing refines it."""
_MAX_TIMING_COST = 4.0
"""Cost of a position at a certainly different instant, in units of the typical dissimilarity."""
_MAX_DROP = 5.0
"""Largest drop of a frame's similarity below its section's median, in units of the typical
dissimilarity. Larger drops are frames that the reference lacks."""
_MIN_DROP = 0.02
"""Smallest limit of that drop, in similarity, for sections that match almost perfectly."""
_MIN_DISSIMILARITY = 0.004
"""Smallest typical dissimilarity of true matches: grain and compression always leave some."""
_DISPLACEMENT_SHOTS = 48
"""Number of shots, spread over the film, from whose beginnings the displacement of the reference is
estimated."""
_MIN_STILL_COPIES = 4
"""Number of equal frames of the clip from which the picture counts as still. Pulldown with a
repeated frame rarely reaches 4."""


@dataclass(frozen=True)
class FrameMatches:
    """The match of each source frame, in order of the proxy.

    `reference` is an index in the reference's proxy, -1 without a match. `similarity`, 0 to 1, is
    that of the match, or the highest found. `lag` is the offset in source frames at which the
    moving regions fit best, positive after the match. `doubt` is why a match is uncertain; empty if
    it is certain. `mirrored` applies to the whole reference.
    """

    reference: np.ndarray
    similarity: np.ndarray
    lag: np.ndarray
    doubt: np.ndarray
    mirrored: bool = False

    @classmethod
    def unmatched(cls, count: int, *, mirrored: bool) -> "FrameMatches":
        """Columns for `count` frames without a match."""
        return cls(
            np.full(count, -1, np.int64),
            np.zeros(count, np.float32),
            np.zeros(count, np.float32),
            np.full(count, "", object),
            mirrored,
        )

    def assign(self, frames: range, matches: "FrameMatches") -> None:
        """Stores the matches of some frames."""
        span = slice(frames.start, frames.stop)
        self.reference[span] = matches.reference
        self.similarity[span] = matches.similarity
        self.lag[span] = matches.lag
        self.doubt[span] = matches.doubt

    @property
    def matched(self) -> np.ndarray:
        """Bool (N,): frames with a match."""
        return np.asarray(self.reference >= 0)

    @property
    def certain(self) -> np.ndarray:
        """Bool (N,): frames with a match whose moving regions confirm its timing."""
        return np.asarray(self.matched & (self.doubt == ""))


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

    Each section of a shot gets a time map to the reference by the votes of a few probes. Its frames
    are then matched near that map, in order of time, and the moving regions confirm each match.

    Args:
        source: proxy of the source, uint8 (N, h, w, 3).
        reference: proxy of the reference, uint8 (M, h, w, 3).
        film_frames: indices of the reference's frames, one whole frame of the clip for each film
            frame.
        copies: number of frames of the clip that show each film frame.
        shots: shots of the source.
        first: number of the source's first frame.
        framing: framing of the film in the reference.
        track: reports the progress over shots.
    """
    ranges = [range(span.frames.first - first, span.frames.last + 1 - first) for span in shots]
    source_view, reference_view = shared_views(framing)
    matcher = _SectionMatcher(
        source, source_view, ReferenceIndex(reference, film_frames, copies, reference_view)
    )
    displacement = estimate_displacement(
        matcher.matched_signatures(ranges[:: max(1, len(ranges) // _DISPLACEMENT_SHOTS)])
    )
    warped_view = Window(reference_view.matrix, displacement)
    matcher = _SectionMatcher(
        source, source_view, ReferenceIndex(reference, film_frames, copies, warped_view)
    )
    matches = FrameMatches.unmatched(len(source), mirrored=framing.scale_x < 0)
    for shot in track(ranges, "Matching shots", len(shots)):
        for section, with_context in _sections(shot):
            matches.assign(section, matcher.match(section, with_context))
    return matches


def _sections(shot: range) -> Iterator[tuple[range, range]]:
    """Sections of a shot, about equally long, each without and with its context."""
    count = -(-len(shot) // _SECTION_FRAMES)
    for number in range(count):
        section = shot[len(shot) * number // count : len(shot) * (number + 1) // count]
        low, high = (
            max(shot.start, section.start - _CONTEXT_FRAMES),
            min(shot.stop, section.stop + _CONTEXT_FRAMES),
        )
        yield section, range(low, high)


@dataclass(frozen=True)
class _SectionMatches:
    """The matches of a section: `path` (n,), the index of each frame's match among the candidates;
    `similarity` (n,); `kept`, bool (n,), whether the match is accepted; and the estimator of
    lags."""

    path: np.ndarray
    similarity: np.ndarray
    kept: np.ndarray
    estimator: LagEstimator


@dataclass(frozen=True)
class _Section:
    """A section: signatures of its frames (n, d) and of the candidates (m, d), which are
    consecutive film frames from number `low`; `still`, bool (m,), candidates that stand still; and
    the matches."""

    frames: np.ndarray
    candidates: np.ndarray
    low: int
    still: np.ndarray
    matches: _SectionMatches


class _SectionMatcher:
    """Matches sections, each near the time map of the one before."""

    def __init__(self, source: np.ndarray, view: Window, index: ReferenceIndex) -> None:
        self._source = source
        self._view = view
        self._index = index
        self._previous: TimeMap | None = None

    def matched_signatures(self, shots: list[range]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Signatures of frames and of their matches, (n, d) each, from the first section of each
        shot."""
        for shot in shots:
            _, with_context = next(_sections(shot))
            section = self._locate(with_context)
            kept, path = section.matches.kept, section.matches.path
            if kept.any():
                yield section.frames, np.where(kept[:, None], section.candidates[path], np.nan)

    def match(self, frames: range, with_context: range) -> FrameMatches:
        """The matches of a section's frames, found together with their context."""
        section = self._locate(with_context)
        section_matches = section.matches
        timing = check_timing(
            section_matches.estimator, section_matches.path, section_matches.kept, section.still
        )
        inner = slice(frames.start - with_context.start, frames.stop - with_context.start)
        kept = section_matches.kept[inner]
        film_frames = self._index.frames[section.low + section_matches.path[inner]]
        return FrameMatches(
            np.where(kept, film_frames, -1),
            section_matches.similarity[inner],
            np.where(kept, timing.lag[inner], 0.0),
            np.where(kept, timing.doubt[inner], ""),
        )

    def _locate(self, with_context: range) -> _Section:
        """Finds a section in the reference and matches its frames."""
        index = self._index
        frames = signatures(
            np.asarray(self._source[with_context.start : with_context.stop]),
            self._view,
            *FINE_SIZE_PX,
        )
        indices = np.unique(
            np.linspace(with_context.start, with_context.stop - 1, _PROBES_PER_SECTION)
            .round()
            .astype(np.int64)
        )
        probes = signatures(np.asarray(self._source[indices]), self._view, *COARSE_SIZE_PX)
        time_map = find_time_map(probes, indices, index, self._previous)
        low = int(np.clip(round(time_map.at(with_context.start)) - _BAND_FRAMES, 0, len(index) - 1))
        high = int(
            np.clip(round(time_map.at(with_context.stop)) + _BAND_FRAMES, low + 1, len(index))
        )
        candidates = index.fine(low, high)
        still = index.copies[low:high] >= _MIN_STILL_COPIES
        matches = _match_section(frames, candidates, still)
        self._previous = time_map if matches.kept.any() else None
        return _Section(frames, candidates, low, still, matches)


def _match_section(source: np.ndarray, reference: np.ndarray, still: np.ndarray) -> _SectionMatches:
    """The matches of a section; `source` (n, d) and `reference` (m, d) are signatures.

    The first pass uses similarity. The second uses deviations from the section's mean, which
    contain the motion. The third adds the timing near the path of the second.
    """
    similarities = source @ reference.T
    dissimilarity = max(_MIN_DISSIMILARITY, 1.0 - float(np.median(similarities.max(axis=1))))
    path = best_path(similarities / dissimilarity, still)
    estimator = LagEstimator(source, reference, path)
    score = -estimator.squared_distances / (2 * dissimilarity)
    path = best_path(score, still)
    path = best_path(score + _timing_score(estimator, path, len(reference)), still)
    similarity = np.maximum(similarities[np.arange(len(path)), path], 0.0)
    similar = similarity >= MIN_SIMILARITY
    typical = float(np.median(similarity[similar])) if similar.any() else 1.0
    threshold = max(MIN_SIMILARITY, typical - max(_MAX_DROP * dissimilarity, _MIN_DROP))
    kept = (similarity >= threshold) & best_of_repeats(path, similarity, still)
    return _SectionMatches(path, similarity, kept, estimator)


def _timing_score(estimator: LagEstimator, path: np.ndarray, columns: int) -> np.ndarray:
    """Score of each position near a path by its lag, (n, columns): the negative squared lag
    relative to its variance, at least -`_MAX_TIMING_COST`, which it is elsewhere."""
    score = np.full((len(path), columns), -_MAX_TIMING_COST)
    rows = np.arange(len(path))
    for step in range(-_TIMING_REACH_FRAMES, _TIMING_REACH_FRAMES + 1):
        column = np.clip(path + step, 0, columns - 1)
        lag, variance = estimator.lags(column)
        cost = lag**2 / (_LAG_VARIANCE_FACTOR * (variance + _EXTRA_LAG_VARIANCE))
        score[rows, column] = -np.minimum(cost, _MAX_TIMING_COST)
    return score
