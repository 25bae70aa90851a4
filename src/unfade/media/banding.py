"""Debanding of chroma, by the filter deband of FFmpeg, in 16 bits."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.filter import Graph

if TYPE_CHECKING:
    from torch import Tensor

_PIXEL_FORMAT = "yuv444p16le"
"""16 bits a sample: a 256th of the 8-bit step of a band, so that rounding leaves none."""

_MAX_CODE = 65535
"""Largest code of a sample of 16 bits."""

_CODES_OF_8_BIT = 255
"""Steps between 0 and 1 in 8 bits."""

_RADIUS_PX = 8
"""Largest distance of the pixels that a pixel is compared with: half the default of the filter,
with which fine colour of real pictures was lost (benchmarks/README.md)."""

_MIN_LUMA_THRESHOLD = 0.00003
"""Smallest threshold that the filter takes: luma is not used."""


def deband(rgb: Tensor, threshold: float) -> Tensor:
    """A picture (3, H, W) whose chroma has no bands; its luma stays.

    Each sample of Cb and Cr is replaced by the mean of four samples around it, at a random distance
    of up to `_RADIUS_PX`, if that mean differs by less than the threshold. Only the change is added
    to the picture, so that values outside 0 to 1 stay and nothing is rounded to 16 bits.

    Args:
        rgb: R'G'B'.
        threshold: in 8-bit codes, at most half of their range, as FFmpeg has it.
    """
    import torch

    from unfade.color.ycbcr import rgb_to_ycbcr, ycbcr_to_rgb

    ycbcr = rgb_to_ycbcr(rgb)
    codes = ((ycbcr[1:] + 0.5).clamp(0, 1) * _MAX_CODE).round().to(torch.int32).numpy()
    stored = codes.astype(np.uint16)
    filtered = _filtered(stored, threshold / _CODES_OF_8_BIT)
    change = torch.from_numpy(filtered.astype(np.int32) - codes) / _MAX_CODE
    return ycbcr_to_rgb(torch.cat([ycbcr[:1], ycbcr[1:] + change]))


def _filtered(cbcr: np.ndarray, threshold: float) -> np.ndarray:
    """Cb and Cr, uint16 (2, H, W), after FFmpeg's filter."""
    _, height, width = cbcr.shape
    frame = av.VideoFrame(width, height, _PIXEL_FORMAT)
    frame.time_base, frame.pts = Fraction(1, 25), 0
    for plane, samples in zip(frame.planes, [np.zeros_like(cbcr[0]), *cbcr], strict=True):
        _samples(plane)[:, :width] = samples
    graph = _graph(width, height, threshold)
    graph.push(frame)
    out: Any = graph.pull()
    return np.stack([_samples(plane)[:, :width] for plane in out.planes[1:]])


def _samples(plane: Any) -> np.ndarray:
    """The samples of a plane, uint16 (H, W) with the padding of its lines."""
    return np.frombuffer(memoryview(plane), np.uint16).reshape(plane.height, -1)


def _graph(width: int, height: int, threshold: float) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=width,
        height=height,
        format=av.VideoFormat(_PIXEL_FORMAT),
        time_base=Fraction(1, 25),
    )
    options = f"1thr={_MIN_LUMA_THRESHOLD}:2thr={threshold}:3thr={threshold}:range={_RADIUS_PX}"
    filter_ = graph.add("deband", f"{options}:blur=1:coupling=0")
    sink = graph.add("buffersink")
    source.link_to(filter_)
    filter_.link_to(sink)
    graph.configure()
    return graph
