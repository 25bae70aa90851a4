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

import torch
from torch import Tensor

import unfade
from unfade.color.score import mean_error
from unfade.drawing.canvas import fit_width
from unfade.drawing.chart import loss_picture
from unfade.drawing.sheets import before_after, grid, split
from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.balance import FilmBalance
from unfade.film.clip import Clip
from unfade.film.figures import HeldOutFigures, KindFigures, ShotFigures
from unfade.film.method import ChosenMethod
from unfade.film.model import LossCurve, TrainedModel
from unfade.film.pair import PairList
from unfade.film.rendering import RenderedFrame, Rendering
from unfade.film.report import Measure, Report
from unfade.film.target import Target, Targets
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.media import map_frames, read_picture, read_plane, to_space, write_png
from unfade.model import load_baseline, load_model
from unfade.model.device import map_networks
from unfade.project.settings import RenderSection
from unfade.report.content import HeldOutView, PageContent
from unfade.report.page import report_page
from unfade.report.pictures import LARGE_BYTES
from unfade.validate.frame_pictures import (
    COMPARISON_WIDTH_PX,
    FramePictures,
    PicturePlan,
    RenderedPictures,
    frame_pictures,
    shot_views,
)
from unfade.validate.frames import FrameFigures, frame_measures, shot_figures
from unfade.validate.held_out import (
    NAMES,
    HeldOutPair,
    HeldOutScore,
    film_kinds,
    held_out_view,
    score,
)
from unfade.validate.luma import check_master
from unfade.validate.outliers import outliers, predicted_measures
from unfade.validate.shown_frames import choose_shown
from unfade.validate.steadiness import SmallFrame, chroma_change, mean_chroma, small_frame
from unfade.validate.verdict import decide, held_out_measures
from unfade.work.cores import on_all_cores
from unfade.work.job import Job
from unfade.work.writing import write_text

STRIP_WIDTH_PX = 1920
"""Width of the strip of frames before and after: that of a common display."""

SHEET_WIDTH_PX = 1360
"""Width of the sheet of held-out frames: four pictures of over 300 pixels."""

SHEET_ROWS = 8
"""Largest number of held-out frames on the sheet, chosen evenly from all: more are hard to read."""

MAX_VIEWS = 60
"""Largest number of hold-out pairs shown large, those with the highest error first: at more, their
pictures become too small to judge."""

SCOPED_VIEWS = 6
"""Number of hold-out pairs with scopes, spread over the film: more make the page long and heavy."""

LIBRARIES = ("torch", "opencolorio", "openimageio", "av", "opencv-python-headless")
"""Libraries on which figures may depend; the report names their versions."""


def run(job: Job) -> None:
    """Validates the rendering of a job.

    Raises:
        WorkError: an artefact is missing or damaged, or a rendered frame has another size than
            the scan.
        MediaError: a picture cannot be read.
    """
    clips, rendering, targets = job.clips(), job.load(Rendering), job.load(Targets)
    pair_list, alignments, model = job.load(PairList), job.load(Alignments), job.load(TrainedModel)
    if not rendering.frames:
        raise WorkError(f"{job.root / Rendering.PATH}: holds no frame; run 'unfade render' again")
    held_out = _score_targets(job, clips.source, targets, model)
    shown = choose_shown(rendering.frames, targets.targets)
    plan = PicturePlan(shown, alignments.crop, job.load(FilmBalance).grade)
    frames, pictures = _inspect_frames(_Inspection(job, clips.source, rendering, plan))
    shots = shot_figures(frames, pair_list.shots, [one.pair for one in alignments.admitted])
    measures = [
        *held_out_measures(held_out.figures, job.project.validate_.max_of_baseline),
        *_rendered_measures(job, clips.source, rendering, frames, shots),
    ]
    runs = tuple(outliers(rendering.frames, _expected_error(held_out.figures)))
    verdict, reasons = decide(measures, pair_list.remarks, _methods(job, model, shots))
    report = Report(verdict=verdict, reasons=reasons, measures=tuple(measures), outliers=runs)
    content = PageContent(
        project=job.project,
        clips=clips,
        pair_list=pair_list,
        alignments=alignments,
        targets=targets,
        model=model,
        rendering=rendering,
        curve=job.load(LossCurve),
        report=report,
        held_out=held_out.figures,
        shots=shots,
        comparisons=[one.comparison for one in pictures.values() if one.comparison],
        date=datetime.date.today().isoformat(),
        versions=_versions(),
        held_out_views=held_out.views,
        shot_views=shot_views(shots, frames, shown, pictures, held_out.kinds),
        kinds=film_kinds([*held_out.kinds.values()]),
        worst=[view for frame in shown.worst if (view := pictures[frame].worst)],
    )
    _write_page(job.folder("validate"), content, held_out.sheet)
    job.save(report)


