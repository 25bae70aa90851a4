"""The plan of a simulated film: every random choice, made before the first picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unfade.film.alignment import Matrix
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.simulate.clips import ClipCut
from unfade.simulate.defects import exposure_deviation, gate_weave, telecine_weave
from unfade.simulate.dvd import DvdGeometry, dvd_geometry, scaled_matrix
from unfade.simulate.fading import FilmFade, film_fade
from unfade.simulate.gate import LIVE_AREA
from unfade.simulate.programme import Programme, plan_programme
from unfade.simulate.random_streams import Stream, random_generator
from unfade.simulate.record import DvdFrame, SimulatedFrame
from unfade.simulate.severity import Severity
from unfade.simulate.transfer import TRANSFERS, Transfer

FIRST_FRAME = 1001
"""The number of the scan's first frame."""

_LEAD_IN_FRAMES = (10, 20)
"""Smallest and largest number of DVD frames before the film."""

_CUT_OFF_FRAMES = (3, 6)
"""Smallest and largest number of frames at the end of the film that the DVD lacks."""

MIN_FRAMES = _CUT_OFF_FRAMES[1] + 1
"""Smallest number of frames of a film: at least one of them must be on the DVD."""


@dataclass(frozen=True)
class Plan:
    """The plan of a film. Frames are indices from 0; only `shots` has frame numbers of the scan.

    `weave` is (frames, 2) in pixels, `exposure` (frames,) in density. `lead_in` is the number of
    DVD frames before the film. `dvd_weave` is the telecine's weave for each film frame of the
    programme, (film frames, 2) in pixels of the film. `subtitles` has the number of the subtitle
    on each frame, or none.
    """

    seed: int
    severity: Severity
    transfer: Transfer
    shots: tuple[Shot, ...]
    fade: FilmFade
    weave: NDArray[np.float64]
    exposure: NDArray[np.float64]
    geometry: DvdGeometry
    lead_in: int
    programme: Programme
    dvd_weave: NDArray[np.float64]
    subtitles: tuple[int | None, ...]

    @property
    def frames(self) -> int:
        """Number of frames of the film."""
        return len(self.subtitles)

    def frame(self, index: int) -> SimulatedFrame:
        """The record of a frame of the scan."""
        on_dvd = self.programme.scan_frames()
        dvd_frame = next((n for n, (top, _) in enumerate(on_dvd) if top == index), None)
        fields = () if dvd_frame is None else on_dvd[dvd_frame]
        return SimulatedFrame(
            frame=FIRST_FRAME + index,
            weave=self.weave_of(index),
            dvd_frame=dvd_frame,
            dvd_to_scan=self.dvd_to_scan(index),
            subtitle=any(self.subtitle_of(frame) is not None for frame in fields),
        )

    def dvd_frames(self) -> Iterator[DvdFrame]:
        """The records of the frames of the DVD."""
        for top, bottom in self.programme.scan_frames():
            yield DvdFrame(
                top=None if top is None else FIRST_FRAME + top,
                bottom=None if bottom is None else FIRST_FRAME + bottom,
                top_subtitle=self.subtitle_of(top),
                bottom_subtitle=self.subtitle_of(bottom),
            )

    def subtitle_of(self, frame: int | None) -> int | None:
        """The number of the subtitle on a frame of the scan, if it has one."""
        return None if frame is None else self.subtitles[frame]

    def weave_of(self, index: int) -> tuple[float, float]:
        """The shift of a frame of the scan to the right and down, in pixels."""
        x, y = self.weave[index].tolist()
        return (x, y)

    def dvd_to_scan(self, index: int) -> Matrix:
        """The homography from pixels of the DVD's stored raster to those of the scan."""
        x, y = self.weave_of(index)
        frames = [frame.frame for frame in self.programme.film_frames]
        dvd_x, dvd_y = (
            self.dvd_weave[frames.index(index)].tolist() if index in frames else (0.0, 0.0)
        )
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
    """The plan of a film that consists of `clips` in order.

    Args:
        clips: one for each shot.
        severity: fade and defects of the print.
        seed: of all random numbers.
        transfer: faults of the DVD.
        added: number of frames that only the DVD has.
    """
    shots = _shots(clips)
    frames = sum(len(shot.frames) for shot in shots)
    timing = random_generator(seed, Stream.TIMING)
    lead_in = int(timing.integers(*_LEAD_IN_FRAMES, endpoint=True))
    cut_off = int(timing.integers(*_CUT_OFF_FRAMES, endpoint=True))
    programme = plan_programme(shots, transfer, seed, lead_in=lead_in, cut_off=cut_off, added=added)
    return Plan(
        seed=seed,
        severity=severity,
        transfer=transfer,
        shots=shots,
        fade=film_fade(severity.fade, seed, frames),
        weave=gate_weave(severity.defects.weave, seed, frames),
        exposure=exposure_deviation(severity.defects.exposure, seed, frames),
        geometry=dvd_geometry(transfer, seed),
        lead_in=lead_in,
        programme=programme,
        dvd_weave=telecine_weave(transfer.weave, seed, len(programme.film_frames)),
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
    """The subtitle number of each frame: the middle `share` of every second shot has one."""
    numbers: list[int | None] = []
    for shot in shots:
        length = len(shot.frames)
        start = int(length * (1 - share) / 2)
        for index in range(length):
            has_subtitle = shot.number % 2 == 0 and start <= index < length - start
            numbers.append(shot.number // 2 - 1 if has_subtitle else None)
    return tuple(numbers)
