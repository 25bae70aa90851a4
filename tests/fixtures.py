"""Values that tests of several rooms make: small films, clips, jobs and a silent progress."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from unfade.film.alignment import Alignment
from unfade.film.cadence import Cadence
from unfade.film.clip import Area, Clip
from unfade.film.model import TrainedModel
from unfade.film.pair import Pair
from unfade.film.time import FrameRange
from unfade.film.working_space import WORKING_SPACE
from unfade.work.progress import Item, SilentProgress


@dataclass(frozen=True)
class Telecine:
    """A movie of fields: the film frame in the top and in the bottom field of each movie frame."""

    top: tuple[int, ...]
    bottom: tuple[int, ...]

    @classmethod
    def of(cls, field_counts: list[int], *, top_first: bool) -> "Telecine":
        """Each film frame is shown for a number of fields; a last odd field is left out."""
        fields = [frame for frame, count in enumerate(field_counts) for _ in range(count)]
        fields = fields[: len(fields) // 2 * 2]
        first, second = tuple(fields[0::2]), tuple(fields[1::2])
        return cls(first, second) if top_first else cls(second, first)

    def cadence(self) -> Cadence:
        """The cadence that belongs to the fields."""
        weave = "".join(self._weave(frame) for frame in range(len(self.top)))
        repeats = "".join(
            "r" if frame and self.top[frame] == self.top[frame - 1] else "."
            for frame in range(len(self.top))
        )
        return Cadence(weave=weave, repeats=repeats)

    def _weave(self, frame: int) -> str:
        for letter, other in (("s", frame), ("p", frame - 1), ("n", frame + 1)):
            if 0 <= other < len(self.bottom) and self.bottom[other] == self.top[frame]:
                return letter
        return "x"


class RecordingProgress(SilentProgress):
    """Shows nothing, and keeps the labels of its bars and its messages."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.messages: list[str] = []

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        self.labels.append(label)
        return iter(items)

    def say(self, message: str) -> None:
        self.messages.append(message)


def make_clip(path: str | Path, frames: FrameRange, width: int, height: int, **facts: Any) -> Clip:
    """A sequence of square pixels at 24 frames a second, in the working space, without borders."""
    defaults = {
        "kind": "sequence",
        "rate": Fraction(24),
        "pixel_aspect": Fraction(1),
        "colorspace": WORKING_SPACE,
        "live_area": Area(x=0, y=0, width=width, height=height),
    }
    fields = {"path": str(path), "frames": frames, "width": width, "height": height}
    return Clip(**{**defaults, **fields, **facts})


def make_alignment(pair: Pair, coverage: Area, **facts: Any) -> Alignment:
    """The alignment of a picture that has the framing of the scan."""
    defaults = {
        "kind": "identity",
        "matrix": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        "residual": 0.0,
        "residual_p95": 0.0,
        "inliers": 0,
    }
    return Alignment(**{**defaults, "pair": pair, "coverage": coverage, **facts})


def make_model(**facts: Any) -> TrainedModel:
    """The record of a small model after one step, without measurements."""
    defaults = {
        "size": "small",
        "parameters": 1,
        "steps": 1,
        "best_step": 1,
        "colorspace": WORKING_SPACE,
        "file": "model.safetensors",
        "baseline_file": "baseline.safetensors",
        "train_frames": (),
        "holdout_frames": (),
        "held_out": None,
        "baseline_held_out": None,
        "faded_held_out": None,
    }
    return TrainedModel(**{**defaults, **facts})
