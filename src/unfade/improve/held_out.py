"""The error of a trained model on the hold-out pairs, which judge a round before it is rendered."""

import importlib
from collections.abc import Callable
from statistics import fmean

from unfade.work.job import Job


def held_out_by_shot(job: Job) -> dict[int, float]:
    """Mean CIEDE2000 of the delivered colour on the hold-out pairs of each shot, by its number, over
    whole pictures as the report measures it."""
    score: Callable[[Job], list[tuple[int, float]]]
    score = importlib.import_module("unfade.validate.stage").score_hold_outs
    errors: dict[int, list[float]] = {}
    for shot, error in score(job):
        errors.setdefault(shot, []).append(error)
    return {shot: fmean(values) for shot, values in sorted(errors.items())}
