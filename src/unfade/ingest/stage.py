"""ingest: probes the clips, reads every frame once, finds live areas, and writes proxies."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
import torch
from numpy.typing import NDArray
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
from unfade.film.damage import DAMAGE_REMEDY, Damage, DamageSetting
from unfade.film.wording import counted
from unfade.ingest.live_area import find_live_area
from unfade.ingest.overview import draw_live_areas
from unfade.ingest.proxy import make_proxy, proxy_size
from unfade.ingest.repeats import RepeatDetector
from unfade.media import probe, read_or_fault, write_png
from unfade.project.settings import ClipSection
from unfade.work.job import Job
from unfade.work.writing import writing

_SAMPLE_FRAMES = 24
"""Frames, spread over a clip, for the detection of its live area: some are bright at every edge."""


def run(job: Job) -> None:
    """Writes `Clips`, the proxies, and live-area.png.

    Raises:
        MediaError: frames of a clip are missing or damaged, all of which the message covers, or a
            reference has no colour.
        ProjectError: a live area in film.toml exceeds the picture, or a colour space is unknown.
    """
    job.folder("ingest")
    scan, remedy = job.project.source, f"{DAMAGE_REMEDY}, or 'source.damaged' to 'hold' or 'skip'"
    elements = [_Element("source", scan, SOURCE_PROXY, scan.damaged, remedy)]
    several = len(job.project.reference) > 1
    for section in job.project.reference:
        title = f"reference {section.name}" if several else "reference"
        elements.append(_Element(title, section, reference_proxy(section.name)))
    middle_frames = [_probe(job, element) for element in elements]
    for old_proxy in job.folder("ingest").glob("*-proxy.npy"):
        old_proxy.unlink()
    write_png(job.folder("ingest") / "live-area.png", draw_live_areas(middle_frames))
    references = {}
    for section, element, (_, clip) in zip(
        job.project.reference, elements[1:], middle_frames[1:], strict=True
    ):
        repeats, _ = _write_proxy(job, element, clip)
        _check_color(job, element, clip)
        clip = _with_cadence(job, element.title, clip, repeats)
        path = _project_path(job, section.path, clip)
        references[section.name] = clip.model_copy(update={"path": path})
    _, source = middle_frames[0]
    _, damage = _write_proxy(job, elements[0], source)
    if damage:
        job.progress.say(f"source: {damage.caveat()}")
    path = _project_path(job, scan.path, source)
    source = source.model_copy(update={"path": path, "damage": damage})
    job.save(Clips(source=source, references=references))


@dataclass(frozen=True)
class _Element:
    """A clip of film.toml: its title in messages, its section, the path of its proxy, what is done
    about its damaged frames, and what a person can do about them."""

    title: str
    section: ClipSection
    proxy: str
    damaged: DamageSetting = "error"
    remedy: str = DAMAGE_REMEDY


def _project_path(job: Job, path: str, clip: Clip) -> str:
    """The path of a clip as in film.toml; for a folder, that of the sequence in it."""
    if Path(job.resolve(path)).is_dir():
        return (PurePath(path) / PurePath(clip.path).name).as_posix()
    return path


def _probe(job: Job, element: _Element) -> tuple[Tensor, Clip]:
    """Probes a clip of film.toml and finds its live area.

    Returns:
        Its middle frame, and the clip with its live area.

    Raises:
        MediaError: frames are missing or have unusable headers, and film.toml does not say what to
            do about them.
    """
    section = element.section
    path, track = job.resolve(section.path), job.progress.track
    clip = probe(path, section, track, colors=job.colors, keeps_damaged=True)
    if clip.damage and element.damaged == "error":
        remedy = f"{element.remedy}; the pictures themselves were not read yet"
        raise MediaError(clip.damage.message(clip.path, clip.frames, remedy))
    return _with_live_area(job, element.title, clip, section)


def _with_live_area(job: Job, name: str, clip: Clip, section: ClipSection) -> tuple[Tensor, Clip]:
    """Measures the live area of a probed clip on frames spread over it, and reports all facts.

    Returns:
        The middle one of these frames, and the clip with its live area. A live area in film.toml
        goes before the measured one.

    Raises:
        MediaError: none of these frames can be read.
    """
    frames = _spread(clip)
    lumas, faults, middle = [], [], None
    label = f"Finding the live area of the {name}"
    pictures = read_or_fault(clip, frames, job.colors)
    for frame, picture in job.progress.track(pictures, label, len(frames)):
        if isinstance(picture, str):
            faults.append((frame, picture))
            continue
        lumas.append((luma(picture)[0].clamp(0.0, 1.0) * 255).round().to(torch.uint8).numpy())
        if middle is None or frame <= frames[len(frames) // 2]:
            middle = picture
    if middle is None:
        raise MediaError(
            Damage().with_faults(faults).message(clip.path, clip.frames, DAMAGE_REMEDY)
        )
    area = _checked_area(name, clip, section) or find_live_area(lumas)
    job.progress.say(
        f"{name}: {counted(len(clip.frames), 'frame')} of {clip.width} x {clip.height} at "
        f"{clip.rate}, live area {area.width} x {area.height} at ({area.x}, {area.y})"
    )
    if clip.orientation != 1:
        word = orientation_word(clip.orientation)
        job.progress.say(f"{name}: stored pictures are rotated ({word}) and are turned upright")
    for remark in filter(None, (clip.fields_message(), *clip.all_remarks())):
        job.progress.say(f"{name}: {remark}")
    if clip.ignored:
        names = ", ".join(clip.ignored)
        job.progress.say(f"{name}: channels without colour are ignored: {names}")
    return middle, clip.model_copy(update={"live_area": area})


def _spread(clip: Clip) -> list[int]:
    """Frames for the detection of the live area, spread evenly over a clip."""
    count = min(_SAMPLE_FRAMES, len(clip.frames))
    return [clip.frames.first + (2 * k + 1) * len(clip.frames) // (2 * count) for k in range(count)]


def _checked_area(name: str, clip: Clip, section: ClipSection) -> Area | None:
    area = section.area()
    if area and (area.x + area.width > clip.width or area.y + area.height > clip.height):
        raise ProjectError(
            f"{name}.live_area {list(section.live_area or ())} reaches beyond the picture of "
            f"{clip.width} x {clip.height} pixels; make it smaller or leave it out"
        )
    return area


def _write_proxy(job: Job, element: _Element, clip: Clip) -> tuple[str, Damage]:
    """Reads a whole clip and writes its proxy, uint8 (frames, h, w, 3). The row of a damaged frame
    repeats that of the nearest earlier good one, or of a later one at the start.

    Returns:
        The letters of `Cadence.repeats`, and the damaged frames.

    Raises:
        MediaError: frames are damaged, and film.toml does not say what to do about them.
    """
    width, height = proxy_size(clip)
    repeats, letters = RepeatDetector(), []
    faults: list[tuple[int, str]] = []
    shown, rows = None, 0
    with writing(job.root / element.proxy) as temporary, temporary.open("wb") as file:
        shape = len(clip.frames), height, width, 3
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for proxy in _proxies(job, element.title, clip, faults):
            shown, rows = shown if proxy is None else proxy, rows + 1
            if shown is not None:
                letters += [repeats.add(shown) for _ in range(rows)]
                file.write(shown.tobytes() * rows)
                rows = 0
        damage = Damage(setting=element.damaged).with_faults(faults)
        damage.check_share(clip.path, clip.frames)
        if damage and damage.setting == "error":
            raise MediaError(damage.message(clip.path, clip.frames, element.remedy))
    return "".join(letters), damage


def _proxies(
    job: Job, title: str, clip: Clip, faults: list[tuple[int, str]]
) -> Iterator[NDArray[np.uint8] | None]:
    """The proxy of every frame; None for a damaged frame, whose fault is added to `faults`."""
    pictures = read_or_fault(clip, clip.frames.frames(), job.colors)
    for frame, picture in job.progress.track(pictures, f"Reading the {title}", len(clip.frames)):
        if isinstance(picture, str):
            faults.append((frame, picture))
            yield None
        else:
            yield make_proxy(picture, clip)


def _check_color(job: Job, element: _Element, clip: Clip) -> None:
    """
    Raises:
        MediaError: the pictures of a reference have no colour.
    """
    colorfulness = film_colorfulness(np.load(job.root / element.proxy, mmap_mode="r"))
    if colorfulness is not None and colorfulness.is_none:
        fault = "has one tint all over" if colorfulness.is_tint else "is black and white"
        raise MediaError(
            f"{clip.path}: {fault}, so there is no colour to learn; use a copy in colour instead, "
            "or remove it from film.toml and add painted pictures with [[pair]]"
        )


def _with_cadence(job: Job, title: str, clip: Clip, repeats: str) -> Clip:
    """The clip with its cadence: which frames repeat, and how fields are woven to film frames."""
    weave = clip.cadence.weave if clip.cadence is not None else "s" * len(repeats)
    cadence = Cadence(weave=weave, repeats=repeats)
    if clip.fields == "film":
        woven = sum(letter in "pn" for letter in weave)
        job.progress.say(
            f"{title}: {counted(woven, 'frame')} woven from fields of two frames, "
            f"{weave.count('x')} left out because no two fields match"
        )
    job.progress.say(f"{title}: {counted(len(cadence.film_frames()), 'distinct film frame')}")
    return clip.model_copy(update={"cadence": cadence})
