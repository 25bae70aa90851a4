"""The loss curve: held-out error above, because it is the evidence, and training loss below.

It is laid out once, as strokes and words, and drawn as SVG text or as a picture. Other charts
are laid out of the same parts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from torch import Tensor

from unfade.drawing.canvas import FAINT, GROUND, INK, Anchor, draw_line, ground, set_text
from unfade.film.model import LossPoint

HEIGHT = 340
"""Of the chart, in pixels."""

WIDTH = 760
"""Of the chart, in pixels."""

LEFT, RIGHT = 64, 120
_HELD_OUT_TOP, _HELD_OUT_BOTTOM = 40, 190
_LOSS_TOP, _LOSS_BOTTOM = 236, 300
STRONG, MUTED, RULE = 1.0, 0.62, 0.25
_DASH = (6, 4)

LEAST_HEIGHT = 1e-6
"""Value at the top of a panel of zeros, in the panel's own unit."""

Place = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """A line through places; `contrast` is 0 for the ground and 1 for type."""

    places: tuple[Place, ...]
    contrast: float
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True)
class Word:
    """A line of type at a place."""

    place: Place
    words: str
    contrast: float = MUTED
    anchor: Anchor = "left"


@dataclass(frozen=True)
class Layout:
    """All parts of a chart."""

    strokes: list[Stroke] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    dots: list[Place] = field(default_factory=list)


def loss_chart(points: Sequence[LossPoint], baseline: float | None) -> str:
    """The loss curve as inline SVG; it takes its colour from the text around it.

    Args:
        points: in order of their steps; at least one.
        baseline: held-out CIEDE2000 of the closed-form baseline, drawn as a dashed line.
    """
    return as_svg(
        _lay_out(points, baseline), HEIGHT, "Held-out error and training loss against steps"
    )


