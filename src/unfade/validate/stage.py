"""validate: measures a rendering, decides on a verdict, and writes the report.

Reads the artefacts of all earlier stages, the pictures of the hold-out targets, the scan and every
rendered frame. Writes `report.json`, `report.html` and stills to ``07-validate/``.
"""

import datetime
import importlib.metadata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import unfade
from unfade.color.score import chroma_error
from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.drawing.canvas import fit_width, square_pixels
from unfade.drawing.chart import loss_picture
from unfade.drawing.scopes import scope_strip
from unfade.drawing.sheets import before_after, grid, split
from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.clip import Area, Clip, Clips, reference_proxy
from unfade.film.figures import HeldOutFigures, ShotFigures
from unfade.film.match import MatchRecord
from unfade.film.method import ChosenMethod
from unfade.film.model import LossCurve, TrainedModel
from unfade.film.pair import PairList
from unfade.film.rendering import RenderedFrame, Rendering
from unfade.film.report import Report
from unfade.film.target import Target, Targets
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.media import map_frames, read_picture, read_plane, to_space, write_png
from unfade.model import Baseline, ChromaModel, load_baseline, load_chosen
from unfade.model.device import map_networks
from unfade.project.settings import RenderSection
from unfade.report.page import Comparison, PageContent, report_page
from unfade.validate.frames import (
    FrameFigures,
    choose_comparison_frames,
    frame_measures,
    predicted_measures,
    shot_figures,
)
from unfade.validate.luma import check_master
from unfade.validate.outliers.evidence import FrameEvidence
from unfade.validate.outliers.reference import ReferenceColour
from unfade.validate.outliers.review import OutlierCase, OutlierReview, shot_facts
from unfade.validate.outliers.runs import FlaggedRun, MendFacts
from unfade.validate.outliers.sheet import outlier_sheet
from unfade.validate.steadiness import SmallFrame, chroma_change, mean_chroma, small_frame
from unfade.validate.verdict import decide, held_out_measures, mean_model_error
from unfade.work.cores import on_all_cores
from unfade.work.job import Job
from unfade.work.writing import write_text

COMPARISON_COUNT = 4
"""Number of frames shown before and after recovery: more make the page long and heavy."""

COMPARISON_WIDTH_PX = 1280
"""Width of a frame in a comparison: larger than the page's column, for dense displays."""

STRIP_WIDTH_PX = 1920
"""Width of the strip of frames before and after: that of a common display."""

SHEET_WIDTH_PX = 1360
"""Width of the sheet of held-out frames: four pictures of over 300 pixels."""

SHEET_ROWS = 8
"""Largest number of held-out frames on the sheet, chosen evenly from all: more are hard to read."""

LIBRARIES = ("torch", "opencolorio", "openimageio", "av", "opencv-python-headless")
"""Libraries on which figures may depend; the report names their versions."""


def run(job: Job) -> None:
    """Validates the rendering of a job.

    Raises:
        WorkError: an artefact is missing or damaged, or a rendered frame has another size than
            the scan.
        MediaError: a picture cannot be read.
    """
    clips, rendering = job.clips(), job.load(Rendering)
    pair_list, targets, model = job.load(PairList), job.load(Targets), _model(job)
    alignments, curve = job.load(Alignments), job.load(LossCurve)
    if not rendering.frames:
        raise WorkError(f"{job.root / Rendering.PATH}: holds no frame; run 'unfade render' again")

    held_out, sheet = _score_targets(job, targets.judging(), model)
    review = _outlier_review(job, clips, alignments)
    frames, comparisons = _inspect_frames(job, clips.source, rendering, review)
    admitted = [alignment.pair for alignment in alignments.admitted]
    shots = shot_figures(frames, pair_list.shots, admitted)
    measures = held_out_measures(held_out, job.project.validate_.max_of_baseline)
    measures += predicted_measures(rendering.frames)
    missing = _missing(clips.source, pair_list, job.project.render, rendering.frames)
    cut = sum(frame.cut for frame in rendering.frames)
    measures += frame_measures(frames, shots, missing, rendering.compression, cut)
    verdict, reasons = decide(measures, pair_list.remarks, _methods(job, model, shots))
    flagged = review.runs(shot_facts(pair_list, alignments, held_out), mean_model_error(held_out))
    cases = _outlier_cases(job, clips, rendering, review, flagged)
    _write_outliers(job.folder("validate"), cases, clips.source.live_area)
    runs = tuple(case.run for case in cases)
    report = Report(verdict=verdict, reasons=reasons, measures=tuple(measures), outliers=runs)

    content = PageContent(
        project=job.project,
        clips=clips,
        pair_list=pair_list,
        alignments=alignments,
        targets=targets,
        model=model,
        rendering=rendering,
        curve=curve,
        report=report,
        held_out=held_out,
        shots=shots,
        comparisons=comparisons,
        held_out_sheet=sheet,
        date=datetime.date.today().isoformat(),
        versions=_versions(),
    )
    _write_stills(job.folder("validate"), content)
    write_text(job.folder("validate") / "report.html", report_page(content))
    job.save(report)


