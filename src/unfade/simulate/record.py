"""What is true of a simulated film, for whoever scores against it."""

from unfade.film.alignment import Matrix
from unfade.film.clip import Area
from unfade.film.noun import Artefact, Noun
from unfade.film.shot import Shot
from unfade.film.time import ExactFraction
from unfade.simulate.clips import ClipCut
from unfade.simulate.severity import Severity


class SimulatedFrame(Noun):
    """What is true of one frame of the scan.

    `weave` is how far the picture is from the live area, to the right and down, in pixels.
    `dvd_frame` counts from 0 and shows this frame in its top field; none where the DVD has ended.
    `dvd_to_scan` maps pixels of the DVD's stored raster to those of the scan's, both with their
    borders, pixel centres at whole numbers. `subtitle` tells whether either field of the DVD
    frame has one.
    """

    frame: int
    weave: tuple[float, float]
    dvd_frame: int | None
    dvd_to_scan: Matrix
    subtitle: bool


class Simulation(Artefact):
    """A simulated film.

    `exposure` is what a technician set, once for the film: the scan's light is multiplied by
    ten to its power.
    """

    SCHEMA = "Simulation.1"
    PLACE = "simulation.json"

    seed: int
    severity: str
    parameters: Severity
    rate: ExactFraction
    clips: tuple[ClipCut, ...]
    shots: tuple[Shot, ...]
    live_area: Area
    dvd_live_area: Area
    exposure: float
    frames: tuple[SimulatedFrame, ...]
