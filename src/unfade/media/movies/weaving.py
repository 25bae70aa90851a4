"""Field matching: the bottom field of a frame of film comes from the neighbour where it fits, so
that no line is interpolated."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from unfade.media.movies.decoded_frame import sample_type


def match_fields(
    numbered_frames: Iterable[tuple[int, av.VideoFrame]], weave: str, first: int
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames whose bottom fields come from the frame where they fit.

    Args:
        numbered_frames: consecutive frames with their numbers.
        weave: letters of `Cadence.weave`.
        first: number of the frame that the first letter belongs to.
    """
    before: av.VideoFrame | None = None
    now: tuple[int, av.VideoFrame] | None = None
    for after in chain(numbered_frames, (None,)):
        if now is not None:
            number, frame = now
            index = number - first
            letter = weave[index] if 0 <= index < len(weave) else "s"
            other = {"p": before, "n": after[1] if after is not None else None}.get(letter)
            yield number, _with_bottom_field(frame, other, interpolate=letter == "x")
            before = frame
        now = after


def _with_bottom_field(
    frame: av.VideoFrame, other: av.VideoFrame | None, *, interpolate: bool
) -> av.VideoFrame:
    """A frame with the bottom field of `other`. Without `other`, the bottom field is interpolated
    from the top field if `interpolate`, and left as it is if not."""
    if other is None and not interpolate:
        return frame
    woven = av.VideoFrame(frame.width, frame.height, frame.format.name)
    for index in range(len(frame.planes)):
        lines = plane_lines(frame, index)
        into = plane_lines(woven, index)
        into[0::2] = lines[0::2]
        into[1::2] = (
            _line_means(lines[0::2])[: len(into) // 2]
            if other is None
            else plane_lines(other, index)[1::2]
        )
    return woven


def _line_means(lines: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Mean of each line and the next, (h, w)."""
    below = np.concatenate([lines[1:], lines[-1:]])
    mean: NDArray[np.uint16] = ((lines.astype(np.int32) + below) // 2).astype(lines.dtype)
    return mean


def plane_lines(frame: av.VideoFrame, index: int) -> NDArray[Any]:
    """A view of a plane's memory, (lines, samples of a line); writing to it changes the frame."""
    plane = frame.planes[index]
    samples = np.frombuffer(memoryview(plane), sample_type(frame.format))
    return samples.reshape(plane.height, -1)[:, : plane.width]
