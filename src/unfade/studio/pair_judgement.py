"""What align is likely to think of a pair, measured on small pictures before a run."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from unfade.align.identity_framing import identity_framings
from unfade.align.placed_by_hand import describe_points
from unfade.align.prepare import PreparedPair, Raster, prepare_pair
from unfade.align.search import search
from unfade.align.transform.register import Registration, scaling
from unfade.align.verdict import judge
from unfade.curate.matching.reference_index import FINE_SIZE_PX
from unfade.curate.matching.signature import Framing, shared_views, signatures
from unfade.film.clip import SOURCE_PROXY, Clip, reference_proxy
from unfade.film.control_points import ControlPoint
from unfade.film.pair import Pair
from unfade.studio.byte_cache import ByteCache
from unfade.studio.pair_laying import by_outline, framing_of, placed
from unfade.studio.pair_preview import pair_key, pair_pixels
from unfade.work.job import Job
from unfade.work.pair_records import PairRecords
from unfade.work.proxies import load_proxy

WIDTH_PX = 960
"""Width at which a pair is measured: a tenth of a second, and a tenth of a pixel there."""

MAX_PREPARED_BYTES = 60_000_000
"""Bytes of prepared pairs that are kept: those between which a person goes back and forth."""

_prepared: ByteCache[PreparedPair] = ByteCache(
    MAX_PREPARED_BYTES, lambda one: 2 * one.source_luma.nbytes + one.reference_rgb.nbytes
)


def judgement(
    job: Job, records: PairRecords, pair: Pair, points: Sequence[ControlPoint]
) -> Iterator[str]:
    """Sentences about a pair before align runs: its similarity, its residual, and why it would be
    rejected.

    Args:
        job: the film.
        records: its records.
        pair: the pair.
        points: its control points, which may be none.

    Raises:
        MediaError: a picture cannot be read.
        ProjectError: the points do not fit the pair.
    """
    raster = _small_raster(records.clips.source)
    one = _prepared.get(pair_key(job, pair, WIDTH_PX), lambda: _prepare(job, records, pair, raster))
    shared = framing_of(records, one, raster)
    if shared is None:
        framing = by_outline(records.clips.source, one.size)
    else:
        framing = raster.to_full_size(shared.matrix, one.size)
    if (similar := similarity(job, records, one, framing)) is not None:
        yield f"Its similarity is {similar:.3f} of 1."
    framings = identity_framings(one, records.clips.source, raster)
    if points:
        found: Registration | None = placed(records, one, points, raster)
    else:
        found = search(one, shared, framings)
    if found is not None and found.points is not None:
        yield f"It lies by {describe_points(found.points)}."
    verdict = judge(job.project.align.max_residual, one, found, framings, raster)
    if verdict.overruled:
        yield f"The control points overrule the machine, because {verdict.overruled}."
    if verdict.reason:
        yield f"A first measurement would reject it: {verdict.reason}."
    elif verdict.residual is not None and not verdict.overruled:
        yield f"A first measurement finds a residual of {verdict.residual.median:.2f} px."


def similarity(
    job: Job, records: PairRecords, one: PreparedPair, matrix: np.ndarray
) -> float | None:
    """The similarity of a source frame and a reference frame, 0 to 1, as curate measures it, in the
    part of the scene that both show; None for a picture, or if a proxy cannot be read. `matrix` is
    the framing, as that of `Alignment`."""
    pair, clips = one.pair, records.clips
    if pair.of is None or pair.reference is None:
        return None
    try:
        source = _proxy(job, SOURCE_PROXY, clips.source, pair.source)
        reference = _proxy(job, reference_proxy(pair.of), clips.references[pair.of], pair.reference)
    except (OSError, ValueError, IndexError):
        return None
    if pair.mirrored:
        reference = reference[:, :, ::-1]
    views = shared_views(_framing(matrix, one.size, clips.source))
    here, there = (
        signatures(np.ascontiguousarray(frame), view, *FINE_SIZE_PX)[0]
        for frame, view in zip((source, reference), views, strict=True)
    )
    return max(0.0, min(1.0, float(here @ there)))


def _framing(matrix: np.ndarray, size: tuple[int, int], source: Clip) -> Framing:
    """The framing, in units of both pictures, of a matrix from a reference of a size to the source;
    a homography without its perspective."""
    area, (height, width) = source.live_area, size
    to_reference = np.linalg.inv(matrix)
    unit = scaling(width, height, 1, 1) @ to_reference @ scaling(1, 1, area.width, area.height)
    centred = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    corners = centred @ unit @ np.linalg.inv(centred)
    return Framing.of(corners / corners[2, 2])


def _proxy(job: Job, path: str, clip: Clip, frame: int) -> np.ndarray:
    return load_proxy(job.root / path, len(clip.frames))[[frame - clip.frames.first]]


def _small_raster(source: Clip) -> Raster:
    raster = Raster.of(source)
    width = min(raster.width, WIDTH_PX)
    return replace(raster, width=width, height=round(raster.height * width / raster.width))


def _prepare(job: Job, records: PairRecords, pair: Pair, raster: Raster) -> PreparedPair:
    pixels = pair_pixels(job, records, pair, WIDTH_PX)
    prepared = prepare_pair(pair, _tensor(pixels.source), {0: _tensor(pixels.reference)}, raster)
    return replace(prepared, size=pixels.reference_size)


def _tensor(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1).to(torch.float32) / 255
