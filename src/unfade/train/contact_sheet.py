"""Contact sheets: input, ground truth and output, at every checkpoint, and where colour was carried
to."""

from collections.abc import Sequence

import torch
from torch import Tensor

from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.drawing.sheets import grid
from unfade.film.pair import PairRole
from unfade.model import ChromaModel
from unfade.project.settings import TrainSection
from unfade.train.data.carried_colour import Frame, carry
from unfade.train.data.pixels import Picture
from unfade.train.fit.loop import State, residual_of

WIDTH = 1500
"""Of a sheet, in pixels."""


ROLES: dict[PairRole, str] = {"train": "training", "holdout": "not in training"}


def is_due(before: int, step: int, settings: TrainSection) -> bool:
    """Whether the checkpoint at `step`, after the one `before`, is drawn: those by which another
    interval of steps went by, and the last."""
    interval = settings.contact_sheet
    if interval == 0:
        return False
    return step // interval > before // interval or step == settings.steps


class ContactSheets:
    """Draws the same pictures at every checkpoint; what the network sees of them is kept."""

    def __init__(self, model: ChromaModel, pictures: Sequence[Picture]) -> None:
        self._model = model
        self._pictures = pictures
        self._seen = [model.inputs(shown.source_rgb, shown.shot) for shown in pictures]

    def draw(self, state: State) -> Tensor:
        """The sheet (3, H, W) of a state: a row a picture."""
        model = self._model.with_residual(residual_of(state.weights, self._model.size))
        rows = []
        for shown, seen in zip(self._pictures, self._seen, strict=True):
            y = luma(shown.source_rgb)
            output_rgb = ycbcr_to_rgb(
                torch.cat([y, limit_chroma(y, model.predict_on_raster(seen))])
            )
            rows.append([shown.source_rgb, shown.truth_rgb, output_rgb])
        labels = [
            f"shot {shown.shot}\nframe {shown.frame}\n{ROLES[shown.role]}"
            for shown in self._pictures
        ]
        columns = ["input", "ground truth", f"output, step {state.step}"]
        return grid(rows, columns, labels, WIDTH)


def draw_carried(rows: Sequence[tuple[Frame, Picture]], grain: Tensor) -> Tensor:
    """The sheet (3, H, W) of frames with the pairs whose colour is carried to them."""
    pictures = []
    for frame, pair in rows:
        carried = carry(frame, pair, grain)
        trust = carried.weight.expand(3, -1, -1)
        pictures.append([pair.truth_rgb, frame.rgb, carried.truth_rgb, trust])
    labels = [
        f"shot {frame.shot}\nframe {frame.number}\ncolour of {pair.frame}" for frame, pair in rows
    ]
    return grid(pictures, ["pair", "frame", "colour carried", "trust"], labels, WIDTH)
