"""Pictures of a pair in 8 bits, to judge it by: both sides, their difference, the weight.

They are read from the clips; nothing is written.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
from torch import Tensor

from unfade import media
from unfade.align.measure.weight import confidence
from unfade.align.transform.register import equalised_luma, scaling
from unfade.color.ycbcr import luma
from unfade.drawing.canvas import fit
from unfade.errors import WorkError
from unfade.film.alignment import Alignment, Matrix, weight_file
from unfade.film.clip import SOURCE_PROXY, Clip, reference_proxy
from unfade.film.control_points import ControlPoint
from unfade.film.pair import Pair
from unfade.geometry.warp import as_matrix, source_positions
from unfade.studio.byte_cache import ByteCache
from unfade.studio.pair_board import pair_records_signature
from unfade.studio.pair_laying import Laying, laying
from unfade.work.job import Job
from unfade.work.pair_records import PairRecords
from unfade.work.proxies import load_proxy

PairSide = Literal["source", "reference", "laid", "difference", "weight"]
"""What is shown of a pair. "reference": as it is; "laid": on the raster of the source."""

WIDTHS_PX = (128, 320, 960, 1440, 1920, 4096)
"""Widths of pictures; few, so that windows of all sizes share them."""

MAX_PIXEL_BYTES = 160_000_000
"""Bytes of decoded pictures that are kept: some ten pairs of a 2K scan."""

MAX_FILE_BYTES = 64_000_000
"""Bytes of encoded pictures that are kept: several hundred small ones."""

DIFFERENCE_GAIN = 3
"""Factor on the difference of structure: that of good pairs is too dark to see."""

JPEG_QUALITY = 92
"""Quality at which no block shows beside film grain."""


@dataclass(frozen=True)
class PairPixels:
    """Both pictures of a pair, uint8 (h, w, 3) of square pixels, and the size of their rasters.

    `source` is the live area at the width that was asked for, `reference` at its own width, or at
    that width if its own is larger. The sizes are height and width before that.
    """

    source: np.ndarray
    reference: np.ndarray
    source_size: tuple[int, int]
    reference_size: tuple[int, int]


_pixels: ByteCache[PairPixels] = ByteCache(
    MAX_PIXEL_BYTES, lambda one: one.source.nbytes + one.reference.nbytes
)
_files: ByteCache[bytes] = ByteCache(MAX_FILE_BYTES, len)


def pair_picture(
    job: Job,
    records: PairRecords,
    pair: Pair,
    side: PairSide,
    width: int,
    points: tuple[ControlPoint, ...] = (),
) -> bytes:
    """A side of a pair, as JPEG.

    Args:
        job: the film.
        records: its records.
        pair: whose pictures are read.
        side: which is shown.
        width: in pixels, at most that of the source's live area.
        points: control points that lay the reference.

    Raises:
        MediaError: a picture cannot be read.
        ProjectError: the points do not fit the pair.
    """

    def make() -> bytes:
        pixels = pair_pixels(job, records, pair, width)
        size = pixels.reference_size
        return jpeg(_shown(job, pair, side, pixels, lambda: laying(records, pair, points, size)))

    laid_by = () if side in ("source", "reference") else points
    return _files.get((*pair_key(job, pair, width), side, laid_by), make)


def pair_pixels(job: Job, records: PairRecords, pair: Pair, width: int) -> PairPixels:
    """Both pictures of a pair at a width.

    Raises:
        MediaError: a picture cannot be read.
    """
    return _pixels.get(pair_key(job, pair, width), lambda: _read(job, records, pair, width))


def pair_key(job: Job, pair: Pair, width: int) -> tuple[object, ...]:
    """What the pictures of a pair at a width depend on."""
    return job.root, pair_records_signature(job), pair, _time_of_picture(job, pair), width


def clip_picture(job: Job, clip: Clip, frame: int, width: int) -> bytes:
    """The live area of a frame of a clip, as JPEG."""

    def make() -> bytes:
        picture = media.read_frame(clip, frame, job.colors)
        area = clip.live_area
        live = picture[:, area.y : area.y + area.height, area.x : area.x + area.width]
        return jpeg(_square(live, float(clip.pixel_aspect), width))

    return _files.get((job.root, pair_records_signature(job), clip.path, frame, width), make)


def proxy_picture(job: Job, name: str | None, clip: Clip, frame: int) -> bytes:
    """A frame of a clip's proxy, as JPEG; `name` is that of a reference, None for the scan."""
    path = job.root / (SOURCE_PROXY if name is None else reference_proxy(name))
    try:
        proxy = load_proxy(path, len(clip.frames))
        return jpeg(np.array(proxy[frame - clip.frames.first]))
    except (WorkError, IndexError):
        return clip_picture(job, clip, frame, WIDTHS_PX[0])


