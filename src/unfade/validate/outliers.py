"""Outlier frames: those whose predicted error is far above that of the hold-out pairs."""

from collections.abc import Sequence
from itertools import groupby
from statistics import fmean, median

from unfade.film.rendering import RenderedFrame
from unfade.film.report import Measure, OutlierRun

OUTLIER_RATIO = 1.25
"""Predicted error of an outlier, as a multiple of the expected error. On the development films of
`benchmarks/uncertainty.py` this finds five of the six shots that have no pair."""


def outliers(frames: Sequence[RenderedFrame], held_out: float | None) -> list[OutlierRun]:
    """Runs of consecutive frames of a shot whose colours are far from the training data.

    Args:
        frames: of the rendering, in order; at least one.
        held_out: mean CIEDE2000 of the hold-out pairs, which is the expected error; if there is
            no such pair, the median predicted error of all frames is.
    """
    expected = median(map(_predicted, frames)) if held_out is None else held_out
    limit = OUTLIER_RATIO * expected
    runs = []
    for (shot, is_outlier), members in groupby(
        frames, key=lambda frame: (frame.shot, _predicted(frame) > limit)
    ):
        if is_outlier:
            run = list(members)
            worst = max(run, key=_predicted)
            runs.append(
                OutlierRun(
                    shot=shot,
                    first=run[0].frame,
                    last=run[-1].frame,
                    worst=worst.frame,
                    predicted=_predicted(worst),
                )
            )
    return runs


def _predicted(frame: RenderedFrame) -> float:
    return frame.predicted_error.mean


def predicted_measures(frames: Sequence[RenderedFrame]) -> list[Measure]:
    """The predicted error: mean of all frames, and of the worst frame; and the share of the film
    beyond what pairs show. There is at least one frame."""
    means = [_predicted(frame) for frame in frames]
    beyond = fmean(frame.predicted_error.beyond for frame in frames)
    return [
        Measure(name="predicted_ciede2000", value=fmean(means), unit="CIEDE2000"),
        Measure(name="predicted_ciede2000_worst", value=max(means), unit="CIEDE2000"),
        Measure(name="beyond_pairs", value=beyond, unit="of pixels"),
    ]
