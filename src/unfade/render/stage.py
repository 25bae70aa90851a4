"""Render: colour every frame of the source and write the masters."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from unfade import __version__, media
from unfade.errors import ProjectError, WorkError
from unfade.film.clip import Clip, Clips
from unfade.film.model import TrainedModel
from unfade.film.naming import master_name
from unfade.film.pair import PairList
from unfade.film.rendering import RenderedFrame, Rendering
from unfade.film.shot import Shot
from unfade.film.work import Job, write_text
from unfade.network import load_model
from unfade.render.recover import recover

KEY = "render-key.json"
"""Names what the masters in the folder were made from, so that a killed render can go on."""

MASTER = re.compile(r".+_s\d{3,}_v\d{3,}_[0-9a-f]{12}\.\d{7}\.exr")

WRITES_AHEAD = 3
"""Frames that may wait to be written, which bounds memory."""


@dataclass(frozen=True)
class Master:
    """A frame to render: its number, its shot, and where it goes."""

    frame: int
    shot: Shot
    path: Path


def run(job: Job) -> None:
    """Renders the frames of the project that are not there yet.

    Raises:
        WorkError: the folder holds files that Unfade did not make.
        ProjectError: [render] asks for no frame that there is.
    """
    clips, trained = job.load(Clips), job.load(TrainedModel)
    settings = job.project.render
    media.check_colorspace(settings.colorspace)
    folder = job.folder("render")
    _claim(folder, _key(job, trained))
    masters = list(_masters(job, clips.source, trained.id))
    if not masters:
        raise ProjectError(
            f"{job.root}: no frame of the scan lies between render.first and render.last; it has "
            f"the frames {clips.source.frames.first} to {clips.source.frames.last}"
        )
    _forget_others(folder, masters)
    _forget_altered(job)
    waiting = [master for master in masters if not master.path.exists()]
    if waiting:
        _render(job, clips.source, trained, waiting)
    job.save(
        Rendering(
            model_id=trained.id,
            version=settings.version,
            colorspace=settings.colorspace,
            compression=settings.compression,
            frames=tuple(_record(master) for master in masters),
        )
    )


def _masters(job: Job, source: Clip, model_id: str) -> Iterator[Master]:
    settings = job.project.render
    first = source.frames.first if settings.first is None else settings.first
    last = source.frames.last if settings.last is None else settings.last
    for shot in job.load(PairList).shots:
        for frame in shot.frames.frames():
            if first <= frame <= last:
                name = master_name(job.project.film.title, shot, settings.version, model_id, frame)
                yield Master(frame, shot, job.folder("render") / name)


def _render(job: Job, source: Clip, trained: TrainedModel, masters: list[Master]) -> None:
    """Reads, colours and writes at the same time, in order, a few frames in flight."""
    model = load_model((job.root / TrainedModel.PLACE).with_name(trained.file))
    by_frame = {master.frame: master for master in masters}
    frames = media.read(source, list(by_frame))
    with ThreadPoolExecutor(1) as writer:
        writes: list[Future[None]] = []
        for frame, source_rgb in job.progress.track(frames, "Rendering", len(masters)):
            master = by_frame[frame]
            recovered_rgb = recover(source_rgb, source.live_area, model, master.shot.number)
            writes.append(writer.submit(_write, job, master, recovered_rgb, trained))
            if len(writes) > WRITES_AHEAD:
                writes.pop(0).result()
        for write in writes:
            write.result()


def _write(job: Job, master: Master, recovered_rgb: Tensor, trained: TrainedModel) -> None:
    settings = job.project.render
    media.write_exr(
        master.path,
        recovered_rgb,
        colorspace=settings.colorspace,
        compression=settings.compression,
        dwa_level=settings.dwa_level,
        metadata={
            "unfade:film": job.project.film.title,
            "unfade:shot": master.shot.name,
            "unfade:frame": master.frame,
            "unfade:version": settings.version,
            "unfade:model": trained.id,
            "unfade:software": f"unfade {__version__}",
            "unfade:recovery": "chroma: luma of the source, predicted chroma",
            "unfade:source": Path(job.project.source.path).name,
        },
    )


def _record(master: Master) -> RenderedFrame:
    return RenderedFrame(
        frame=master.frame,
        shot=master.shot.number,
        file=master.path.name,
        sha256=_digest(master.path),
    )


def _key(job: Job, trained: TrainedModel) -> str:
    """All that the pixels of a master depend on, but for the frames that are asked for."""
    settings = job.project.render.model_dump(mode="json", exclude={"first", "last"})
    clips = (job.root / Clips.PLACE).read_text(encoding="utf-8")
    return json.dumps(
        {
            "model": trained.id,
            "render": settings,
            "film": job.project.film.title,
            "clips": hashlib.sha256(clips.encode()).hexdigest(),
        },
        indent=2,
        sort_keys=True,
    )


def _claim(folder: Path, key: str) -> None:
    """Makes the folder one of masters by `key`: those by another are removed.

    Raises:
        WorkError: it holds a picture that Unfade did not make.
    """
    place = folder / KEY
    pictures = sorted(folder.glob("*.exr"))
    for picture in pictures:
        if not MASTER.fullmatch(picture.name) or not place.exists():
            raise WorkError(
                f"{picture}: was not made by Unfade; move it elsewhere, this folder is written over"
            )
    if not place.exists() or place.read_text(encoding="utf-8") != key:
        for picture in pictures:
            picture.unlink()
        write_text(place, key)


def _forget_altered(job: Job) -> None:
    """Removes masters that are no longer what an earlier run wrote."""
    place = job.root / Rendering.PLACE
    if not place.exists():
        return
    for record in job.load(Rendering).frames:
        path = place.with_name(record.file)
        if path.exists() and _digest(path) != record.sha256:
            path.unlink()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _forget_others(folder: Path, masters: Iterable[Master]) -> None:
    """Removes masters of frames that are no longer asked for."""
    wanted = {master.path for master in masters}
    for picture in folder.glob("*.exr"):
        if picture not in wanted:
            picture.unlink()