def mean_weight(job: Job, alignment: Alignment) -> float:
    """The mean weight of an admitted pair over the area that it covers, 0 to 1."""
    weight = media.read_plane(job.root / weight_file(alignment.pair.source))[0]
    area = alignment.coverage
    return float(weight[area.y : area.y + area.height, area.x : area.x + area.width].mean())


def _path(job: Job, pair: Pair) -> str:
    return job.resolve(str(pair.picture))


def _time_of_picture(job: Job, pair: Pair) -> int | None:
    """When the picture of a pair was changed, in ns, because it is painted on between two looks."""
    try:
        return os.stat(_path(job, pair)).st_mtime_ns if pair.picture else None
    except OSError:
        return None


def _read(job: Job, records: PairRecords, pair: Pair, width: int) -> PairPixels:
    clips = records.clips
    _, source, references = next(
        media.read_pairs([pair], clips, lambda one: _path(job, one), job.colors, offsets=(0,))
    )
    reference = references[0]
    of = clips.references[pair.of] if pair.of is not None else clips.source
    return PairPixels(
        _square(source, float(clips.source.pixel_aspect), width),
        _square(reference, float(of.pixel_aspect), width),
        (source.shape[-2], source.shape[-1]),
        (reference.shape[-2], reference.shape[-1]),
    )


def square_fit(picture: Tensor, pixel_aspect: float, width: int) -> Tensor:
    """A picture (3, H, W) with square pixels, at most as wide as asked for."""
    height, own_width = picture.shape[-2:]
    width = min(width, round(own_width * max(pixel_aspect, 1.0)))
    return fit(picture, max(round(height * width / (own_width * pixel_aspect)), 1), width)


def _square(picture: Tensor, pixel_aspect: float, width: int) -> np.ndarray:
    """The same in 8 bits: uint8 (h, w, 3)."""
    small = square_fit(picture, pixel_aspect, width)
    pixels = small.clamp(0.0, 1.0).mul(255).round().to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())


def _shown(
    job: Job, pair: Pair, side: PairSide, pixels: PairPixels, lies: Callable[[], Laying]
) -> np.ndarray:
    """A side of a pair: uint8 (h, w, 3) or (h, w); `lies` gives how its reference is laid."""
    if side == "source":
        return pixels.source
    if side == "reference":
        return pixels.reference
    how = lies()
    if side == "weight" and how.own is not None:
        weight = media.read_plane(job.root / weight_file(pair.source))
        height, width = pixels.source.shape[:2]
        return _codes(fit(weight.expand(3, -1, -1), height, width)[0].numpy())
    laid, inside = _laid(pixels, how)
    if side == "laid":
        return laid
    source, reference = (one.astype(np.float32) / 255 for one in (pixels.source, laid))
    if side == "weight":
        return _codes(confidence(_luma(source), reference, inside))
    difference = cv2.absdiff(equalised_luma(_luma(source)), equalised_luma(_luma(reference)))
    gained = cv2.convertScaleAbs(difference, alpha=DIFFERENCE_GAIN)
    return np.where(inside, gained, 0).astype(np.uint8)


def _laid(pixels: PairPixels, how: Laying) -> tuple[np.ndarray, np.ndarray]:
    """The reference on the raster of the source, black where it shows nothing, and bool (h, w)
    where it does."""
    height, width = pixels.source.shape[:2]
    reference_height, reference_width = pixels.reference.shape[:2]
    (source_height, source_width), own = pixels.source_size, pixels.reference_size
    to_own = scaling(reference_width, reference_height, own[1], own[0])
    to_raster = scaling(source_width, source_height, width, height)
    matrix = as_matrix(to_raster @ how.matrix @ to_own)
    nodes = None
    if how.warp is not None:
        scale = torch.tensor([width / source_width, height / source_height])
        shifts = torch.tensor([how.warp.x, how.warp.y], dtype=torch.float64)
        nodes = shifts * scale[:, None, None]
    across, down = _positions(matrix, nodes, height, width)
    laid = cv2.remap(
        pixels.reference, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    inside = (across > -0.5) & (across < reference_width - 0.5)
    inside &= (down > -0.5) & (down < reference_height - 0.5)
    return np.where(inside[..., None], laid, 0).astype(np.uint8), inside


def _positions(
    matrix: Matrix, nodes: Tensor | None, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    planes = source_positions(torch.tensor(matrix, dtype=torch.float64), nodes, height, width)
    across, down = (plane.to(torch.float32).numpy() for plane in planes)
    return across, down


def _luma(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(luma(torch.from_numpy(rgb).permute(2, 0, 1))[0].numpy())


def _codes(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.round(np.clip(values, 0, 1) * 255), np.uint8)


def jpeg(pixels: np.ndarray) -> bytes:
    """A JPEG of R'G'B' (h, w, 3) or grey (h, w), with chroma at full size."""
    stored = np.ascontiguousarray(pixels[..., ::-1]) if pixels.ndim == 3 else pixels
    full_chroma = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, full_chroma]
    _, file = cv2.imencode(".jpg", stored, options)
    return file.tobytes()
