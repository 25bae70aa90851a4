"""target: writes the ground truth of every admitted pair as EXR, which any compositor opens."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import Tensor

from unfade import media
from unfade.color.finite import all_finite
from unfade.errors import MediaError
from unfade.film.alignment import Alignment, Alignments, weight_file
from unfade.film.clip import Area, Clip, Clips
from unfade.film.pair import Pair, PairList
from unfade.film.target import Target, Targets, UnpairedFrame
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.geometry.warp import warp
from unfade.model.raster import to_raster
from unfade.target.carried_frames import choose_carried_frames
from unfade.target.ground_truth import ground_truth, luma_parity, suppress_dirt, zero_outside
from unfade.work.cores import core_count, parallel_map
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
    built = list(_build_targets(job, clips, alignments))
    parity = max(difference for _, difference in built)
    if parity > MAX_LUMA_DIFFERENCE:
        raise AssertionError(f"the luma of a ground truth differs from its source's by {parity}")
    targets = [target for target, _ in built]
    between = (
        tuple(_write_carried_sources(job, clips, targets)) if job.project.target.carry else None
    )
    job.save(Targets(targets=tuple(targets), luma_parity=parity, between=between))


def _build_targets(
    job: Job, clips: Clips, alignments: Alignments
) -> Iterator[tuple[Target, float]]:
    """The targets in order of their source frames, each with the largest luma difference between
    its source and ground truth."""
    admitted = {alignment.pair: alignment for alignment in alignments.admitted}
    pairs = sorted(admitted, key=lambda pair: pair.source)
    read = media.read_pairs(pairs, clips, job.picture, job.colors, offsets=(0,))

    def build(pictures: tuple[Pair, Tensor, dict[int, Tensor]]) -> tuple[Target, float]:
        pair, live_rgb, references = pictures
        source_rgb = _checked(clips.source, pair.source, live_rgb).contiguous()
        return _target(job, admitted[pair], source_rgb, references[0], alignments.crop)

    cores = core_count()
    built = parallel_map(build, read, threads=cores, max_held=cores)
    return job.progress.track(built, "Building targets", len(pairs))


def _target(
    job: Job, alignment: Alignment, source_rgb: Tensor, reference_rgb: Tensor, shared: Area
) -> tuple[Target, float]:
    folder, settings = job.folder("target"), job.project.target
    frame = alignment.pair.source
    files = [folder / f"{part}.{frame:07d}.exr" for part in ("source", "truth", "weight")]
    height, width = source_rgb.shape[-2:]
    clean_rgb = suppress_dirt(reference_rgb, settings.median)
    if settings.deband:
        clean_rgb = media.deband(clean_rgb, settings.deband)
    aligned_rgb = warp(clean_rgb, alignment.matrix, height, width, alignment.warp)
    truth_rgb = ground_truth(source_rgb, aligned_rgb)
    weight = zero_outside(media.read_plane(job.root / weight_file(frame)), shared)
    _write(files[0], source_rgb)
    _write(files[1], truth_rgb)
    _write(files[2], weight, compression="zip")
    target = Target(
        pair=alignment.pair,
        source=files[0].name,
        truth=files[1].name,
        weight=files[2].name,
        sha256=_digest(files),
    )
    return target, luma_parity(source_rgb, truth_rgb)


def _write_carried_sources(
    job: Job, clips: Clips, targets: Sequence[Target]
) -> Iterator[UnpairedFrame]:
    """Writes the frames to which colour is carried, on the model's raster, and yields them."""
    shots = choose_carried_frames([target.pair for target in targets], job.load(PairList).shots)

    def write(frame: int, source_rgb: Tensor) -> UnpairedFrame:
        file = job.folder("target") / f"between.{frame:07d}.exr"
        live_rgb = crop(source_rgb, clips.source.live_area)
        _write(file, to_raster(_checked(clips.source, frame, live_rgb)))
        return UnpairedFrame(
            frame=frame, shot=shots[frame], source=file.name, sha256=_digest([file])
        )

    written = media.map_frames(write, clips.source, shots, job.colors)
    return job.progress.track(written, "Cropping frames without a pair", len(shots))


def _checked(source: Clip, frame: int, live_rgb: Tensor) -> Tensor:
    """The live area of a source frame.

    Raises:
        MediaError: it has values that are infinite or NaN.
    """
    if not all_finite(live_rgb):
        raise MediaError(
            f"{source.path}: frame {frame} has values that are infinite or NaN; scan or convert it "
            "again"
        )
    return live_rgb


def _write(path: Path, pixels: Tensor, compression: str = "none") -> None:
    """Writes floats; without compression, because ZIP takes eight times as long and saves a quarter
    of the space."""
    media.write_exr(path, pixels, colorspace=WORKING_SPACE, half=False, compression=compression)


def _digest(files: list[Path]) -> str:
    """SHA-256 over the content of files, in order."""
    sha256 = hashlib.sha256()
    for file in files:
        sha256.update(file.read_bytes())
    return sha256.hexdigest()
