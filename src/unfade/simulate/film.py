"""Makes the film: reads the clips, writes scan, DVD, truth and record."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path

from torch import Tensor

from unfade.errors import ProjectError, WorkError
from unfade.film.clip import Clip
from unfade.media import probe, read, read_frame, write_dpx
from unfade.media.movies.writer import MovieWriter
from unfade.project.settings import ClipSection
from unfade.simulate.clips import ClipCut, fit_picture
from unfade.simulate.dvd import (
    DVD_HEIGHT,
    DVD_LIVE_AREA,
    DVD_WIDTH,
    Telecine,
    burn_subtitle,
    lead_in,
    weave_fields,
)
from unfade.simulate.gate import LIVE_AREA, lay_in_gate
from unfade.simulate.plan import FEWEST_FRAMES, FIRST_FRAME, Plan, plan_film
from unfade.simulate.print_film import density_to_display, display_to_dyes, dyes_to_density
from unfade.simulate.programme import ProgrammeFrame
from unfade.simulate.record import Simulation
from unfade.simulate.scan import level, scan_print
from unfade.simulate.severity import SEVERITIES
from unfade.simulate.transfer import TRANSFERS, Transfer
from unfade.work.progress import Progress
from unfade.work.writing import write_text

RATE = Fraction(25)
_DVD_PIXEL_ASPECT = Fraction(64, 45)  # 16:9 on 720x576
_DVD_OPTIONS = {"g": "12", "bf": "2", "maxrate": "8000000", "bufsize": "1835008"}


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
    """Makes a faded film of clean clips, and a DVD of it before it faded.

    Writes, from the same seed always the same bytes:

    - ``scan/scan.%06d.dpx`` from frame 1001: the faded print, scanned, 10 bit;
    - ``truth/truth.%06d.dpx``: the print when it was fresh, with the same weave, without grain
      and dirt;
    - ``dvd/dvd.mpg``: PAL, interlaced; it begins with other pictures and lacks the film's last
      ones, and what else `transfer` says;
    - ``simulation.json``, last: a `Simulation`.

    Args:
        folder: new or empty.
        clips: one a shot.
        severity: a name in `SEVERITIES`.
        seed: of all chance.
        progress: is told of every frame.
        transfer: how the DVD was made.
        added: shots that only the DVD has.

    Raises:
        ProjectError: there is no such severity, or the clips are too short.
        WorkError: the folder holds a film already, or cannot be written to.
        MediaError: a clip cannot be read.
    """
    if severity not in SEVERITIES:
        raise ProjectError(f"severity {severity!r} is unknown; use one of {', '.join(SEVERITIES)}")
    if sum(len(cut.frames) for cut in clips) < FEWEST_FRAMES:
        raise ProjectError(
            f"a simulated film needs {FEWEST_FRAMES} frames; give it longer or more clips"
        )
    _make_folders(folder)
    extra = sum(len(cut.frames) for cut in added)
    plan = plan_film(clips, SEVERITIES[severity], seed, transfer, extra)
    sources = [probe(cut.path, ClipSection(path=cut.path)) for cut in clips]
    exposure = level(_samples(clips, sources, plan), plan)

    pictures = _with_neighbours(_pictures(clips, sources))
    frames = progress.track(pictures, "Simulating a film", plan.frames)
    for index, (before, dyes, after) in enumerate(frames):
        gate = lay_in_gate(before, dyes, after, plan.weave_of(index))
        name = f"{FIRST_FRAME + index:06d}.dpx"
        fresh = density_to_display(dyes_to_density(gate))
        write_dpx(folder / "truth" / f"truth.{name}", fresh)
        write_dpx(folder / "scan" / f"scan.{name}", scan_print(gate, plan, index, exposure))
    stored = _woven(plan, _Library(clips, added))
    with _open_dvd(folder / "dvd" / "dvd.mpg", transfer) as movie:
        for picture in progress.track(stored, "Making its DVD", len(plan.programme.stored)):
            movie.write(picture)
    record = _record(clips, added, plan, severity, exposure)
    write_text(folder / Simulation.PATH, record.to_json())


class _Library:
    """Fresh pictures of the film and of the added shots, by their place in the programme."""

    def __init__(self, clips: Sequence[ClipCut], added: Sequence[ClipCut]) -> None:
        self._film = _places(clips)
        self._added = _places(added)

    def read(self, shown: Sequence[ProgrammeFrame]) -> Iterator[Tensor]:
        """The pictures of a programme but for the lead-in; each is (3, height, width) R'G'B'."""
        places = (
            self._film[one.frame] if one.frame is not None else self._added[one.added or 0]
            for one in shown
        )
        for cut, run in groupby(places, key=lambda place: place[0]):
            clip = probe(cut.path, ClipSection(path=cut.path))
            for _, rgb in read(clip, [frame for _, frame in run]):
                dyes = display_to_dyes(fit_picture(rgb, clip, cut))
                yield density_to_display(dyes_to_density(dyes))


def _places(cuts: Sequence[ClipCut]) -> list[tuple[ClipCut, int]]:
    """Where each frame of the cuts, one after the other, comes from."""
    return [(cut, frame) for cut in cuts for frame in cut.frames.frames()]


def _woven(plan: Plan, library: _Library) -> Iterator[Tensor]:
    """The stored pictures of the DVD."""
    coming = enumerate(_shown(plan, library))
    ready: dict[int, Tensor] = {}
    for top, bottom in plan.programme.stored:
        while bottom not in ready:
            place, picture = next(coming)
            ready[place] = picture
        for place in [place for place in ready if place < top]:
            del ready[place]
        yield weave_fields(ready[top], ready[bottom])


def _shown(plan: Plan, library: _Library) -> Iterator[Tensor]:
    """The pictures of the programme as the DVD has them, before they are woven."""
    for index in range(plan.lead_in):
        yield lead_in(index)
    telecine = Telecine(plan.transfer, plan.geometry)
    shown = plan.programme.shown[plan.lead_in :]
    weaves = plan.dvd_weave[plan.lead_in :].tolist()
    for one, (x, y), rgb in zip(shown, weaves, library.read(shown), strict=True):
        picture = telecine.show(rgb, (x, y))
        subtitle = plan.subtitle_of(one.frame)
        yield picture if subtitle is None else burn_subtitle(picture, subtitle)


def _open_dvd(path: Path, transfer: Transfer) -> MovieWriter:
    return MovieWriter(
        path,
        codec="mpeg2video",
        width=DVD_WIDTH,
        height=DVD_HEIGHT,
        rate=RATE,
        matrix="bt601",
        interlaced=True,
        bit_rate=transfer.bit_rate,
        pixel_aspect=_DVD_PIXEL_ASPECT,
        options=_DVD_OPTIONS,
    )


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
            f"{folder}: cannot be made ({error.strerror}); choose one that you may write to"
        ) from error


def _pictures(clips: Sequence[ClipCut], sources: Sequence[Clip]) -> Iterator[Tensor]:
    """The dyes of every frame of the fresh film."""
    for cut, clip in zip(clips, sources, strict=True):
        for _, rgb in read(clip, cut.frames.frames()):
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


def _samples(
    clips: Sequence[ClipCut], sources: Sequence[Clip], plan: Plan
) -> Iterator[tuple[int, Tensor]]:
    """The middle frame of each shot."""
    for shot, cut, clip in zip(plan.shots, clips, sources, strict=True):
        middle = len(cut.frames) // 2
        rgb = read_frame(clip, cut.frames.first + middle)
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
