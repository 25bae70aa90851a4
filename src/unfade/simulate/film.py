"""The simulation of a film: reads the clips, writes scan, ground truth, DVD and record."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path

from torch import Tensor

from unfade.errors import ProjectError, WorkError
from unfade.film.clip import Clip
from unfade.media import probe, read, read_frame, write_dpx
from unfade.project.color_config import PINNED
from unfade.project.settings import ClipSection
from unfade.simulate.clips import ClipCut, fit_picture
from unfade.simulate.dvd import (
    DVD_LIVE_AREA,
    RATE,
    Telecine,
    burn_subtitle,
    interlaced,
    lead_in,
    open_dvd,
)
from unfade.simulate.gate import LIVE_AREA, place_in_gate
from unfade.simulate.plan import FIRST_FRAME, MIN_FRAMES, Plan, plan_film
from unfade.simulate.print_film import density_to_display, display_to_dyes, dyes_to_density
from unfade.simulate.programme import FilmFrame
from unfade.simulate.record import Simulation
from unfade.simulate.scan import exposure_for_white, scan_print
from unfade.simulate.severity import SEVERITIES
from unfade.simulate.transfer import TRANSFERS, Transfer
from unfade.work.progress import Progress
from unfade.work.writing import write_text

_DVD_PIXEL_ASPECT = Fraction(64, 45)
"""Pixel aspect of 16:9 on 720 x 576."""


def simulate(
    folder: Path,
    clips: Sequence[ClipCut],
    *,
    severity: str,
    seed: int,
    progress: Progress,
    transfer: Transfer = TRANSFERS["fair"],
    added: Sequence[ClipCut] = (),
) -> None:
    """Simulates a faded film from clean clips, and a DVD made before it faded.

    Writes these files; the same seed gives the same bytes:

    - ``scan/scan.%06d.dpx`` from frame 1001: the scan of the faded print, 10 bits;
    - ``truth/truth.%06d.dpx``: the fresh print with the same weave, without grain and dirt;
    - ``dvd/dvd.mpg``: PAL, interlaced, with a lead-in, without the film's last frames, and with
      the faults of `transfer`;
    - ``simulation.json``: the `Simulation`, written last.

    Args:
        folder: new or empty.
        clips: one for each shot.
        severity: a name in `SEVERITIES`.
        seed: of all random numbers.
        progress: advances with every frame.
        transfer: faults of the DVD.
        added: shots that only the DVD has.

    Raises:
        ProjectError: the severity is unknown, or the clips are too short.
        WorkError: the folder holds a film already, or cannot be written to.
        MediaError: a clip cannot be read.
    """
    if severity not in SEVERITIES:
        raise ProjectError(f"there is no severity '{severity}'; use one of {', '.join(SEVERITIES)}")
    if sum(len(cut.frames) for cut in clips) < MIN_FRAMES:
        raise ProjectError(
            f"a simulated film needs at least {MIN_FRAMES} frames; use longer or more clips"
        )
    _make_folders(folder)
    extra = sum(len(cut.frames) for cut in added)
    plan = plan_film(clips, SEVERITIES[severity], seed, transfer, extra)
    sources = [probe(cut.path, ClipSection(path=cut.path), colors=PINNED) for cut in clips]
    exposure = exposure_for_white(_exposure_samples(clips, sources, plan), plan)

    pictures = _with_neighbours(_film_dyes(clips, sources))
    frames = progress.track(pictures, "Simulating a film", plan.frames)
    for index, (before, dyes, after) in enumerate(frames):
        gate = place_in_gate(before, dyes, after, plan.weave_of(index))
        name = f"{FIRST_FRAME + index:06d}.dpx"
        fresh = density_to_display(dyes_to_density(gate))
        write_dpx(folder / "truth" / f"truth.{name}", fresh, colors=PINNED)
        scan_rgb = scan_print(gate, plan, index, exposure)
        write_dpx(folder / "scan" / f"scan.{name}", scan_rgb, colors=PINNED)
    telecine_pictures = _telecine_pictures(plan, _FreshPictures(clips, added))
    dvd_pictures = interlaced(telecine_pictures, plan.programme.video_frames)
    with open_dvd(folder / "dvd" / "dvd.mpg", transfer, _DVD_PIXEL_ASPECT) as movie:
        for picture in progress.track(
            dvd_pictures, "Simulating its DVD", len(plan.programme.video_frames)
        ):
            movie.write(picture)
    record = _record(clips, added, plan, severity, exposure)
    write_text(folder / Simulation.PATH, record.to_json())


class _FreshPictures:
    """Pictures of the fresh print, of the film and of the added shots."""

    def __init__(self, clips: Sequence[ClipCut], added: Sequence[ClipCut]) -> None:
        self._film = _frames_of(clips)
        self._added = _frames_of(added)

    def read(self, frames: Sequence[FilmFrame]) -> Iterator[Tensor]:
        """R'G'B' pictures (3, height, width) of film frames of a programme, not of its lead-in."""
        clip_frames = (
            self._film[one.frame] if one.frame is not None else self._added[one.added or 0]
            for one in frames
        )
        for cut, run in groupby(clip_frames, key=lambda clip_frame: clip_frame[0]):
            clip = probe(cut.path, ClipSection(path=cut.path), colors=PINNED)
            for _, rgb in read(clip, [frame for _, frame in run], PINNED):
                dyes = display_to_dyes(fit_picture(rgb, clip, cut))
                yield density_to_display(dyes_to_density(dyes))


