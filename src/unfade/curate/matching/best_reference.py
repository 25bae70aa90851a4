"""Choice among several references: which one shows a frame of the scan best.

A certain match takes precedence over an uncertain one, and a clean picture over one with an
overlay, such as a subtitle. Among the references that remain, the one that shows most of the scan's
detail is preferred, and the same one over the whole film where possible: references are graded
differently, so alternating between them would teach the model two colours for one object.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from unfade.curate.matching.frames import FrameMatches
from unfade.film.shot import Shot

_OVERLAY_SIMILARITY_LOSS = 0.015
"""Loss of similarity from which a frame of a reference counts as covered by an overlay. It is
measured against another reference of the same frame, relative to the usual difference between the
two. Subtitles cost 0.026 and more; clean frames of two references differ by 0.005."""
_MAX_COMPARED_SHOTS = 32
"""Number of shots, spread over the film, in which the detail of the references is compared. Each
costs one decoded frame per reference."""
_MIN_DETAIL_RATIO = 0.8
"""Detail of the film's preferred reference in a shot, as a share of the best reference's detail
there, below which the shot departs from the film's preference."""


@dataclass(frozen=True)
class BestMatches:
    """The matches of a film in each reference, by name, and the best reference of each frame.

    `best_index` (N,) are positions of the best references among the names. All other columns, (N,),
    are those of the best reference.
    """

    by_reference: Mapping[str, FrameMatches]
    best_index: np.ndarray

    def name(self, index: int) -> str:
        """The name of the best reference of a frame."""
        return list(self.by_reference)[int(self.best_index[index])]

    def other_certain_references(self, index: int) -> list[str]:
        """The names of the other references with a certain match of a frame."""
        best = self.name(index)
        return [
            name for name, one in self.by_reference.items() if name != best and one.certain[index]
        ]

    @cached_property
    def similarity(self) -> np.ndarray:
        """Similarity of each frame and its best match, 0 to 1."""
        return self._best("similarity")

    @cached_property
    def doubt(self) -> np.ndarray:
        """Why the best match is uncertain; empty if it is certain."""
        return self._best("doubt")

    @cached_property
    def matched(self) -> np.ndarray:
        """Bool (N,): whether any reference has a match."""
        return self._best("matched")

    @cached_property
    def certain(self) -> np.ndarray:
        """Bool (N,): whether any reference has a certain match."""
        return self._best("certain")

    def _best(self, column: str) -> np.ndarray:
        columns = np.stack([getattr(matches, column) for matches in self.by_reference.values()])
        return np.asarray(columns[self.best_index, np.arange(len(self.best_index))])


def compared_frames(
    by_reference: Mapping[str, FrameMatches], shots: tuple[Shot, ...], first: int
) -> dict[int, int]:
    """Frames at which the references are compared, by indices of their shots.

    The frame of a shot is the middle one of those with a certain match in several references.
    """
    in_several = np.sum([matches.certain for matches in by_reference.values()], axis=0) > 1
    middles = {}
    for index, shot in enumerate(shots):
        start = shot.frames.first - first
        common = np.flatnonzero(in_several[start : start + len(shot.frames)])
        if len(common):
            middles[index] = start + int(common[len(common) // 2])
    return dict(list(middles.items())[:: -(-len(middles) // _MAX_COMPARED_SHOTS) or 1])


def best_matches(
    by_reference: Mapping[str, FrameMatches],
    detail: np.ndarray,
    shots: tuple[Shot, ...],
    first: int,
) -> BestMatches:
    """The best reference of each frame.

    Args:
        by_reference: the matches in each reference.
        detail: detail of each reference in each shot, (shots, references), 0 to 1; NaN if it was
            not measured.
        shots: shots of the source.
        first: number of the source's first frame.
    """
    certain = np.stack([matches.certain for matches in by_reference.values()])
    matched = np.stack([matches.matched for matches in by_reference.values()])
    similarity = np.stack([matches.similarity for matches in by_reference.values()])
    preference = np.empty(certain.shape)
    for shot, shot_preference in zip(shots, _preference(detail), strict=True):
        start = shot.frames.first - first
        preference[:, start : start + len(shot.frames)] = shot_preference[:, None]
    clear = certain & ~_has_overlay(similarity, certain)
    rank = matched.astype(int) + certain + clear
    score = 2 * rank + np.where(certain, preference, similarity)
    return BestMatches(by_reference, score.argmax(axis=0))


def film_detail(detail: np.ndarray) -> np.ndarray:
    """Median over shots of the detail of each reference, from (shots, references); 0 if it was not
    measured."""
    measured = np.isfinite(detail).any(axis=0)
    median = np.zeros(detail.shape[1])
    median[measured] = np.nanmedian(detail[:, measured], axis=0)
    return median


def _preference(detail: np.ndarray) -> np.ndarray:
    """Preference for each reference in each shot, (shots, references), 0 to 1."""
    film = film_detail(detail)
    preference = np.tile(film, (len(detail), 1))
    for row, shot_detail in zip(preference, detail, strict=True):
        measured = np.isfinite(shot_detail)
        if measured.sum() > 1:
            best = int(np.where(measured, film, -1.0).argmax())
            if shot_detail[best] < _MIN_DETAIL_RATIO * np.nanmax(shot_detail):
                row[measured] = shot_detail[measured]
    return preference


def _has_overlay(similarity: np.ndarray, certain: np.ndarray) -> np.ndarray:
    """Bool (references, N): frames with an overlay in one reference and not in another.

    Similarity depends on the reference, because a better one is more similar, and on the frame,
    because dark or grainy frames are less similar. A loss that neither explains is an overlay.
    """
    both = certain & (certain.sum(axis=0) > 1)
    excess = np.full(certain.shape, -np.inf)
    for excess_row, similarity_row, common in zip(excess, similarity, both, strict=True):
        if common.any():
            excess_row[common] = similarity_row[common] - np.median(similarity_row[common])
    return np.asarray(both & (excess < excess.max(axis=0) - _OVERLAY_SIMILARITY_LOSS))
