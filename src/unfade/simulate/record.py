"""What is true of a simulated film, for whoever scores against it."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unfade.film.alignment import Matrix
from unfade.film.clip import Area
from unfade.film.noun import Artefact, Noun
from unfade.film.shot import Shot
from unfade.film.time import ExactFraction
from unfade.simulate.clips import ClipCut
from unfade.simulate.severity import Severity
from unfade.simulate.transfer import Transfer


class DvdWarp(Noun):
    """A distortion that no plane transform undoes: waves as long as the picture.

    `pixels` is how far a point is off at most across, and down; `phases` are of the four waves,
    0 to 1.
    """

    pixels: float
    phases: tuple[float, ...] = Field(min_length=4, max_length=4)

    def at(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far points are off, right and down, in pixels of the film.

        Args:
            x: across the DVD's stored raster, 0 to 1.
            y: down it, 0 to 1.
        """
        a, b, c, d = (2 * np.pi * phase for phase in self.phases)
        off_x = np.sin(2 * np.pi * y + a) * np.sin(np.pi * x + b)
        off_y = np.sin(2 * np.pi * x + c) * np.sin(np.pi * y + d)
        return self.pixels * off_x, self.pixels * off_y


class DvdFrame(Noun):
    """What a frame of the DVD shows: frames of the scan in its `top` and `bottom` field, none
    where the scan has no such picture, and the number of the subtitle in each."""

    top: int | None
    bottom: int | None
    top_subtitle: int | None = None
    bottom_subtitle: int | None = None


class SimulatedFrame(Noun):
    """What is true of one frame of the scan.

    `weave` is how far the picture is from the live area, to the right and down, in pixels.
    `dvd_frame` counts from 0 and is the first that shows this frame in its top field; none where
    the DVD lacks it. `dvd_to_scan` maps pixels of the DVD's stored raster to those of the scan's,
    both with their borders, pixel centres at whole numbers, but for the DVD's smooth warp.
    `subtitle` tells whether either field of the DVD frame has one.
    """

    frame: int
    weave: tuple[float, float]
    dvd_frame: int | None
    dvd_to_scan: Matrix
    subtitle: bool


class Simulation(Artefact):
    """A simulated film.

    `exposure` is what a technician set, once for the film: the scan's light is multiplied by
    ten to its power. `added` are clips of which only the DVD has frames. `dvd` is every frame of
    the DVD, `dvd_warp` its distortion besides `dvd_to_scan`: what is added, in scan pixels.
    """

    SCHEMA = "Simulation.2"
    PATH = "simulation.json"

    seed: int
    severity: str
    parameters: Severity
    transfer: Transfer
    rate: ExactFraction
    clips: tuple[ClipCut, ...]
    added: tuple[ClipCut, ...]
    shots: tuple[Shot, ...]
    live_area: Area
    dvd_live_area: Area
    exposure: float
    frames: tuple[SimulatedFrame, ...]
    dvd: tuple[DvdFrame, ...]
    dvd_warp: DvdWarp
