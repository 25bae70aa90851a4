"""The chart of the predicted error of every frame, for finding frames unlike the training data."""

from collections.abc import Callable, Sequence
from itertools import groupby

from unfade.drawing.chart import (
    LEFT_PX,
    MIN_AXIS_TOP,
    MUTED_CONTRAST,
    RIGHT_PX,
    STRONG_CONTRAST,
    WIDTH_PX,
    Label,
    Layout,
    Stroke,
    add_grid_line,
    ticks,
    to_svg,
)
from unfade.film.rendering import PredictedError, RenderedFrame

HEIGHT_PX = 230
"""Height of the chart: one panel and its captions."""

_TOP_PX, _BOTTOM_PX = 40, 190
"""Rows of the panel."""

_MIN_LABEL_SPACING_PX = 44
"""Smallest distance of two shot names: about the width of one; closer ones are left out."""


def error_chart(frames: Sequence[RenderedFrame]) -> str:
    """Mean and 95th percentile of each frame's predicted error, as inline SVG.

    Where several frames fall on one pixel only the worst is drawn, which bounds the size of the
    SVG.

    Args:
        frames: in order, at least one.
    """
    layout = Layout()
    errors = [frame.predicted_error for frame in frames]
    highest = max(error.p95 for error in errors)
    marks = ticks(highest)
    top = max(marks[-1], highest, MIN_AXIS_TOP)
    first, last = frames[0].frame, max(frames[-1].frame, frames[0].frame + 1)

    def point(frame: int, value: float) -> tuple[float, float]:
        across = (frame - first) / (last - first) * (WIDTH_PX - RIGHT_PX - LEFT_PX)
        return LEFT_PX + across, _BOTTOM_PX - value / top * (_BOTTOM_PX - _TOP_PX)

    title = Label((LEFT_PX, _TOP_PX - 18.0), "Predicted CIEDE2000", STRONG_CONTRAST)
    layout.labels.append(title)
    for mark in marks:
        add_grid_line(layout, point(first, mark)[1], f"{mark:g}")
    next_label_x = 0.0
    for shot, own in groupby(frames, key=lambda frame: frame.shot):
        columns = _columns(list(own), lambda frame: point(frame, 0.0)[0])
        p95 = tuple(point(frame, error.p95) for frame, error in columns)
        mean = tuple(point(frame, error.mean) for frame, error in columns)
        layout.strokes.extend([Stroke(p95, MUTED_CONTRAST), Stroke(mean, STRONG_CONTRAST, 1.8)])
        if mean[0][0] >= next_label_x:
            layout.labels.append(Label((mean[0][0], _BOTTOM_PX + 22.0), f"s{shot:03d}"))
            next_label_x = mean[0][0] + _MIN_LABEL_SPACING_PX
    _add_line_names(layout, point(last, errors[-1].mean)[1], point(last, errors[-1].p95)[1])
    return to_svg(layout, HEIGHT_PX, "Predicted error of every frame")


def _columns(
    frames: Sequence[RenderedFrame], x_of: Callable[[int], float]
) -> list[tuple[int, PredictedError]]:
    """The frame of the greatest mean error in each pixel column."""
    columns = groupby(frames, key=lambda frame: round(x_of(frame.frame)))
    worst = [max(own, key=lambda frame: frame.predicted_error.mean) for _, own in columns]
    return [(frame.frame, frame.predicted_error) for frame in worst]


def _add_line_names(layout: Layout, mean_y: float, p95_y: float) -> None:
    """Adds the names of the two lines at their right ends."""
    x = WIDTH_PX - RIGHT_PX + 12.0
    layout.labels.append(Label((x, mean_y + 4.0), "mean", STRONG_CONTRAST))
    layout.labels.append(Label((x, min(p95_y, mean_y - 16.0) + 4.0), "95th percentile"))
