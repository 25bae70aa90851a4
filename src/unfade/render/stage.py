"""render: recovers every frame of the source and writes the masters."""

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
from unfade.model import load_chosen
from unfade.project.color_config import ColorManagement, config_to_share
from unfade.project.settings import RenderSection
from unfade.render.record import (
    DPX_HISTORY_VERSION,
    ERROR_ENTRIES,
    Entry,
    ProcessHistory,
    film_entries,
    frame_entries,
    predicted_error,
    process_history,
    read_predicted_error,
    read_sidecar,
    sidecar,
    to_sidecar_json,
)
from unfade.render.recover import recover
from unfade.work.job import Job
from unfade.work.receipt import Receipt
from unfade.work.writing import write_text

KEY_FILE = "render-key.json"
"""File with everything that the masters in the folder depend on, so that a killed render can be
resumed."""

MASTER_PATTERN = re.compile(r".+_v\d{3,}_[0-9a-f]{12}\.\d{7}\.(exr|((tif|dpx)(\.json)?))")
"""File names of masters and of their sidecars."""

RECORD_FILES = frozenset({KEY_FILE, Receipt.PATH, Path(Rendering.PATH).name})
"""Other files of Unfade in the folder of the masters."""


@dataclass(frozen=True)
class Master:
    """A frame to render, with the files of its master.

    `sidecar` is the file of its record, written after the master; none if the header holds the
    record. `other_name` is the path of the master by the other of the two naming schemes.
    """

    frame: int
    shot: Shot
    path: Path
    sidecar: Path | None
    other_name: Path

    def is_complete(self) -> bool:
        """Whether the master and its sidecar exist."""
        return self.path.exists() and (self.sidecar is None or self.sidecar.exists())


def run(job: Job) -> None:
    """Renders the frames of the project that have no master yet.

    Raises:
        WorkError: the folder holds files that Unfade did not make.
        ProjectError: the range of [render] has no frame of the scan, or only skipped ones, or no
            checkpoint of the step in 'render.checkpoint' was kept.
    """
    clips, settings = job.clips(), job.project.render
    trained = job.load(TrainedModel).at(settings.checkpoint)
    check_masters_space(settings, job.colors)
    admitted = [one.pair for one in job.load(Alignments).admitted]
    entries = film_entries(job.project, clips, admitted, trained.id)
    folder = job.folder("render")
    shots = job.load(PairList).shots
    all_masters = list(_masters(job, shots, trained.id))
    wanted = frozenset(settings.wanted(clips.source.frames, shots))
    skipped = clips.source.damage.skipped(sorted(wanted))
    masters = [one for one in all_masters if one.frame in wanted and one.frame not in skipped]
    if not masters:
        raise ProjectError(
            "film.toml: every frame to render is damaged and skipped; set other 'render.first' and "
            "'render.last', or set 'source.damaged' to 'hold'"
        )
    _prepare_folder(folder, _key(job, trained, entries))
    _remove_altered(job)
    _rename_masters(all_masters)
    _remove_obsolete(folder, all_masters)
    remaining = [master for master in masters if not master.is_complete()]
    if remaining:
        _render(job, clips.source, trained, remaining, entries)
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
            skipped=skipped,
        )
    )


def check_masters_space(settings: RenderSection, colors: ColorManagement) -> None:
    """
    Raises:
        ProjectError: the colour space is unknown, or a strict container cannot hold it.
    """
    name = media.check_colorspace(settings.colorspace, colors)
    if settings.strict and not media.is_aces(name, colors):
        raise ProjectError(
            f"render.colorspace is '{name}', but a strict ACES container (SMPTE ST 2065-4) holds "
            "only ACES2065-1; remove it, or set render.strict to false"
        )


