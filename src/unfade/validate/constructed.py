"""What is assumed of constructed frames, in words and pictures for the page."""

from collections.abc import Callable, Iterable

from torch import Tensor

from unfade.film.assumptions import Assumptions
from unfade.report.content import ConstructedView
from unfade.report.pictures import MAX_SHEETS, SHEET, SHEET_BYTES, encoded_within


def constructed_views(
    records: Iterable[Assumptions], read_sheet: Callable[[int], Tensor]
) -> list[ConstructedView]:
    """Constructed frames for the page, in order; the most uncertain ones with their sheets.

    Args:
        records: of the frames.
        read_sheet: gives the sheet (3, H, W) of a frame.
    """
    ordered = sorted(records, key=lambda one: one.frame)
    shown = sorted(ordered, key=lambda one: -one.uncertainty)[:MAX_SHEETS]
    views = []
    for record in ordered:
        sheet = None
        if record in shown:
            most_bytes = SHEET_BYTES / len(shown)
            (sheet,) = encoded_within([read_sheet(record.frame)], SHEET, most_bytes)
        views.append(ConstructedView(record.frame, record, sheet))
    return views
