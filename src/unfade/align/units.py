"""align: surveys the framing of references, and aligns pairs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

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
from unfade.align.sheet import Panels, draw_sheet
from unfade.align.transform.register import Registration
from unfade.align.transform.shared_framing import LumaPair, shared_framing
from unfade.align.verdict import PairVerdict, judge
from unfade.errors import ProjectError
from unfade.film.alignment import Alignment, weight_file
from unfade.film.clip import Area, Clip, Clips
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.warp import as_matrix
from unfade.work.cores import on_all_cores
from unfade.work.job import Job
from unfade.work.units import Unit, UnitResult, UnitWork, read_result

Read = tuple[Pair, Tensor, dict[int, Tensor]]
"""A pair, its source, and the reference with its neighbours, as `read_pairs` returns them."""

_SURVEY_PAIRS = 12
"""Number of pairs, spread over the film, from which the shared framing is measured."""


def survey_unit(job: Job, reference_name: str | None) -> Unit:
    """The survey of the framing that the pairs of a reference share."""
    chosen = _surveyed_pairs(job, reference_name)
    arguments = {"reference": reference_name}
    return Unit("align", f"framing-{reference_name}", survey, arguments, len(chosen))


def survey(job: Job, reference: str | None) -> UnitWork:
    """Measures the framing that the pairs of a reference share; no facts if there is none."""
    clips = job.once(Job.clips)
    raster = Raster.of(clips.source)
    chosen = _surveyed_pairs(job, reference)
    read = media.read_pairs(chosen, clips, job.picture, job.colors, offsets=(0,))
    lumas = []
    for one in on_all_cores(lambda pair: _surveyed(pair, clips.source, raster), read):
        lumas += [] if one is None else [one]
        yield
    framing = shared_framing(lumas)
    if framing is None:
        return UnitResult()
    arrays = {"matrix": framing.matrix}
    if framing.smooth is not None:
        arrays["smooth"] = framing.smooth
    return UnitResult({"inliers": framing.inliers}, arrays)


def _framings(job: Job) -> dict[str | None, Registration | None]:
    """The framing that the pairs of each reference share, by its name."""
    framings: dict[str | None, Registration | None] = {}
    for name in references_of_framings(job):
        found = read_result(job, survey_unit(job, name))
        framings[name] = None
        if found.facts is not None:
            smooth = found.arrays.get("smooth")
            matrix = found.arrays["matrix"]
            framings[name] = Registration(matrix, found.facts["inliers"], smooth)
    return framings


def references_of_framings(job: Job) -> list[str | None]:
    """The references whose framings the pairs have, in order."""
    clips, pairs = job.once(Job.clips), job.once(_pair_list).pairs
    return sorted({_reference_of_framing(pair, clips) for pair in pairs}, key=str)


def _pair_list(job: Job) -> PairList:
    return job.load(PairList)


def _surveyed_pairs(job: Job, reference_name: str | None) -> list[Pair]:
    """Pairs of a reference, spread over the film, that are not placed by hand."""
    clips = job.once(Job.clips)
    searched = [
        pair
        for pair in job.once(_pair_list).pairs
        if not (pair.aligned or control_points(job.project, pair))
        and _reference_of_framing(pair, clips) == reference_name
    ]
    searched.sort(key=lambda pair: pair.source)
    spread = np.unique(np.linspace(0, len(searched) - 1, _SURVEY_PAIRS).round().astype(np.int64))
    return [searched[k] for k in spread] if searched else []


def _reference_of_framing(pair: Pair, clips: Clips) -> str | None:
    """The reference whose framing a pair has; pictures use the first reference's."""
    return pair.of or next(iter(clips.references), None)


def _surveyed(read: Read, source: Clip, raster: Raster) -> LumaPair | None:
    """The lumas of a pair with their registration; none for a picture that is aligned as it is."""
    pair = prepare_pair(*read, raster)
    if identity_registration(pair, identity_framings(pair, source, raster)) is not None:
        return None
    pair.luma_pair.find_own()
    return pair.luma_pair


@dataclass(frozen=True)
class PairToAlign:
    """A pair, and the rejected one that it substitutes."""

    pair: Pair
    instead_of: Pair | None

    def to_values(self) -> Any:
        """As values of JSON."""
        return [None if one is None else one.model_dump(mode="json") for one in self.both]

    @property
    def both(self) -> tuple[Pair, Pair | None]:
        """The pair, and the one that it substitutes."""
        return self.pair, self.instead_of


def align_pairs(job: Job, pairs: Sequence[Any]) -> UnitWork:
    """Aligns pairs, in order of their source frames: `PairToAlign.to_values` of each. The result
    has the `Alignment` or `Rejection` of each; sheets and weights are written."""
    parsed = [[one and Pair.model_validate(one) for one in both] for both in pairs]
    results = []
    for one in _settled(job, [PairToAlign(*both) for both in parsed]):
        results.append([type(one).__name__, one.model_dump(mode="json")])
        yield
    return UnitResult(results)


def _settled(job: Job, pairs: Sequence[PairToAlign]) -> Iterator[Alignment | Rejection]:
    clips, shared = job.once(Job.clips), job.once(_framings)
    raster = Raster.of(clips.source)
    read = media.read_pairs([one.pair for one in pairs], clips, job.picture, job.colors)

    def settle(numbered: tuple[Read, PairToAlign]) -> Alignment | Rejection:
        pair, asked = numbered
        one = prepare_pair(*pair, raster)
        framings = identity_framings(one, clips.source, raster)
        of_reference = shared.get(_reference_of_framing(one.pair, clips))
        registration = _by_hand(job, one, clips, raster, framings, of_reference) or search(
            one, of_reference, framings
        )
        return _judge_pair(job, one, registration, framings, raster, asked.instead_of)

    return on_all_cores(settle, zip(read, pairs, strict=True))


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


def sheet_name(frame: int) -> str:
    """The file name of the sheet of the pair at a source frame."""
    return f"{frame:06d}.png"


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
    media.write_png(job.folder("align") / sheet_name(pair.source), sheet)
