"""From the errors that the model predicts to the frames that a person ought to look at."""

from collections.abc import Sequence
from itertools import groupby
from statistics import median

from unfade.film.figures import Outlier
from unfade.film.rendering import RenderedFrame
from unfade.film.report import Measure

STANDS_OUT = 1.25
"""Predicted error from which a frame is named, in times what is usual. In the development films of
`benchmarks/uncertainty.py` it names five of six shots of which there was no pair."""


def outliers(frames: Sequence[RenderedFrame], held_out: float | None) -> list[Outlier]:
    """Runs of frames of a shot, in order, that are far from anything in training.

    Args:
        frames: of the rendering, in order.
        held_out: CIEDE2000 of the hold-out pairs, which is what is usual; none where there is no
            pair, and the median of all frames is.
    """
    known = [(frame, frame.predicted_error) for frame in frames if frame.predicted_error]
    if not known:
        return []
    usual = held_out if held_out is not None else median(error.mean for _, error in known)
    limit = STANDS_OUT * usual
    runs = groupby(known, key=lambda one: (one[0].shot, one[1].mean > limit))
    found = []
    for (shot, is_far), members in runs:
        if is_far:
            run = list(members)
            worst_frame, worst = max(run, key=lambda one: one[1].mean)
            found.append(
                Outlier(
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
