"""align: every pair's reference laid on its source, measured, and admitted or turned down."""

import os
from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor

from unfade import media
from unfade.align.aligned_pair import AlignedPair
from unfade.align.measure.coverage import covered_area, on_live_area
from unfade.align.measure.residual import Residual
from unfade.align.picture import as_it_lies, own_framings
from unfade.align.prepare import Prepared, Raster, prepare
from unfade.align.sheet import Panels, draw_crop, draw_sheet
from unfade.align.substitute import substitutes
from unfade.align.transform.register import Registration
from unfade.align.transform.shared_framing import Laid, lay, shared_framing
from unfade.errors import MatchError
from unfade.film.alignment import Alignment, Alignments, weight_file
from unfade.film.clip import Area, Clips
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop, intersection
from unfade.geometry.warp import as_matrix
from unfade.work.job import Job

Read = tuple[Pair, Tensor, dict[int, Tensor]]
"""A pair with its source and what lies around its reference, as `read_pairs` gives them."""

_SURVEYED = 12
"""Pairs, spread over the film, that say how the reference frames it."""
_THREADS = os.cpu_count() or 1
_HELD = 2 * _THREADS
"""Pairs in memory at a time: one of a 2K scan takes some 100 MB."""


def run(job: Job) -> None:
    """Writes `Alignments`, a weight for each admitted pair, a sheet for every pair, ``crop.png``.

    The pairs are read twice, a few at a time: some for the framing that all share, then all.

    Raises:
        MatchError: no training pair holds, or the admitted pairs share no part of the picture.
        ProjectError: the picture of an aligned pair has another size than the source.
    """
    clips = job.clips()
    choice = job.load(PairList)
    folder = job.folder("align")
    for stale in (*folder.glob("weight-*.exr"), *folder.glob("[0-9]*.png")):
        stale.unlink()
    raster = Raster.of(clips.source)
    shared = _survey(job, clips, choice.pairs, raster)

    def settle(read: tuple[Read, Pair | None]) -> Alignment | Rejection:
        pair, instead_of = read
        one = prepare(*pair, raster)
        own = own_framings(one, clips.source, raster)
        registration = _registration(one, shared.get(_framed_like(one.pair, clips)), own)
        return _settle(job, one, registration, own, raster, instead_of)

    answers = _settle_all(job, clips, choice, settle)
    admitted = tuple(one for one in answers if isinstance(one, Alignment))
    rejected = tuple(one for one in answers if isinstance(one, Rejection))
    for one in rejected:
        job.progress.say(f"source frame {one.pair.source} is turned down: {one.reason}")
    area = _checked_crop(clips, admitted, rejected)
    _draw_crop(job, clips, admitted, area)
    job.save(Alignments(crop=area, admitted=admitted, rejected=rejected))


def _settle_all(
    job: Job,
    clips: Clips,
    choice: PairList,
    settle: Callable[[tuple[Read, Pair | None]], Alignment | Rejection],
) -> list[Alignment | Rejection]:
    """Every pair settled, and what takes the place of those that were turned down."""
    answers: list[Alignment | Rejection] = []
    waiting: dict[Pair, Pair | None] = dict.fromkeys(choice.pairs)
    tried: list[Pair] = []
    while waiting:
        pairs = sorted(waiting, key=lambda pair: pair.source)
        tried += pairs
        read = zip(
            media.read_pairs(pairs, clips, job.picture, job.colors),
            map(waiting.get, pairs),
            strict=True,
        )
        settled = media.parallel_map(settle, read, threads=_THREADS, max_held=_HELD)
        found = list(job.progress.track(settled, "Aligning pairs", len(pairs)))
        answers += found
        refused = [one for one in found if isinstance(one, Rejection)]
        waiting = dict(substitutes(refused, choice.alternates, tried))
    return sorted(answers, key=lambda one: one.pair.source)


