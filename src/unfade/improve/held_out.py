"""The error of a trained model on the hold-out pairs, which judge a round before it is rendered."""

import importlib
from dataclasses import dataclass
from statistics import fmean

from unfade.film.figures import HeldOutFigures
from unfade.work.job import Job


@dataclass(frozen=True)
class ShotErrors:
    """Mean CIEDE2000 of the hold-out pairs of each shot that has any, by its number."""

    by_shot: dict[int, float]

    @property
    def mean(self) -> float:
        """The mean over the shots."""
        return fmean(self.by_shot.values())


def shot_errors(job: Job) -> ShotErrors:
    """The errors of the delivered colour over whole pictures, as the report measures them."""
    figures: list[HeldOutFigures] = importlib.import_module(
        "unfade.validate.stage"
    ).score_hold_outs(job)
    shots = sorted({one.shot for one in figures})
    return ShotErrors(
        {shot: fmean(one.model.ciede2000 for one in figures if one.shot == shot) for shot in shots}
    )
