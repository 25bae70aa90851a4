"""Outlier frames: those whose predicted error is far above that of the hold-out pairs."""

from collections.abc import Sequence
from itertools import groupby
from statistics import median

from unfade.film.figures import OutlierRun
from unfade.film.rendering import RenderedFrame
from unfade.film.report import Measure

OUTLIER_RATIO = 1.25
"""Predicted error of an outlier, as a multiple of the expected error. On the development films of
`benchmarks/uncertainty.py` this finds five of the six shots that have no pair."""


def outliers(frames: Sequence[RenderedFrame], held_out: float | None) -> list[OutlierRun]:
    """Runs of consecutive frames of a shot whose colours are far from the training data.

    Args:
        frames: of the rendering, in order. Frames without a predicted error are ignored.
        held_out: mean CIEDE2000 of the hold-out pairs, which is the expected error; if there is
            no such pair, the median predicted error of all frames is.
    """
    known = [(frame, frame.predicted_error) for frame in frames if frame.predicted_error]
    if not known:
        return []
    expected = held_out if held_out is not None else median(error.mean for _, error in known)
    limit = OUTLIER_RATIO * expected
    groups = groupby(known, key=lambda one: (one[0].shot, one[1].mean > limit))
    runs = []
    for (shot, is_outlier), members in groups:
        if is_outlier:
            run = list(members)
            worst_frame, worst_error = max(run, key=lambda one: one[1].mean)
            runs.append(
                OutlierRun(
                    shot=shot,
                    first=run[0][0].frame,
                    last=run[-1][0].frame,
                    worst=worst_frame.frame,
                    predicted=worst_error.mean,
                )
            )
    return runs


def predicted_measures(frames: Sequence[RenderedFrame]) -> list[Measure]:
    """The predicted error: mean of all frames, and of the worst frame."""
    means = [frame.predicted_error.mean for frame in frames if frame.predicted_error]
    if not means:
        return []
    values = [("predicted_ciede2000", sum(means) / len(means))]
    values.append(("predicted_ciede2000_worst", max(means)))
    return [Measure(name=name, value=value, unit="CIEDE2000") for name, value in values]