def score_hold_outs(job: Job) -> list[HeldOutFigures]:
    """The errors on every hold-out pair, which judge a round of improvement."""
    return _score_targets(job, job.load(Targets).with_role("holdout"), _model(job))[0]


def _model(job: Job) -> TrainedModel:
    """The record of the model that 'render.checkpoint' chooses."""
    return job.load(TrainedModel).at(job.project.render.checkpoint)


def _score_targets(
    job: Job, chosen: Sequence[Target], described: TrainedModel
) -> tuple[list[HeldOutFigures], Tensor | None]:
    """The errors on targets, and a sheet of some; none without targets."""
    if not chosen:
        return [], None
    train_folder, target_folder = job.folder("train"), job.folder("target")
    model = load_chosen(train_folder, described, job.project.render.use)
    baseline = load_baseline(train_folder / described.baseline_file)
    step = -(-len(chosen) // SHEET_ROWS)

    def score(numbered: tuple[int, Target]) -> tuple[HeldOutFigures, list[Tensor]]:
        index, target = numbered
        return _score(target, target_folder, model, baseline, is_shown=index % step == 0)

    scored = map_networks(score, enumerate(chosen))
    figures, rows, labels = [], [], []
    for row, pictures in job.progress.track(scored, "Scoring held-out frames", len(chosen)):
        figures.append(row)
        if pictures:
            rows.append(pictures)
            labels.append(f"Frame {row.frame}\nshot {row.shot}\n{row.model.ciede2000:.2f}")
    headings = ("Faded", "Ground truth", "LUT baseline", "Delivered")
    return figures, grid(rows, headings, labels, SHEET_WIDTH_PX)


@torch.inference_mode()
def _score(
    target: Target, folder: Path, model: ChromaModel, baseline: Baseline, *, is_shown: bool
) -> tuple[HeldOutFigures, list[Tensor]]:
    """The errors on a hold-out target, and its pictures for the sheet if it is shown there."""
    shot = target.pair.shot
    source_rgb, truth_rgb = (
        read_picture(str(folder / name), WORKING_SPACE) for name in (target.source, target.truth)
    )
    y = luma(source_rgb)
    lut_cbcr = limit_chroma(y, baseline.predict(source_rgb, shot))
    model_cbcr = model.predict(source_rgb, shot)
    weight = _read_weight(target, folder / target.weight)
    faded, lut, own = [
        chroma_error(truth_rgb, cbcr, weight)
        for cbcr in (rgb_to_ycbcr(source_rgb)[1:], lut_cbcr, model_cbcr)
    ]
    row = HeldOutFigures(frame=target.pair.source, shot=shot, faded=faded, lut=lut, model=own)
    if not is_shown:
        return row, []
    predicted = [ycbcr_to_rgb(torch.cat([y, cbcr])) for cbcr in (lut_cbcr, model_cbcr)]
    pictures = (source_rgb, truth_rgb, *predicted)
    return row, [fit_width(picture, SHEET_WIDTH_PX // 4) for picture in pictures]


def _methods(job: Job, model: TrainedModel, shots: Sequence[ShotFigures]) -> list[ChosenMethod]:
    """The methods of the rendered shots."""
    methods = model.methods.used(job.project.render.use)
    return [methods.of(figures.shot.number) for figures in shots]


def _read_weight(target: Target, path: Path) -> Tensor:
    """The weight of each pixel of a ground truth, (1, H, W).

    Raises:
        WorkError: all weights are zero.
    """
    weight = read_plane(path)
    if not (weight > 0).any():
        raise WorkError(
            f"{path}: every pixel of the hold-out pair at source frame {target.pair.source} has "
            "weight 0; choose another [[pair]]"
        )
    return weight


@dataclass(frozen=True)
class _Inspected:
    """A rendered frame as its thread leaves it. `figures` are without the change of chroma."""

    figures: FrameFigures
    small: SmallFrame
    evidence: FrameEvidence
    comparison: Comparison | None


def _inspect_frames(
    job: Job, source: Clip, rendering: Rendering, review: OutlierReview
) -> tuple[list[FrameFigures], list[Comparison]]:
    """The figures of every rendered frame, and the comparisons of some of them.

    Frames are inspected side by side, and so are the changes from frame to frame.
    """
    by_frame = {frame.frame: frame for frame in rendering.frames}
    compared = choose_comparison_frames(
        [(frame.frame, frame.shot) for frame in rendering.frames], COMPARISON_COUNT
    )

    def inspect(frame: int, source_rgb: Tensor) -> _Inspected:
        one = by_frame[frame]
        return _inspect(job, source, rendering, review, one, source_rgb, frame in compared)

    inspected = _with_frame_before(map_frames(inspect, source, list(by_frame), job.colors))
    complete = on_all_cores(_with_change, inspected)
    figures, comparisons = [], []
    for one in job.progress.track(complete, "Checking rendered frames", len(by_frame)):
        figures.append(one.figures)
        review.add(one.evidence, one.figures.predicted_error)
        if one.comparison is not None:
            comparisons.append(one.comparison)
    return figures, comparisons


def _inspect(
    job: Job,
    source: Clip,
    rendering: Rendering,
    review: OutlierReview,
    rendered: RenderedFrame,
    source_rgb: Tensor,
    is_compared: bool,
) -> _Inspected:
    written = _read_master(job, rendered, source_rgb)
    decode = partial(to_space, source=rendering.colorspace, target=WORKING_SPACE, colors=job.colors)
    luma_figures, recovered_rgb = check_master(source_rgb, written, rendering, rendered, decode)
    before, after = crop(source_rgb, source.live_area), crop(recovered_rgb, source.live_area)
    figures = FrameFigures(
        frame=rendered.frame,
        shot=rendered.shot,
        predicted_error=rendered.predicted_error,
        luma=luma_figures,
        chroma_source=mean_chroma(before),
        chroma_recovered=mean_chroma(after),
        change=None,
    )
    small = small_frame(rendered.frame, rendered.shot, before, after)
    comparison = None
    if is_compared:
        comparison = _comparison(rendered, before, after, float(source.pixel_aspect))
    return _Inspected(figures, small, review.evidence(small), comparison)


def _read_master(job: Job, rendered: RenderedFrame, source_rgb: Tensor) -> Tensor:
    """The values of a master's file, (3, H, W).

    Raises:
        WorkError: it has another size than the scan.
    """
    path = job.folder("render") / rendered.file
    written = read_picture(str(path), WORKING_SPACE)
    if written.shape != source_rgb.shape:
        (height, width), (source_height, source_width) = written.shape[-2:], source_rgb.shape[-2:]
        raise WorkError(
            f"{path}: frame {rendered.frame} is {width} x {height} pixels, but the scan is "
            f"{source_width} x {source_height}; run 'unfade render' again"
        )
    return written


def _with_frame_before(
    inspected: Iterable[_Inspected],
) -> Iterator[tuple[SmallFrame | None, _Inspected]]:
    """Each frame with the one before it; none with the first."""
    before = None
    for one in inspected:
        yield before, one
        before = one.small


def _with_change(frames: tuple[SmallFrame | None, _Inspected]) -> _Inspected:
    before, one = frames
    figures = replace(one.figures, change=chroma_change(before, one.small))
    return replace(one, figures=figures)


def _comparison(
    rendered: RenderedFrame, before: Tensor, after: Tensor, pixel_aspect: float
) -> Comparison:
    small_before, small_after = (
        fit_width(square_pixels(picture, pixel_aspect), COMPARISON_WIDTH_PX)
        for picture in (before, after)
    )
    return Comparison(
        frame=rendered.frame,
        shot=rendered.shot,
        before=small_before,
        after=small_after,
        scopes_before=scope_strip(before),
        scopes_after=scope_strip(after),
    )


def _outlier_review(job: Job, clips: Clips, alignments: Alignments) -> OutlierReview:
    """The review of outliers, with the proxies of the references."""
    matches = _matches(job, clips)
    proxies = {
        name: np.load(job.root / reference_proxy(name), mmap_mode="r")
        for name in (matches.references if matches else ())
    }
    reference = ReferenceColour(clips, matches, alignments.admitted, proxies)
    return OutlierReview(reference, clips.source.live_area)


def _matches(job: Job, clips: Clips) -> MatchRecord | None:
    """The matches of all frames; None without a reference."""
    return job.load(MatchRecord) if clips.references else None


def _outlier_cases(
    job: Job,
    clips: Clips,
    rendering: Rendering,
    review: OutlierReview,
    flagged: Sequence[FlaggedRun],
) -> list[OutlierCase]:
    """The outliers with their places, from their worst frames, which are read again."""
    by_frame = {frame.frame: frame for frame in rendering.frames}
    by_worst, source = {run.worst: run for run in flagged}, clips.source
    matches, alignments = _matches(job, clips), job.load(Alignments)
    paired = {one.pair.source for one in alignments.admitted}
    paired |= {one.pair.source for one in alignments.rejected}
    facts = MendFacts(matches, paired, {*job.project.curate.drop})

    def case(frame: int, source_rgb: Tensor) -> OutlierCase:
        written = _read_master(job, by_frame[frame], source_rgb)
        recovered_rgb = to_space(written, rendering.colorspace, WORKING_SPACE, job.colors)
        pictures = (crop(rgb, source.live_area) for rgb in (source_rgb, recovered_rgb))
        run = by_worst[frame]
        return review.case(run, small_frame(frame, run.shot, *pictures), facts)

    cases = map_frames(case, source, sorted(by_worst), job.colors)
    tracked = job.progress.track(cases, "Locating outliers", len(by_worst))
    return [case for case in tracked if case.is_visible]


def _write_outliers(folder: Path, cases: Sequence[OutlierCase], live_area: Area) -> None:
    """Writes the sheet of outliers and their masks, and removes those of an older run."""
    for path in folder.glob("outlier*.png"):
        path.unlink()
    for case in cases:
        if case.run.mask is not None and case.mask is not None:
            write_png(folder / case.run.mask, torch.from_numpy(case.mask).float().expand(3, -1, -1))
    if cases:
        write_png(folder / "outliers.png", outlier_sheet(cases, live_area))


def _missing(
    source: Clip, pair_list: PairList, section: RenderSection, rendered: Sequence[RenderedFrame]
) -> int:
    """The number of frames that [render] asks for and that are not rendered."""
    expected = {*section.wanted(source.frames, pair_list.shots)}
    return len(expected - {frame.frame for frame in rendered})


def _write_stills(folder: Path, content: PageContent) -> None:
    """Writes the pictures of the page as files, and removes those of an older run."""
    for pattern in ("split-*.png", "scopes-*.png"):
        for path in folder.glob(pattern):
            path.unlink()
    comparisons = content.comparisons
    befores = [comparison.before for comparison in comparisons]
    afters = [comparison.after for comparison in comparisons]
    captions = [f"Frame {one.frame}, shot {one.shot}" for one in comparisons]
    write_png(folder / "before-after.png", before_after(befores, afters, captions, STRIP_WIDTH_PX))
    for one, caption in zip(comparisons, captions, strict=True):
        picture = split(one.before, one.after, ("Faded", "Recovered"), caption, COMPARISON_WIDTH_PX)
        write_png(folder / f"split-{one.frame:06d}.png", picture)
        scopes = torch.cat([one.scopes_before, one.scopes_after], dim=1)
        write_png(folder / f"scopes-{one.frame:06d}.png", scopes)
    if content.held_out_sheet is not None:
        write_png(folder / "held-out.png", content.held_out_sheet)
    if content.curve.points:
        write_png(folder / "loss.png", loss_picture(content.curve.points, content.curve.baseline))


def _versions() -> dict[str, str]:
    versions = {library: importlib.metadata.version(library) for library in LIBRARIES}
    return {"unfade": unfade.__version__, **versions}
