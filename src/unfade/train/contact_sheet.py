"""Contact sheets of training: input, ground truth and output, and frames with carried chroma."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.drawing.canvas import blank_canvas, set_text
from unfade.drawing.sheets import SHEET_WIDTH_PX, grid
from unfade.film.pair import ROLE_LABELS
from unfade.model import ChromaModel
from unfade.model.device import map_networks
from unfade.project.settings import TrainSection
from unfade.train.data.pixels import TrainingPicture
from unfade.train.data.training_pictures import TrainingPictures
from unfade.train.fit.loop import Tensors, completes_interval, residual_of
from unfade.work.cores import on_all_cores

NO_TRUTH_SIZE = 0.07
"""Height of the words in the place of a missing ground truth, as a share of the picture's: as
legible as labels when a sheet shows the picture at a third of its width."""


@dataclass(frozen=True)
class PreviewFrame:
    """A frame of the scan that a person wants to watch: `source_rgb` (3, H, W) on the model's
    raster."""

    source_rgb: Tensor
    frame: int
    shot: int


def is_due(previous_step: int, step: int, settings: TrainSection) -> bool:
    """Whether a sheet is drawn at the checkpoint of `step`.

    It is if a multiple of `settings.contact_sheet` was reached since the previous checkpoint, and
    at the last step; never if the setting is 0.
    """
    interval = settings.contact_sheet
    return interval > 0 and completes_interval(interval, previous_step, step, settings)


class ContactSheets:
    """Draws the same pictures at every checkpoint, first those with ground truth and then the
    previews; their network inputs are computed once."""

    def __init__(
        self,
        model: ChromaModel,
        pictures: Sequence[TrainingPicture],
        previews: Sequence[PreviewFrame] = (),
    ) -> None:
        self._model = model
        self._pictures: list[TrainingPicture | PreviewFrame] = [*pictures, *previews]
        self._inputs = list(
            on_all_cores(lambda one: model.inputs(one.source_rgb, one.shot), self._pictures)
        )

    def draw(self, step: int, weights: Tensors) -> Tensor:
        """The sheet (3, H, W) of the networks of a step, one row per picture."""
        model = self._model.with_residual(residual_of(weights, self._model.size))

        def row(index: int) -> list[Tensor]:
            picture = self._pictures[index]
            y = luma(picture.source_rgb)
            cbcr = limit_chroma(y, model.predict_on_raster(self._inputs[index]))
            return [picture.source_rgb, _truth(picture), ycbcr_to_rgb(torch.cat([y, cbcr]))]

        rows = list(map_networks(row, range(len(self._pictures))))
        columns = ["input", "ground truth", f"output, step {step}"]
        return grid(rows, columns, [_label(one) for one in self._pictures], SHEET_WIDTH_PX)


def _truth(picture: TrainingPicture | PreviewFrame) -> Tensor:
    """The ground truth (3, H, W); the words "no reference" in the place of a preview's."""
    if isinstance(picture, TrainingPicture):
        return picture.truth_rgb
    height, width = picture.source_rgb.shape[-2:]
    canvas, size = blank_canvas(height, width), max(1, round(NO_TRUTH_SIZE * height))
    set_text(canvas, "no reference", width // 2, height // 2, size=size, anchor="middle")
    return canvas


def _label(picture: TrainingPicture | PreviewFrame) -> str:
    role = ROLE_LABELS[picture.role] if isinstance(picture, TrainingPicture) else "preview"
    return f"shot {picture.shot}\nframe {picture.frame}\n{role}"


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
