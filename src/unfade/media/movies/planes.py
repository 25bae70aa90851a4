"""Converts decoded movie frames to R'G'B' from their planes, exactly and without clipping.

Sources: ITU-R BT.601-7 and BT.709-6 (matrices, ranges), ITU-T H.262 (chroma siting).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import av
import numpy as np
from numpy.typing import NDArray

from unfade.color.rec709 import KB, KR
from unfade.film.clip import CodeRange, Video
from unfade.media.movies.decoded_frame import DecodedFrame, sample_type

if TYPE_CHECKING:
    from torch import Tensor

Plane = NDArray[np.float32]
"""Samples of one component, (H, W)."""

KR_KB: Mapping[str, tuple[float, float]] = {"bt601": (0.299, 0.114), "bt709": (KR, KB)}
"""Weights of red and blue in luma: ITU-R BT.601-7, item 2.5.1; BT.709-6, item 3.2."""

_PACKED_RGB = {
    "rgb24": (0, 1, 2, 3),
    "bgr24": (2, 1, 0, 3),
    "rgba": (0, 1, 2, 4),
    "bgra": (2, 1, 0, 4),
    "argb": (1, 2, 3, 4),
    "abgr": (3, 2, 1, 4),
    "rgb0": (0, 1, 2, 4),
    "bgr0": (2, 1, 0, 4),
    "0rgb": (1, 2, 3, 4),
    "0bgr": (3, 2, 1, 4),
    "rgb48": (0, 1, 2, 3),
    "bgr48": (2, 1, 0, 3),
    "rgba64": (0, 1, 2, 4),
    "bgra64": (2, 1, 0, 4),
}
"""Packed pixel formats: positions of red, green and blue in a pixel, and its number of samples."""

_CENTRED_CHROMA = ("mjpeg", "mpeg1video")
"""Codecs whose chroma is sited between luma columns; in others it is sited on the even ones."""

_TOP_CHROMA = ("dvvideo",)
"""Codecs whose vertically subsampled chroma is sited on luma lines; in others it is between
them."""


def can_read(pixel_format: av.VideoFormat) -> bool:
    """Whether `frame_to_rgb` supports the pixel format."""
    name = pixel_format.name
    if _packed_name(name) in _PACKED_RGB:
        return True
    components = pixel_format.components
    planar = len({component.plane for component in components}) == len(components)
    supported_bits = all(8 <= component.bits <= 16 for component in components)
    return planar and supported_bits and not pixel_format.has_palette and not name.startswith("p0")


def frame_to_rgb(
    frame: DecodedFrame, video: Video | None, codec: str, code_range: CodeRange = "full"
) -> Tensor:
    """A progressive frame as R'G'B'.

    Args:
        frame: of a pixel format that `can_read` accepts.
        video: matrix and range of Y'CbCr formats; None for R'G'B' formats.
        codec: name of the decoder, which determines the chroma siting.
        code_range: of R'G'B' formats.

    Returns:
        (3, H, W) float32, black 0 and white 1, unbounded.
    """
    if video is None:
        is_packed = _packed_name(frame.format.name) in _PACKED_RGB
        codes = _packed_rgb(frame) if is_packed else np.stack([_plane(frame, k) for k in range(3)])
        black, white, _ = _levels(frame, code_range)
        import torch

        return torch.from_numpy((codes - np.float32(black)) / np.float32(white))
    y, cb, cr = _ycbcr(frame, video)
    return _to_rgb(y, _upsample(cb, y.shape, codec), _upsample(cr, y.shape, codec), video.matrix)


def _levels(frame: DecodedFrame, code_range: CodeRange) -> tuple[float, float, float]:
    """The code of black, the number of codes from black to white, and the number of codes between
    the extremes of chroma."""
    bits = frame.format.components[0].bits
    step, max_code = 2.0 ** (bits - 8), 2.0**bits - 1
    if code_range == "limited":
        return 16 * step, 219 * step, 224 * step
    return 0.0, max_code, max_code


def _ycbcr(frame: DecodedFrame, video: Video) -> tuple[Plane, Plane, Plane]:
    """Y', Cb and Cr as stored, scaled to 0..1 and -0.5..0.5. Chroma of grey frames is a single
    zero."""
    black, white, chroma = _levels(frame, video.range)
    neutral = 2.0 ** (frame.format.components[0].bits - 1)
    y = (_plane(frame, 0) - black) / white
    if len(frame.format.components) < 3:
        return y, *(np.zeros((1, 1), np.float32),) * 2
    cb, cr = ((_plane(frame, index) - neutral) / chroma for index in (1, 2))
    return y, cb, cr


def _to_rgb(y: Plane, cb: Plane, cr: Plane, matrix: str) -> Tensor:
    kr, kb = KR_KB[matrix]
    red = y + 2 * (1 - kr) * cr
    blue = y + 2 * (1 - kb) * cb
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    import torch

    return torch.from_numpy(np.stack([red, green, blue]))


def luma_codes(frame: DecodedFrame) -> NDArray[np.uint8]:
    """The luma of a Y'CbCr frame as 8-bit codes, (H, W)."""
    component = frame.format.components[0]
    luma = _samples(frame, component.plane, 1)[:, : frame.width, 0]
    if component.bits == 8:
        return luma
    codes: NDArray[np.uint8] = (luma >> (component.bits - 8)).astype(np.uint8)
    return codes


