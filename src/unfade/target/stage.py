"""target: writes the ground truth of every admitted pair as EXR, which any compositor opens."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from torch import Tensor

from unfade import media
from unfade.color.finite import all_finite
from unfade.drawing.canvas import fit_width
from unfade.errors import MediaError
from unfade.film.alignment import Alignment, Alignments, weight_file
from unfade.film.clip import Area, Clip, Clips
from unfade.film.pair import Pair, PairList
from unfade.film.target import Target, Targets, UnpairedFrame
from unfade.film.used_frames import UsedFrame, UsedFrames, UsedPair
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.geometry.warp import warp
from unfade.model.raster import to_raster
from unfade.target.carried_frames import choose_carried_frames
from unfade.target.ground_truth import ground_truth, luma_parity, suppress_dirt, zero_outside
from unfade.target.sheet import CELL_WIDTH_PX, PAIRS_PER_SHEET, draw_sheet
from unfade.work.cores import core_count, parallel_map
from unfade.work.job import Job

_READ_BYTES = 2**20

MAX_LUMA_DIFFERENCE = 1e-5
"""Largest luma difference of source and ground truth: the rounding of float arithmetic."""


Built = tuple[Target, float, tuple[Tensor, ...]]
"""A target, the largest luma difference between its source and ground truth, and its pictures for
the sheet."""


def run(job: Job) -> None:
    """Writes source, ground truth and weight of every admitted pair, sheets ``truth.png`` of them,
    frames to carry colour to, and the checksums of all frames that were read.

    Raises:
        MediaError: a picture cannot be read, or has values that are infinite or NaN.
    """
    clips, alignments = job.clips(), job.load(Alignments)
    folder = job.folder("target")
    for old_picture in (*folder.glob("*.exr"), *folder.glob("*.png")):
        old_picture.unlink()
    built = _with_sheets(job, _build_targets(job, clips, alignments))
    parity = max(difference for _, difference in built)
    if parity > MAX_LUMA_DIFFERENCE:
        raise AssertionError(f"the luma of a ground truth differs from its source's by {parity}")
    targets = [target for target, _ in built]
    between = (
        tuple(_write_carried_sources(job, clips, targets)) if job.project.target.carry else None
    )
    job.save(_used_frames(job, clips, targets, between or ()))
    job.save(Targets(targets=tuple(targets), luma_parity=parity, between=between))


def _with_sheets(job: Job, built: Iterable[Built]) -> list[tuple[Target, float]]:
    """The targets with their luma differences; writes their sheets, page by page, so that few
    pictures are held at a time."""
    waiting, done, number = iter(built), [], 0
    while page := list(islice(waiting, PAIRS_PER_SHEET)):
        number += 1
        name = "truth.png" if number == 1 else f"truth-{number:03d}.png"
        sheet = draw_sheet([(target.pair, pictures) for target, _, pictures in page])
        media.write_png(job.folder("target") / name, sheet)
        done += [(target, difference) for target, difference, _ in page]
    return done


def _used_frames(
    job: Job, clips: Clips, targets: Sequence[Target], between: Sequence[UnpairedFrame]
) -> UsedFrames:
    """The frames of pairs and those between them, with their checksums."""
    pairs = [target.pair for target in targets]

    def checksums(role: str, clip: Clip, frames: list[int]) -> dict[int, UsedFrame]:
        return media.frame_checksums(clip, frames, lambda file: job.element_digest(role, file))

    def checksum_of_picture(pair: Pair) -> UsedFrame:
        path = Path(job.picture(pair))
        sha256 = job.element_digest(f"the picture of source frame {pair.source}", path)
        return UsedFrame(file=path.name, sha256=sha256, checksum_of="file")

    wanted = [*(pair.source for pair in pairs), *(one.frame for one in between)]
    sources = checksums("the source", clips.source, wanted)
    references = {
        name: checksums(
            f"the reference {name}",
            clip,
            [pair.reference for pair in pairs if pair.of == name and pair.reference is not None],
        )
        for name, clip in clips.references.items()
    }
    used = []
    for pair in pairs:
        if pair.of is None or pair.reference is None:
            reference = checksum_of_picture(pair)
        else:
            reference = references[pair.of][pair.reference]
        used.append(UsedPair(source=sources[pair.source], reference=reference))
    return UsedFrames(pairs=tuple(used), between=tuple(sources[one.frame] for one in between))


def _build_targets(job: Job, clips: Clips, alignments: Alignments) -> Iterator[Built]:
    """The targets in order of their source frames, each with the largest luma difference between
    its source and ground truth, and its pictures for the sheet."""
    admitted = {alignment.pair: alignment for alignment in alignments.admitted}
    pairs = sorted(admitted, key=lambda pair: pair.source)
    read = media.read_pairs(pairs, clips, job.picture, job.colors, offsets=(0,))

    def build(pictures: tuple[Pair, Tensor, dict[int, Tensor]]) -> Built:
        pair, live_rgb, references = pictures
        source_rgb = _checked(clips.source, pair.source, live_rgb).contiguous()
        return _target(job, admitted[pair], source_rgb, references[0], alignments.crop)

    cores = core_count()
    built = parallel_map(build, read, threads=cores, max_held=cores)
    return job.progress.track(built, "Building targets", len(pairs))


def _target(
    job: Job, alignment: Alignment, source_rgb: Tensor, reference_rgb: Tensor, shared: Area
) -> Built:
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
    pictures = (source_rgb, aligned_rgb, truth_rgb, weight.expand(3, -1, -1))
    small = tuple(fit_width(picture, CELL_WIDTH_PX) for picture in pictures)
    return target, luma_parity(source_rgb, truth_rgb), small


def _write_carried_sources(
    job: Job, clips: Clips, targets: Sequence[Target]
) -> Iterator[UnpairedFrame]:
    """Writes the frames to which colour is carried, on the model's raster, and yields them."""
    pairs, shots_of_film = [target.pair for target in targets], job.load(PairList).shots
    shots = choose_carried_frames(pairs, shots_of_film, clips.source.damage)

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
        with file.open("rb") as content:
            while part := content.read(_READ_BYTES):
                sha256.update(part)
    return sha256.hexdigest()
