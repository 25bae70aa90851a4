"""Contact sheets: labelled pictures side by side on a neutral background."""

from collections.abc import Sequence

from torch import Tensor

from unfade.drawing.canvas import (
    FAINT_LEVEL,
    TEXT_LEVEL,
    TEXT_SIZE_PX,
    blank_canvas,
    fit,
    fit_width,
    paste,
    set_text,
    text_width,
)

SHEET_WIDTH_PX = 1500
"""Width of a sheet of up to four columns: fits a screen, and shows their pictures clearly."""

MARGIN_PX = 28
"""Space around the sheet, which also holds the headings."""

GAP_PX = 10
"""Space between pictures: narrow, so that neighbours are easy to compare."""

LINE_SPACING_PX = 20
"""Distance of two baselines of text: the text size and some air."""


def grid(
    rows: Sequence[Sequence[Tensor]],
    columns: Sequence[str],
    labels: Sequence[str],
    width: int,
) -> Tensor:
    """A table of pictures, such as input, ground truth and output of several crops.

    Args:
        rows: pictures (3, H, W); all pictures of a row take the aspect ratio of its first.
        columns: a heading for each column.
        labels: a label for each row; a line break begins a new line.
        width: of the sheet, in pixels.

    Returns:
        (3, height, width); the height follows from the pictures.

    Raises:
        ValueError: there are no rows, or the numbers of pictures, headings and labels differ.
    """
    if not rows or any(len(row) != len(columns) for row in rows) or len(labels) != len(rows):
        raise ValueError(
            f"{[len(row) for row in rows]} pictures in rows do not fit "
            f"{len(columns)} headings and {len(labels)} labels"
        )
    lines = [line for label in labels for line in label.split("\n")]
    left = MARGIN_PX + max(text_width(line) for line in lines) + (2 * GAP_PX if any(lines) else 0)
    cell = (width - left - MARGIN_PX - GAP_PX * (len(columns) - 1)) // len(columns)
    heights = [round(row[0].shape[-2] * cell / row[0].shape[-1]) for row in rows]
    top = MARGIN_PX + (LINE_SPACING_PX if any(columns) else 0)
    sheet = blank_canvas(top + sum(heights) + GAP_PX * (len(rows) - 1) + MARGIN_PX, width)

    for column, heading in enumerate(columns):
        set_text(sheet, heading, left + column * (cell + GAP_PX), top - GAP_PX, shade=TEXT_LEVEL)
    for row, label, height in zip(rows, labels, heights, strict=True):
        for index, line in enumerate(label.split("\n")):
            shade = TEXT_LEVEL if index == 0 else FAINT_LEVEL
            set_text(
                sheet, line, MARGIN_PX, top + TEXT_SIZE_PX + index * LINE_SPACING_PX, shade=shade
            )
        for column, picture in enumerate(row):
            paste(sheet, fit(picture, height, cell), left + column * (cell + GAP_PX), top)
        top += height + GAP_PX
    return sheet


def split(
    before: Tensor,
    after: Tensor,
    names: tuple[str, str],
    caption: str,
    width: int,
    at: float = 0.5,
) -> Tensor:
    """A split screen of one frame: `before` left of a thin line, `after` right of it.

    Args:
        before: (3, H, W).
        after: (3, H, W).
        names: of the two pictures, written below them.
        caption: written below, in the middle.
        width: of the result, in pixels.
        at: position of the line, as a share of the picture's width.
    """
    inner = width - 2 * MARGIN_PX
    left, right = fit_width(before, inner), fit_width(after, inner)
    cut = round(inner * at)
    halves = right.clone()
    halves[..., :cut] = left[..., :cut]
    halves[..., max(cut - 1, 0) : cut] = 1.0
    height = halves.shape[-2]
    sheet = blank_canvas(MARGIN_PX + height + 2 * MARGIN_PX, width)
    paste(sheet, halves, MARGIN_PX, MARGIN_PX)
    baseline = MARGIN_PX + height + MARGIN_PX
    set_text(sheet, names[0], MARGIN_PX, baseline)
    set_text(sheet, caption, width // 2, baseline, shade=FAINT_LEVEL, anchor="middle")
    set_text(sheet, names[1], width - MARGIN_PX, baseline, anchor="right")
    return sheet


def before_after(
    befores: Sequence[Tensor],
    afters: Sequence[Tensor],
    captions: Sequence[str],
    width: int,
) -> Tensor:
    """A strip of frames: the faded scan above, the recovered frame below."""
    return grid([befores, afters], captions, ("Faded", "Recovered"), width)
