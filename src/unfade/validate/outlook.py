"""From the errors that the model predicts to the frames that a person ought to look at."""

from collections.abc import Sequence
from itertools import groupby
from statistics import median

from unfade.film.rendering import RenderedFrame
from unfade.film.report import Measure
from unfade.review.page import StandOut

STANDS_OUT = 1.5
"""Predicted error, in times the film's median, from which a frame is named."""


def stand_outs(frames: Sequence[RenderedFrame]) -> list[StandOut]:
    """Runs of frames of a shot, in order, that are far from anything in training."""
    known = [(frame, frame.predicted_error) for frame in frames if frame.predicted_error]
    if not known:
        return []
    limit = STANDS_OUT * median(error.mean for _, error in known)
    runs = groupby(known, key=lambda one: (one[0].shot, one[1].mean > limit))
    found = []
    for (shot, is_far), members in runs:
        if is_far:
            run = list(members)
            worst_frame, worst = max(run, key=lambda one: one[1].mean)
            found.append(
                StandOut(
                    shot=shot,
                    first=run[0][0].frame,
                    last=run[-1][0].frame,
                    worst=worst_frame.frame,
                    predicted=worst.mean,
                )
            )
    return found


def predicted_measures(frames: Sequence[RenderedFrame]) -> list[Measure]:
    """The mean predicted error over the film, and that of its worst frame."""
    means = [frame.predicted_error.mean for frame in frames if frame.predicted_error]
    if not means:
        return []
    values = [("predicted_ciede2000", sum(means) / len(means))]
    values.append(("predicted_ciede2000_worst", max(means)))
    return [Measure(name=name, value=value, unit="CIEDE2000") for name, value in values]
