"""align: every pair's reference laid on its source, measured, and admitted or turned down."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from unfade import media
from unfade.align.coverage import covered_area
from unfade.align.pool import Laid, lay, measure, shared_transform
from unfade.align.prepare import Prepared, Raster, prepare, to_raster
from unfade.align.register import Registration, warp_structure
from unfade.align.sheet import Panels, draw_sheet, shrink
from unfade.align.weight import confidence
from unfade.color.ycbcr import luma
from unfade.errors import MatchError
from unfade.film.alignment import Alignment, Alignments, Matrix, weight_file
from unfade.film.clip import Area, Clips
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.project import WORKING_SPACE
from unfade.film.work import Job
from unfade.geometry.crop import crop, intersection


@dataclass(frozen=True)
class _Outcome:
    """What became of a pair, and what its sheet shows."""

    answer: Alignment | Rejection
    remark: str
    panels: Panels


def run(job: Job) -> None:
    """Writes `Alignments`, a weight for each admitted pair, and a sheet for every pair.

    Raises:
        MatchError: no training pair holds, or the admitted pairs share no part of the picture.
        ProjectError: the picture of an aligned pair has another size than the source.
    """
    clips = job.clips()
    pairs = job.load(PairList).pairs
    folder = job.folder("align")
    for stale in (*folder.glob("weight-*.exr"), *folder.glob("[0-9]*.png")):
        stale.unlink()
    raster = Raster.of(clips.source)
    prepared = list(
        job.progress.track(_prepare(job, clips, pairs, raster), "Reading pairs", len(pairs))
    )
    own = [one.own for one in prepared if one.own is not None]
    shared = shared_transform(own, raster.height, raster.width)
    prepared.sort(key=lambda one: one.pair.source)
    outcomes = [
        _settle(job, one, shared, raster)
        for one in job.progress.track(prepared, "Aligning pairs", len(prepared))
    ]
    admitted = tuple(o.answer for o in outcomes if isinstance(o.answer, Alignment))
    rejected = tuple(o.answer for o in outcomes if isinstance(o.answer, Rejection))
    area = intersection([one.coverage for one in admitted]) if admitted else None
    for outcome in outcomes:
        _write_sheet(job, outcome, area, raster)
    for one in rejected:
        job.progress.say(f"source frame {one.pair.source} is turned down: {one.reason}")
    job.save(
        Alignments(
            crop=_checked(clips, admitted, rejected, area), admitted=admitted, rejected=rejected
        )
    )


def _prepare(job: Job, clips: Clips, pairs: tuple[Pair, ...], raster: Raster) -> Iterator[Prepared]:
    """The pairs made ready; each clip is read once, in order of its frames."""
    lumas: dict[int, np.ndarray] = {}
    for frame, picture in media.read(clips.source, sorted({pair.source for pair in pairs})):
        lumas[frame] = to_raster(luma(crop(picture, clips.source.live_area)), raster)
    for pair, reference in media.read_references(pairs, clips, job.resolve):
        yield prepare(pair, lumas[pair.source], reference, raster)


def _settle(job: Job, one: Prepared, shared: np.ndarray | None, raster: Raster) -> _Outcome:
    """A pair laid, measured and judged; the weight of an admitted one is written."""
    laid = _lay(one, shared, raster)
    if laid is None:
        matches = one.own.inliers if one.own is not None else 0
        reason = f"only {matches} matches of features hold"
        return _turned_down(one, reason, np.eye(3))
    matrix = laid.registration.matrix
    fault = None
    if not one.pair.aligned:
        fault = laid.fault(job.project.align.max_residual, raster.height, raster.width)
    whole = raster.outward(matrix, one.size)
    covered = covered_area(whole, one.size, raster.live)
    if fault is None and covered is None:
        fault = "it covers no part of the source"
    if fault is not None or covered is None:
        return _turned_down(one, fault or "", matrix)
    alignment = Alignment(
        pair=one.pair,
        kind=laid.registration.kind,
        matrix=_as_matrix(whole),
        residual=round(laid.residual.median, 3),
        residual_p95=round(laid.residual.p95, 3),
        inliers=laid.registration.inliers,
        coverage=covered,
    )
    weight, trusted, panels = _trust(one, matrix)
    _write_weight(job, one.pair.source, weight, raster)
    remark = (
        f"{alignment.kind}, {alignment.inliers} matches, residual {alignment.residual:.2f} px, "
        f"95th percentile {alignment.residual_p95:.2f} px, trusted {trusted:.0%}"
    )
    return _Outcome(alignment, remark, panels)


def _lay(one: Prepared, shared: np.ndarray | None, raster: Raster) -> Laid | None:
    """A pair laid on the raster, its residual in pixels of the source."""
    if one.pair.aligned:
        residual = measure(one.source, one.reference, np.eye(3))
        return Laid(Registration(np.eye(3), "identity", 0), residual.scaled(raster.scale))
    laid = lay(one.source, one.reference, one.own, shared)
    return laid and Laid(laid.registration, laid.residual.scaled(raster.scale))


def _turned_down(one: Prepared, reason: str, matrix: np.ndarray) -> _Outcome:
    _, _, panels = _trust(one, matrix)
    return _Outcome(Rejection(pair=one.pair, reason=reason), f"turned down: {reason}", panels)


def _trust(one: Prepared, matrix: np.ndarray) -> tuple[np.ndarray, float, Panels]:
    """The weight of a laid reference on the raster, its mean where it covers, and the panels."""
    height, width = one.source.shape
    colour = cv2.warpPerspective(
        one.reference_rgb.astype(np.float32),
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    inside = warp_structure(np.full_like(one.reference, 255), matrix, height, width) == 255
    weight = confidence(one.source_luma.astype(np.float32), colour, inside)
    laid = warp_structure(one.reference, matrix, height, width)
    trusted = float(weight[inside].mean()) if inside.any() else 0.0
    return weight, trusted, shrink(one.source, laid, colour * inside[..., None], weight)


def _write_weight(job: Job, frame: int, weight: np.ndarray, raster: Raster) -> None:
    height, width = raster.live
    full = cv2.resize(weight, (width, height), interpolation=cv2.INTER_LINEAR)
    plane = torch.from_numpy(np.asarray(full, np.float32))[None]
    media.write_exr(job.root / weight_file(frame), plane, colorspace=WORKING_SPACE)


def _write_sheet(job: Job, outcome: _Outcome, area: Area | None, raster: Raster) -> None:
    pair = outcome.answer.pair
    other = pair.picture if pair.picture is not None else f"reference frame {pair.reference}"
    title = f"Source frame {pair.source} with {other} ({pair.role})"
    sheet = draw_sheet(title, outcome.remark, outcome.panels, area, raster.live[1])
    media.write_png(job.folder("align") / f"{pair.source:06d}.png", sheet)


def _checked(
    clips: Clips,
    admitted: tuple[Alignment, ...],
    rejected: tuple[Rejection, ...],
    area: Area | None,
) -> Area:
    """The shared crop, where there is something to learn from."""
    if not any(one.pair.role == "train" for one in admitted):
        reference = clips.reference.path if clips.reference is not None else "the pictures"
        first = next((one for one in rejected if one.pair.role == "train"), None)
        why = f" (source frame {first.pair.source}: {first.reason})" if first is not None else ""
        raise MatchError(
            f"{clips.source.path} and {reference}: no training pair could be aligned{why}; look "
            "at the sheets in 03-align and fix pairs with [[pair]] entries"
        )
    if area is None:
        frames = ", ".join(str(one.pair.source) for one in admitted)
        raise MatchError(
            f"{clips.source.path}: the pairs at frames {frames} share no part of the picture; "
            "leave out the one that shows another part"
        )
    return area


def _as_matrix(matrix: np.ndarray) -> Matrix:
    a, b, c = ((float(row[0]), float(row[1]), float(row[2])) for row in matrix)
    return (a, b, c)
