"""Ingest: finds out what is there, verifies every frame of it, and makes small copies."""

from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
import torch
from torch import Tensor

from unfade.color.colorfulness import film_colorfulness
from unfade.color.ycbcr import luma
from unfade.errors import MediaError, ProjectError
from unfade.film.cadence import Cadence
from unfade.film.clip import (
    SOURCE_PROXY,
    Area,
    Clip,
    Clips,
    orientation_word,
    reference_proxy,
)
from unfade.ingest.live_area import find_live_area
from unfade.ingest.overview import draw_live_areas
from unfade.ingest.proxy import make_proxy, proxy_size
from unfade.ingest.repeats import RepeatDetector
from unfade.media import probe, read, write_png
from unfade.project.settings import ClipSection
from unfade.work.job import Job
from unfade.work.writing import writing

_SAMPLES = 24
"""Frames, spread over a clip, in which its live area is looked for."""


def run(job: Job) -> None:
    """Writes `Clips`, the proxies, and live-area.png.

    Raises:
        MediaError: a frame of a clip is missing or damaged, or a reference has no colour.
        ProjectError: a live area or colour space of the project file does not fit.
    """
    job.folder("ingest")
    elements = [_Element("source", job.project.source, SOURCE_PROXY)]
    several = len(job.project.reference) > 1
    for section in job.project.reference:
        title = f"reference {section.name}" if several else "reference"
        elements.append(_Element(title, section, reference_proxy(section.name)))
    found = [_found(job, element) for element in elements]
    for left_over in job.folder("ingest").glob("*-proxy.npy"):
        left_over.unlink()
    write_png(job.folder("ingest") / "live-area.png", draw_live_areas(found))
    references = {}
    for section, element, (_, clip) in zip(
        job.project.reference, elements[1:], found[1:], strict=True
    ):
        repeats = _write_proxy(job, element.title, clip, job.root / element.proxy)
        _check_color(job, element, clip)
        clip = _with_cadence(job, element.title, clip, repeats)
        named = _as_named(job, section.path, clip)
        references[section.name] = clip.model_copy(update={"path": named})
    _, source = found[0]
    _write_proxy(job, elements[0].title, source, job.root / SOURCE_PROXY)
    named = _as_named(job, job.project.source.path, source)
    source = source.model_copy(update={"path": named})
    job.save(Clips(source=source, references=references))


@dataclass(frozen=True)
class _Element:
    """A clip of film.toml: what people call it, its section, and where its proxy goes."""

    title: str
    section: ClipSection
    proxy: str


def _as_named(job: Job, path: str, clip: Clip) -> str:
    """The path of a clip as film.toml has it, but for a folder that of the pictures in it."""
    if Path(job.resolve(path)).is_dir():
        return (PurePath(path) / PurePath(clip.path).name).as_posix()
    return path


def _found(job: Job, element: _Element) -> tuple[Tensor, Clip]:
    """The middle frame of a clip, and what was found of it."""
    section = element.section
    clip = probe(job.resolve(section.path), section, job.progress.track, colors=job.colors)
    return _with_live_area(job, element.title, clip, section)


def _with_live_area(job: Job, name: str, clip: Clip, section: ClipSection) -> tuple[Tensor, Clip]:
    """The middle frame of a clip, and the clip with its live area."""
    frames = _spread(clip)
    lumas, middle = [], None
    label = f"Looking for the picture of the {name}"
    for frame, picture in job.progress.track(read(clip, frames, job.colors), label, len(frames)):
        lumas.append((luma(picture)[0].clamp(0.0, 1.0) * 255).round().to(torch.uint8).numpy())
        if frame == frames[len(frames) // 2]:
            middle = picture
    assert middle is not None
    area = _checked_area(name, clip, section) or find_live_area(lumas)
    job.progress.say(
        f"{name}: {len(clip.frames)} frames of {clip.width} x {clip.height} at {clip.rate}, "
        f"picture {area.width} x {area.height} at ({area.x}, {area.y})"
    )
    if clip.orientation != 1:
        word = orientation_word(clip.orientation)
        job.progress.say(f"{name}: shown upright, its stored pictures are turned ({word})")
    for remark in filter(None, (clip.fields_message(), *clip.all_remarks())):
        job.progress.say(f"{name}: {remark}")
    if clip.ignored:
        names = ", ".join(clip.ignored)
        job.progress.say(f"{name}: ignored, as they are no colours, the channels: {names}")
    return middle, clip.model_copy(update={"live_area": area})


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
    repeats = RepeatDetector()
    letters = []
    with writing(path) as temporary, temporary.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (count, height, width, 3)}
        np.lib.format.write_array_header_1_0(file, header)
        pictures = read(clip, clip.frames.frames(), job.colors)
        for _, picture in job.progress.track(pictures, f"Reading the {name}", count):
            proxy = make_proxy(picture, clip)
            letters.append(repeats.add(proxy))
            file.write(proxy.tobytes())
    return "".join(letters)


def _check_color(job: Job, element: _Element, clip: Clip) -> None:
    """
    Raises:
        MediaError: the pictures of a reference hold no colour.
    """
    found = film_colorfulness(np.load(job.root / element.proxy, mmap_mode="r"))
    if found is not None and found.is_none:
        what = "has one tint all over" if found.is_tint else "is black and white"
        raise MediaError(
            f"{clip.path}: {what}, so there is no colour to learn; name a copy in colour in its "
            "place, or take it out of film.toml and add painted pictures with [[pair]]"
        )


def _with_cadence(job: Job, title: str, clip: Clip, repeats: str) -> Clip:
    """The clip with what was found out about its film frames."""
    weave = clip.cadence.weave if clip.cadence is not None else "s" * len(repeats)
    cadence = Cadence(weave=weave, repeats=repeats)
    if clip.fields == "film":
        woven = sum(letter in "pn" for letter in weave)
        job.progress.say(
            f"{title}: {woven} frames woven anew, {weave.count('x')} left out as no two fields of "
            "theirs fit"
        )
    job.progress.say(f"{title}: {len(cadence.film_frames())} different pictures")
    return clip.model_copy(update={"cadence": cadence})