def as_svg(layout: Layout, height: int, label: str) -> str:
    """A chart `WIDTH` wide as inline SVG; `label` says what it is to those who cannot see it."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(label)}" fill="currentColor" font-size="13">'
    ]
    for stroke in layout.strokes:
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in stroke.places)
        dash = f' stroke-dasharray="{_DASH[0]} {_DASH[1]}"' if stroke.dashed else ""
        parts.append(
            f'<polyline points="{places}" fill="none" stroke="currentColor" '
            f'stroke-opacity="{stroke.contrast}" stroke-width="{stroke.width}"{dash}/>'
        )
    for x, y in layout.dots:
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>')
    anchors = {"left": "start", "middle": "middle", "right": "end"}
    for word in layout.words:
        x, y = word.place
        parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchors[word.anchor]}" '
            f'fill-opacity="{word.contrast}">{escape(word.words)}</text>'
        )
    return "".join([*parts, "</svg>"])


def loss_picture(points: Sequence[LossPoint], baseline: float | None) -> Tensor:
    """The loss curve as a picture (3, HEIGHT, WIDTH), light on the dark ground of the sheets."""
    layout = _lay_out(points, baseline)
    canvas = ground(HEIGHT, WIDTH)
    for stroke in layout.strokes:
        shade = GROUND + stroke.contrast * (INK - GROUND)
        for piece in _dashes(stroke.places) if stroke.dashed else [list(stroke.places)]:
            draw_line(canvas, piece, (shade,) * 3, width=round(stroke.width))
    for x, y in layout.dots:
        for reach in (1.0, 2.0):
            square = [(x - reach, y), (x, y - reach), (x + reach, y), (x, y + reach)]
            draw_line(canvas, [*square, square[0]], (INK,) * 3)
    for word in layout.words:
        shade = INK if word.contrast == STRONG else FAINT
        x, y = word.place
        set_text(canvas, word.words, round(x), round(y), size=13, shade=shade, anchor=word.anchor)
    return canvas


def _lay_out(points: Sequence[LossPoint], baseline: float | None) -> Layout:
    layout = Layout()
    last = max(points[-1].step, 1)
    held_out = [(point.step, point.held_out) for point in points if point.held_out is not None]
    if held_out:
        _lay_held_out(layout, held_out, baseline, last)
    _lay_loss(layout, [(point.step, point.loss) for point in points], last)
    for step in ticks(last):
        place = (_x(step, last), _LOSS_BOTTOM + 22.0)
        layout.words.append(Word(place, f"{step:,.0f}", anchor="middle"))
    layout.words.append(Word((LEFT - 10.0, _LOSS_BOTTOM + 22.0), "steps", anchor="right"))
    return layout


def _lay_held_out(
    layout: Layout, values: list[tuple[int, float]], baseline: float | None, last: int
) -> None:
    """The upper panel: held-out CIEDE2000 from zero, and the baseline."""
    highest = max([value for _, value in values] + ([baseline] if baseline is not None else []))
    marks = ticks(highest)
    scale = _HELD_OUT_BOTTOM - _HELD_OUT_TOP

    def y(value: float) -> float:
        return _HELD_OUT_BOTTOM - value / max(marks[-1], highest, LEAST_HEIGHT) * scale

    layout.words.append(Word((LEFT, _HELD_OUT_TOP - 18.0), "Held-out CIEDE2000", STRONG))
    for tick in marks:
        lay_rule(layout, y(tick), f"{tick:g}")
    if baseline is not None:
        ends = ((float(LEFT), y(baseline)), (float(WIDTH - RIGHT), y(baseline)))
        layout.strokes.append(Stroke(ends, MUTED, 1.4, dashed=True))
    places = tuple((_x(step, last), y(value)) for step, value in values)
    layout.strokes.append(Stroke(places, STRONG, 1.8))
    layout.dots.extend(places)
    labels = [("model", min(value for _, value in values), STRONG)]
    if baseline is not None:
        labels.append(("closed form", baseline, MUTED))
    labels.sort(key=lambda label: -label[1])
    lowest_base = -math.inf
    for name, value, contrast in labels:
        lowest_base = max(y(value) + 4.0, lowest_base + 16.0)
        place = (WIDTH - RIGHT + 12.0, lowest_base)
        layout.words.append(Word(place, f"{name} {value:.2f}", contrast))


def _lay_loss(layout: Layout, values: list[tuple[int, float]], last: int) -> None:
    """The lower panel: training loss on a logarithmic scale."""
    logs = [math.log10(max(value, 1e-9)) for _, value in values]
    low, high = min(logs), max(logs)
    reach = max(high - low, 1e-3)
    places = tuple(
        (_x(step, last), _LOSS_BOTTOM - (log - low) / reach * (_LOSS_BOTTOM - _LOSS_TOP))
        for (step, _), log in zip(values, logs, strict=True)
    )
    layout.words.append(Word((LEFT, _LOSS_TOP - 18.0), "Training loss, logarithmic", STRONG))
    for log, y in ((high, _LOSS_TOP), (low, _LOSS_BOTTOM)):
        lay_rule(layout, float(y), f"{10**log:.2g}")
    layout.strokes.append(Stroke(places, MUTED, 1.4))


def lay_rule(layout: Layout, y: float, label: str) -> None:
    """A rule across the chart with its value beside it."""
    layout.strokes.append(Stroke(((float(LEFT), y), (float(WIDTH - RIGHT), y)), RULE))
    layout.words.append(Word((LEFT - 10.0, y + 4.0), label, anchor="right"))


def _x(step: float, last: int) -> float:
    return LEFT + step / last * (WIDTH - RIGHT - LEFT)


def ticks(highest: float) -> list[float]:
    """Round numbers from 0 up to about `highest`, three to six of them; 0 alone where that is 0."""
    rough = max(highest, LEAST_HEIGHT) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [step * count for count in range(math.floor(highest / step + 1e-9) + 1)]


def _dashes(places: tuple[Place, ...]) -> list[list[Place]]:
    """A straight horizontal stroke, cut into dashes."""
    (left, y), (right, _) = places
    starts = range(round(left), round(right), sum(_DASH))
    return [[(start, y), (min(start + _DASH[0], right), y)] for start in starts]
