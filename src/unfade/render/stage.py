"""render: recovers every frame of the source and writes the masters."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from unfade import media
from unfade.errors import ProjectError, WorkError
from unfade.film.clip import Clips
from unfade.film.rendering import RenderedFrame, Rendering
from unfade.film.wording import frames_in_words
from unfade.project.color_config import ColorManagement, config_to_share
from unfade.project.settings import RenderSection
from unfade.render.masters import MASTER_PATTERN, Master, sidecar_of
from unfade.render.record import DPX_HISTORY_VERSION, to_sidecar_json
from unfade.render.units import RenderPlan, render_range
from unfade.work.job import Job
from unfade.work.receipt import Receipt
from unfade.work.record_files import read_if_usable, read_record
from unfade.work.units import (
    UNITS_FOLDER,
    Unit,
    complete,
    frames_units,
    known_facts,
    read_result,
)
from unfade.work.writing import write_text

KEY_FILE = "render-key.json"
"""File with everything that the masters in the folder depend on, so that a killed render can be
resumed."""

RECORD_FILES = frozenset({KEY_FILE, Receipt.PATH, Path(Rendering.PATH).name, UNITS_FOLDER})
"""Other files of Unfade in the folder of the masters."""


def run(job: Job) -> None:
    """Renders the frames of the project that have no master yet.

    Raises:
        WorkError: the folder holds files that Unfade did not make.
        ProjectError: the range of [render] has no frame of the scan, or only skipped ones, or no
            checkpoint of the step in 'render.checkpoint' was kept.
    """
    settings, plan = job.project.render, job.once(RenderPlan.of)
    check_masters_space(settings, job.colors)
    prepare(job)
    folder = job.folder("render")
    for facts in known_facts(folder):
        with suppress(LookupError, TypeError, ValueError):  # A damaged result is made again.
            _known_records(job, facts)
    units = _render(job, [master.frame for master in plan.wanted])
    found = (read_result(job, unit) for unit in units)
    frames = [record for result in found for record in _known_records(job, result.facts)]
    job.save(
        Rendering(
            model_id=plan.trained.id,
            version=settings.version,
            colorspace=settings.colorspace,
            compression=settings.compression,
            format=settings.format,
            bits=settings.bits,
            strict=settings.strict,
            color_config=config_to_share(job.colors.config),
            view=job.project.film.view,
            frames=tuple(frames),
            skipped=plan.skipped,
        )
    )


def _known_records(job: Job, facts: Any) -> list[RenderedFrame]:
    """The records of masters in the facts of a unit, whose checksums need not be taken again."""
    records = []
    for one in facts:
        record = RenderedFrame.model_validate(one["record"])
        path = job.folder("render") / record.file
        job.know_digest(path, one["size"], one["mtime_ns"], record.sha256)
        records.append(record)
    return records


def frames_of_part(job: Job, first: int, last: int) -> list[int]:
    """The frames of a range that are to be rendered.

    Raises:
        ProjectError: there are none.
    """
    part = [one.frame for one in job.once(RenderPlan.of).between(first, last)]
    if not part:
        raise ProjectError(
            f"{job.project_file}: no frame of {frames_in_words(first, last)} is to be rendered; "
            "choose frames within 'render.first' and 'render.last' that are not skipped"
        )
    return part


def render_part(job: Job, part: Sequence[int]) -> None:
    """Renders the masters of some frames that do not exist yet, in a folder that is prepared."""
    _render(job, part)


def is_prepared(job: Job) -> bool:
    """Whether the folder holds masters of the present model and settings, or none."""
    key_file = job.folder("render") / KEY_FILE
    return key_file.exists() and read_if_usable(key_file) == job.once(_key)


def prepare(job: Job) -> None:
    """Prepares the folder for the masters: what is of other masters is removed or renamed.

    Raises:
        WorkError: the folder holds files that Unfade did not make.
    """
    plan, folder = job.once(RenderPlan.of), job.folder("render")
    _prepare_folder(folder, job.once(_key))
    _remove_altered(job)
    _rename_masters(folder, plan.all_masters)
    _remove_obsolete(folder, plan.all_masters)


def check_masters_space(settings: RenderSection, colors: ColorManagement) -> None:
    """
    Raises:
        ProjectError: the colour space is unknown, or a strict container cannot hold it.
    """
    name = media.check_colorspace(settings.colorspace, colors)
    if settings.strict and not media.is_aces(name, colors):
        raise ProjectError(
            f"'render.colorspace' is '{name}', but a strict ACES container (SMPTE ST 2065-4) holds "
            "only ACES2065-1; remove it, or set 'render.strict' to false"
        )


def _render(job: Job, frames: Sequence[int]) -> list[Unit]:
    """Renders the masters of some frames that do not exist yet; returns their units."""
    units = frames_units("render", render_range, job.once(RenderPlan.of).source, frames)
    unchanged = partial(_is_unchanged, job.folder("render"))
    complete(job, units, "Rendering", holds=unchanged)
    return units


def _is_unchanged(folder: Path, facts: Any) -> bool:
    """Whether the masters of a unit are as it wrote them; those that are not are removed."""
    is_unchanged = True
    for one in facts:
        record = RenderedFrame.model_validate(one["record"])
        path, sidecar = folder / record.file, record.sidecar
        stat = path.stat() if path.exists() else None
        if stat is None or (stat.st_size, stat.st_mtime_ns) != (one["size"], one["mtime_ns"]):
            path.unlink(missing_ok=True)
            is_unchanged = False
        elif sidecar is not None:
            is_unchanged &= (folder / sidecar).exists()
    return is_unchanged


def _rename_masters(folder: Path, masters: Iterable[Master]) -> None:
    """Renames masters of the other naming scheme. DPX is rendered again, because its header holds
    its file name."""
    present = {path.name for path in folder.iterdir()}
    for master in masters:
        old = master.other_name
        if old not in present or old.endswith(".dpx"):
            continue
        if master.sidecar is not None and sidecar_of(old) in present:
            try:
                fields = json.loads(read_record(folder / sidecar_of(old)))
                renamed = to_sidecar_json(fields | {"file": master.name})
            except (OSError, TypeError, ValueError, RecursionError):
                continue  # A master without its record is rendered again.
            write_text(folder / master.sidecar, renamed)
        (folder / old).replace(folder / master.name)


def _key(job: Job) -> str:
    """Everything that the pixels and header entries of a master depend on.

    File names and the range of frames are left out, so that a change of them renders nothing anew.
    The id of the model stands for the checkpoint.
    """
    plan = job.once(RenderPlan.of)
    others = {"first", "last", "range", "naming", "checkpoint"}
    settings = job.project.render.model_dump(mode="json", exclude=others)
    in_dpx = {"history": DPX_HISTORY_VERSION} if job.project.render.format == "dpx" else {}
    return json.dumps(
        in_dpx
        | {
            "model": plan.trained.id,
            "render": settings,
            "entries": plan.entries,
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
    masters = {path for path in files if MASTER_PATTERN.fullmatch(path.name)}
    for path in files:
        if path.name not in RECORD_FILES and (path not in masters or not key_file.exists()):
            raise WorkError(
                f"{path}: was not made by Unfade; move it elsewhere, because this folder is "
                "overwritten"
            )
    if read_if_usable(key_file) != key:
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
    valid = {name for master in masters for name in (master.name, master.sidecar)}
    for path in folder.iterdir():
        if MASTER_PATTERN.fullmatch(path.name) and path.name not in valid:
            path.unlink()
