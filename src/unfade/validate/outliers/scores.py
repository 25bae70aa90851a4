"""Scores of the frames of a film, by what they measure, and the limits that good frames keep."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unfade.film.rendering import PredictedError
from unfade.film.time import FrameRange
from unfade.validate.outliers.evidence import FrameEvidence, Values
from unfade.validate.outliers.shot_evidence import ShotEvidence
from unfade.validate.outliers.shot_law import unsteadiness
from unfade.validate.outliers.smoothing import moving_median

SHIFT_WINDOW_FRAMES = 5
"""Frames whose median shift counts, because that of one frame is noisy where edges are few."""

WRONG_WINDOW_FRAMES = 3
"""Frames whose median difference to the reference counts: one frame may be matched a field off."""

EDGE_FRAMES = 2
"""Frames at head and tail of a shot at which a change of the crop shows."""

MIN_CROP_FRAMES = 4 * EDGE_FRAMES
"""Frames of a shot below which head and tail have nothing to be compared with."""


@dataclass(frozen=True)
class FrameScores:
    """Scores of the frames of a film, each (N,); NaN where there is no evidence.

    In CIEDE2000: `wrong`, to the reference; `drift`, `flicker`, `reference_flicker` and `skin`, of
    `Unsteadiness`; `predicted`, the model's own estimate. `shift` is that of chroma in pixels of
    the small raster, `shift_x` and `shift_y` its parts. `unsupported`, `band` and `plateau` are
    those of the evidence. `crop` is the share by which the rim at head or tail is darker than in
    the middle of the shot, `inner_crop` the same of all other frames. `offset` (N, 2) is
    the mean difference of Cb and Cr to the reference.
    """

    frame: NDArray[np.int64]
    shot: NDArray[np.int64]
    wrong: Values
    drift: Values
    flicker: Values
    reference_flicker: Values
    skin: Values
    predicted: Values
    shift: Values
    shift_x: Values
    shift_y: Values
    unsupported: Values
    band: Values
    plateau: Values
    crop: Values
    inner_crop: Values
    offset: Values


class ScoreCollector:
    """Collects the scores of a film from the evidence of its frames, which it holds for one shot at
    a time."""

    def __init__(self, ends: Mapping[int, FrameRange], folder: Path) -> None:
        """No frame has come yet; `ends` are the frames of all shots, by number, `folder` that of
        temporary files."""
        self._ends, self._folder = ends, folder
        self._parts: list[FrameScores] = []
        self._shot: ShotEvidence | None = None
        self._number = 0

    def add(self, evidence: FrameEvidence, predicted: PredictedError) -> None:
        """Takes the next frame.

        Raises:
            WorkError: a temporary file cannot be written.
        """
        if evidence.shot != self._number:
            self._close_shot()
        if self._shot is None:
            self._shot, self._number = ShotEvidence(self._folder), evidence.shot
        self._shot.add(evidence, predicted.mean)

    def scores(self) -> FrameScores:
        """The scores of all frames; there is at least one."""
        self._close_shot()
        return FrameScores(
            **{
                name: np.concatenate([getattr(part, name) for part in self._parts])
                for name in FrameScores.__dataclass_fields__
            }
        )

    def _close_shot(self) -> None:
        if self._shot is not None:
            self._parts.append(_scores_of_shot(self._shot, self._ends.get(self._number)))
            self._shot = None


def stretches(scores: FrameScores) -> Iterator[tuple[int, slice]]:
    """Consecutive frames of one shot: its number, and their place. A shot of which all frames are
    rendered is one."""
    start = 0
    positions = scores.frame - np.arange(len(scores.frame))
    keys = zip(scores.shot.tolist(), positions.tolist(), strict=True)
    for (shot, _), members in groupby(keys):
        count = len(list(members))
        yield shot, slice(start, start + count)
        start += count


def _scores_of_shot(shot: ShotEvidence, whole: FrameRange | None) -> FrameScores:
    """The scores of the rendered frames of a shot that has the frames `whole`; None if unknown."""
    figures, unsteady = shot.figures, unsteadiness(shot)
    shift_x, shift_y = (
        moving_median(figures["shift"][:, axis], SHIFT_WINDOW_FRAMES) for axis in range(2)
    )
    crop, inner_crop = _crop_changes(figures["frame"], figures["rim"], whole)
    return FrameScores(
        frame=figures["frame"],
        shot=figures["shot"],
        wrong=moving_median(figures["wrong"], WRONG_WINDOW_FRAMES),
        drift=unsteady.drift,
        flicker=unsteady.flicker,
        reference_flicker=unsteady.reference_flicker,
        skin=unsteady.skin,
        predicted=figures["predicted"],
        shift=np.hypot(shift_x, shift_y),
        shift_x=shift_x,
        shift_y=shift_y,
        unsupported=figures["unsupported"],
        band=figures["band"],
        plateau=figures["plateau"],
        crop=crop,
        inner_crop=inner_crop,
        offset=figures["offset"],
    )


def _crop_changes(
    numbers: NDArray[np.int64], rims: Values, whole: FrameRange | None
) -> tuple[Values, Values]:
    """The darkening of rims (N, 4) of frames (N,) against the median of the shot, at its head and
    tail, and between; NaN elsewhere, and where a frame is black."""
    crop, inner = np.full(len(rims), np.nan), np.full(len(rims), np.nan)
    if len(rims) < MIN_CROP_FRAMES or whole is None:
        return crop, inner
    is_end = (numbers < whole.first + EDGE_FRAMES) | (numbers > whole.last - EDGE_FRAMES)
    usual = np.nanmedian(rims[~is_end], axis=0) if (~is_end).any() else np.full(4, np.nan)
    darkening = (1 - rims / np.maximum(usual, 1e-3)).max(axis=1)
    crop[is_end], inner[~is_end] = darkening[is_end], darkening[~is_end]
    return crop, inner
