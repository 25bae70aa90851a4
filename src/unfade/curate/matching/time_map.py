"""Time maps: which film frame of the reference belongs to a section of the source, by votes of
probes."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.ndimage import maximum_filter1d

from unfade.curate.matching.reference_index import ReferenceIndex

_NEARBY_FRAMES = 1500
"""Number of film frames on either side of the expected position that are searched first: about a
minute."""
_MIN_NEARBY_SIMILARITY = 0.75
"""Mean similarity of the probes, by coarse signatures, from which only the neighbourhood of the
expected position is searched."""
_RATES = (Fraction(1), Fraction(25, 24), Fraction(24, 25), Fraction(5, 4), Fraction(4, 5))
"""Reference frames per source frame: equal rates first, then those of conversions that repeat or
drop frames."""
_PROBE_TOLERANCE_FRAMES = 2
"""Distance in frames between a probe and its section's time map, because frames may be missing or
repeated in between."""
_SWITCH_COST = 0.02
"""Mean similarity by which another time map must beat the one of the section before."""


@dataclass(frozen=True)
class TimeMap:
    """Linear map of time: film frame = rate * source index + offset."""

    rate: Fraction
    offset: float

    def at(self, index: float) -> float:
        """The film frame of a source index."""
        return float(self.rate) * float(index) + self.offset


def find_time_map(
    probes: np.ndarray, indices: np.ndarray, index: ReferenceIndex, previous: TimeMap | None
) -> TimeMap:
    """The time map whose film frames are most similar to a section's probes.

    Args:
        probes: coarse signatures of a few frames, (p, d).
        indices: indices of the probes in the source, (p,).
        index: index of the reference.
        previous: time map of the section before; its neighbourhood is searched first.
    """
    if previous is not None:
        expected = round(previous.at(indices[0]))
        low = int(np.clip(expected - _NEARBY_FRAMES, 0, len(index) - 1))
        high = int(np.clip(expected + _NEARBY_FRAMES, low + 1, len(index)))
        time_map, similarity = _best_time_map(
            index.similarity(probes, low, high), low, indices, previous
        )
        if similarity >= _MIN_NEARBY_SIMILARITY or (low, high) == (0, len(index)):
            return time_map
    return _best_time_map(index.similarity(probes, 0, len(index)), 0, indices, previous)[0]


def _best_time_map(
    similarity: np.ndarray, low: int, indices: np.ndarray, previous: TimeMap | None
) -> tuple[TimeMap, float]:
    """The best time map by the votes of all probes, and their mean similarity. `low` is the film
    frame of the first column."""
    tolerant = maximum_filter1d(
        similarity, 2 * _PROBE_TOLERANCE_FRAMES + 1, axis=1, mode="constant", cval=0.0
    )
    length = tolerant.shape[1]
    best, best_votes = TimeMap(Fraction(1), 0.0), -np.inf
    for rate in _RATES:
        steps = np.round((indices - indices[0]) * float(rate)).astype(np.int64)
        span = int(steps[-1])
        votes = np.zeros(length + span, np.float32)
        for row, offset in zip(tolerant, steps, strict=True):
            votes[span - offset : span - offset + length] += row
        cost = 0.0 if rate == 1 else _SWITCH_COST * len(indices)
        starts = [(int(votes.argmax()), cost)]
        if previous is not None and previous.rate == rate:
            continued = round(previous.at(indices[0])) - low + span
            starts.append(
                (int(np.clip(continued, 0, len(votes) - 1)), -_SWITCH_COST * len(indices))
            )
        for start, cost_of_start in starts:
            if votes[start] - cost_of_start > best_votes:
                best_votes = votes[start] - cost_of_start
                best = TimeMap(rate, start - span + low - float(rate) * float(indices[0]))
    return best, float(best_votes) / len(indices)
