"""validate: measures a rendering, decides on a verdict, and writes the report.

Reads the artefacts of all earlier stages, the pictures of the hold-out targets, the scan and every
rendered frame. Writes `report.json`, `report.html` and stills to ``07-validate/``.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from unfade.construct.assumptions import taught_assumptions
from unfade.errors import WorkError
from unfade.film.clip import Clip
from unfade.film.construction import construct_path
from unfade.film.figures import HeldOutFigures, ShotFigures, judging_figures, of_kind
from unfade.film.improvement import Improvement
from unfade.film.model import TrainedModel
from unfade.film.report import Report
from unfade.film.target import Target, Targets
from unfade.film.used_frames import UsedFrames
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.media import (
    map_frames,
    read_picture,
    read_plane,
    to_space,
    write_png,
)
from unfade.model import ChromaModel, load_baseline, load_chosen
from unfade.model.device import map_networks
from unfade.report.content import ConstructedView, PageContent
from unfade.report.page import report_page
from unfade.report.versions import versions
from unfade.validate.constructed import constructed_views
from unfade.validate.diagnoses import Findings, diagnoses
from unfade.validate.frame_pictures import (
    FramePictures,
    shot_views,
)
from unfade.validate.frames import (
    FrameFigures,
    frame_measures,
    predicted_measures,
    shot_figures,
)
from unfade.validate.held_out import (
    HeldOutPair,
    HeldOutResult,
    HeldOutScore,
    film_kinds,
    held_out_result,
    score,
    scored_pair,
)
from unfade.validate.outliers.evidence import Plane
from unfade.validate.outliers.flags import PREDICTED_UNIT
from unfade.validate.outliers.review import OutlierCase, outlier_measure, shot_facts
from unfade.validate.outliers.runs import mend_facts, most_serious
from unfade.validate.outliers.sheet import with_rows
from unfade.validate.steadiness import SmallFrame, small_frame
from unfade.validate.stills import STALE_PATTERNS, outlier_stills, stills
from unfade.validate.units import CheckedFrame, Inspection, check_range, read_rendered
from unfade.validate.validated_film import chosen_model
from unfade.validate.verdict import decide, held_out_measures, mean_model_error
from unfade.work.job import Job
from unfade.work.packing import unpack
from unfade.work.units import frames_units, results
from unfade.work.writing import write_text

Kept = TypeVar("Kept")


def run(job: Job) -> None:
    """Validates the rendering of a job.

    Raises:
        WorkError: an artefact or a proxy is missing or damaged, or a rendered frame has another
            size than the scan.
        ProjectError: what is assumed of a constructed frame is missing, or was changed since.
        MediaError: a picture cannot be read.
    """
    inspection = job.once(Inspection.of)
    film, shown = inspection.film, inspection.plan.shown
    source = film.clips.source
    held_out = _held_out(job, source, film.targets.judging(), film.model)
    frames, pictures = _check_frames(inspection)
    cases = _outlier_cases(inspection, held_out.figures)
    pairs = [one.pair for one in film.alignments.admitted]
    shots = shot_figures(frames, film.pair_list.shots, pairs)
    report = _report(inspection, held_out.figures, frames, shots, cases)
    content = PageContent(
        project=job.project,
        clips=film.clips,
        pair_list=film.pair_list,
        alignments=film.alignments,
        targets=film.targets,
        model=film.model,
        rendering=film.rendering,
        curve=film.curve,
        report=report,
        held_out=held_out.figures,
        shots=shots,
        comparisons=[one.comparison for one in pictures.values() if one.comparison],
        date=datetime.date.today().isoformat(),
        versions=versions(),
        held_out_views=held_out.views,
        shot_views=shot_views(shots, frames, shown, pictures, held_out.kinds),
        kinds=film_kinds([held_out.kinds[one.frame] for one in judging_figures(held_out.figures)]),
        worst=[view for frame in shown.worst if (view := pictures[frame].worst)],
        improvement=job.load_if_made(Improvement),
        grade=inspection.plan.grade,
        constructed=_constructed(job),
    )
    drawn = stills(content, held_out.sheet) | outlier_stills(cases, source.live_area)
    _write_pictures(job.folder("validate"), drawn)
    write_text(job.folder("validate") / "report.html", report_page(content))
    job.save(report)


def _constructed(job: Job) -> list[ConstructedView]:
    """The constructed ones of the frames of admitted pairs.

    Raises:
        ProjectError: what is assumed of a frame is missing, or was changed since.
        WorkError: the record of the frames of pairs is missing or damaged.
    """

    def read_sheet(frame: int) -> Tensor:
        return read_picture(str(job.root / construct_path(frame, ".png")), WORKING_SPACE)

    return constructed_views(taught_assumptions(job, job.load(UsedFrames)).values(), read_sheet)


def score_hold_outs(job: Job) -> list[HeldOutFigures]:
    """The errors on every hold-out pair, which judge a round of improvement; nothing is drawn."""
    hold_outs = job.load(Targets).with_role("holdout")
    return [*_score_targets(job, hold_outs, chosen_model(job), lambda one, index: one.figures)]


def _report(
    inspection: Inspection,
    held_out: Sequence[HeldOutFigures],
    frames: Sequence[FrameFigures],
    shots: Sequence[ShotFigures],
    cases: Sequence[OutlierCase],
) -> Report:
    """The measures, the verdict, the outliers and the diagnoses."""
    film, project = inspection.film, inspection.job.project
    rendered = film.rendering.frames
    cut, compression = sum(frame.cut for frame in rendered), film.rendering.compression
    measures = (
        *held_out_measures(held_out, project.validate_.max_of_baseline),
        *predicted_measures(rendered),
        *frame_measures(frames, shots, _missing_frames(inspection), compression, cut),
        outlier_measure(cases),
    )
    methods = film.model.methods.used(project.render.use)
    used = [methods.of(figures.shot.number) for figures in shots]
    is_assumed = not of_kind(held_out, "direct")
    verdict, reasons = decide(measures, film.pair_list.remarks, used, is_assumed=is_assumed)
    runs, limit = with_rows(cases), project.align.max_residual
    found = Findings(
        alignments=film.alignments,
        matches=inspection.review.matches,
        curve=film.curve,
        step=film.model.step,
        shots=shots,
        held_out=held_out,
        outliers=runs,
        max_residual=limit,
    )
    return Report(
        verdict=verdict,
        reasons=reasons,
        measures=measures,
        outliers=runs,
        diagnoses=tuple(diagnoses(found)),
    )


def _missing_frames(inspection: Inspection) -> int:
    """The number of frames that were asked for and are neither rendered nor skipped as damaged."""
    film, render = inspection.film, inspection.job.project.render
    wanted = render.wanted(film.clips.source.frames, film.pair_list.shots)
    unrendered = {*wanted} - {frame.frame for frame in film.rendering.frames}
    return len(unrendered) - len(film.clips.source.damage.skipped(sorted(unrendered)))


def _held_out(
    job: Job, source: Clip, chosen: Sequence[Target], described: TrainedModel
) -> HeldOutResult:
    """The errors on targets, and pictures of them."""
    if not chosen:
        return HeldOutResult([], [], {}, None)
    drawn = partial(scored_pair, count=len(chosen), pixel_aspect=float(source.pixel_aspect))
    return held_out_result(_score_targets(job, chosen, described, drawn))


def _score_targets(
    job: Job,
    chosen: Sequence[Target],
    described: TrainedModel,
    keep: Callable[[HeldOutScore, int], Kept],
) -> Iterator[Kept]:
    """What `keep` returns for the score of each target and its index; all other pictures go."""
    train_folder, target_folder = job.folder("train"), job.folder("target")
    model = load_chosen(train_folder, described, job.project.render.use)
    baseline = load_baseline(train_folder / described.baseline_file)

    @torch.inference_mode()
    def scored(numbered: tuple[int, Target]) -> Kept:
        index, target = numbered
        return keep(score(_read_pair(target, target_folder), model, baseline), index)

    scores = map_networks(scored, enumerate(chosen))
    return job.progress.track(scores, "Scoring held-out frames", len(chosen))


def _read_pair(target: Target, folder: Path) -> HeldOutPair:
    """The pictures of a hold-out target.

    Raises:
        WorkError: all weights are zero.
    """
    source_rgb, truth_rgb = (
        read_picture(str(folder / name), WORKING_SPACE) for name in (target.source, target.truth)
    )
    weight = read_plane(folder / target.weight)
    if not (weight > 0).any():
        raise WorkError(
            f"{folder / target.weight}: every pixel of the hold-out pair at source frame "
            f"{target.pair.source} has weight 0; choose another [[pair]]"
        )
    pair = target.pair
    return HeldOutPair(pair.source, pair.shot, source_rgb, truth_rgb, weight, pair.kind)


def _check_frames(
    inspection: Inspection,
) -> tuple[list[FrameFigures], dict[int, FramePictures]]:
    """The figures of every rendered frame, and the pictures of those that are shown."""
    job, film = inspection.job, inspection.film
    frames = [one.frame for one in film.rendering.frames]
    units = frames_units("validate", check_range, film.clips.source, frames)
    figures, pictures = [], {}
    for result in results(job, units, "Checking rendered frames"):
        for values in result.facts:
            one = unpack(CheckedFrame, values, result.arrays)
            figures.append(one.figures)
            inspection.review.add(one.evidence, one.figures.predicted_error)
            pictures[one.figures.frame] = one.pictures
    return figures, pictures


def _outlier_cases(inspection: Inspection, held_out: Sequence[HeldOutFigures]) -> list[OutlierCase]:
    """The outliers with their places, from their worst frames, which are read again."""
    job, film = inspection.job, inspection.film
    source, rendering = film.clips.source, film.rendering
    by_frame = {frame.frame: frame for frame in rendering.frames}
    shots = shot_facts(film.pair_list, film.alignments, held_out)
    flagged = inspection.review.runs(shots, mean_model_error(held_out))
    by_worst = {run.worst: run for run in flagged}
    shown = {run.worst for run in most_serious(flagged)}
    facts = mend_facts(inspection.review.matches, film.alignments, job.project.curate.drop)
    model = None
    if any(run.flag.unit == PREDICTED_UNIT for run in flagged):
        model = load_chosen(job.folder("train"), film.model, job.project.render.use)

    def case(frame: int, source_rgb: Tensor) -> OutlierCase:
        written = read_rendered(job, by_frame[frame], source_rgb).nan_to_num_(0.0, 0.0, 0.0)
        recovered_rgb = to_space(written, rendering.colorspace, WORKING_SPACE, job.colors)
        before, after = (crop(rgb, source.live_area) for rgb in (source_rgb, recovered_rgb))
        run, predicted = by_worst[frame], None
        small = small_frame(frame, run.shot, before, after)
        if model is not None and run.flag.unit == PREDICTED_UNIT:
            predicted = _predicted_error(model, before, small)
        return inspection.review.case(run, small, predicted, facts, is_shown=frame in shown)

    cases = map_frames(case, source, sorted(by_worst), job.colors)
    tracked = job.progress.track(cases, "Locating outliers", len(by_worst))
    return [case for case in tracked if case.is_visible]


@torch.inference_mode()
def _predicted_error(model: ChromaModel, source_rgb: Tensor, small: SmallFrame) -> Plane:
    """The predicted error of a live area (3, H, W), CIEDE2000 (h, w) on the raster of `small`."""
    error = model.predict_error(model.inputs_of_frame(source_rgb, small.shot)).ciede2000
    size = small.source.shape[1:]
    enlarged: Tensor = functional.interpolate(error[None], size, mode="bilinear")
    return np.asarray(enlarged[0, 0].numpy())


def _write_pictures(folder: Path, pictures: Mapping[str, Tensor]) -> None:
    """Writes pictures by the names of their files, and removes those of an older run."""
    for pattern in STALE_PATTERNS:
        for path in folder.glob(pattern):
            path.unlink()
    for name, picture in pictures.items():
        write_png(folder / name, picture)
