"""render: recovers and writes the masters of a range of frames."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from torch import Tensor

from unfade import media
from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.clip import Clip
from unfade.film.damage import Damage
from unfade.film.method import Methods
from unfade.film.model import TrainedModel
from unfade.film.pair import PairList
from unfade.film.rendering import RenderedFrame
from unfade.model import ChromaModel, load_chosen
from unfade.render.masters import Master, masters
from unfade.render.record import (
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
)
from unfade.render.recover import RecoveredFrame, recover
from unfade.work.job import Job
from unfade.work.record_files import read_record
from unfade.work.units import UnitResult, UnitWork, check_key, results_key
from unfade.work.writing import write_text


@dataclass(frozen=True)
class RenderPlan:
    """What is rendered: the scan, the model, the masters of the whole film, those that are wanted,
    in order, the skipped frames, and the header entries that all share."""

    source: Clip
    trained: TrainedModel
    entries: dict[str, Entry]
    all_masters: Sequence[Master]
    wanted: Sequence[Master]
    skipped: Damage

    @classmethod
    def of(cls, job: Job) -> "RenderPlan":
        """
        Raises:
            ProjectError: the range of [render] has no frame of the scan, or only skipped ones, or
                no checkpoint of the step in 'render.checkpoint' was kept.
        """
        clips, settings = job.clips(), job.project.render
        trained = job.load(TrainedModel).at(settings.checkpoint)
        admitted = [one.pair for one in job.load(Alignments).admitted]
        shots = job.load(PairList).shots
        all_masters = [*masters(job.project, shots, trained.id)]
        rendered, skipped = settings.rendered(clips.source.frames, clips.source.damage, shots)
        frames = frozenset(rendered)
        wanted = [one for one in all_masters if one.frame in frames]
        entries = film_entries(job.project, clips, admitted, trained.id)
        return cls(clips.source, trained, entries, all_masters, wanted, skipped)

    def between(self, first: int, last: int) -> list[Master]:
        """The masters that are wanted of a range of frames."""
        start = bisect_left(self.wanted, first, key=attrgetter("frame"))
        return list(self.wanted[start : bisect_right(self.wanted, last, key=attrgetter("frame"))])


@dataclass(frozen=True)
class _Recovery:
    """The model, the method of each shot, and the process history of the masters."""

    model: ChromaModel
    methods: Methods
    history: ProcessHistory

    @classmethod
    def of(cls, job: Job) -> "_Recovery":
        plan, use = job.once(RenderPlan.of), job.project.render.use
        model = load_chosen((job.root / TrainedModel.PATH).parent, plan.trained, use)
        history = process_history(job.project, plan.source, plan.entries)
        return cls(model, plan.trained.methods.used(use), history)


def render_range(job: Job, first: int, last: int) -> UnitWork:
    """Renders the masters of a range of frames that do not exist yet, each on one core, side by
    side. The result has the record of every master, with size and time of change of its file."""
    plan, folder = job.once(RenderPlan.of), job.folder("render")
    key = results_key(folder)
    due = plan.between(first, last)
    remaining = {one.frame: one for one in due if not one.is_complete(folder)}
    for _ in range(len(due) - len(remaining)):
        yield
    if remaining:
        recovery = job.once(_Recovery.of)

        def render_frame(frame: int, source_rgb: Tensor) -> None:
            recovered = recover(
                source_rgb, plan.source.live_area, recovery.model, remaining[frame].shot.number
            )
            check_key(folder, key)
            _write_frame(job, plan, recovery, remaining[frame], recovered)

        for _ in media.map_frames(render_frame, plan.source, list(remaining), job.colors):
            yield
    return UnitResult([_record(job, master) for master in due])


def _write_frame(
    job: Job, plan: RenderPlan, recovery: _Recovery, master: Master, recovered: RecoveredFrame
) -> None:
    source, shot, frame = plan.source, master.shot, master.frame
    method = recovery.methods.of(shot.number)
    error, held = predicted_error(recovered.error), source.held_frame(frame)
    entries = plan.entries | frame_entries(shot, frame, method, error, held)
    _write(job, master, recovered.rgb, entries, media.read_tags(source, frame), recovery.history)


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
    settings, folder = job.project.render, job.folder("render")
    path = folder / master.name
    cut = media.write_master(path, recovered_rgb, settings, entries, tags, job.colors, history)
    if master.sidecar is not None:
        facts: dict[str, object] = {
            "file": master.name,
            "format": settings.format,
            "bits": settings.bits,
            "colorspace": media.check_colorspace(settings.colorspace, job.colors),
            **tags.as_text(),
        }
        write_text(folder / master.sidecar, sidecar(facts, entries, cut))
    job.digest(path)


def _record(job: Job, master: Master) -> dict[str, Any]:
    folder = job.folder("render")
    path = folder / master.name
    record_path = path if master.sidecar is None else folder / master.sidecar
    try:
        if master.sidecar is None:
            cut, entries = 0, media.read_entries(path, ERROR_ENTRIES)
        else:
            cut, entries = read_sidecar(read_record(record_path))
        error = read_predicted_error(entries)
    except (OSError, ValueError) as fault:
        raise WorkError(
            f"{record_path}: is damaged ({fault}); remove it, and run 'unfade render' again"
        ) from fault
    record = RenderedFrame(
        frame=master.frame,
        shot=master.shot.number,
        file=master.name,
        sha256=job.digest(path),
        sidecar=master.sidecar,
        cut=cut,
        predicted_error=error,
    )
    stat = path.stat()
    return {
        "record": record.model_dump(mode="json"),
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
    }
