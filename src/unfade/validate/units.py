"""validate: checks the rendered frames of a range."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from unfade.errors import WorkError
from unfade.film.balance import FilmBalance
from unfade.film.clip import reference_proxy
from unfade.film.match import MatchRecord
from unfade.film.rendering import RenderedFrame
from unfade.film.target import Target
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.media import map_frames, read_master, read_picture, to_space
from unfade.validate.frame_pictures import (
    FramePictures,
    PicturePlan,
    RenderedPictures,
    frame_pictures,
)
from unfade.validate.frames import FrameFigures
from unfade.validate.luma import check_master
from unfade.validate.outliers.evidence import FrameEvidence
from unfade.validate.outliers.reference import ReferenceColour
from unfade.validate.outliers.review import OutlierReview
from unfade.validate.shown_frames import choose_shown
from unfade.validate.steadiness import SmallFrame, chroma_change, mean_chroma, small_frame
from unfade.validate.validated_film import ValidatedFilm
from unfade.work.cores import on_all_cores
from unfade.work.job import Job
from unfade.work.packing import Arrays, pack
from unfade.work.proxies import load_proxy
from unfade.work.units import UnitResult, UnitWork


@dataclass(frozen=True)
class Inspection:
    """What the inspections of all frames share."""

    job: Job
    film: ValidatedFilm
    plan: PicturePlan
    review: OutlierReview

    @classmethod
    def of(cls, job: Job) -> "Inspection":
        """
        Raises:
            WorkError: an artefact or a proxy is missing or damaged.
        """
        film = ValidatedFilm.of(job)
        shown = choose_shown(film.rendering.frames, film.targets.targets)
        plan = PicturePlan(shown, film.alignments.crop, job.load(FilmBalance).grade)
        return cls(job, film, plan, _outlier_review(job, film))


@dataclass(frozen=True)
class CheckedFrame:
    """What is found in a rendered frame."""

    figures: FrameFigures
    evidence: FrameEvidence
    pictures: FramePictures


@dataclass(frozen=True)
class _Inspected:
    """A rendered frame as its thread leaves it. The figures are without the change of chroma."""

    checked: CheckedFrame
    small: SmallFrame


def check_range(job: Job, first: int, last: int) -> UnitWork:
    """Checks the rendered frames of a range, side by side. The result has a packed `CheckedFrame`
    of each.

    Raises:
        WorkError: an artefact or a proxy is missing or damaged, or a rendered frame has another
            size than the scan.
        MediaError: a picture cannot be read.
    """
    inspection = job.once(Inspection.of)
    film = inspection.film
    # The frame before the range is only there to be compared with.
    by_frame = {one.frame: one for one in film.rendering.frames if first - 1 <= one.frame <= last}

    def inspect(frame: int, source_rgb: Tensor) -> _Inspected:
        return _inspect(inspection, by_frame[frame], source_rgb)

    arrays: Arrays = {}
    packed = []
    inspected = map_frames(inspect, film.clips.source, list(by_frame), job.colors)
    for checked in on_all_cores(_with_change, _with_frame_before(inspected)):
        if checked.figures.frame >= first:
            packed.append(pack(checked, arrays))
            yield
    return UnitResult(packed, arrays)


def _inspect(inspection: Inspection, rendered: RenderedFrame, source_rgb: Tensor) -> _Inspected:
    film, colors = inspection.film, inspection.job.colors
    source, rendering = film.clips.source, film.rendering
    written = read_rendered(inspection.job, rendered, source_rgb)
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
    evidence = inspection.review.evidence(small)
    return _Inspected(CheckedFrame(figures, evidence, shown), small)


def _read_truth(job: Job, target: Target | None) -> Tensor | None:
    """The ground truth of a target; None without a target."""
    if target is None:
        return None
    return read_picture(str(job.folder("target") / target.truth), WORKING_SPACE)


def read_rendered(job: Job, rendered: RenderedFrame, source_rgb: Tensor) -> Tensor:
    """The values of a master's file, (3, H, W).

    Raises:
        MediaError: it is missing or damaged.
        WorkError: it has another size than the scan.
    """
    path = job.folder("render") / rendered.file
    written = read_master(path)
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


def _with_change(frames: tuple[SmallFrame | None, _Inspected]) -> CheckedFrame:
    before, one = frames
    figures = replace(one.checked.figures, change=chroma_change(before, one.small))
    return replace(one.checked, figures=figures)


def _outlier_review(job: Job, film: ValidatedFilm) -> OutlierReview:
    """The review of outliers, with the proxies of the references."""
    matches = job.load(MatchRecord) if film.clips.references else None
    proxies = {
        name: load_proxy(job.root / reference_proxy(name), len(film.clips.references[name].frames))
        for name in (matches.references if matches else ())
    }
    reference = ReferenceColour(film.clips, matches, film.alignments.admitted, proxies)
    live_area, folder = film.clips.source.live_area, job.folder("validate")
    return OutlierReview(reference, live_area, film.pair_list.shots, folder)