def _framed_like(pair: Pair, clips: Clips) -> str | None:
    """The reference whose framing a pair has; pictures are taken for frames of the first."""
    return pair.of or next(iter(clips.references), None)


def _survey(
    job: Job, clips: Clips, pairs: tuple[Pair, ...], raster: Raster
) -> dict[str | None, Registration | None]:
    """The framing that pairs of a reference share, by its name, told by some of them."""
    found: dict[str | None, Registration | None] = {}
    for of in sorted({_framed_like(pair, clips) for pair in pairs}, key=str):
        searched = [p for p in pairs if not p.aligned and _framed_like(p, clips) == of]
        searched.sort(key=lambda pair: pair.source)
        spread = np.unique(np.linspace(0, len(searched) - 1, _SURVEYED).round().astype(np.int64))
        chosen = [searched[k] for k in spread] if searched else []
        read = media.read_pairs(chosen, clips, job.picture, job.colors)
        read = job.progress.track(read, "Surveying the framing", len(chosen))
        ready = [prepare(*one, raster) for one in read]
        found[of] = shared_framing(
            [
                one.structures
                for one in ready
                if as_it_lies(one, own_framings(one, clips.source, raster)) is None
            ]
        )
    return found


def _settle(
    job: Job,
    one: Prepared,
    registration: Registration | None,
    own: list[np.ndarray],
    raster: Raster,
    instead_of: Pair | None,
) -> Alignment | Rejection:
    """A pair measured and judged; its sheet, and the weight of an admitted one, written."""
    if registration is None:
        inliers = one.structures.own.inliers if one.structures.own is not None else 0
        return _turned_down(job, one, f"only {inliers} matches of features hold", None, raster)
    view = AlignedPair(one, registration)
    residual = view.residual().scaled(raster.scale)
    covered = covered_area(view.place.covered())
    area = covered and on_live_area(covered, (raster.height, raster.width), raster.live)
    fault = None
    if not one.pair.aligned:
        limit = job.project.align.max_residual
        fault = Laid(registration, residual).fault(limit, raster.height, raster.width, own)
        fault = fault or view.wrong_instant()
    if fault is not None or area is None:
        fault = fault or "it covers no part of the source"
        return _turned_down(job, one, fault, registration, raster)
    is_own = _lies(registration, own) or one.pair.aligned
    alignment = _alignment(one, registration, residual, area, raster, is_own=is_own)
    alignment = alignment.model_copy(update={"instead_of": instead_of})
    weight = view.weight()
    _write_weight(job, one.pair.source, weight, raster)
    _write_sheet(job, one.pair, _remark(alignment, weight, view), view.panels(weight), area, raster)
    return alignment


def _alignment(
    one: Prepared,
    registration: Registration,
    residual: Residual,
    area: Area,
    raster: Raster,
    *,
    is_own: bool,
) -> Alignment:
    """What goes on record of an admitted pair; `is_own` if the picture lies as it is."""
    return Alignment(
        pair=one.pair,
        kind="identity" if is_own else registration.kind,
        matrix=as_matrix(raster.outward(registration.matrix, one.size)),
        warp=raster.outward_warp(registration),
        residual=round(residual.median, 3),
        residual_p95=round(residual.p95, 3),
        residual_moving=None if residual.moving is None else round(residual.moving, 3),
        residual_edges=None if residual.edges is None else round(residual.edges, 3),
        inliers=registration.inliers,
        coverage=area,
    )


def _registration(
    one: Prepared, shared: Registration | None, own: list[np.ndarray]
) -> Registration | None:
    if one.pair.aligned:
        return Registration(np.eye(3), 0)
    if (lying := as_it_lies(one, own)) is not None:
        return lying
    searched = lay(one.structures, shared)
    return searched if searched is None else as_it_lies(one, own, searched) or searched


def _lies(registration: Registration, own: list[np.ndarray]) -> bool:
    """Whether a picture is laid by a framing of its own."""
    return any(registration.matrix is matrix for matrix in own)


