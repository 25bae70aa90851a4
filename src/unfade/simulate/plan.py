"""What happens when in a simulated film, settled from the seed before a picture is made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unfade.film.alignment import Matrix
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.simulate.chance import Draw, generator
from unfade.simulate.clips import ClipCut
from unfade.simulate.defects import exposure_course, telecine_weave, weave_course
from unfade.simulate.dvd import Geometry, geometry, scaled_matrix
from unfade.simulate.fading import FadeCourse, fade_course
from unfade.simulate.gate import LIVE_AREA
from unfade.simulate.programme import Programme, plan_programme
from unfade.simulate.record import DvdFrame, SimulatedFrame
from unfade.simulate.severity import Severity
from unfade.simulate.transfer import TRANSFERS, Transfer

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
    frames the DVD shows before the film, `dvd_weave` how far each of its film frames is off in
    the telecine, (shown, 2) in pixels of the film. `subtitles` is the number of the subtitle
    over each frame, or none.
    """

    seed: int
    severity: Severity
    transfer: Transfer
    shots: tuple[Shot, ...]
    fade: FadeCourse
    weave: NDArray[np.float64]
    exposure: NDArray[np.float64]
    geometry: Geometry
    lead_in: int
    programme: Programme
    dvd_weave: NDArray[np.float64]
    subtitles: tuple[int | None, ...]

    @property
    def frames(self) -> int:
        """How many frames the film has."""
        return len(self.subtitles)

    def frame(self, index: int) -> SimulatedFrame:
        """What is true of a frame."""
        stored = self.programme.frames()
        dvd_frame = next((n for n, (top, _) in enumerate(stored) if top == index), None)
        fields = () if dvd_frame is None else stored[dvd_frame]
        return SimulatedFrame(
            frame=FIRST_FRAME + index,
            weave=self.weave_of(index),
            dvd_frame=dvd_frame,
            dvd_to_scan=self.dvd_to_scan(index),
            subtitle=any(self.subtitle_of(frame) is not None for frame in fields),
        )

    def dvd_frames(self) -> Iterator[DvdFrame]:
        """What is true of every frame of the DVD."""
        for top, bottom in self.programme.frames():
            yield DvdFrame(
                top=None if top is None else FIRST_FRAME + top,
                bottom=None if bottom is None else FIRST_FRAME + bottom,
                top_subtitle=self.subtitle_of(top),
                bottom_subtitle=self.subtitle_of(bottom),
            )

    def subtitle_of(self, frame: int | None) -> int | None:
        """The number of the subtitle over a frame of the scan, if it has one."""
        return None if frame is None else self.subtitles[frame]

    def weave_of(self, index: int) -> tuple[float, float]:
        """How far a frame is off to the right and down, in pixels."""
        x, y = self.weave[index].tolist()
        return (x, y)

    def dvd_to_scan(self, index: int) -> Matrix:
        """From pixels of the DVD's stored raster to those of the scan's."""
        x, y = self.weave_of(index)
        place = next((n for n, s in enumerate(self.programme.shown) if s.frame == index), None)
        dvd_x, dvd_y = (0.0, 0.0) if place is None else self.dvd_weave[place].tolist()
        film_to_scan = np.array(
            [[1, 0, LIVE_AREA.x + x + dvd_x], [0, 1, LIVE_AREA.y + y + dvd_y], [0, 0, 1]]
        )
        return scaled_matrix(film_to_scan @ np.linalg.inv(np.array(self.geometry.matrix)))


def plan_film(
    clips: Sequence[ClipCut],
    severity: Severity,
    seed: int,
    transfer: Transfer = TRANSFERS["fair"],
    added: int = 0,
) -> Plan:
    """The plan of a film that shows `clips` one after the other.

    Args:
        clips: one a shot.
        severity: how the print has fared.
        seed: of all chance.
        transfer: how the DVD was made.
        added: frames that only the DVD has.
    """
    shots = _shots(clips)
    frames = sum(len(shot.frames) for shot in shots)
    timing = generator(seed, Draw.TIMING)
    lead_in = int(timing.integers(*_LEAD_IN, endpoint=True))
    cut_off = int(timing.integers(*_CUT_OFF, endpoint=True))
    programme = plan_programme(shots, transfer, seed, lead_in=lead_in, cut_off=cut_off, added=added)
    return Plan(
        seed=seed,
        severity=severity,
        transfer=transfer,
        shots=shots,
        fade=fade_course(severity.fade, seed, frames),
        weave=weave_course(severity.defects.weave, seed, frames),
        exposure=exposure_course(severity.defects.exposure, seed, frames),
        geometry=geometry(transfer, seed),
        lead_in=lead_in,
        programme=programme,
        dvd_weave=telecine_weave(transfer.weave, seed, len(programme.shown)),
        subtitles=_subtitles(shots, transfer.subtitles),
    )


def _shots(clips: Sequence[ClipCut]) -> tuple[Shot, ...]:
    shots = []
    first = FIRST_FRAME
    for number, cut in enumerate(clips, start=1):
        last = first + len(cut.frames) - 1
        shots.append(Shot(number=number, frames=FrameRange(first=first, last=last)))
        first = last + 1
    return tuple(shots)


def _subtitles(shots: Sequence[Shot], share: float) -> tuple[int | None, ...]:
    """The middle of every second shot speaks."""
    numbers: list[int | None] = []
    for shot in shots:
        length = len(shot.frames)
        start = int(length * (1 - share) / 2)
        for place in range(length):
            speaks = shot.number % 2 == 0 and start <= place < length - start
            numbers.append(shot.number // 2 - 1 if speaks else None)
    return tuple(numbers)
