"""The ground truth of a simulated film, for scoring results against it."""

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
    """A smooth distortion that no homography corrects: sine waves as long as the picture.

    `pixels` is the largest displacement across, and down, in pixels of the film. `phases` are
    those of the four waves, 0 to 1.
    """

    pixels: float
    phases: tuple[float, ...] = Field(min_length=4, max_length=4)

    def at(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Displacement of points to the right and down, in pixels of the film.

        Args:
            x: position across the DVD's stored raster, 0 to 1.
            y: position down the raster, 0 to 1.
        """
        a, b, c, d = (2 * np.pi * phase for phase in self.phases)
        off_x = np.sin(2 * np.pi * y + a) * np.sin(np.pi * x + b)
        off_y = np.sin(2 * np.pi * x + c) * np.sin(np.pi * y + d)
        return self.pixels * off_x, self.pixels * off_y


class DvdFrame(Noun):
    """Content of a DVD frame: the scan's frames in its `top` and `bottom` field, none if the scan
    lacks the picture, and the number of the subtitle in each field."""

    top: int | None
    bottom: int | None
    top_subtitle: int | None = None
    bottom_subtitle: int | None = None


class SimulatedFrame(Noun):
    """Ground truth of one frame of the scan.

    `weave` is the shift of the picture from the live area to the right and down, in pixels.
    `dvd_frame` counts from 0 and is the first DVD frame with this picture in its top field; none if
    the DVD lacks it. `dvd_to_scan` is the homography from pixels of the DVD's stored raster to
    those of the scan, both with borders and with pixel centres at whole numbers; the smooth warp
    comes besides. `subtitle` is whether either field of the DVD frame has a subtitle.
    """

    frame: int
    weave: tuple[float, float]
    dvd_frame: int | None
    dvd_to_scan: Matrix
    subtitle: bool


class Simulation(Artefact):
    """The record of a simulated film.

    `exposure` is the scanner's setting for the whole film: the light is multiplied by 10 to the
    power of `exposure`. `added` are clips that only the DVD has. `dvd` lists every frame of the
    DVD. `dvd_warp` is the displacement, in scan pixels, to add after `dvd_to_scan`.
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
