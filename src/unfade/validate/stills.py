"""The pictures of the report as files: a strip, split screens, scopes, the loss, and outliers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from unfade.drawing.chart import loss_picture
from unfade.drawing.sheets import before_after, split
from unfade.film.clip import Area
from unfade.report.content import PageContent
from unfade.validate.frame_pictures import COMPARISON_WIDTH_PX
from unfade.validate.outliers.review import OutlierCase
from unfade.validate.outliers.sheet import outlier_sheet

STRIP_WIDTH_PX = 1920
"""Width of the strip of frames before and after: that of a common display."""

STALE_PATTERNS = ("split-*.png", "scopes-*.png", "outlier*.png", "held-out.png", "loss.png")
"""Names of files that another run may not make again."""


def stills(content: PageContent, held_out_sheet: Tensor | None) -> dict[str, Tensor]:
    """Pictures (3, H, W) of the page by the names of their files."""
    comparisons = content.comparisons
    befores = [comparison.before for comparison in comparisons]
    afters = [comparison.after for comparison in comparisons]
    captions = [f"Frame {one.frame}, shot {one.shot}" for one in comparisons]
    found = {"before-after.png": before_after(befores, afters, captions, STRIP_WIDTH_PX)}
    for one, caption in zip(comparisons, captions, strict=True):
        picture = split(one.before, one.after, ("Faded", "Recovered"), caption, COMPARISON_WIDTH_PX)
        found[f"split-{one.frame:06d}.png"] = picture
        scopes = torch.cat([one.scopes_before, one.scopes_after], dim=1)
        found[f"scopes-{one.frame:06d}.png"] = scopes
    if held_out_sheet is not None:
        found["held-out.png"] = held_out_sheet
    if content.curve.points:
        found["loss.png"] = loss_picture(content.curve.points, content.curve.baseline)
    return found


def outlier_stills(cases: Sequence[OutlierCase], live_area: Area) -> dict[str, Tensor]:
    """The sheet and the masks of outliers by the names of their files; empty without outliers."""
    found: dict[str, Tensor] = {
        case.run.mask: torch.from_numpy(case.mask).float().expand(3, -1, -1)
        for case in cases
        if case.run.mask is not None and case.mask is not None
    }
    if any(case.pictures for case in cases):
        found["outliers.png"] = outlier_sheet(cases, live_area)
    return found
