"""The predicted error over the film: where the model is far from anything that it learned from."""

from collections.abc import Sequence
from itertools import groupby

from unfade.film.rendering import RenderedFrame
from unfade.review.chart import (
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

HEIGHT = 230
"""Of the chart, in pixels."""

_TOP, _BOTTOM = 40, 190

_LEAST_ROOM = 44
"""Pixels between the names of shots; those that would stand closer are left out."""


def error_chart(frames: Sequence[RenderedFrame]) -> str:
    """Mean and 95th percentile of each frame's predicted error, as inline SVG.

    Args:
        frames: in order, each with its predicted error; at least one.
    """
    layout = Layout()
    errors = [frame.predicted_error for frame in frames if frame.predicted_error is not None]
    highest = max(error.p95 for error in errors)
    marks = ticks(highest)
    first, last = frames[0].frame, max(frames[-1].frame, frames[0].frame + 1)

    def place(frame: int, value: float) -> tuple[float, float]:
        across = (frame - first) / (last - first) * (WIDTH - RIGHT - LEFT)
        return LEFT + across, _BOTTOM - value / max(marks[-1], highest) * (_BOTTOM - _TOP)

    layout.words.append(Word((LEFT, _TOP - 18.0), "Predicted CIEDE2000", STRONG))
    for mark in marks:
        lay_rule(layout, place(first, mark)[1], f"{mark:g}")
    free = 0.0
    for shot, own in groupby(frames, key=lambda frame: frame.shot):
        known = [(one.frame, one.predicted_error) for one in own if one.predicted_error]
        for contrast, width, line in (
            (MUTED, 1.0, [place(frame, error.p95) for frame, error in known]),
            (STRONG, 1.8, [place(frame, error.mean) for frame, error in known]),
        ):
            layout.strokes.append(Stroke(tuple(line), contrast, width))
        x = place(known[0][0], 0.0)[0]
        if x >= free:
            layout.words.append(Word((x, _BOTTOM + 22.0), f"s{shot:03d}"))
            free = x + _LEAST_ROOM
    _lay_names(layout, place(last, errors[-1].mean)[1], place(last, errors[-1].p95)[1])
    return as_svg(layout, HEIGHT, "Predicted error of every frame")


def _lay_names(layout: Layout, mean_y: float, p95_y: float) -> None:
    """Names of the two lines where they end."""
    x = WIDTH - RIGHT + 12.0
    layout.words.append(Word((x, mean_y + 4.0), "mean", STRONG))
    layout.words.append(Word((x, min(p95_y, mean_y - 16.0) + 4.0), "95 % below"))