def _masters(job: Job, shots: Iterable[Shot], model_id: str) -> Iterator[Master]:
    """The masters of all frames of the film, also of those outside the range of [render]."""
    settings, title = job.project.render, job.project.film.title
    folder = job.folder("render")

    def path_of(shot: Shot, frame: int, naming: MasterNaming) -> Path:
        version, kind = settings.version, settings.format
        return folder / master_name(title, shot, version, model_id, frame, kind, naming)

    other: MasterNaming = "film" if settings.naming == "shot" else "shot"
    for shot in shots:
        for frame in shot.frames.frames():
            path = path_of(shot, frame, settings.naming)
            sidecar_path = None if settings.format == "exr" else _sidecar_of(path)
            yield Master(frame, shot, path, sidecar_path, path_of(shot, frame, other))


def _sidecar_of(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _rename_masters(masters: Iterable[Master]) -> None:
    """Renames masters of the other naming scheme. DPX is rendered again, because its header holds
    its file name."""
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
    """Reads, recovers and writes masters, each on one core, side by side."""
    use = job.project.render.use
    model = load_chosen((job.root / TrainedModel.PATH).parent, trained, use)
    methods = trained.methods.used(use)
    by_frame = {master.frame: master for master in masters}
    history = process_history(job.project, source, entries)

    def render_frame(frame: int, source_rgb: Tensor) -> None:
        master = by_frame[frame]
        recovered = recover(source_rgb, source.live_area, model, master.shot.number)
        method = methods.of(master.shot.number)
        error = predicted_error(recovered.error)
        held = source.held_frame(frame)
        own = entries | frame_entries(master.shot, frame, method, error, held)
        _write(job, master, recovered.rgb, own, media.read_tags(source, frame), history)

    rendered = media.map_frames(render_frame, source, list(by_frame), job.colors)
    for _ in job.progress.track(rendered, "Rendering", len(masters)):
        pass


def _write(
    job: Job,
    master: Master,
    recovered_rgb: Tensor,
    entries: dict[str, Entry],
    tags: media.FrameTags,
    history: ProcessHistory,
) -> None:
    """Writes a master and then its sidecar, if it has one.

    The checksum is taken at once, while the file is still in the cache of the system.
    """
    settings = job.project.render
    cut = media.write_master(
        master.path, recovered_rgb, settings, entries, tags, job.colors, history
    )
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
    """Everything that the pixels and header entries of a master depend on.

    File names and the range of frames are left out, so that a change of them renders nothing anew.
    The id of the model stands for the checkpoint.
    """
    others = {"first", "last", "range", "naming", "checkpoint"}
    settings = job.project.render.model_dump(mode="json", exclude=others)
    in_dpx = {"history": DPX_HISTORY_VERSION} if job.project.render.format == "dpx" else {}
    return json.dumps(
        in_dpx
        | {
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


def _prepare_folder(folder: Path, key: str) -> None:
    """Prepares the folder for masters of `key`.

    Masters of another key are removed, and their record first: otherwise the checksums of the old
    record would be compared with the new masters of a killed render.

    Raises:
        WorkError: the folder holds a file that Unfade did not make.
    """
    key_file = folder / KEY_FILE
    files = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    masters = [path for path in files if MASTER_PATTERN.fullmatch(path.name)]
    for path in files:
        if path.name not in RECORD_FILES and (path not in masters or not key_file.exists()):
            raise WorkError(
                f"{path}: was not made by Unfade; move it elsewhere, because this folder is "
                "overwritten"
            )
    if not key_file.exists() or key_file.read_text(encoding="utf-8") != key:
        (folder / Path(Rendering.PATH).name).unlink(missing_ok=True)
        for path in masters:
            path.unlink()
        write_text(key_file, key)


def _remove_altered(job: Job) -> None:
    """Removes masters that have changed since an earlier run wrote them."""
    folder = job.folder("render")
    try:
        records = job.load(Rendering).frames
    except WorkError:
        return
    for record in records:
        path = folder / record.file
        if path.exists() and job.digest(path) != record.sha256:
            path.unlink()


def _remove_obsolete(folder: Path, masters: Iterable[Master]) -> None:
    """Removes files of masters that the film no longer has; those outside the range stay."""
    valid = {path for master in masters for path in (master.path, master.sidecar)}
    for path in folder.iterdir():
        if MASTER_PATTERN.fullmatch(path.name) and path not in valid:
            path.unlink()