def _rendered_measures(
    job: Job,
    source: Clip,
    rendering: Rendering,
    frames: Sequence[FrameFigures],
    shots: Sequence[ShotFigures],
) -> list[Measure]:
    """The measures of the rendered frames."""
    missing = _missing(source, job.project.render, rendering.frames)
    cut = sum(frame.cut for frame in rendering.frames)
    measures = frame_measures(frames, shots, missing, rendering.compression, cut)
    return [*predicted_measures(rendering.frames), *measures]


@dataclass(frozen=True)
class _HeldOut:
    """The hold-out pairs: figures of all, pictures of some, the figures of kinds of colour by the
    number of the frame, and a sheet; None without hold-out pairs."""

    figures: list[HeldOutFigures]
    views: list[HeldOutView]
    kinds: dict[int, tuple[KindFigures, ...]]
    sheet: Tensor | None


def _score_targets(job: Job, source: Clip, targets: Targets, described: TrainedModel) -> _HeldOut:
    """The errors on every hold-out target, and pictures of them."""
    chosen = [target for target in targets.targets if target.pair.role == "holdout"]
    if not chosen:
        return _HeldOut([], [], {}, None)
    train_folder, target_folder = job.folder("train"), job.folder("target")
    model = load_model(train_folder / described.file, job.project.render.use)
    baseline = load_baseline(train_folder / described.baseline_file)
    step, scope_step = -(-len(chosen) // SHEET_ROWS), -(-len(chosen) // SCOPED_VIEWS)
    most_bytes = LARGE_BYTES / min(len(chosen), MAX_VIEWS)

    @torch.inference_mode()
    def scored(numbered: tuple[int, Target]) -> tuple[HeldOutScore, HeldOutView, list[Tensor]]:
        index, target = numbered
        one = score(_read_pair(target, target_folder), model, baseline)
        is_on_sheet, is_scoped = index % step == 0, index % scope_step == 0
        view = held_out_view(one, float(source.pixel_aspect), most_bytes, with_scopes=is_scoped)
        tiles = [fit_width(picture, SHEET_WIDTH_PX // 4) for picture in one.pictures]
        return replace(one, pictures=()), view, tiles if is_on_sheet else []

    scores = map_networks(scored, enumerate(chosen))
    figures, views, kinds, rows = [], [], {}, []
    for one, view, tiles in job.progress.track(scores, "Scoring held-out frames", len(chosen)):
        figures.append(one.figures)
        views.append(view)
        kinds[one.figures.frame] = one.kinds
        if tiles:
            rows.append(tiles)
    labelled = figures[::step]
    labels = [f"Frame {one.frame}\nshot {one.shot}\n{one.model.ciede2000:.2f}" for one in labelled]
    views = sorted(views, key=lambda view: -view.figures.model.ciede2000)[:MAX_VIEWS]
    views.sort(key=lambda view: view.figures.frame)
    return _HeldOut(figures, views, kinds, grid(rows, NAMES, labels, SHEET_WIDTH_PX))


def _read_pair(target: Target, folder: Path) -> HeldOutPair:
    """The pictures of a hold-out target."""
    source_rgb, truth_rgb = (
        read_picture(str(folder / name), WORKING_SPACE) for name in (target.source, target.truth)
    )
    weight = _read_weight(target, folder / target.weight)
    return HeldOutPair(target.pair.source, target.pair.shot, source_rgb, truth_rgb, weight)


def _methods(job: Job, model: TrainedModel, shots: Sequence[ShotFigures]) -> list[ChosenMethod]:
    """The methods of the rendered shots."""
    methods = model.methods.used(job.project.render.use)
    return [methods.of(figures.shot.number) for figures in shots]


def _expected_error(held_out: Sequence[HeldOutFigures]) -> float | None:
    """Mean CIEDE2000 of the delivered colour on the hold-out pairs; None without such pairs."""
    return mean_error([row.model for row in held_out]).ciede2000 if held_out else None


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
class _Inspection:
    """What the threads that inspect frames share."""

    job: Job
    source: Clip
    rendering: Rendering
    plan: PicturePlan


@dataclass(frozen=True)
class _Inspected:
    """A rendered frame as its thread leaves it. `figures` are without the change of chroma."""

    figures: FrameFigures
    small: SmallFrame
    pictures: FramePictures


def _inspect_frames(
    inspection: _Inspection,
) -> tuple[list[FrameFigures], dict[int, FramePictures]]:
    """The figures of every rendered frame, and the pictures of those that are shown.

    Frames are inspected side by side, and so are the changes from frame to frame.
    """
    job, source = inspection.job, inspection.source
    by_frame = {frame.frame: frame for frame in inspection.rendering.frames}

    def inspect(frame: int, source_rgb: Tensor) -> _Inspected:
        return _inspect(inspection, by_frame[frame], source_rgb)

    inspected = _with_frame_before(map_frames(inspect, source, list(by_frame), job.colors))
    complete = on_all_cores(_with_change, inspected)
    figures, pictures = [], {}
    for one in job.progress.track(complete, "Checking rendered frames", len(by_frame)):
        figures.append(one.figures)
        pictures[one.figures.frame] = one.pictures
    return figures, pictures


def _inspect(inspection: _Inspection, rendered: RenderedFrame, source_rgb: Tensor) -> _Inspected:
    source, rendering, colors = inspection.source, inspection.rendering, inspection.job.colors
    written = _read_master(inspection.job, rendered, source_rgb)
    decode = partial(to_space, source=rendering.colorspace, target=WORKING_SPACE, colors=colors)
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
    pictures = RenderedPictures(before, after, float(source.pixel_aspect))
    truth_rgb = _read_truth(inspection.job, inspection.plan.shown.targets.get(rendered.frame))
    shown = frame_pictures(inspection.plan, rendered, pictures, truth_rgb)
    return _Inspected(figures, small, shown)


def _read_truth(job: Job, target: Target | None) -> Tensor | None:
    """The ground truth of a target; None without a target."""
    if target is None:
        return None
    return read_picture(str(job.folder("target") / target.truth), WORKING_SPACE)


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


def _missing(source: Clip, section: RenderSection, rendered: Sequence[RenderedFrame]) -> int:
    """The number of frames in the range of [render] that are not rendered."""
    requested = section.wanted(source.frames)
    expected = {frame for frame in source.frames.frames() if frame in requested}
    return len(expected - {frame.frame for frame in rendered})


def _write_page(folder: Path, content: PageContent, held_out_sheet: Tensor | None) -> None:
    """Writes the page and its pictures as files."""
    _write_stills(folder, content, held_out_sheet)
    write_text(folder / "report.html", report_page(content))


def _write_stills(folder: Path, content: PageContent, held_out_sheet: Tensor | None) -> None:
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
    if held_out_sheet is not None:
        write_png(folder / "held-out.png", held_out_sheet)
    if content.curve.points:
        write_png(folder / "loss.png", loss_picture(content.curve.points, content.curve.baseline))


def _versions() -> dict[str, str]:
    versions = {library: importlib.metadata.version(library) for library in LIBRARIES}
    return {"unfade": unfade.__version__, **versions}
