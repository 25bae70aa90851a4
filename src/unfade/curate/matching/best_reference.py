"""Several references: which of them shows a frame of the scan best.

Where a match is certain goes before where it is not, and a clean picture before one that something
covers. Among those that are left the reference that shows most of the scan's detail is taken, the
same one all over the film as far as it goes: references are graded differently, and to take now
this one and now that would teach the model two colours for one thing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from unfade.curate.matching.frames import FrameMatches
from unfade.film.shot import Shot

_CLOUDED = 0.015
"""Likeness that a reference loses, against another of the same frame and against the difference
that is usual between the two, where something lies over it: subtitles cost 0.026 and more; clean
frames of two references differ by 0.005."""
_COMPARED = 32
"""Shots, spread over the film, in which the detail of the references is compared."""
_CLEARLY_LESS = 0.8
"""Share of another reference's detail in a shot below which the film's usual order is left."""


@dataclass(frozen=True)
class BestMatches:
    """The matches of a film in each of its references, by name, and which shows a frame best.

    `of` are places among the names, int (N,). What is asked of all frames is of the best.
    """

    each: Mapping[str, FrameMatches]
    of: np.ndarray

    def name(self, index: int) -> str:
        """The reference that shows a frame best."""
        return list(self.each)[int(self.of[index])]

    def others(self, index: int) -> list[str]:
        """The other references in which a frame's match is certain."""
        best = self.name(index)
        return [name for name, one in self.each.items() if name != best and one.certain[index]]

    @cached_property
    def similarity(self) -> np.ndarray:
        """How alike the frames and their best matches are."""
        return self._best("similarity")

    @cached_property
    def doubt(self) -> np.ndarray:
        """Why the best match is not to be trusted, empty where it is."""
        return self._best("doubt")

    @cached_property
    def matched(self) -> np.ndarray:
        """Bool (N,): whether any reference shows a frame."""
        return self._best("matched")

    @cached_property
    def certain(self) -> np.ndarray:
        """Bool (N,): whether a match is certain in any reference."""
        return self._best("certain")

    def _best(self, column: str) -> np.ndarray:
        columns = np.stack([getattr(matches, column) for matches in self.each.values()])
        return np.asarray(columns[self.of, np.arange(len(self.of))])


def compared_frames(
    each: Mapping[str, FrameMatches], shots: tuple[Shot, ...], first: int
) -> dict[int, int]:
    """Frames at which the references are compared: of some shots, by their places among `shots`,
    the middle one of the frames that are certain in several references."""
    several = np.sum([matches.certain for matches in each.values()], axis=0) > 1
    middles = {}
    for place, shot in enumerate(shots):
        start = shot.frames.first - first
        common = np.flatnonzero(several[start : start + len(shot.frames)])
        if len(common):
            middles[place] = start + int(common[len(common) // 2])
    return dict(list(middles.items())[:: -(-len(middles) // _COMPARED) or 1])


def best_instants(
    each: Mapping[str, FrameMatches], detail: np.ndarray, shots: tuple[Shot, ...], first: int
) -> BestMatches:
    """Which reference shows each frame best.

    Args:
        each: the matches in every reference.
        detail: of each reference in each shot, (shots, references), 0 to 1; not a number where it
            was not measured.
        shots: of the source.
        first: the number of the source's first frame.
    """
    certain = np.stack([matches.certain for matches in each.values()])
    matched = np.stack([matches.matched for matches in each.values()])
    likeness = np.stack([matches.similarity for matches in each.values()])
    worth = np.empty(certain.shape)
    for shot, order in zip(shots, _worth(detail), strict=True):
        start = shot.frames.first - first
        worth[:, start : start + len(shot.frames)] = order[:, None]
    clear = certain & ~_clouded(likeness, certain)
    rank = matched.astype(int) + certain + clear
    merit = 2 * rank + np.where(certain, worth, likeness)
    return BestMatches(each, merit.argmax(axis=0))


def film_detail(detail: np.ndarray) -> np.ndarray:
    """The detail of each reference all over the film, of (shots, references); 0 where nothing was
    measured."""
    measured = np.isfinite(detail).any(axis=0)
    film = np.zeros(detail.shape[1])
    film[measured] = np.nanmedian(detail[:, measured], axis=0)
    return film


def _worth(detail: np.ndarray) -> np.ndarray:
    """What the references are worth in each shot, (shots, references), 0 to 1."""
    film = film_detail(detail)
    worth = np.tile(film, (len(detail), 1))
    for row, found in zip(worth, detail, strict=True):
        known = np.isfinite(found)
        if known.sum() > 1:
            best = int(np.where(known, film, -1.0).argmax())
            if found[best] < _CLEARLY_LESS * np.nanmax(found):
                row[known] = found[known]
    return worth


def _clouded(likeness: np.ndarray, certain: np.ndarray) -> np.ndarray:
    """Bool (references, N): frames over which something lies in one reference and not in another.

    A frame is more alike in a better reference, and in all of them less where it is dark or
    grainy; what neither explains is something that lies over it.
    """
    both = certain & (certain.sum(axis=0) > 1)
    above = np.full(certain.shape, -np.inf)
    for mine, alike, shared in zip(above, likeness, both, strict=True):
        if shared.any():
            mine[shared] = alike[shared] - np.median(alike[shared])
    return np.asarray(both & (above < above.max(axis=0) - _CLOUDED))
