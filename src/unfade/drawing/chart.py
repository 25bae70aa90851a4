"""The loss curve: held-out error in the upper panel, training loss in the lower one.

A chart is a `Layout` of strokes, labels and dots, which is drawn as SVG or as a picture. Other
charts use the same parts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from torch import Tensor

from unfade.drawing.canvas import (
    BACKGROUND_LEVEL,
    FAINT_LEVEL,
    TEXT_LEVEL,
    Anchor,
    blank_canvas,
    draw_line,
    set_text,
)
from unfade.film.model import LossPoint

HEIGHT_PX = 340
"""Height of the loss chart: two panels and their captions."""

WIDTH_PX = 760
"""Width of every chart: what the column of the report page holds."""

LEFT_PX, RIGHT_PX = 64, 120
"""Margins beside the panels: axis labels at the left, names of the lines at the right."""

_HELD_OUT_TOP_PX, _HELD_OUT_BOTTOM_PX = 40, 190
"""Rows of the upper panel: the larger one, because held-out error is the evidence."""

_LOSS_TOP_PX, _LOSS_BOTTOM_PX = 236, 300
"""Rows of the lower panel."""

STRONG_CONTRAST, MUTED_CONTRAST, GRID_CONTRAST = 1.0, 0.62, 0.25
"""Contrast to the background, 0 to 1: of the main line and titles, of the rest, of grid lines."""

_DASH_PX = (6, 4)
"""Lengths of a dash and of the gap after it."""

MIN_AXIS_TOP = 1e-6
"""Smallest value at the top of a panel, in the panel's unit: values of zero need a scale too."""

Point = tuple[float, float]
"""Position (x, y) in pixels from the top left corner."""


@dataclass(frozen=True)
class Stroke:
    """A polyline; `contrast` is 0 for the background and 1 for text."""

    points: tuple[Point, ...]
    contrast: float
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True)
class Label:
    """A line of text; `point` is its anchor on the baseline."""

    point: Point
    text: str
    contrast: float = MUTED_CONTRAST
    anchor: Anchor = "left"


@dataclass(frozen=True)
class Layout:
    """The parts of a chart, in pixels from its top left corner."""

    strokes: list[Stroke] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    dots: list[Point] = field(default_factory=list)


def loss_chart(points: Sequence[LossPoint], baseline: float | None) -> str:
    """The loss curve as inline SVG in the colour of the text around it.

    Args:
        points: in order of their steps; at least one.
        baseline: held-out CIEDE2000 of the closed-form baseline, drawn as a dashed line.
    """
    return to_svg(
        _layout(points, baseline), HEIGHT_PX, "Held-out error and training loss against steps"
    )