def _turned_down(
    job: Job, one: Prepared, reason: str, registration: Registration | None, raster: Raster
) -> Rejection:
    if one.pair.chosen_by == "person":
        reason = f"{reason}; {_advice(one, raster)}"
    view = AlignedPair(one, registration or Registration(np.eye(3), 0))
    panels = view.panels(view.weight())
    _write_sheet(job, one.pair, f"turned down: {reason}", panels, None, raster)
    return Rejection(pair=one.pair, reason=reason)


def _advice(one: Prepared, raster: Raster) -> str:
    """How a person goes on whose pair was turned down."""
    drop = "or take it out with 'unfade pairs drop'"
    if one.pair.picture is None:
        return f"choose another frame of the reference, {drop}"
    if one.size in (raster.live, raster.whole):
        return f"if it lies as it should, set 'aligned = true' in its [[pair]], {drop}"
    return (
        "paint on the picture that 'unfade pairs export' writes, which lies as it should, or take "
        "another picture"
    )


def _remark(one: Alignment, weight: np.ndarray, view: AlignedPair) -> str:
    def told(name: str, value: float | None) -> str:
        return "" if value is None else f", {name} {value:.2f}"

    warped = " with a smooth warp" if one.warp is not None else ""
    return (
        f"{one.kind}{warped}, {one.inliers} matches; residual in px {one.residual:.2f}, "
        f"95th percentile {one.residual_p95:.2f}{told('edges', one.residual_edges)}"
        f"{told('moving', one.residual_moving)}; trusted {weight[view.place.inside].mean():.0%}"
    )


def _write_weight(job: Job, frame: int, weight: np.ndarray, raster: Raster) -> None:
    height, width = raster.live
    full = cv2.resize(weight, (width, height), interpolation=cv2.INTER_LINEAR)
    plane = torch.from_numpy(np.asarray(full, np.float32))[None]
    media.write_exr(job.root / weight_file(frame), plane, colorspace=WORKING_SPACE)


def _write_sheet(
    job: Job, pair: Pair, remark: str, panels: Panels, area: Area | None, raster: Raster
) -> None:
    other = pair.picture or f"reference frame {pair.reference} of {pair.of}"
    title = f"Source frame {pair.source} with {other} ({pair.role})"
    sheet = draw_sheet(title, remark, panels, area, raster.live[1])
    media.write_png(job.folder("align") / f"{pair.source:06d}.png", sheet)


def _draw_crop(job: Job, clips: Clips, admitted: tuple[Alignment, ...], area: Area) -> None:
    """Writes the shared crop and what each pair covers, on a frame of the scan."""
    frame = admitted[0].pair.source
    picture = crop(media.read_frame(clips.source, frame, job.colors), clips.source.live_area)
    sheet = draw_crop(frame, picture, [one.coverage for one in admitted], area)
    media.write_png(job.folder("align") / "crop.png", sheet)


def _checked_crop(
    clips: Clips, admitted: tuple[Alignment, ...], rejected: tuple[Rejection, ...]
) -> Area:
    """The shared crop, where there is something to learn from."""
    if not any(one.pair.role == "train" for one in admitted):
        paths = [clip.path for clip in clips.references.values()]
        reference = " and ".join(paths) or "the pictures"
        first = next((one for one in rejected if one.pair.role == "train"), None)
        why = f" (source frame {first.pair.source}: {first.reason})" if first is not None else ""
        raise MatchError(
            f"{clips.source.path} and {reference}: no training pair could be aligned{why}; look "
            "at the sheets in 03-align and fix pairs with [[pair]] entries"
        )
    area = intersection([one.coverage for one in admitted])
    if area is None:
        frames = ", ".join(str(one.pair.source) for one in admitted)
        raise MatchError(
            f"{clips.source.path}: the pairs at frames {frames} share no part of the picture; "
            "leave out the one that shows another part"
        )
    return area
