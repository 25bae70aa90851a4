"""A rendering: recovered frames on disk."""

from typing import Literal

from unfade.film.noun import Artefact, Noun
from unfade.film.time import FrameRange
from unfade.film.working_space import PINNED_CONFIG

MasterFormat = Literal["exr", "tiff", "dpx"]

MasterNaming = Literal["shot", "film"]

SUFFIXES: dict[MasterFormat, str] = {"exr": ".exr", "tiff": ".tif", "dpx": ".dpx"}


class PredictedError(Noun):
    """What the model expects its colour error to be over a frame, CIEDE2000: mean and 95th
    percentile of the pixels of the live area."""

    mean: float
    p95: float


class RenderedFrame(Noun):
    """One recovered frame: its number in the source, shot, file beside the artefact, SHA-256.

    `sidecar` is the file with the record of a format whose header has no place for it. `cut`
    counts the values outside 0 to 1 that the format could not hold. `predicted_error` is none in
    renderings by versions that did not predict it.
    """

    frame: int
    shot: int
    file: str
    sha256: str
    sidecar: str | None = None
    cut: int = 0
    predicted_error: PredictedError | None = None


class Rendering(Artefact):
    """What render wrote, all by one model, in one colour space.

    `bits` are of a sample: halves in EXR, integers in TIFF and DPX. `strict` masters are
    containers of SMPTE ST 2065-4. `color_config` is the OpenColorIO config, without its folder;
    `view` is its view that took scene light to the working space and back, if one was asked for.
    """

    SCHEMA = "Rendering.1"
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

    def part_of(self, film: FrameRange) -> FrameRange | None:
        """The frames that it holds where these are not the whole film, else none."""
        numbers = [frame.frame for frame in self.frames]
        own = FrameRange(first=min(numbers), last=max(numbers))
        return None if own == film else own
