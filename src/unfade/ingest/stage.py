"""Ingest: finds out what is there, verifies every frame of it, and makes small copies."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unfade.color.ycbcr import luma
from unfade.errors import ProjectError
from unfade.film.cadence import Cadence
from unfade.film.clip import REFERENCE_PROXY, SOURCE_PROXY, Area, Clip, Clips
from unfade.film.project import ClipSection
from unfade.film.work import Job, writing
from unfade.ingest.live_area import find_live_area
from unfade.ingest.overview import draw_live_areas
from unfade.ingest.proxy import make_proxy, proxy_size
from unfade.ingest.repeats import RepeatMeter
from unfade.media import check_colorspace, probe, read, write_png

_SAMPLES = 24
"""Frames, spread over a clip, in which its live area is looked for."""


def run(job: Job) -> None:
    """Writes `Clips`, the proxies, and live-area.png.

    Raises:
        MediaError: a frame of a clip is missing or damaged.
        ProjectError: a live area or colour space of the project file does not fit.
    """
    check_colorspace(job.project.render.colorspace)
    job.folder("ingest")
    sections = {"source": job.project.source, "reference": job.project.reference}
    clips: dict[str, Clip] = {}
    shown: list[tuple[Tensor, Clip]] = []
    for name, section in sections.items():
        if section is not None:
            clip = probe(job.resolve(section.path), section, job.progress.track)
            clips[name], middle = _with_live_area(job, name, clip, section)
            shown.append((middle, clips[name]))
    write_png(job.folder("ingest") / "live-area.png", draw_live_areas(shown))
    for name, place in (("source", SOURCE_PROXY), ("reference", REFERENCE_PROXY)):
        if name in clips:
            repeats = _write_proxy(job, name, clips[name], job.root / place)
            if name == "reference":
                clips[name] = _with_cadence(job, clips[name], repeats)
    named = {
        name: clip.model_copy(update={"path": section.path})
        for name, section in sections.items()
        if section is not None and (clip := clips[name])
    }
    job.save(Clips(source=named["source"], reference=named.get("reference")))


def _with_live_area(job: Job, name: str, clip: Clip, section: ClipSection) -> tuple[Clip, Tensor]:
    """The clip with its live area, and its middle frame."""
    frames = _spread(clip)
    lumas, middle = [], None
    label = f"Looking for the picture of the {name}"
    for frame, picture in job.progress.track(read(clip, frames), label, len(frames)):
        lumas.append((luma(picture)[0].clamp(0.0, 1.0) * 255).round().to(torch.uint8).numpy())
        if frame == frames[len(frames) // 2]:
            middle = picture
    assert middle is not None
    area = _checked_area(name, clip, section) or find_live_area(lumas)
    job.progress.say(
        f"{name}: {len(clip.frames)} frames of {clip.width} x {clip.height} at {clip.rate}, "
        f"picture {area.width} x {area.height} at ({area.x}, {area.y})"
    )
    if clip.ignored:
        names = ", ".join(clip.ignored)
        job.progress.say(f"{name}: ignored, as they are no colours, the channels: {names}")
    return clip.model_copy(update={"live_area": area}), middle


def _spread(clip: Clip) -> list[int]:
    count = min(_SAMPLES, len(clip.frames))
    return [clip.frames.first + (2 * k + 1) * len(clip.frames) // (2 * count) for k in range(count)]


def _checked_area(name: str, clip: Clip, section: ClipSection) -> Area | None:
    area = section.area()
    if area and (area.x + area.width > clip.width or area.y + area.height > clip.height):
        raise ProjectError(
            f"{name}.live_area {list(section.live_area or ())} reaches beyond the picture of "
            f"{clip.width} x {clip.height} pixels; make it smaller or leave it out"
        )
    return area


def _write_proxy(job: Job, name: str, clip: Clip, path: Path) -> str:
    """Reads a whole clip and writes its proxy, uint8 (frames, h, w, 3).

    Returns:
        the letters of `Cadence.repeats`.
    """
    width, height = proxy_size(clip)
    count = len(clip.frames)
    repeats = RepeatMeter()
    letters = []
    with writing(path) as temporary, temporary.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, height, width, 3)}
        np.lib.format.write_array_header_1_0(file, header)
        pictures = read(clip, clip.frames.frames())
        for _, picture in job.progress.track(pictures, f"Reading the {name}", count):
            proxy = make_proxy(picture, clip)
            letters.append(repeats.add(proxy))
            file.write(proxy.tobytes())
    return "".join(letters)


def _with_cadence(job: Job, clip: Clip, repeats: str) -> Clip:
    """The clip with what was found out about its film frames."""
    weave = clip.cadence.weave if clip.cadence is not None else "s" * len(repeats)
    cadence = Cadence(weave=weave, repeats=repeats)
    woven = sum(letter in "pn" for letter in weave)
    if clip.fields == "film":
        job.progress.say(
            f"reference: fields of film, {woven} frames woven anew, {weave.count('x')} left out "
            "as no two fields of theirs fit"
        )
    job.progress.say(f"reference: {len(cadence.film_frames())} different pictures")
    return clip.model_copy(update={"cadence": cadence})
