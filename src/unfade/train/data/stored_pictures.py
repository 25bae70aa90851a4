"""The pictures that target wrote, read each time that they are asked for to save memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from unfade.film.target import Target, UnpairedFrame
from unfade.train.data.carried_colour import Frame
from unfade.train.data.pixels import TrainingPicture, picture_of_pair


@dataclass(frozen=True)
class TargetPictures(Sequence[TrainingPicture]):
    """Targets on the model's raster.

    `read` gives the source and the ground truth (3, H, W) and the weight (1, H, W) of a target.
    """

    targets: Sequence[Target]
    read: Callable[[Target], tuple[Tensor, Tensor, Tensor]]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> TrainingPicture:  # type: ignore[override]
        target = self.targets[index]
        return picture_of_pair(*self.read(target), target.pair)


@dataclass(frozen=True)
class UnpairedFrames(Sequence[Frame]):
    """Frames without a pair; `read` gives the source (3, H, W) of one."""

    frames: Sequence[UnpairedFrame]
    read: Callable[[UnpairedFrame], Tensor]

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Frame:  # type: ignore[override]
        frame = self.frames[index]
        return Frame(self.read(frame), frame.frame, frame.shot)
