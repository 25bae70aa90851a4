"""target: writes the ground truth of every admitted pair as EXR, which any compositor opens."""

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
from unfade.model.raster import to_raster
from unfade.target.carried_frames import choose_carried_frames
from unfade.target.ground_truth import ground_truth, luma_parity, suppress_dirt, zero_outside
from unfade.work.job import Job

MAX_LUMA_DIFFERENCE = 1e-5
"""Largest luma difference of source and ground truth: the rounding of float arithmetic."""


def run(job: Job) -> None:
    """Writes source, ground truth and weight of every admitted pair, and frames to carry colour to.

    Raises:
        MediaError: a picture cannot be read, or has values that are infinite or NaN.
    """
    clips, alignments = job.clips(), job.load(Alignments)
    folder = job.folder("target")
    for old_picture in folder.glob("*.exr"):
        old_picture.unlink()
    _write_sources(job, clips, alignments)
    built = list(_build_targets(job, clips, alignments))
    parity = max(difference for _, difference in built)
    if parity > MAX_LUMA_DIFFERENCE:
        raise AssertionError(f"the luma of a ground truth differs from its source's by {parity}")
    targets = sorted((target for target, _ in built), key=lambda target: target.pair.source)
    between = (
        tuple(_write_carried_sources(job, clips, targets)) if job.project.target.carry else None
    )
    job.save(Targets(targets=tuple(targets), luma_parity=parity, between=between))


def _write_sources(job: Job, clips: Clips, alignments: Alignments) -> None:
    frames = sorted({alignment.pair.source for alignment in alignments.admitted})
    pictures = media.read(clips.source, frames, job.colors)
    for frame, source_rgb in job.progress.track(pictures, "Cropping sources", len(frames)):
        live_rgb = _live_area(clips.source, frame, source_rgb)
        _write(job.folder("target") / f"source.{frame:07d}.exr", live_rgb)


def _write_carried_sources(
    job: Job, clips: Clips, targets: Sequence[Target]
) -> Iterator[UnpairedFrame]:
    """Writes the frames to which colour is carried, on the model's raster, and yields them."""
    pairs = [target.pair for target in targets]
    shots = choose_carried_frames(pairs, job.load(PairList).shots)
    pictures = media.read(clips.source, list(shots), job.colors)
    for frame, source_rgb in job.progress.track(
        pictures, "Cropping frames without a pair", len(shots)
    ):
        file = job.folder("target") / f"between.{frame:07d}.exr"
        _write(file, to_raster(_live_area(clips.source, frame, source_rgb)))
        yield UnpairedFrame(
            frame=frame, shot=shots[frame], source=file.name, sha256=_digest([file])
        )


def _live_area(source: Clip, frame: int, source_rgb: Tensor) -> Tensor:
    """
    Raises:
        MediaError: the live area has values that are infinite or NaN.
    """
    live_rgb = crop(source_rgb, source.live_area)
    if not live_rgb.isfinite().all():
        raise MediaError(
            f"{source.path}: frame {frame} has values that are infinite or NaN; scan or convert it "
            "again"
        )
    return live_rgb


def _build_targets(
    job: Job, clips: Clips, alignments: Alignments
) -> Iterator[tuple[Target, float]]:
    """The targets, each with the largest luma difference between its source and ground truth."""
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
    aligned_rgb = warp(clean_rgb, alignment.matrix, height, width, alignment.warp)
    truth_rgb = ground_truth(source_rgb, aligned_rgb)
    weight = zero_outside(media.read_plane(job.root / weight_file(frame)), shared)
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
    """SHA-256 over the content of files, in order."""
    sha256 = hashlib.sha256()
    for file in files:
        sha256.update(file.read_bytes())
    return sha256.hexdigest()
