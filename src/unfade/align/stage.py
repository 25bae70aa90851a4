"""align: every pair's reference is aligned to its source, measured, and admitted or rejected."""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor

from unfade import media
from unfade.align.aligned_pair import AlignedPair
from unfade.align.identity_framing import identity_framings, identity_registration
from unfade.align.measure.residual import Residual
from unfade.align.placed_by_hand import control_points, describe_points, registration_by_points
from unfade.align.prepare import PreparedPair, Raster, prepare_pair
from unfade.align.search import search
from unfade.align.sheet import Panels, draw_crop, draw_sheet
from unfade.align.substitute import substitutes
from unfade.align.transform.register import Registration
from unfade.align.transform.shared_framing import LumaPair, shared_framing
from unfade.align.verdict import PairVerdict, judge
from unfade.errors import MatchError, ProjectError
from unfade.film.alignment import Alignment, Alignments, weight_file
from unfade.film.clip import Area, Clip, Clips
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop, intersection
from unfade.geometry.warp import as_matrix
from unfade.work.cores import on_all_cores
from unfade.work.job import Job

Read = tuple[Pair, Tensor, dict[int, Tensor]]
"""A pair, its source, and the reference with its neighbours, as `read_pairs` returns them."""

_SURVEY_PAIRS = 12
"""Number of pairs, spread over the film, from which the shared framing is measured."""


def run(job: Job) -> None:
    """Writes `Alignments`, a weight for each admitted pair, a sheet for every pair, and
    ``crop.png``.

    Pairs are read twice, a few at a time: first some for the shared framing, then all.

    Raises:
        MatchError: no training pair is admitted, or the admitted pairs share no part of the
            picture.
        ProjectError: the picture of an aligned pair has another size than the source, or control
            points do not fit a pair.
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
        one = prepare_pair(*pair, raster)
        framings = identity_framings(one, clips.source, raster)
        of_reference = shared.get(_reference_of_framing(one.pair, clips))
        registration = _by_hand(job, one, clips, raster, framings, of_reference) or search(
            one, of_reference, framings
        )
        return _judge_pair(job, one, registration, framings, raster, instead_of)

    results = _align_all(job, clips, choice, settle)
    admitted = tuple(one for one in results if isinstance(one, Alignment))
    rejected = tuple(one for one in results if isinstance(one, Rejection))
    for one in rejected:
        job.progress.say(f"source frame {one.pair.source} is rejected: {one.reason}")
    for by_points in (one for one in admitted if one.overruled is not None):
        job.progress.say(
            f"source frame {by_points.pair.source} is admitted by its control points, although "
            f"{by_points.overruled}"
        )
    crop_area = _checked_crop(clips, admitted, rejected)
    _draw_crop(job, clips, admitted, crop_area)
    job.save(Alignments(crop=crop_area, admitted=admitted, rejected=rejected))


def _align_all(
    job: Job,
    clips: Clips,
    choice: PairList,
    settle: Callable[[tuple[Read, Pair | None]], Alignment | Rejection],
) -> list[Alignment | Rejection]:
    """Aligns all pairs, and substitutes for the rejected ones until no alternate is left."""
    results: list[Alignment | Rejection] = []
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
        settled = on_all_cores(settle, read)
        batch = list(job.progress.track(settled, "Aligning pairs", len(pairs)))
        results += batch
        rejections = [one for one in batch if isinstance(one, Rejection)]
        waiting = dict(substitutes(rejections, choice.alternates, tried))
    return sorted(results, key=lambda one: one.pair.source)


def _reference_of_framing(pair: Pair, clips: Clips) -> str | None:
    """The reference whose framing a pair has; pictures use the first reference's."""
    return pair.of or next(iter(clips.references), None)


def _survey(
    job: Job, clips: Clips, pairs: tuple[Pair, ...], raster: Raster
) -> dict[str | None, Registration | None]:
    """The framing that the pairs of each reference share, by its name."""
    framings: dict[str | None, Registration | None] = {}
    for reference_name in sorted({_reference_of_framing(pair, clips) for pair in pairs}, key=str):
        searched = [
            pair
            for pair in pairs
            if not (pair.aligned or control_points(job.project, pair))
            and _reference_of_framing(pair, clips) == reference_name
        ]
        searched.sort(key=lambda pair: pair.source)
        spread = np.unique(
            np.linspace(0, len(searched) - 1, _SURVEY_PAIRS).round().astype(np.int64)
        )
        chosen = [searched[k] for k in spread] if searched else []
        read = media.read_pairs(chosen, clips, job.picture, job.colors, offsets=(0,))
        surveyed = on_all_cores(lambda one: _surveyed(one, clips.source, raster), read)
        surveyed = job.progress.track(surveyed, "Surveying the framing", len(chosen))
        framings[reference_name] = shared_framing([one for one in surveyed if one is not None])
    return framings