def stored_samples(frame: DecodedFrame) -> Iterator[bytes]:
    """The samples of each plane of a frame that `can_read` accepts, without padding, as FFmpeg's
    rawvideo has them."""
    _, _, _, per_pixel = _PACKED_RGB.get(_packed_name(frame.format.name), (0, 0, 0, 1))
    for index, plane in enumerate(frame.planes):
        yield _samples(frame, index, per_pixel)[:, : plane.width].tobytes()


def _plane(frame: DecodedFrame, index: int) -> Plane:
    """The codes of a component that has its own plane, (H, W) float32."""
    component = frame.format.components[index]
    plane = frame.planes[component.plane]
    samples = _samples(frame, component.plane, 1)[:, : plane.width, 0]
    return samples.astype(np.float32)


def _samples(frame: DecodedFrame, plane_index: int, per_pixel: int) -> np.ndarray:
    """A view of a plane's memory, (H, W or more, samples of a pixel)."""
    plane = frame.planes[plane_index]
    lines = np.frombuffer(memoryview(plane.memory), sample_type(frame.format)).reshape(
        plane.height, -1
    )
    pixels = lines.shape[1] // per_pixel
    return np.reshape(lines[:, : pixels * per_pixel], (plane.height, pixels, per_pixel))


def _packed_name(name: str) -> str:
    return name.removesuffix("le").removesuffix("be")


def _packed_rgb(frame: DecodedFrame) -> NDArray[np.float32]:
    """The codes of a packed R'G'B' frame, (3, H, W)."""
    red, green, blue, per_pixel = _PACKED_RGB[_packed_name(frame.format.name)]
    samples = _samples(frame, 0, per_pixel)[:, : frame.width, [red, green, blue]]
    return samples.transpose(2, 0, 1).astype(np.float32, order="C")


def _upsample(chroma: Plane, shape: tuple[int, ...], codec: str) -> Plane:
    """Chroma (h, w) interpolated linearly to the raster of luma `shape`."""
    if chroma.shape == (1, 1):
        return chroma
    height, width = shape
    chroma = _interpolate(chroma, width, axis=1, centred=codec in _CENTRED_CHROMA)
    return _interpolate(chroma, height, axis=0, centred=codec not in _TOP_CHROMA)


def _interpolate(plane: Plane, length: int, *, axis: int, centred: bool) -> Plane:
    """A plane interpolated linearly along an axis to `length` samples."""
    count = plane.shape[axis]
    factor = -(-length // count)
    if factor == 1:
        return plane
    offset = (factor - 1) / 2 if centred else 0.0
    positions = np.clip((np.arange(length, dtype=np.float32) - offset) / factor, 0, count - 1)
    before = np.floor(positions).astype(np.intp)
    weight = (positions - before).astype(np.float32)
    first = np.take(plane, before, axis)
    second: Plane = np.take(plane, np.minimum(before + 1, count - 1), axis)
    second -= first
    second *= weight[:, None] if axis == 0 else weight
    second += first
    return second