def to_svg(layout: Layout, height: int, title: str) -> str:
    """A chart `WIDTH_PX` wide as inline SVG; `title` is its text alternative (aria-label)."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height}" role="img" '
        f'aria-label="{escape(title)}" fill="currentColor" font-size="13">'
    ]
    for stroke in layout.strokes:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in stroke.points)
        dash = f' stroke-dasharray="{_DASH_PX[0]} {_DASH_PX[1]}"' if stroke.dashed else ""
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="currentColor" '
            f'stroke-opacity="{stroke.contrast}" stroke-width="{stroke.width}"{dash}/>'
        )
    for x, y in layout.dots:
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>')
    anchors = {"left": "start", "middle": "middle", "right": "end"}
    for label in layout.labels:
        x, y = label.point
        parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchors[label.anchor]}" '
            f'fill-opacity="{label.contrast}">{escape(label.text)}</text>'
        )
    return "".join([*parts, "</svg>"])


def loss_picture(points: Sequence[LossPoint], baseline: float | None) -> Tensor:
    """The loss curve as a picture (3, HEIGHT_PX, WIDTH_PX), light on the dark background."""
    layout = _layout(points, baseline)
    canvas = blank_canvas(HEIGHT_PX, WIDTH_PX)
    for stroke in layout.strokes:
        shade = BACKGROUND_LEVEL + stroke.contrast * (TEXT_LEVEL - BACKGROUND_LEVEL)
        for piece in _dashes(stroke.points) if stroke.dashed else [list(stroke.points)]:
            draw_line(canvas, piece, (shade,) * 3, width=round(stroke.width))
    for x, y in layout.dots:
        for radius in (1.0, 2.0):
            diamond = [(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)]
            draw_line(canvas, [*diamond, diamond[0]], (TEXT_LEVEL,) * 3)
    for label in layout.labels:
        shade = TEXT_LEVEL if label.contrast == STRONG_CONTRAST else FAINT_LEVEL
        x, y = label.point
        set_text(canvas, label.text, round(x), round(y), size=13, shade=shade, anchor=label.anchor)
    return canvas


def _layout(points: Sequence[LossPoint], baseline: float | None) -> Layout:
    layout = Layout()
    last = max(points[-1].step, 1)
    held_out = [(point.step, point.held_out) for point in points if point.held_out is not None]
    if held_out:
        _add_held_out(layout, held_out, baseline, last)
    _add_loss(layout, [(point.step, point.loss) for point in points], last)
    for step in ticks(last):
        point = (_x(step, last), _LOSS_BOTTOM_PX + 22.0)
        layout.labels.append(Label(point, f"{step:,.0f}", anchor="middle"))
    layout.labels.append(Label((LEFT_PX - 10.0, _LOSS_BOTTOM_PX + 22.0), "steps", anchor="right"))
    return layout


def _add_held_out(
    layout: Layout, values: list[tuple[int, float]], baseline: float | None, last: int
) -> None:
    """The upper panel: held-out CIEDE2000 from zero, and the baseline."""
    highest = max([value for _, value in values] + ([baseline] if baseline is not None else []))
    marks = ticks(highest)
    scale = _HELD_OUT_BOTTOM_PX - _HELD_OUT_TOP_PX

    def y(value: float) -> float:
        return _HELD_OUT_BOTTOM_PX - value / max(marks[-1], highest, MIN_AXIS_TOP) * scale

    title = Label((LEFT_PX, _HELD_OUT_TOP_PX - 18.0), "Held-out CIEDE2000", STRONG_CONTRAST)
    layout.labels.append(title)
    for tick in marks:
        add_grid_line(layout, y(tick), f"{tick:g}")
    if baseline is not None:
        ends = ((float(LEFT_PX), y(baseline)), (float(WIDTH_PX - RIGHT_PX), y(baseline)))
        layout.strokes.append(Stroke(ends, MUTED_CONTRAST, 1.4, dashed=True))
    points = tuple((_x(step, last), y(value)) for step, value in values)
    layout.strokes.append(Stroke(points, STRONG_CONTRAST, 1.8))
    layout.dots.extend(points)
    named = [("model", min(value for _, value in values), STRONG_CONTRAST)]
    if baseline is not None:
        named.append(("closed form", baseline, MUTED_CONTRAST))
    named.sort(key=lambda one: -one[1])
    baseline_y = -math.inf
    for name, value, contrast in named:
        baseline_y = max(y(value) + 4.0, baseline_y + 16.0)
        point = (WIDTH_PX - RIGHT_PX + 12.0, baseline_y)
        layout.labels.append(Label(point, f"{name} {value:.2f}", contrast))


def _add_loss(layout: Layout, values: list[tuple[int, float]], last: int) -> None:
    """The lower panel: training loss on a logarithmic scale."""
    logs = [math.log10(max(value, 1e-9)) for _, value in values]
    low, high = min(logs), max(logs)
    span = max(high - low, 1e-3)
    points = tuple(
        (_x(step, last), _LOSS_BOTTOM_PX - (log - low) / span * (_LOSS_BOTTOM_PX - _LOSS_TOP_PX))
        for (step, _), log in zip(values, logs, strict=True)
    )
    title = Label((LEFT_PX, _LOSS_TOP_PX - 18.0), "Training loss, logarithmic", STRONG_CONTRAST)
    layout.labels.append(title)
    for log, y in ((high, _LOSS_TOP_PX), (low, _LOSS_BOTTOM_PX)):
        add_grid_line(layout, float(y), f"{10**log:.2g}")
    layout.strokes.append(Stroke(points, MUTED_CONTRAST, 1.4))


def add_grid_line(layout: Layout, y: float, label: str) -> None:
    """Adds a horizontal grid line at row `y` with its value at the left."""
    ends = ((float(LEFT_PX), y), (float(WIDTH_PX - RIGHT_PX), y))
    layout.strokes.append(Stroke(ends, GRID_CONTRAST))
    layout.labels.append(Label((LEFT_PX - 10.0, y + 4.0), label, anchor="right"))


def _x(step: float, last: int) -> float:
    return LEFT_PX + step / last * (WIDTH_PX - RIGHT_PX - LEFT_PX)


def ticks(highest: float) -> list[float]:
    """Three to six round numbers from 0 up to about `highest`; only 0 if `highest` is 0."""
    rough = max(highest, MIN_AXIS_TOP) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [step * count for count in range(math.floor(highest / step + 1e-9) + 1)]


def _dashes(points: tuple[Point, ...]) -> list[list[Point]]:
    """The dashes of a straight horizontal stroke."""
    (left, y), (right, _) = points
    starts = range(round(left), round(right), sum(_DASH_PX))
    return [[(start, y), (min(start + _DASH_PX[0], right), y)] for start in starts]
