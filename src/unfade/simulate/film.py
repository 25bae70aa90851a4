"""Makes the film: reads the clips, writes scan, DVD, truth and record."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from torch import Tensor

from unfade.errors import ProjectError, WorkError
from unfade.film.clip import Clip
from unfade.film.project import ClipSection
from unfade.film.work import Progress, write_text
from unfade.media import probe, read, read_frame, write_dpx
from unfade.media.movie_writer import MovieWriter
from unfade.simulate.clips import ClipCut, fit_picture
from unfade.simulate.dvd import (
    DVD_HEIGHT,
    DVD_LIVE_AREA,
    DVD_WIDTH,
    burn_subtitle,
    lead_in,
    telecine,
    weave_fields,
)
from unfade.simulate.gate import LIVE_AREA, lay_in_gate
from unfade.simulate.plan import FEWEST_FRAMES, FIRST_FRAME, Plan, plan_film
from unfade.simulate.print_film import density_to_display, display_to_dyes, dyes_to_density
from unfade.simulate.record import Simulation
from unfade.simulate.scan import level, scan_print
from unfade.simulate.severity import SEVERITIES

RATE = Fraction(25)
_DVD_BIT_RATE = 5_000_000  # bits per second
_DVD_PIXEL_ASPECT = Fraction(64, 45)  # 16:9 on 720x576
_DVD_OPTIONS = {"g": "12", "bf": "2", "maxrate": "8000000", "bufsize": "1835008"}


def simulate(
    folder: Path, clips: Sequence[ClipCut], *, severity: str, seed: int, progress: Progress
) -> None:
    """Makes a faded film of clean clips, and a DVD of it before it faded.

    Writes, from the same seed always the same bytes:

    - ``scan/scan.%06d.dpx`` from frame 1001: the faded print, scanned, 10 bit;
    - ``truth/truth.%06d.dpx``: the print when it was fresh, with the same weave, without grain
      and dirt;
    - ``dvd/dvd.mpg``: PAL, interlaced, each frame one of the film in its top field and the next
      one in its bottom field; it begins with other pictures and lacks the film's last ones;
    - ``simulation.json``, last: a `Simulation`.

    Args:
        folder: new or empty.
        clips: one a shot.
        severity: a name in `SEVERITIES`.
        seed: of all chance.
        progress: is told of every frame.

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
    plan = plan_film(clips, SEVERITIES[severity], seed)
    sources = [probe(cut.path, ClipSection(path=cut.path)) for cut in clips]
    exposure = level(_samples(clips, sources, plan), plan)

    with _open_dvd(folder / "dvd" / "dvd.mpg") as movie:
        dvd = _Dvd(movie, plan)
        pictures = _pictures(clips, sources)
        frames = progress.track(_with_neighbours(pictures), "Simulating a film", plan.frames)
        for index, (before, dyes, after) in enumerate(frames):
            dvd.show_film(index, dyes)
            gate = lay_in_gate(before, dyes, after, plan.weave_of(index))
            name = f"{FIRST_FRAME + index:06d}.dpx"
            fresh = density_to_display(dyes_to_density(gate))
            write_dpx(folder / "truth" / f"truth.{name}", fresh)
            write_dpx(folder / "scan" / f"scan.{name}", scan_print(gate, plan, index, exposure))
    record = _record(clips, plan, severity, exposure)
    write_text(folder / Simulation.PLACE, record.to_json())


class _Dvd:
    """Takes progressive pictures and writes each with the next one's bottom field."""

    def __init__(self, movie: MovieWriter, plan: Plan) -> None:
        self._movie = movie
        self._plan = plan
        self._last: Tensor | None = None
        for index in range(plan.lead_in):
            self._show(lead_in(index))

    def show_film(self, index: int, dyes: Tensor) -> None:
        """A frame of the fresh film, if the DVD has it; frames are shown in order."""
        if index > self._plan.dvd_pictures:
            return
        picture = telecine(density_to_display(dyes_to_density(dyes)), self._plan.film_to_dvd)
        subtitle = self._plan.subtitles[index]
        self._show(picture if subtitle is None else burn_subtitle(picture, subtitle))

    def _show(self, picture: Tensor) -> None:
        if self._last is not None:
            self._movie.write(weave_fields(self._last, picture))
        self._last = picture


def _open_dvd(path: Path) -> MovieWriter:
    return MovieWriter(
        path,
        codec="mpeg2video",
        width=DVD_WIDTH,
        height=DVD_HEIGHT,
        rate=RATE,
        matrix="bt601",
        interlaced=True,
        bit_rate=_DVD_BIT_RATE,
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


def _record(clips: Sequence[ClipCut], plan: Plan, severity: str, exposure: float) -> Simulation:
    return Simulation(
        seed=plan.seed,
        severity=severity,
        parameters=plan.severity,
        rate=RATE,
        clips=tuple(clips),
        shots=plan.shots,
        live_area=LIVE_AREA,
        dvd_live_area=DVD_LIVE_AREA,
        exposure=exposure,
        frames=tuple(plan.frame(index) for index in range(plan.frames)),
    )
