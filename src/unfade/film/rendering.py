"""A rendering: the masters on disk."""

import hashlib
from typing import Literal

from unfade.film.damage import Damage
from unfade.film.noun import Artefact, FileName, Noun
from unfade.film.time import FrameRange
from unfade.film.working_space import PINNED_CONFIG

MasterFormat = Literal["exr", "tiff", "dpx"]

MasterNaming = Literal["shot", "film"]
"""Whether masters form one sequence for each shot or one for the film."""

SUFFIXES: dict[MasterFormat, str] = {"exr": ".exr", "tiff": ".tif", "dpx": ".dpx"}


class PredictedError(Noun):
    """The model's estimate of its own colour error in a frame, over the pixels of the live area.

    `mean` and `p95`, the 95th percentile, are CIEDE2000. `beyond` is the share of pixels, 0 to 1,
    whose colour no training pair shows: none of the shot, or none of the film for a shot without.
    """

    mean: float
    p95: float
    beyond: float


class RenderedFrame(Noun):
    """One master: its frame number in the source, its shot, its file and the SHA-256 of the file.

    `file` and `sidecar` lie beside the artefact; `sidecar` has the record if the format's header
    cannot hold it. `cut` counts the values outside 0 to 1 that an integer format clipped.
    """

    frame: int
    shot: int
    file: FileName
    sha256: str
    predicted_error: PredictedError
    sidecar: FileName | None = None
    cut: int = 0


class Rendering(Artefact):
    """The masters that render wrote, all by one model and in one colour space.

    `bits` is the depth of a sample: half floats in EXR, integers in TIFF and DPX. `strict` masters
    are containers of SMPTE ST 2065-4. `color_config` is the OpenColorIO config, without its folder.
    `view` is the view that converts scene-linear light to the working space and back, if film.toml
    names one. `skipped` are the damaged frames among those that were to be rendered that have no
    master.
    """

    SCHEMA = "Rendering.2"
    PATH = "06-render/rendering.json"

    model_id: str
    version: int
    colorspace: str
    compression: str
    format: MasterFormat = "exr"
    bits: int = 16
    strict: bool = False
    color_config: str = PINNED_CONFIG
    view: str | None = None
    frames: tuple[RenderedFrame, ...]
    skipped: Damage = Damage()

    def masters_sha256(self) -> str:
        """SHA-256 over the names and checksums of all masters, in their order."""
        lines = (f"{frame.sha256}  {frame.file}\n" for frame in self.frames)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def part_of(self, film: FrameRange) -> FrameRange | None:
        """The range in which the rendered frames lie; None if they are the whole film but for its
        skipped frames."""
        numbers = [frame.frame for frame in self.frames]
        rendered = FrameRange(first=min(numbers), last=max(numbers))
        return None if len(numbers) + len(self.skipped) == len(film) else rendered

    def part_in_words(self, film: FrameRange) -> str:
        """Which part of the film is rendered; empty if it is all of it."""
        part, count = self.part_of(film), len(self.frames)
        if part is None:
            return ""
        if count == len(part):
            return f"frames {part.first} to {part.last} of {film.first} to {film.last}"
        return f"{count} of {len(film)} frames, between {part.first} and {part.last}"
