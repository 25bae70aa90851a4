"""The sheet of outliers: each with scan, recovered frame with the place, and reference."""

from collections.abc import Sequence
from itertools import count

from torch import Tensor

from unfade.drawing.canvas import draw_line
from unfade.drawing.sheets import grid
from unfade.film.clip import Area
from unfade.film.outlier import OutlierRun
from unfade.validate.outliers.review import OutlierCase

SHEET_WIDTH_PX = 1600
"""Width of the sheet: three pictures of some 450 pixels beside the text."""

BOX_RGB = (1.0, 0.85, 0.1)
"""Colour of the box: yellow, which is brighter than most pictures and so needs no colour vision."""


def outlier_sheet(cases: Sequence[OutlierCase], live_area: Area) -> Tensor:
    """The sheet (3, H, W) of the outliers that have pictures, of which there is at least one."""
    shown = [case for case in cases if case.pictures]
    rows = [_row(case, live_area) for case in shown]
    headings = ("Faded scan", "Recovered, with the place", "Reference")
    return grid(rows, headings, [_label(case) for case in shown], SHEET_WIDTH_PX)


def with_rows(cases: Sequence[OutlierCase]) -> tuple[OutlierRun, ...]:
    """The outliers, each with its row on the sheet."""
    rows = count()
    return tuple(
        case.run.model_copy(update={"row": next(rows) if case.pictures else None}) for case in cases
    )


def _row(case: OutlierCase, live_area: Area) -> list[Tensor]:
    scan_rgb, recovered_rgb, reference_rgb = case.pictures
    recovered_rgb = recovered_rgb.clone()
    _draw_box(recovered_rgb, case.run.box, live_area)
    return [scan_rgb, recovered_rgb, reference_rgb]


def _draw_box(picture: Tensor, box: Area, live_area: Area) -> None:
    """Draws a box of the scan on a picture of its live area, in place."""
    height, width = picture.shape[1:]
    across, down = width / live_area.width, height / live_area.height
    left, top = (box.x - live_area.x) * across, (box.y - live_area.y) * down
    right, bottom = left + box.width * across - 1, top + box.height * down - 1
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    draw_line(picture, corners, BOX_RGB, width=2)


def _label(case: OutlierCase) -> str:
    run = case.run
    lines = [run.kind, f"shot {run.shot}", f"{run.frames_in_words()}"]
    if run.first != run.last:
        lines.append(f"worst {run.worst}")
    if run.ciede2000 is not None:
        lines.append(f"CIEDE2000 {run.ciede2000:.1f}")
    if run.mend is not None:
        lines.append(f"mend: {run.mend.source}")
        lines.append(f"with {run.mend.reference}")
    return "\n".join(lines)
