"""A frame whose colour is constructed: reads what the solver needs, and holds what it finds."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from unfade import media
from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb
from unfade.construct.contradictions import Contradiction, solve_consistent
from unfade.construct.dye_start import DyeStart, film_dyes
from unfade.construct.laws import start_law
from unfade.construct.places import FadedFrame, is_calm
from unfade.construct.proposals import helpful_places
from unfade.construct.solver import Solution
from unfade.construct.stated import (
    StatedPoint,
    colour_stating,
    evidence_of,
    places_of,
    stated_points,
)
from unfade.film.clip import SOURCE_PROXY, Area
from unfade.film.construction import Construction, FocalPoint, Palette
from unfade.film.model import TrainedModel
from unfade.film.pair import PairList
from unfade.geometry.crop import crop
from unfade.model.files import load_model
from unfade.work.job import Job
from unfade.work.proxies import load_proxy


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
    start: DyeStart
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
        cbcr = faded.solved(self.solution)
        return ycbcr_to_rgb(torch.cat([y, limit_chroma(y, cbcr)]))

    @cached_property
    def uncertainty(self) -> Tensor:
        """The standard deviation of chroma, of range 1, on the grid of `FadedFrame.candidates`,
        (rows, columns)."""
        found = self.faded.candidates
        return self.solution.deviation(found.places).reshape(found.rows, -1)

    def colour_to_state(self, point: FocalPoint) -> str | None:
        """The sRGB colour that states, at a point with or without one, what is solved there; None
        if it lies outside the live area."""
        places = places_of(point, self.live_area)
        if not places:
            return None
        found, _ = self.faded.around(places)
        return colour_stating(self.solution.chroma(found).mean(dim=1), found, self.start)

    def proposals(self, count: int) -> list[Proposal]:
        """The places at which stated colours would help most, the best first."""
        found = self.faded.candidates
        chosen = helpful_places(self.solution, found.places, is_calm(found.spread), count)
        deviation = self.uncertainty.flatten()
        return [
            Proposal(
                x=self.live_area.x + found.at[index][0] + 0.5,
                y=self.live_area.y + found.at[index][1] + 0.5,
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
    return film_dyes(load_proxy(job.root / SOURCE_PROXY, len(clip.frames)))


def read_faded(job: Job, frame: int) -> FadedFrame:
    """A frame of the scan, ready to be solved. If the film has a model, and its shot has no pairs,
    the start is the model's colour, weighted by its predicted error. A model that has learned from
    the shot itself would only confirm what was stated before.

    Raises:
        MediaError: it cannot be read.
        WorkError: the model is damaged.
    """
    source = job.clips().source
    rgb = crop(media.read_frame(source, frame, job.colors), source.live_area).contiguous()
    faded = FadedFrame.of(rgb)
    if not all((job.root / need.PATH).exists() for need in (PairList, TrainedModel)):
        return faded
    shots = {one.number: one.frames for one in job.load(PairList).shots}
    number = next((number for number, frames in shots.items() if frame in frames), None)
    record = job.load(TrainedModel)
    if number is None or any(one in shots[number] for one in record.train_frames):
        return faded
    model = load_model((job.root / TrainedModel.PATH).with_name(record.file))
    inputs = model.inputs_of_frame(rgb, number)
    error = model.predict_error(inputs).ciede2000
    size = rgb.shape[1:]
    large = functional.interpolate(error[None], size=size, mode="bilinear")[0, 0]
    return faded.with_model(model.predict(rgb, number), large)


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
    evidence, groups = evidence_of(faded, points, start)
    law = start_law(start, has_model=faded.model_cbcr is not None)
    solution, left_out = solve_consistent(law, evidence, groups)
    return ConstructedFrame(
        construction.frame, faded, start, live_area, tuple(points), solution, tuple(left_out)
    )


def expected_colour(frame: ConstructedFrame, contradiction: Contradiction) -> str:
    """The sRGB colour that the other points predict at one that contradicts them."""
    found, _ = frame.faded.around(frame.points[contradiction.index].places)
    return colour_stating(torch.tensor(contradiction.expected), found, frame.start)


def contradiction_in_words(frame: ConstructedFrame, one: Contradiction, number: int) -> str:
    """A sentence on a point that contradicts the others, which has a number."""
    point = frame.points[one.index]
    return (
        f"point {number} ({point.colour}, {point.source}) contradicts the others, by which it is "
        f"{expected_colour(frame, one)}, and is left out; correct it or them"
    )
