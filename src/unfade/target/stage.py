"""Target: the ground truth of every admitted pair, as pictures that open in any compositor."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from unfade import media
from unfade.errors import MediaError
from unfade.film.alignment import Alignment, Alignments, weight_file
from unfade.film.clip import Area, Clips
from unfade.film.project import WORKING_SPACE
from unfade.film.target import Target, Targets
from unfade.film.work import Job
from unfade.geometry.crop import crop
from unfade.geometry.warp import warp
from unfade.target.ground_truth import ground_truth, luma_parity, suppress_dirt, within

PARITY_LIMIT = 1e-5
"""Luma difference of source and ground truth that float arithmetic explains."""


def run(job: Job) -> None:
    """Writes source, ground truth and weight of every admitted pair.

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
    job.save(Targets(targets=tuple(targets), luma_parity=parity))


def _write_sources(job: Job, clips: Clips, alignments: Alignments) -> None:
    frames = sorted({alignment.pair.source for alignment in alignments.admitted})
    pictures = media.read(clips.source, frames)
    for frame, source_rgb in job.progress.track(pictures, "Cutting sources", len(frames)):
        live_rgb = crop(source_rgb, clips.source.live_area)
        if not live_rgb.isfinite().all():
            raise MediaError(
                f"{clips.source.path}: frame {frame} holds values that are no numbers; "
                "scan or convert it again"
            )
        _write(job.folder("target") / f"source.{frame:07d}.exr", live_rgb)


def _build(job: Job, clips: Clips, alignments: Alignments) -> Iterator[tuple[Target, float]]:
    """Targets with the greatest luma difference between their source and truth."""
    admitted = {alignment.pair: alignment for alignment in alignments.admitted}
    references = media.read_references(list(admitted), clips, job.resolve)
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
