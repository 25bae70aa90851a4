"""ingest: probes clips, and makes the proxies of ranges of their frames."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from unfade.color.ycbcr import luma
from unfade.errors import MediaError, ProjectError
from unfade.film.clip import SOURCE_PROXY, Area, Clip, reference_proxy
from unfade.film.damage import DAMAGE_REMEDY, Damage, DamageSetting
from unfade.ingest.live_area import find_live_area
from unfade.ingest.overview import at_height
from unfade.ingest.proxy import make_proxy, proxy_size
from unfade.media import probe, read_or_fault
from unfade.project.settings import ClipSection
from unfade.work.job import Job
from unfade.work.units import Unit, UnitResult, UnitWork, frames_unit, ranges, read_result

_SAMPLE_FRAMES = 24
"""Frames, spread over a clip, for the detection of its live area: some are bright at every edge."""

_READ_FRAMES_A_UNIT = 500
"""Frames of a unit that only reads: at 2K a minute on one core."""


@dataclass(frozen=True)
class ClipToRead:
    """A clip of film.toml: its name in that of its units, its title in messages, its section, the
    path of its proxy, what is done about its damaged frames, and what a person can do about them.
    """

    name: str
    title: str
    section: ClipSection
    proxy: str
    damaged: DamageSetting = "error"
    remedy: str = DAMAGE_REMEDY


def elements(job: Job) -> list[ClipToRead]:
    """The scan, and the references in their order."""
    scan, remedy = job.project.source, f"{DAMAGE_REMEDY}, or 'source.damaged' to 'hold' or 'skip'"
    found = [ClipToRead("source", "source", scan, SOURCE_PROXY, scan.damaged, remedy)]
    several = len(job.project.reference) > 1
    for number, section in enumerate(job.project.reference, start=1):
        title = f"reference {section.name}" if several else "reference"
        found.append(
            ClipToRead(f"reference{number}", title, section, reference_proxy(section.name))
        )
    return found


def probe_unit(element: ClipToRead) -> Unit:
    """The probing of a clip."""
    arguments = {"name": element.name}
    return Unit("ingest", f"{element.name}-probe", probe_clip, arguments, amount=1)


def probe_clip(job: Job, name: str) -> UnitWork:
    """Probes a clip of film.toml and finds its live area, on frames spread over it. A live area in
    film.toml goes before the measured one. The result has the clip and, at the height of the
    overview, the middle one of these frames.

    Raises:
        MediaError: frames are missing or have unusable headers, and film.toml does not say what to
            do about them; or none of the frames can be read.
    """
    element = _element(job, name)
    section = element.section
    path, track = job.resolve(section.path), job.progress.track
    clip = probe(path, section, track, colors=job.colors, keeps_damaged=True)
    if clip.damage and element.damaged == "error":
        remedy = f"{element.remedy}; the pictures themselves were not read yet"
        raise MediaError(clip.damage.message(clip.path, clip.frames, remedy))
    frames = _spread(clip)
    lumas, faults, middle = [], [], None
    for frame, picture in read_or_fault(clip, frames, job.colors):
        if isinstance(picture, str):
            faults.append((frame, picture))
        else:
            lumas.append((luma(picture)[0].clamp(0.0, 1.0) * 255).round().to(torch.uint8).numpy())
            if middle is None or frame <= frames[len(frames) // 2]:
                middle = at_height(picture, clip)
    yield
    if middle is None:
        raise MediaError(
            Damage().with_faults(faults).message(clip.path, clip.frames, DAMAGE_REMEDY)
        )
    area = _checked_area(element.title, clip, section) or find_live_area(lumas)
    clip = clip.model_copy(update={"live_area": area})
    return UnitResult(clip.model_dump(mode="json"), {"middle": middle})


def probed(job: Job, element: ClipToRead) -> tuple[Clip, NDArray[np.float32]]:
    """The clip of a probed element, and its middle frame at the height of the overview."""
    result = read_result(job, probe_unit(element))
    return Clip.model_validate(result.facts), result.arrays["middle"]


def _element(job: Job, name: str) -> ClipToRead:
    return next(one for one in elements(job) if one.name == name)


def _spread(clip: Clip) -> list[int]:
    """Frames for the detection of the live area, spread evenly over a clip."""
    count = min(_SAMPLE_FRAMES, len(clip.frames))
    return [clip.frames.first + (2 * k + 1) * len(clip.frames) // (2 * count) for k in range(count)]


def _checked_area(name: str, clip: Clip, section: ClipSection) -> Area | None:
    area = section.area()
    if area and (area.x + area.width > clip.width or area.y + area.height > clip.height):
        raise ProjectError(
            f"'{name}.live_area' {list(section.live_area or ())} reaches beyond the picture of "
            f"{clip.width} x {clip.height} pixels; make it smaller or leave it out"
        )
    return area


def read_units(element: ClipToRead, clip: Clip) -> list[Unit]:
    """The reading of a whole clip in ranges."""
    frames = range(clip.frames.first, clip.frames.last + 1)
    parts = ranges(frames, _READ_FRAMES_A_UNIT)
    return [frames_unit("ingest", make_proxies, part, name=element.name) for part in parts]


def make_proxies(job: Job, first: int, last: int, name: str) -> UnitWork:
    """Reads frames of a clip. The result has the faults of damaged frames, and the proxies of all
    frames, uint8 (frames, h, w, 3), black where a frame is damaged.

    Raises:
        MediaError: a movie is damaged.
    """
    clip = job.once(_clips)[name]
    width, height = proxy_size(clip)
    proxies = np.zeros((last - first + 1, height, width, 3), np.uint8)
    faults = []
    for frame, proxy in proxies_or_faults(job, clip, range(first, last + 1)):
        if isinstance(proxy, str):
            faults.append((frame, proxy))
        else:
            proxies[frame - first] = proxy
        yield
    return UnitResult(faults, {"proxies": proxies})


def proxies_or_faults(
    job: Job, clip: Clip, frames: Iterable[int]
) -> Iterator[tuple[int, NDArray[np.uint8] | str]]:
    """Frames of a clip, ascending, each with its proxy, or with its fault if it is damaged.

    Raises:
        MediaError: a movie is damaged.
    """
    for frame, picture in read_or_fault(clip, frames, job.colors):
        yield frame, picture if isinstance(picture, str) else make_proxy(picture, clip)


def _clips(job: Job) -> dict[str, Clip]:
    """All clips that were probed, by the names of their elements."""
    return {
        one.name: probed(job, one)[0] for one in elements(job) if probe_unit(one).path(job).exists()
    }
