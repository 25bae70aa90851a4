"""The files of a bag for programs of editing, grading and compositing.

Timelines, a Nuke script and the recovery of each shot as TorchScript and ONNX.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import opentimelineio as otio

from unfade.deliver.content import DeliveryContent
from unfade.deliver.nuke import Footage, NukeContent, nuke_script
from unfade.deliver.timeline import (
    MASTERS,
    ORIGINAL,
    RECOVERED,
    edit_decision_list,
    film_timeline,
    has_smpte_rate,
    master_pattern,
    runs,
    with_named_files,
)
from unfade.film.clip import Clip
from unfade.film.naming import slug
from unfade.film.time import FrameRange
from unfade.film.wording import counted
from unfade.film.working_space import WORKING_SPACE
from unfade.model import load_model
from unfade.model.portable.files import write_shots
from unfade.report.figures import file_name
from unfade.work.job import Job

FOLDER = "handover"
"""Folder of the files in the bag."""

WriteConversion = Callable[[Path, str], str | None]
"""Writes the conversion of a colour space to the working space; from a path without suffix and the
name of the space to the name of the file, or None if nothing is to be converted."""


def write_handover(
    job: Job, delivered: DeliveryContent, bag: Path, convert: WriteConversion
) -> None:
    """Writes the files.

    Args:
        job: the project and its work directory.
        delivered: the content of the bag.
        bag: the folder that becomes the payload of the bag.
        convert: writes a conversion to the working space.
    """
    folder = bag / FOLDER
    folder.mkdir()
    _write_timelines(job, delivered, folder)
    _write_nuke_script(job, delivered, folder, convert)
    _write_models(job, delivered, bag / "model" / delivered.model.file, folder / "models")


def _write_timelines(job: Job, delivered: DeliveryContent, folder: Path) -> None:
    """Writes the timeline in all formats that its rate allows."""
    timeline = film_timeline(delivered, _scan_from(job, delivered))
    name = delivered.name
    timeline_text = otio.adapters.write_to_string(timeline, "otio_json")
    (folder / f"{name}.otio").write_text(timeline_text, encoding="utf-8")
    if not has_smpte_rate(timeline):
        rate = delivered.clips.source.rate
        job.progress.say(f"no XML and no EDL: {rate} frames a second have no timecode of SMPTE")
        return
    xml = otio.adapters.write_to_string(with_named_files(timeline), "fcp_xml")
    (folder / f"{name}.xml").write_text(xml, encoding="utf-8")
    for track in (ORIGINAL, RECOVERED):
        edl = edit_decision_list(timeline, track)
        (folder / f"{name}-{track.lower()}.edl").write_text(edl, encoding="utf-8")


def _write_nuke_script(
    job: Job, delivered: DeliveryContent, folder: Path, convert: WriteConversion
) -> None:
    rendering, source = delivered.rendering, delivered.clips.source

    def conversion(space: str) -> str | None:
        return convert(folder / f"from-{slug(space)}", space)

    def footage(path: str, clip: Clip) -> Footage:
        return Footage(path, clip.frames, conversion(clip.colorspace), clip.kind == "movie")

    masters_conversion = conversion(rendering.colorspace)
    title = slug(delivered.project.film.title)
    content = NukeContent(
        name=title,
        rate=float(source.rate),
        width=source.width,
        height=source.height,
        pixel_aspect=float(source.pixel_aspect),
        live_area=source.live_area,
        space=WORKING_SPACE,
        lut=f"../luts/{title}-33.cube",
        original=footage(_scan_from(job, delivered), source),
        masters=[
            Footage(
                MASTERS + master_pattern(run.frames[0].file),
                FrameRange(first=run.first, last=run.last),
                masters_conversion,
            )
            for run in runs(rendering.frames)
        ],
        references={
            name: footage(path, delivered.clips.references[name])
            for name, path in _references_from(job, delivered).items()
            if name in delivered.clips.references
        },
    )
    (folder / f"{delivered.name}.nk").write_text(nuke_script(content), encoding="utf-8")


def _write_models(job: Job, delivered: DeliveryContent, model_file: Path, folder: Path) -> None:
    """Writes the recovery of each shot of the rendering, by the model and the method that made its
    masters."""
    folder.mkdir()
    model = load_model(model_file, job.project.render.use)
    title = slug(delivered.project.film.title)
    rendered = {frame.shot for frame in delivered.rendering.frames}
    shots = [one for one in delivered.pair_list.shots if one.number in rendered]
    stems = {one.number: folder / f"{title}_{one.name}" for one in shots}
    job.progress.say(f"writing {counted(len(stems), 'model')} as TorchScript and ONNX")
    write_shots(model, stems)


def _scan_from(job: Job, delivered: DeliveryContent) -> str:
    """Path of the scan from the folder of these files."""
    return _clip_from(job, delivered, job.project.source.path, "original")


def _references_from(job: Job, delivered: DeliveryContent) -> Mapping[str, str]:
    """Paths of the references from the folder of these files, by their names."""
    return {
        one.name: _clip_from(job, delivered, one.path, "reference") for one in job.project.reference
    }


def _clip_from(job: Job, delivered: DeliveryContent, path: str, absent: str) -> str:
    """Path of a clip from the folder of these files. That of a clip that film.toml names by an
    absolute path, which is not for others to read, lies in the folder `absent` of the bag, where a
    person may put it."""
    if os.path.isabs(path):
        return f"../{absent}/{file_name(path)}"
    place = job.folder("deliver") / delivered.name / "data" / FOLDER
    return Path(os.path.relpath(job.resolve(path), place)).as_posix()