def _surveyed(read: Read, source: Clip, raster: Raster) -> LumaPair | None:
    """The lumas of a pair with their registration; none for a picture that is aligned as it is."""
    pair = prepare_pair(*read, raster)
    if identity_registration(pair, identity_framings(pair, source, raster)) is not None:
        return None
    pair.luma_pair.find_own()
    return pair.luma_pair


def _judge_pair(
    job: Job,
    one: PreparedPair,
    registration: Registration | None,
    framings: list[np.ndarray],
    raster: Raster,
    instead_of: Pair | None,
) -> Alignment | Rejection:
    """Measures and judges a pair; writes its sheet and, if admitted, its weight."""
    verdict = judge(job.project.align.max_residual, one, registration, framings, raster)
    view, residual, coverage = verdict.view, verdict.residual, verdict.coverage
    if verdict.reason or registration is None or residual is None or coverage is None:
        return _reject(job, one, verdict, registration, raster)
    is_identity = _is_identity(registration, framings) or one.pair.aligned
    alignment = _alignment(one, registration, residual, coverage, raster, is_identity=is_identity)
    alignment = alignment.model_copy(
        update={"instead_of": instead_of, "overruled": verdict.overruled}
    )
    weight = view.weight()
    _write_weight(job, one.pair.source, weight, raster)
    remark = _remark(alignment, weight, view, registration)
    _write_sheet(job, one.pair, remark, view.panels(weight), coverage, raster, registration)
    return alignment


def _alignment(
    one: PreparedPair,
    registration: Registration,
    residual: Residual,
    area: Area,
    raster: Raster,
    *,
    is_identity: bool,
) -> Alignment:
    """The record of an admitted pair; `is_identity` if the picture is aligned as it is."""
    points = registration.points
    found_kind = "identity" if is_identity else registration.kind
    return Alignment(
        pair=one.pair,
        kind=found_kind if points is None else "points",
        matrix=as_matrix(raster.to_full_size(registration.matrix, one.size)),
        warp=raster.warp_to_full_size(registration),
        residual=round(residual.median, 3),
        residual_p95=round(residual.p95, 3),
        residual_moving=None if residual.moving is None else round(residual.moving, 3),
        residual_edges=None if residual.edges is None else round(residual.edges, 3),
        inliers=registration.inliers,
        points_residual=None if points is None else round(points.residual, 3),
        coverage=area,
    )


def _by_hand(
    job: Job,
    one: PreparedPair,
    clips: Clips,
    raster: Raster,
    framings: list[np.ndarray],
    shared: Registration | None,
) -> Registration | None:
    """The registration by a person's control points; none without them.

    Raises:
        ProjectError: the points do not fit the pair.
    """
    points = control_points(job.project, one.pair)
    if not points:
        return None
    try:
        return registration_by_points(one, points, clips, raster, framings, shared)
    except ValueError as error:
        entry = f"'points' of the [[pair]] at source frame {one.pair.source}"
        raise ProjectError(f"{job.project_file}: {entry}: {error}") from error


def _is_identity(registration: Registration, framings: list[np.ndarray]) -> bool:
    """Whether a registration is one of a picture's identity framings."""
    return any(registration.matrix is matrix for matrix in framings)


def _reject(
    job: Job,
    one: PreparedPair,
    verdict: PairVerdict,
    registration: Registration | None,
    raster: Raster,
) -> Rejection:
    """Writes the sheet of a rejected pair."""
    view, reason = verdict.view, verdict.reason
    if one.pair.chosen_by == "person":
        reason = f"{reason}; {_advice(one, registration, raster)}"
    panels = view.panels(view.weight())
    _write_sheet(job, one.pair, f"rejected: {reason}", panels, None, raster, registration)
    return Rejection(pair=one.pair, reason=reason)


