"""Target: the ground truth of every admitted pair, as pictures that open in any compositor."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import Tensor

from unfade import media
from unfade.errors import MediaError
from unfade.film.alignment import Alignment, Alignments, weight_file
from unfade.film.clip import Area, Clip, Clips
from unfade.film.pair import PairList
from unfade.film.target import Target, Targets, UnpairedFrame
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.geometry.warp import warp
from unfade.model.raster import on_raster
from unfade.target.carried_frames import choose_carried_frames
from unfade.target.ground_truth import ground_truth, luma_parity, suppress_dirt, within
from unfade.work.job import Job

PARITY_LIMIT = 1e-5
"""Luma difference of source and ground truth that float arithmetic explains."""


def run(job: Job) -> None:
    """Writes source, ground truth and weight of every admitted pair, and frames between pairs.

    Raises:
        MediaError: a picture cannot be read, or holds values that are no numbers.
    """
    clips, alignments = job.clips(), job.load(Alignments)
    folder = job.folder("target")
    for left_over in folder.glob("*.exr"):
        left_over.unlink()
    _write_sources(job, clips, alignments)
    built = list(_build(job, clips, alignments))
    parity = max(difference for _, difference in built)
    if parity > PARITY_LIMIT:
        raise AssertionError(f"the luma of a ground truth differs from its source's by {parity}")
    targets = sorted((target for target, _ in built), key=lambda target: target.pair.source)
    between = tuple(_between(job, clips, targets)) if job.project.target.carry else None
    job.save(Targets(targets=tuple(targets), luma_parity=parity, between=between))


def _write_sources(job: Job, clips: Clips, alignments: Alignments) -> None:
    frames = sorted({alignment.pair.source for alignment in alignments.admitted})
    pictures = media.read(clips.source, frames, job.colors)
    for frame, source_rgb in job.progress.track(pictures, "Cutting sources", len(frames)):
        live_rgb = _live_area(clips.source, frame, source_rgb)
        _write(job.folder("target") / f"source.{frame:07d}.exr", live_rgb)


def _between(job: Job, clips: Clips, targets: Sequence[Target]) -> Iterator[UnpairedFrame]:
    """The frames that colour can be carried to, written on the model's raster."""
    pairs = [target.pair for target in targets]
    shots = choose_carried_frames(pairs, job.load(PairList).shots)
    pictures = media.read(clips.source, list(shots), job.colors)
    for frame, source_rgb in job.progress.track(pictures, "Cutting frames between", len(shots)):
        file = job.folder("target") / f"between.{frame:07d}.exr"
        _write(file, on_raster(_live_area(clips.source, frame, source_rgb)))
        yield UnpairedFrame(
            frame=frame, shot=shots[frame], source=file.name, sha256=_digest([file])
        )


def _live_area(source: Clip, frame: int, source_rgb: Tensor) -> Tensor:
    """
    Raises:
        MediaError: it holds values that are no numbers.
    """
    live_rgb = crop(source_rgb, source.live_area)
    if not live_rgb.isfinite().all():
        raise MediaError(
            f"{source.path}: frame {frame} holds values that are no numbers; "
            "scan or convert it again"
        )
    return live_rgb


def _build(job: Job, clips: Clips, alignments: Alignments) -> Iterator[tuple[Target, float]]:
    """Targets with the greatest luma difference between their source and truth."""
    admitted = {alignment.pair: alignment for alignment in alignments.admitted}
    references = media.read_references(list(admitted), clips, job.picture, job.colors)
    for pair, reference_rgb in job.progress.track(references, "Building targets", len(admitted)):
        yield _target(job, admitted[pair], reference_rgb, alignments.crop)


def _target(
    job: Job, alignment: Alignment, reference_rgb: Tensor, shared: Area
) -> tuple[Target, float]:
    folder = job.folder("target")
    frame = alignment.pair.source
    files = [folder / f"{part}.{frame:07d}.exr" for part in ("source", "truth", "weight")]
    source_rgb = media.read_picture(str(files[0]), WORKING_SPACE)
    height, width = source_rgb.shape[-2:]
    clean_rgb = suppress_dirt(reference_rgb, job.project.target.median)
    laid_rgb = warp(clean_rgb, alignment.matrix, height, width, alignment.warp)
    truth_rgb = ground_truth(source_rgb, laid_rgb)
    weight = within(media.read_plane(job.root / weight_file(frame)), shared)
    _write(files[1], truth_rgb)
    _write(files[2], weight)
    target = Target(
        pair=alignment.pair,
        source=files[0].name,
        truth=files[1].name,
        weight=files[2].name,
        sha256=_digest(files),
    )
    return target, luma_parity(source_rgb, truth_rgb)


def _write(path: Path, pixels: Tensor) -> None:
    media.write_exr(path, pixels, colorspace=WORKING_SPACE, half=False)


def _digest(files: list[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.read_bytes())
    return whole.hexdigest()
