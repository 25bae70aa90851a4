"""Sheets: pictures side by side, with their names, on a neutral ground."""

from collections.abc import Sequence

from torch import Tensor

from unfade.drawing.canvas import (
    FAINT,
    INK,
    TYPE_SIZE,
    fit,
    fit_width,
    ground,
    lay,
    set_text,
    text_width,
)

MARGIN = 28
"""Around the sheet, in pixels."""

GAP = 10
"""Between pictures, in pixels."""

LEADING = 20
"""Between base lines of type, in pixels."""


def grid(
    rows: Sequence[Sequence[Tensor]],
    columns: Sequence[str],
    labels: Sequence[str],
    width: int,
) -> Tensor:
    """A table of pictures, such as input, ground truth and output of several crops.

    Args:
        rows: pictures (3, H, W); within a row all take the shape of its first.
        columns: a heading for each column.
        labels: a label for each row, with line breaks where it has several lines.
        width: of the sheet, in pixels.

    Returns:
        (3, height, width), the height as the pictures need it.

    Raises:
        ValueError: there is nothing to show, or a row and its headings differ in number.
    """
    if not rows or any(len(row) != len(columns) for row in rows) or len(labels) != len(rows):
        raise ValueError(
            f"{[len(row) for row in rows]} pictures in rows do not fit "
            f"{len(columns)} headings and {len(labels)} labels"
        )
    lines = [line for label in labels for line in label.split("\n")]
    left = MARGIN + max(text_width(line) for line in lines) + (2 * GAP if any(lines) else 0)
    cell = (width - left - MARGIN - GAP * (len(columns) - 1)) // len(columns)
    heights = [round(row[0].shape[-2] * cell / row[0].shape[-1]) for row in rows]
    top = MARGIN + (LEADING if any(columns) else 0)
    sheet = ground(top + sum(heights) + GAP * (len(rows) - 1) + MARGIN, width)

    for column, heading in enumerate(columns):
        set_text(sheet, heading, left + column * (cell + GAP), top - GAP, shade=INK)
    for row, label, height in zip(rows, labels, heights, strict=True):
        for index, line in enumerate(label.split("\n")):
            shade = INK if index == 0 else FAINT
            set_text(sheet, line, MARGIN, top + TYPE_SIZE + index * LEADING, shade=shade)
        for column, picture in enumerate(row):
            lay(sheet, fit(picture, height, cell), left + column * (cell + GAP), top)
        top += height + GAP
    return sheet


def split(
    before: Tensor,
    after: Tensor,
    names: tuple[str, str],
    caption: str,
    width: int,
    at: float = 0.5,
) -> Tensor:
    """One frame, before at the left of a thin line and after at its right.

    Args:
        before: (3, H, W).
        after: (3, H, W).
        names: of the two, written below their side.
        caption: written below, in the middle.
        width: of the result, in pixels.
        at: where the line stands, as a share of the picture's width.
    """
    inner = width - 2 * MARGIN
    left, right = fit_width(before, inner), fit_width(after, inner)
    cut = round(inner * at)
    wiped = right.clone()
    wiped[..., :cut] = left[..., :cut]
    wiped[..., max(cut - 1, 0) : cut] = 1.0
    height = wiped.shape[-2]
    sheet = ground(MARGIN + height + 2 * MARGIN, width)
    lay(sheet, wiped, MARGIN, MARGIN)
    base = MARGIN + height + MARGIN
    set_text(sheet, names[0], MARGIN, base)
    set_text(sheet, caption, width // 2, base, shade=FAINT, anchor="middle")
    set_text(sheet, names[1], width - MARGIN, base, anchor="right")
    return sheet


def before_after(
    befores: Sequence[Tensor],
    afters: Sequence[Tensor],
    captions: Sequence[str],
    width: int,
) -> Tensor:
    """A strip of frames: the faded scan above, what was recovered below."""
    return grid([befores, afters], captions, ("Faded", "Recovered"), width)