def _advice(one: PreparedPair, registration: Registration | None, raster: Raster) -> str:
    """What a person can do about a rejected pair of theirs."""
    drop = "or remove it with 'unfade pairs drop'"
    if registration is not None and registration.points is not None:
        return f"correct the 'points' in its [[pair]], {drop}"
    if one.pair.picture is None:
        return f"choose another frame of the reference, {drop}"
    if one.size in (raster.live, raster.whole):
        return f"if it is aligned, set 'aligned = true' in its [[pair]], {drop}"
    return (
        "paint on the picture that 'unfade pairs export' writes, which is aligned already, or "
        "choose another picture"
    )


def _remark(
    one: Alignment, weight: np.ndarray, view: AlignedPair, registration: Registration
) -> str:
    """The measurements of an admitted pair, for its sheet."""

    def suffix(name: str, value: float | None) -> str:
        # An overruled reason takes the width of the sheet that these have.
        is_left_out = value is None or one.overruled is not None
        return "" if is_left_out else f", {name} {value:.2f}"

    warped = " with a smooth warp" if one.warp is not None else ""
    confidence = weight[view.warp_map.inside].mean()
    evidence = f"{one.kind}{warped}, {one.inliers} matches"
    if registration.points is not None:
        evidence = describe_points(registration.points) + warped
    overruled = "" if one.overruled is None else f"; admitted by hand although {one.overruled}"
    return (
        f"{evidence}; residual in px {one.residual:.2f}, "
        f"95th percentile {one.residual_p95:.2f}{suffix('edges', one.residual_edges)}"
        f"{suffix('moving', one.residual_moving)}; confidence {confidence:.0%}{overruled}"
    )


def _write_weight(job: Job, frame: int, weight: np.ndarray, raster: Raster) -> None:
    height, width = raster.live
    full = cv2.resize(weight, (width, height), interpolation=cv2.INTER_LINEAR)
    plane = torch.from_numpy(np.asarray(full, np.float32))[None]
    media.write_exr(job.root / weight_file(frame), plane, colorspace=WORKING_SPACE)


def _write_sheet(
    job: Job,
    pair: Pair,
    remark: str,
    panels: Panels,
    coverage: Area | None,
    raster: Raster,
    registration: Registration | None,
) -> None:
    reference_name = pair.picture or f"reference frame {pair.reference} of {pair.of}"
    title = f"Source frame {pair.source} with {reference_name} ({pair.role})"
    points = registration.points if registration is not None else None
    sheet = draw_sheet(title, remark, panels, coverage, raster.live[1], points)
    media.write_png(job.folder("align") / f"{pair.source:06d}.png", sheet)


def _draw_crop(job: Job, clips: Clips, admitted: tuple[Alignment, ...], area: Area) -> None:
    """Writes the shared crop and the area that each pair covers, on a frame of the scan."""
    frame = admitted[0].pair.source
    picture = crop(media.read_frame(clips.source, frame, job.colors), clips.source.live_area)
    sheet = draw_crop(frame, picture, [one.coverage for one in admitted], area)
    media.write_png(job.folder("align") / "crop.png", sheet)


def _checked_crop(
    clips: Clips, admitted: tuple[Alignment, ...], rejected: tuple[Rejection, ...]
) -> Area:
    """The crop that all admitted pairs share.

    Raises:
        MatchError: no training pair is admitted, or the pairs share no part of the picture.
    """
    if not any(one.pair.role == "train" for one in admitted):
        paths = [clip.path for clip in clips.references.values()]
        reference = " and ".join(paths) or "the pictures"
        first_rejection = next((one for one in rejected if one.pair.role == "train"), None)
        reason = (
            f" (source frame {first_rejection.pair.source}: {first_rejection.reason})"
            if first_rejection is not None
            else ""
        )
        raise MatchError(
            f"{clips.source.path} and {reference}: no training pair could be aligned{reason}; look "
            "at the sheets in 03-align and fix pairs with [[pair]] entries"
        )
    area = intersection([one.coverage for one in admitted])
    if area is None:
        frames = ", ".join(str(one.pair.source) for one in admitted)
        raise MatchError(
            f"{clips.source.path}: the pairs at frames {frames} share no part of the picture; "
            "drop the pair that shows another part"
        )
    return area
