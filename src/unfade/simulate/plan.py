"""What happens when in a simulated film, settled from the seed before a picture is made."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unfade.film.alignment import Matrix
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.simulate.chance import Draw, generator
from unfade.simulate.clips import ClipCut
from unfade.simulate.defects import exposure_course, weave_course
from unfade.simulate.dvd import as_matrix, framing
from unfade.simulate.fading import FadeCourse, fade_course
from unfade.simulate.gate import LIVE_AREA
from unfade.simulate.record import SimulatedFrame
from unfade.simulate.severity import Severity

FIRST_FRAME = 1001
"""The number of the scan's first frame."""

_LEAD_IN = (10, 20)  # frames that the DVD shows before the film, both included
_CUT_OFF = (3, 6)  # frames at the film's end that the DVD lacks, both included

FEWEST_FRAMES = _CUT_OFF[1] + 1
"""A film of fewer frames would have nothing on the DVD."""


@dataclass(frozen=True)
class Plan:
    """A film before its pictures. Frames are indices from 0 but in `shots`.

    `weave` is (frames, 2) in pixels, `exposure` (frames,) in density. `lead_in` is how many
    frames the DVD shows before the film, `dvd_pictures` how many of the film's it has.
    `subtitles` is the number of the subtitle over each frame, or none.
    """

    seed: int
    severity: Severity
    shots: tuple[Shot, ...]
    fade: FadeCourse
    weave: NDArray[np.float64]
    exposure: NDArray[np.float64]
    film_to_dvd: Matrix
    lead_in: int
    dvd_pictures: int
    subtitles: tuple[int | None, ...]

    @property
    def frames(self) -> int:
        """How many frames the film has."""
        return len(self.subtitles)

    def frame(self, index: int) -> SimulatedFrame:
        """What is true of a frame."""
        fields = self.subtitles[index : index + 2]
        on_dvd = index < self.dvd_pictures
        return SimulatedFrame(
            frame=FIRST_FRAME + index,
            weave=self.weave_of(index),
            dvd_frame=self.lead_in + index if on_dvd else None,
            dvd_to_scan=self.dvd_to_scan(index),
            subtitle=on_dvd and any(number is not None for number in fields),
        )

    def weave_of(self, index: int) -> tuple[float, float]:
        """How far a frame is off to the right and down, in pixels."""
        x, y = self.weave[index].tolist()
        return (x, y)

    def dvd_to_scan(self, index: int) -> Matrix:
        """From pixels of the DVD's stored raster to those of the scan's."""
        x, y = self.weave_of(index)
        film_to_scan = np.array([[1, 0, LIVE_AREA.x + x], [0, 1, LIVE_AREA.y + y], [0, 0, 1]])
        return as_matrix(film_to_scan @ np.linalg.inv(np.array(self.film_to_dvd)))


def plan_film(clips: Sequence[ClipCut], severity: Severity, seed: int) -> Plan:
    """The plan of a film that shows `clips` one after the other."""
    shots = _shots(clips)
    frames = sum(len(shot.frames) for shot in shots)
    timing = generator(seed, Draw.TIMING)
    lead_in = int(timing.integers(*_LEAD_IN, endpoint=True))
    cut_off = int(timing.integers(*_CUT_OFF, endpoint=True))
    return Plan(
        seed=seed,
        severity=severity,
        shots=shots,
        fade=fade_course(severity.fade, seed, frames),
        weave=weave_course(severity.defects.weave, seed, frames),
        exposure=exposure_course(severity.defects.exposure, seed, frames),
        film_to_dvd=framing(seed),
        lead_in=lead_in,
        dvd_pictures=frames - cut_off,
        subtitles=_subtitles(shots),
    )


def _shots(clips: Sequence[ClipCut]) -> tuple[Shot, ...]:
    shots = []
    first = FIRST_FRAME
    for number, cut in enumerate(clips, start=1):
        last = first + len(cut.frames) - 1
        shots.append(Shot(number=number, frames=FrameRange(first=first, last=last)))
        first = last + 1
    return tuple(shots)


def _subtitles(shots: Sequence[Shot]) -> tuple[int | None, ...]:
    """The middle half of every second shot speaks."""
    numbers: list[int | None] = []
    for shot in shots:
        length = len(shot.frames)
        start, end = length // 4, length - length // 4
        for place in range(length):
            speaks = shot.number % 2 == 0 and start <= place < end
            numbers.append(shot.number // 2 - 1 if speaks else None)
    return tuple(numbers)
