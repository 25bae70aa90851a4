"""Render: colour every frame of the source and write the masters."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from unfade import media
from unfade.errors import ProjectError, WorkError
from unfade.film.alignment import Alignments
from unfade.film.clip import Clip, Clips
from unfade.film.model import TrainedModel
from unfade.film.naming import master_name
from unfade.film.pair import PairList
from unfade.film.rendering import MasterNaming, RenderedFrame, Rendering
from unfade.film.shot import Shot
from unfade.model import load_model
from unfade.project.color_config import ColorManagement, config_to_share
from unfade.project.settings import RenderSection
from unfade.render.record import (
    ERROR_ENTRIES,
    Entry,
    film_entries,
    frame_entries,
    predicted_error,
    read_predicted_error,
    read_sidecar,
    sidecar,
    to_sidecar_json,
)
from unfade.render.recover import recover
from unfade.work.job import Job
from unfade.work.receipt import Receipt
from unfade.work.writing import write_text

KEY = "render-key.json"
"""Names what the masters in the folder were made from, so that a killed render can go on."""

MASTER = re.compile(r".+_v\d{3,}_[0-9a-f]{12}\.\d{7}\.(exr|((tif|dpx)(\.json)?))")

RECORDS = frozenset({KEY, Receipt.PATH, Path(Rendering.PATH).name})
"""What lies in the folder beside the masters."""


@dataclass(frozen=True)
class Master:
    """A frame to render: its number, its shot, and where it goes.

    `sidecar` is where its record goes, if not into its header. It is written last. `other_name` is
    its file by the other of the two ways of naming.
    """

    frame: int
    shot: Shot
    path: Path
    sidecar: Path | None
    other_name: Path

    def is_whole(self) -> bool:
        """Whether it is there with its record."""
        return self.path.exists() and (self.sidecar is None or self.sidecar.exists())


def run(job: Job) -> None:
    """Renders the frames of the project that are not there yet.

    Raises:
        WorkError: the folder holds files that Unfade did not make.
        ProjectError: [render] asks for no frame that there is.
    """
    clips, trained = job.clips(), job.load(TrainedModel)
    settings = job.project.render
    _check_colorspace(settings, job.colors)
    admitted = [one.pair for one in job.load(Alignments).admitted]
    entries = film_entries(job.project, clips, admitted, trained.id)
    folder = job.folder("render")
    all_masters = list(_masters(job, trained.id))
    wanted = settings.wanted(clips.source.frames)
    masters = [master for master in all_masters if master.frame in wanted]
    _claim(folder, _key(job, trained, entries))
    _forget_altered(job)
    _rename(all_masters)
    _forget_others(folder, all_masters)
    waiting = [master for master in masters if not master.is_whole()]
    if waiting:
        _render(job, clips.source, trained, waiting, entries)
    written = job.progress.track(masters, "Taking checksums", len(masters))
    job.save(
        Rendering(
            model_id=trained.id,
            version=settings.version,
            colorspace=settings.colorspace,
            compression=settings.compression,
            format=settings.format,
            bits=settings.bits,
            strict=settings.strict,
            color_config=config_to_share(job.colors.config),
            view=job.project.film.view,
            frames=tuple(_record(job, master) for master in written),
        )
    )


def _check_colorspace(settings: RenderSection, colors: ColorManagement) -> None:
    """
    Raises:
        ProjectError: there is no such colour space, or it is not that of a strict container.
    """
    name = media.check_colorspace(settings.colorspace, colors)
    if settings.strict and not media.is_aces(name, colors):
        raise ProjectError(
            f"render.colorspace is '{name}', but a strict ACES container (SMPTE ST 2065-4) holds "
            "ACES2065-1; take it out, or set render.strict to false"
        )


def _masters(job: Job, model_id: str) -> Iterator[Master]:
    """Every master of the film, whether it is asked for now or not."""
    settings, title = job.project.render, job.project.film.title
    folder = job.folder("render")

    def named(shot: Shot, frame: int, naming: MasterNaming) -> Path:
        version, kind = settings.version, settings.format
        return folder / master_name(title, shot, version, model_id, frame, kind, naming)

    other: MasterNaming = "film" if settings.naming == "shot" else "shot"
    for shot in job.load(PairList).shots:
        for frame in shot.frames.frames():
            path = named(shot, frame, settings.naming)
            record = None if settings.format == "exr" else _sidecar_of(path)
            yield Master(frame, shot, path, record, named(shot, frame, other))


def _sidecar_of(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _rename(masters: Iterable[Master]) -> None:
    """Gives masters that were named the other way their new names; a DPX holds its own name, so it
    is rendered again."""
    for master in masters:
        old = master.other_name
        if not old.exists() or old.suffix == ".dpx":
            continue
        if master.sidecar is not None and _sidecar_of(old).exists():
            fields = json.loads(_sidecar_of(old).read_text(encoding="utf-8"))
            write_text(master.sidecar, to_sidecar_json(fields | {"file": master.path.name}))
        old.replace(master.path)


def _render(
    job: Job,
    source: Clip,
    trained: TrainedModel,
    masters: list[Master],
    entries: dict[str, Entry],
) -> None:
    """Reads, colours and writes at the same time, in order, a few frames in flight."""
    model = load_model((job.root / TrainedModel.PATH).with_name(trained.file))
    by_frame = {master.frame: master for master in masters}
    frames = media.read(source, list(by_frame), job.colors)
    with media.write_behind() as write_later:
        for frame, source_rgb in job.progress.track(frames, "Rendering", len(masters)):
            master = by_frame[frame]
            recovered = recover(source_rgb, source.live_area, model, master.shot.number)
            own = entries | frame_entries(master.shot, frame, predicted_error(recovered.error))
            tags = media.read_tags(source, frame)
            write_later(_write, job, master, recovered.rgb, own, tags)


def _write(
    job: Job,
    master: Master,
    recovered_rgb: Tensor,
    entries: dict[str, Entry],
    tags: media.FrameTags,
) -> None:
    """Writes a master, and after it the record that its header has no place for. Its checksum is
    taken while the system still holds it in memory."""
    settings = job.project.render
    cut = media.write_master(master.path, recovered_rgb, settings, entries, tags, job.colors)
    if master.sidecar is not None:
        facts: dict[str, object] = {
            "file": master.path.name,
            "format": settings.format,
            "bits": settings.bits,
            "colorspace": media.check_colorspace(settings.colorspace, job.colors),
            **tags.as_text(),
        }
        write_text(master.sidecar, sidecar(facts, entries, cut))
    job.digest(master.path)


def _record(job: Job, master: Master) -> RenderedFrame:
    if master.sidecar is None:
        cut, entries = 0, media.read_entries(master.path, ERROR_ENTRIES)
    else:
        cut, entries = read_sidecar(master.sidecar.read_text(encoding="utf-8"))
    return RenderedFrame(
        frame=master.frame,
        shot=master.shot.number,
        file=master.path.name,
        sha256=job.digest(master.path),
        sidecar=master.sidecar.name if master.sidecar else None,
        cut=cut,
        predicted_error=read_predicted_error(entries),
    )


def _key(job: Job, trained: TrainedModel, entries: dict[str, Entry]) -> str:
    """All that the pixels and entries of a master depend on, but for its name and the frames that
    are asked for."""
    settings = job.project.render.model_dump(mode="json", exclude={"first", "last", "naming"})
    return json.dumps(
        {
            "model": trained.id,
            "render": settings,
            "entries": entries,
            "clips": job.digest(job.root / Clips.PATH),
            "color": job.color_facts(),
            "scan": str(job.element("the source", job.project.source.path)),
        },
        indent=2,
        sort_keys=True,
    )


def _claim(folder: Path, key: str) -> None:
    """Makes the folder one of masters by `key`: those by another are removed with their record,
    because a killed render would hold its own masters against the old checksums.

    Raises:
        WorkError: it holds a file that Unfade did not make.
    """
    place = folder / KEY
    found = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    masters = [path for path in found if MASTER.fullmatch(path.name)]
    for path in found:
        if path.name not in RECORDS and (path not in masters or not place.exists()):
            raise WorkError(
                f"{path}: was not made by Unfade; move it elsewhere, this folder is written over"
            )
    if not place.exists() or place.read_text(encoding="utf-8") != key:
        (folder / Path(Rendering.PATH).name).unlink(missing_ok=True)
        for path in masters:
            path.unlink()
        write_text(place, key)


def _forget_altered(job: Job) -> None:
    """Removes masters that are no longer what an earlier run wrote."""
    place = job.root / Rendering.PATH
    try:
        records = job.load(Rendering).frames
    except WorkError:
        return
    for record in records:
        path = place.with_name(record.file)
        if path.exists() and job.digest(path) != record.sha256:
            path.unlink()


def _forget_others(folder: Path, masters: Iterable[Master]) -> None:
    """Removes masters of shots that are no more; those out of the wanted range stay."""
    wanted = {path for master in masters for path in (master.path, master.sidecar)}
    for path in folder.iterdir():
        if MASTER.fullmatch(path.name) and path not in wanted:
            path.unlink()
