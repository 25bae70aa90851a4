"""The review of a rendering: outliers with place, reason and mend, from the frames of the film."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unfade.color.ycbcr import ycbcr_to_rgb
from unfade.film.alignment import Alignments
from unfade.film.clip import Area
from unfade.film.figures import HeldOutFigures
from unfade.film.match import MatchRecord
from unfade.film.outlier import OutlierRun
from unfade.film.pair import PairList, pairs_by_shot
from unfade.film.rendering import PredictedError
from unfade.film.report import Measure
from unfade.film.shot import Shot
from unfade.validate.outliers.evidence import FrameEvidence, Plane, frame_evidence
from unfade.validate.outliers.flags import ShotFacts, flags
from unfade.validate.outliers.places import locate, reason
from unfade.validate.outliers.reference import ReferenceColour
from unfade.validate.outliers.runs import FlaggedRun, MendFacts, flagged_runs, mend
from unfade.validate.outliers.scores import FrameScores, ScoreCollector
from unfade.validate.steadiness import SmallFrame
from unfade.validate.verdict import limited

NO_REFERENCE_LEVEL = 0.2
"""Display value in the place of a reference that does not exist: dark grey."""

VISIBLE_CIEDE2000 = 1.0
"""Difference of colour below which nobody sees a fault."""


@dataclass(frozen=True)
class OutlierCase:
    """An outlier with the mask of its worst frame, bool (h, w), and pictures of it: the scan, the
    recovered frame, and its reference, (3, h, w). The last is grey without a reference; there are
    no pictures if it is not on the sheet."""

    run: OutlierRun
    mask: NDArray[np.bool_] | None
    pictures: tuple[Tensor, ...]

    @property
    def is_visible(self) -> bool:
        """Whether a person can see the fault; one of the whole frame is visible from its limit."""
        if self.mask is None or self.run.ciede2000 is None:
            return True
        return self.run.ciede2000 >= VISIBLE_CIEDE2000


def outlier_measure(cases: Sequence[OutlierCase]) -> Measure:
    """The number of frames that are outliers, which asks for a review."""
    frames = sum(case.run.last - case.run.first + 1 for case in cases)
    return limited("outlier_frames", frames, "frames", 0)


class OutlierReview:
    """Takes the frames of a rendering in order, and finds the outliers among them."""

    def __init__(
        self, reference: ReferenceColour, live_area: Area, shots: Sequence[Shot], folder: Path
    ) -> None:
        """`live_area` is that of the scan, `shots` are all of the film, `folder` is that of
        temporary files."""
        self._reference, self._live_area = reference, live_area
        self._collector = ScoreCollector({shot.number: shot.frames for shot in shots}, folder)
        self._scores: FrameScores | None = None

    @property
    def matches(self) -> MatchRecord | None:
        """The matches of all frames; None without a reference."""
        return self._reference.matches

    def evidence(self, small: SmallFrame) -> FrameEvidence:
        """The evidence of a frame; several threads may ask at a time."""
        return frame_evidence(small, self._chroma(small))

    def add(self, evidence: FrameEvidence, predicted: PredictedError) -> None:
        """Takes the next frame.

        Raises:
            WorkError: a temporary file cannot be written.
        """
        self._collector.add(evidence, predicted)

    def runs(self, shots: Mapping[int, ShotFacts], expected: float | None) -> list[FlaggedRun]:
        """The runs of outliers among the frames taken.

        Args:
            shots: facts of the shots, by number.
            expected: mean CIEDE2000 of the hold-out pairs; None without such pairs.
        """
        self._scores = self._collector.scores()
        return flagged_runs(self._scores, flags(self._scores, shots, expected))

    def case(
        self,
        run: FlaggedRun,
        small: SmallFrame,
        predicted: Plane | None,
        facts: MendFacts,
        *,
        is_shown: bool,
    ) -> OutlierCase:
        """A run with the place of its outlier, and what would mend it. Several threads may ask at a
        time.

        Args:
            run: the outlier.
            small: its worst frame.
            predicted: the predicted error of that frame, CIEDE2000 (h, w) on the raster of `small`,
                for an outlier by that alone.
            facts: of the film, for the mend.
            is_shown: whether it is on the sheet, with pictures.
        """
        source, recovered = small.source.numpy(), small.recovered.numpy()
        chroma = self._chroma(small)
        place = locate(
            run.flag,
            self._shift(run.worst),
            source,
            recovered,
            chroma,
            predicted,
            self._live_area,
        )
        described = OutlierRun(
            kind=run.flag.kind,
            shot=run.shot,
            first=run.frames[0],
            last=run.frames[-1],
            worst=run.worst,
            score=run.flag.score,
            limit=run.flag.limit,
            unit=run.flag.unit,
            ciede2000=place.ciede2000,
            box=place.box,
            mask=None if place.mask is None else mask_file(run.worst),
            why=reason(run.flag),
            mend=mend(run, facts),
        )
        pictures = _pictures(small, chroma) if is_shown else ()
        return OutlierCase(described, place.mask, pictures)

    def _chroma(self, small: SmallFrame) -> Plane | None:
        return self._reference.chroma(small.frame, small.shot, *small.source.shape[1:])

    def _shift(self, frame: int) -> tuple[float, float]:
        assert self._scores is not None
        index = int(np.searchsorted(self._scores.frame, frame))
        return float(self._scores.shift_x[index]), float(self._scores.shift_y[index])


def shot_facts(
    pair_list: PairList, alignments: Alignments, held_out: Collection[HeldOutFigures]
) -> dict[int, ShotFacts]:
    """The facts of all shots, by number."""
    scenes = pair_list.scenes or [shot.number for shot in pair_list.shots]
    admitted = pairs_by_shot(one.pair for one in alignments.admitted)
    errors_by_shot: dict[int, list[float]] = {}
    for row in held_out:
        errors_by_shot.setdefault(row.shot, []).append(row.model.ciede2000)
    facts = {}
    for shot, scene in zip(pair_list.shots, scenes, strict=True):
        pairs = admitted.get(shot.number, [])
        errors = errors_by_shot.get(shot.number)
        facts[shot.number] = ShotFacts(
            scene=scene,
            has_pairs=any(pair.role == "train" for pair in pairs),
            pair_frames=frozenset(pair.source for pair in pairs if pair.chosen_by == "machine"),
            held_out=fmean(errors) if errors else None,
        )
    return facts


def mask_file(frame: int) -> str:
    """The name of the mask of the outlier whose worst frame this is."""
    return f"outlier-{frame:06d}.png"


def _pictures(small: SmallFrame, reference_cbcr: Plane | None) -> tuple[Tensor, ...]:
    """The scan, the recovered frame, and the reference or grey, (3, h, w)."""
    scan_rgb, recovered_rgb = (ycbcr_to_rgb(one) for one in (small.source, small.recovered))
    if reference_cbcr is None:
        return scan_rgb, recovered_rgb, torch.full_like(scan_rgb, NO_REFERENCE_LEVEL)
    return scan_rgb, recovered_rgb, _picture(small.source.numpy(), reference_cbcr)


def _picture(source: Plane, cbcr: Plane) -> Tensor:
    """The scan's luma with the chroma of a reference; grey beyond its picture."""
    height, width = source.shape[1:]
    planes = [
        cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
        for plane in np.nan_to_num(cbcr)
    ]
    return ycbcr_to_rgb(torch.from_numpy(np.stack([source[0], *planes])))