def _frames_of(cuts: Sequence[ClipCut]) -> list[tuple[ClipCut, int]]:
    """The clip and the frame number in it of every frame of the cuts, in order."""
    return [(cut, frame) for cut in cuts for frame in cut.frames.frames()]


def _telecine_pictures(plan: Plan, fresh: _FreshPictures) -> Iterator[Tensor]:
    """The pictures of the programme after the telecine, before interlacing."""
    for index in range(plan.lead_in):
        yield lead_in(index)
    telecine = Telecine(plan.transfer, plan.geometry)
    frames = plan.programme.film_frames[plan.lead_in :]
    weaves = plan.dvd_weave[plan.lead_in :].tolist()
    for frame, (x, y), rgb in zip(frames, weaves, fresh.read(frames), strict=True):
        picture = telecine.scan(rgb, (x, y))
        subtitle = plan.subtitle_of(frame.frame)
        yield picture if subtitle is None else burn_subtitle(picture, subtitle)


def _make_folders(folder: Path) -> None:
    try:
        for name in ("scan", "truth", "dvd"):
            (folder / name).mkdir(parents=True, exist_ok=True)
            if any((folder / name).iterdir()):
                raise WorkError(
                    f"{folder / name}: holds files already; choose a new or an empty folder"
                )
    except OSError as error:
        raise WorkError(
            f"{folder}: cannot be made ({error.strerror}); "
            "check write permission and free space there"
        ) from error


def _film_dyes(clips: Sequence[ClipCut], sources: Sequence[Clip]) -> Iterator[Tensor]:
    """The dyes of every frame of the fresh print."""
    for cut, clip in zip(clips, sources, strict=True):
        for _, rgb in read(clip, cut.frames.frames(), PINNED):
            yield display_to_dyes(fit_picture(rgb, clip, cut))


def _with_neighbours(
    pictures: Iterator[Tensor],
) -> Iterator[tuple[Tensor | None, Tensor, Tensor | None]]:
    before: Tensor | None = None
    now = next(pictures)
    for after in pictures:
        yield before, now, after
        before, now = now, after
    yield before, now, None


def _exposure_samples(
    clips: Sequence[ClipCut], sources: Sequence[Clip], plan: Plan
) -> Iterator[tuple[int, Tensor]]:
    """Index and dyes of the middle frame of each shot."""
    for shot, cut, clip in zip(plan.shots, clips, sources, strict=True):
        middle = len(cut.frames) // 2
        rgb = read_frame(clip, cut.frames.first + middle, PINNED)
        yield (
            shot.frames.first - FIRST_FRAME + middle,
            display_to_dyes(fit_picture(rgb, clip, cut)),
        )


def _record(
    clips: Sequence[ClipCut],
    added: Sequence[ClipCut],
    plan: Plan,
    severity: str,
    exposure: float,
) -> Simulation:
    return Simulation(
        seed=plan.seed,
        severity=severity,
        parameters=plan.severity,
        transfer=plan.transfer,
        rate=RATE,
        clips=tuple(clips),
        added=tuple(added),
        shots=plan.shots,
        live_area=LIVE_AREA,
        dvd_live_area=DVD_LIVE_AREA,
        exposure=exposure,
        frames=tuple(plan.frame(index) for index in range(plan.frames)),
        dvd=tuple(plan.dvd_frames()),
        dvd_warp=plan.geometry.warp,
    )
