"""The predicted error over the film: where the model is far from anything that it learned from."""

from collections.abc import Callable, Sequence
from itertools import groupby

from unfade.drawing.chart import (
    LEAST_HEIGHT,
    LEFT,
    MUTED,
    RIGHT,
    STRONG,
    WIDTH,
    Layout,
    Stroke,
    Word,
    as_svg,
    lay_rule,
    ticks,
)
from unfade.film.rendering import PredictedError, RenderedFrame

HEIGHT = 230
"""Of the chart, in pixels."""

_TOP, _BOTTOM = 40, 190

_LEAST_ROOM = 44
"""Pixels between the names of shots; those that would stand closer are left out."""


def error_chart(frames: Sequence[RenderedFrame]) -> str:
    """Mean and 95th percentile of each frame's predicted error, as inline SVG.

    Of frames that fall on one pixel the worst is drawn, so that its size has a bound.

    Args:
        frames: in order, each with its predicted error; at least one.
    """
    layout = Layout()
    errors = [frame.predicted_error for frame in frames if frame.predicted_error is not None]
    highest = max(error.p95 for error in errors)
    marks = ticks(highest)
    top = max(marks[-1], highest, LEAST_HEIGHT)
    first, last = frames[0].frame, max(frames[-1].frame, frames[0].frame + 1)

    def place(frame: int, value: float) -> tuple[float, float]:
        across = (frame - first) / (last - first) * (WIDTH - RIGHT - LEFT)
        return LEFT + across, _BOTTOM - value / top * (_BOTTOM - _TOP)

    layout.words.append(Word((LEFT, _TOP - 18.0), "Predicted CIEDE2000", STRONG))
    for mark in marks:
        lay_rule(layout, place(first, mark)[1], f"{mark:g}")
    free = 0.0
    for shot, own in groupby(frames, key=lambda frame: frame.shot):
        columns = _columns(list(own), lambda frame: place(frame, 0.0)[0])
        p95 = tuple(place(frame, error.p95) for frame, error in columns)
        mean = tuple(place(frame, error.mean) for frame, error in columns)
        layout.strokes.extend([Stroke(p95, MUTED), Stroke(mean, STRONG, 1.8)])
        if mean[0][0] >= free:
            layout.words.append(Word((mean[0][0], _BOTTOM + 22.0), f"s{shot:03d}"))
            free = mean[0][0] + _LEAST_ROOM
    _lay_names(layout, place(last, errors[-1].mean)[1], place(last, errors[-1].p95)[1])
    return as_svg(layout, HEIGHT, "Predicted error of every frame")


def _columns(
    frames: Sequence[RenderedFrame], across: Callable[[int], float]
) -> list[tuple[int, PredictedError]]:
    """One frame for each pixel that frames fall on: the one of the greatest mean."""
    known = [(one.frame, one.predicted_error) for one in frames if one.predicted_error]
    columns = groupby(known, key=lambda one: round(across(one[0])))
    return [max(members, key=lambda one: one[1].mean) for _, members in columns]


def _lay_names(layout: Layout, mean_y: float, p95_y: float) -> None:
    """Names of the two lines where they end."""
    x = WIDTH - RIGHT + 12.0
    layout.words.append(Word((x, mean_y + 4.0), "mean", STRONG))
    layout.words.append(Word((x, min(p95_y, mean_y - 16.0) + 4.0), "95 % below"))
