"""Contact sheets of training: input, ground truth and output, and frames with carried chroma."""

from collections.abc import Sequence

import torch
from torch import Tensor

from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.drawing.sheets import grid
from unfade.film.pair import PairRole
from unfade.model import ChromaModel
from unfade.model.device import map_networks
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import TrainingPicture
from unfade.train.data.training_pictures import TrainingPictures
from unfade.train.fit.loop import State, residual_of
from unfade.work.cores import on_all_cores

SHEET_WIDTH_PX = 1500
"""Width of a sheet, in pixels: fits a screen, and shows four columns of pictures clearly."""

ROLE_LABELS: dict[PairRole, str] = {
    "train": "training",
    "holdout": "not in training",
    "test": "not in training",
}
"""Labels of pictures by the role of their pair."""


def is_due(previous_step: int, step: int, settings: TrainSection) -> bool:
    """Whether a sheet is drawn at the checkpoint of `step`.

    It is if a multiple of `settings.contact_sheet` was reached since the previous checkpoint, and
    at the last step; never if the setting is 0.
    """
    interval = settings.contact_sheet
    if interval == 0:
        return False
    return step // interval > previous_step // interval or step == settings.steps


class ContactSheets:
    """Draws the same pictures at every checkpoint; their network inputs are computed once."""

    def __init__(self, model: ChromaModel, pictures: Sequence[TrainingPicture]) -> None:
        self._model = model
        self._pictures = pictures
        self._inputs = list(
            on_all_cores(lambda one: model.inputs(one.source_rgb, one.shot), pictures)
        )

    def draw(self, state: State) -> Tensor:
        """The sheet (3, H, W) of a state, one row per picture."""
        model = self._model.with_residual(residual_of(state.weights, self._model.size))

        def row(index: int) -> list[Tensor]:
            picture = self._pictures[index]
            y = luma(picture.source_rgb)
            cbcr = limit_chroma(y, model.predict_on_raster(self._inputs[index]))
            return [picture.source_rgb, picture.truth_rgb, ycbcr_to_rgb(torch.cat([y, cbcr]))]

        rows = list(map_networks(row, range(len(self._pictures))))
        labels = [
            f"shot {picture.shot}\nframe {picture.frame}\n{ROLE_LABELS[picture.role]}"
            for picture in self._pictures
        ]
        columns = ["input", "ground truth", f"output, step {state.step}"]
        return grid(rows, columns, labels, SHEET_WIDTH_PX)


def draw_carried(pictures: TrainingPictures, frames: Sequence[int]) -> Tensor:
    """The sheet (3, H, W) of frames that received chroma, each with the pair that it is from."""
    rows, labels = [], []
    pair_frames = [key.frame for key in pictures.pairs.keys]
    for index, key in enumerate(pictures.carried.keys):
        if key.frame in frames:
            carried = pictures.carried[index]
            pair = pictures.pairs[pair_frames.index(key.pair_frame)]
            truth_rgb, carried_rgb = (ycbcr_to_rgb(one.truth_ycbcr) for one in (pair, carried))
            weight = carried.weight.expand(3, -1, -1)
            rows.append([truth_rgb, carried.frame.source_rgb, carried_rgb, weight])
            labels.append(f"shot {key.shot}\nframe {key.frame}\ncolour of {key.pair_frame}")
    return grid(rows, ["pair", "frame", "colour carried", "weight"], labels, SHEET_WIDTH_PX)
