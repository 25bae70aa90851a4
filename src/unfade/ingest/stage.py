"""ingest: probes the clips, reads every frame once, finds live areas, and writes proxies."""

from collections.abc import Iterator
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from unfade.color.colorfulness import film_colorfulness
from unfade.errors import MediaError
from unfade.film.cadence import Cadence
from unfade.film.clip import Clip, Clips, orientation_word
from unfade.film.damage import Damage
from unfade.film.wording import counted
from unfade.ingest.overview import draw_live_areas
from unfade.ingest.proxy import proxy_size
from unfade.ingest.repeats import RepeatDetector
from unfade.ingest.units import (
    ClipToRead,
    elements,
    probe_unit,
    probed,
    proxies_or_faults,
    read_units,
)
from unfade.media import write_png
from unfade.work.job import Job
from unfade.work.proxies import load_proxy
from unfade.work.units import complete, results
from unfade.work.writing import writing


def run(job: Job) -> None:
    """Writes `Clips`, the proxies, and live-area.png.

    Raises:
        MediaError: frames of a clip are missing or damaged, all of which the message covers, or a
            reference has no colour.
        ProjectError: a live area in film.toml exceeds the picture, or a colour space is unknown.
    """
    scan, *references = elements(job)
    clips = _probe_all(job)
    for old_proxy in job.folder("ingest").glob("*-proxy.npy"):
        old_proxy.unlink()
    found = {}
    for section, element in zip(job.project.reference, references, strict=True):
        clip = clips[element.name]
        repeats, _ = _write_proxy(job, element, clip)
        _check_color(job, element, clip)
        clip = _with_cadence(job, element.title, clip, repeats)
        path = _project_path(job, section.path, clip)
        found[section.name] = clip.model_copy(update={"path": path})
    source = clips[scan.name]
    _, damage = _write_proxy(job, scan, source)
    if damage:
        job.progress.say(f"source: {damage.caveat()}")
    path = _project_path(job, scan.section.path, source)
    source = source.model_copy(update={"path": path, "damage": damage})
    job.save(Clips(source=source, references=found))


def _project_path(job: Job, path: str, clip: Clip) -> str:
    """The path of a clip as in film.toml; for a folder, that of the sequence in it."""
    if Path(job.resolve(path)).is_dir():
        return (PurePath(path) / PurePath(clip.path).name).as_posix()
    return path


def _probe_all(job: Job) -> dict[str, Clip]:
    """Probes all clips, reports their facts, and draws their live areas.

    Returns:
        The clips with their live areas, by the names of their elements.
    """
    units = [probe_unit(element) for element in elements(job)]
    complete(job, units, "Finding the live areas")
    clips, middle_frames = {}, []
    for element in elements(job):
        clip, middle = probed(job, element)
        _report(job, element.title, clip)
        clips[element.name] = clip
        middle_frames.append((middle, clip))
    write_png(job.folder("ingest") / "live-area.png", draw_live_areas(middle_frames))
    return clips


def _report(job: Job, name: str, clip: Clip) -> None:
    """Says the facts of a probed clip."""
    area = clip.live_area
    job.progress.say(
        f"{name}: {counted(len(clip.frames), 'frame')} of {clip.width} x {clip.height} pixels "
        f"at {clip.rate} frames a second, live area {area.width} x {area.height} at "
        f"({area.x}, {area.y})"
    )
    if clip.orientation != 1:
        word = orientation_word(clip.orientation)
        job.progress.say(f"{name}: stored pictures are rotated ({word}) and are turned upright")
    for remark in filter(None, (clip.fields_message(), *clip.all_remarks())):
        job.progress.say(f"{name}: {remark}")
    if clip.ignored:
        names = ", ".join(clip.ignored)
        job.progress.say(f"{name}: channels without colour are ignored: {names}")


def _write_proxy(job: Job, element: ClipToRead, clip: Clip) -> tuple[str, Damage]:
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
        for proxy in _proxies(job, element, clip, faults):
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
    job: Job, element: ClipToRead, clip: Clip, faults: list[tuple[int, str]]
) -> Iterator[NDArray[np.uint8] | None]:
    """The proxy of every frame; None for a damaged frame, whose fault is added to `faults`. A
    sequential clip is read here, because a unit of all its frames would hold all their proxies."""
    label, frames = f"Reading the {element.title}", clip.frames.frames()
    if clip.is_sequential:
        read = proxies_or_faults(job, clip, frames)
        for frame, found in job.progress.track(read, label, len(clip.frames)):
            if isinstance(found, str):
                faults.append((frame, found))
            yield None if isinstance(found, str) else found
        return
    for result in results(job, read_units(element, clip), label):
        damaged = dict(result.facts)
        faults += damaged.items()
        for proxy in result.arrays["proxies"]:
            yield None if next(frames) in damaged else proxy


def _check_color(job: Job, element: ClipToRead, clip: Clip) -> None:
    """
    Raises:
        MediaError: the pictures of a reference have no colour.
    """
    colorfulness = film_colorfulness(load_proxy(job.root / element.proxy, len(clip.frames)))
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
