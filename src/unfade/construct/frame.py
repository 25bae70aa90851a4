"""A frame whose colour is constructed: reads what the solver needs, and writes what it finds."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unfade import media
from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.construct.advice import Contradiction, helpful_places, solve_consistent
from unfade.construct.dye_start import DyeStart, estimate_dyes, logarithm, rgb_of
from unfade.construct.palettes import srgb_colour
from unfade.construct.places import FadedFrame, is_calm
from unfade.construct.solver import Solution
from unfade.construct.stated import StatedPoint, evidence_of, stated_points
from unfade.film.clip import SOURCE_PROXY, Area
from unfade.film.construction import CONSTRUCT_FOLDER, Construction, Palette
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.work.job import Job
from unfade.work.proxies import load_proxy
from unfade.work.writing import make_folder

_START_FRAMES = 300
"""Frames from which the dye losses of a film are estimated, spread over all of it."""
_START_STEP_PX = 7
"""Distance of the proxy's pixels that count: 400 a frame."""


@dataclass(frozen=True)
class Proposal:
    """A place at which a stated colour would help most: x and y in pixels of the scan, and the
    standard deviation of the chroma there, of range 1."""

    x: float
    y: float
    deviation: float


@dataclass(frozen=True)
class ConstructedFrame:
    """A frame with its colour: `solution` from all `points` but those `left_out`."""

    number: int
    faded: FadedFrame
    live_area: Area
    points: tuple[StatedPoint, ...]
    solution: Solution
    left_out: tuple[Contradiction, ...]

    @property
    def used(self) -> list[StatedPoint]:
        """The points that were not left out."""
        left_out = {one.index for one in self.left_out}
        return [point for index, point in enumerate(self.points) if index not in left_out]

    @cached_property
    def rgb(self) -> Tensor:
        """The live area (3, H, W): luma of the scan, solved chroma."""
        return self.rgb_of(self.faded)

    def rgb_of(self, faded: FadedFrame) -> Tensor:
        """The same of the frame at another size, from `reduced`."""
        y = luma(faded.source_rgb)
        cbcr = self.solution.picture_chroma(faded.log_rgb)
        return ycbcr_to_rgb(torch.cat([y, limit_chroma(y, cbcr)]))

    @cached_property
    def uncertainty(self) -> Tensor:
        """The standard deviation of chroma, of range 1, on the grid of `FadedFrame.candidates`,
        (rows, columns)."""
        found = self.faded.candidates
        deviation = self.solution.deviation(found.log_rgb, found.position)
        return deviation.reshape(found.rows, -1)

    def proposals(self, count: int) -> list[Proposal]:
        """The places at which stated colours would help most, the best first."""
        found = self.faded.candidates
        chosen = helpful_places(
            self.solution, found.log_rgb, found.position, is_calm(found.spread), count
        )
        deviation = self.uncertainty.flatten()
        return [
            Proposal(
                x=self.live_area.x + found.places[index][0] + 0.5,
                y=self.live_area.y + found.places[index][1] + 0.5,
                deviation=float(deviation[index]),
            )
            for index in chosen
        ]


def film_start(job: Job) -> DyeStart:
    """The dye losses of a film, estimated from its proxy.

    Raises:
        WorkError: the proxy is missing or damaged.
    """
    clip = job.clips().source
    proxy = load_proxy(job.root / SOURCE_PROXY, len(clip.frames))
    frames = np.linspace(0, len(proxy) - 1, min(len(proxy), _START_FRAMES)).round().astype(int)
    pixels = [proxy[frame, ::_START_STEP_PX, ::_START_STEP_PX].reshape(-1, 3) for frame in frames]
    rgb = torch.from_numpy(np.concatenate(pixels).T / 255.0)
    return estimate_dyes(logarithm(rgb))


def read_faded(job: Job, frame: int) -> FadedFrame:
    """A frame of the scan, ready to be solved.

    Raises:
        MediaError: it cannot be read.
    """
    source = job.clips().source
    rgb = crop(media.read_frame(source, frame, job.colors), source.live_area)
    return FadedFrame.of(rgb.contiguous())


def construct(
    job: Job, faded: FadedFrame, start: DyeStart, construction: Construction, palette: Palette
) -> ConstructedFrame:
    """The colour of a frame from its focal points; from the film's start if there are none.

    Args:
        job: of the film.
        faded: from `read_faded`.
        start: from `film_start`.
        construction: of this frame.
        palette: of the film.

    Raises:
        ProjectError: a point cannot be used.
    """
    live_area = job.clips().source.live_area
    points = stated_points(construction, palette, live_area, job.root)
    evidence, groups = evidence_of(faded, points)
    solution, left_out = solve_consistent(start, evidence, groups)
    return ConstructedFrame(
        construction.frame, faded, live_area, tuple(points), solution, tuple(left_out)
    )


def write_picture(job: Job, frame: ConstructedFrame) -> Path:
    """Writes a constructed frame as a picture on the scan's raster, whose outside of the live area
    is the scan's; its path.

    Raises:
        MediaError: it cannot be written.
    """
    path = picture_file(job.root, frame.number)
    make_folder(path.parent)
    whole = media.read_frame(job.clips().source, frame.number, job.colors).clone()
    crop(whole, frame.live_area)[:] = frame.rgb
    media.write_exr(path, whole, colorspace=WORKING_SPACE)
    return path


def picture_file(folder: Path, frame: int) -> Path:
    """The picture of a constructed frame, in the folder of film.toml."""
    return folder / CONSTRUCT_FOLDER / f"{frame:07d}.exr"


def expected_colour(frame: ConstructedFrame, contradiction: Contradiction) -> str:
    """The sRGB colour that the other points predict at one that contradicts them."""
    place = frame.points[contradiction.index].places[:1]
    y = luma(rgb_of(frame.faded.around(place)[0]).reshape(3, 1, 1))
    cbcr = y.new_tensor(contradiction.expected).reshape(2, 1, 1)
    return srgb_colour(ycbcr_to_rgb(torch.cat([y, limit_chroma(y, cbcr)])).flatten())
