"""The pictures and texts of review movies."""

from collections.abc import Iterator

from torch import Tensor

from unfade.drawing.movie_frame import split_frame
from unfade.film.clip import Clip
from unfade.film.rendering import RenderedFrame
from unfade.model.closed_form.lut import SmoothLut

REVIEW_MOVIES = {
    "recovered": "",
    "split": "faded | recovered",
    "lut": "LUT | recovered",
}
"""The ends of the names of the movies, with the words after the frame number."""


def review_pictures(faded: Tensor, recovered: Tensor, lut: SmoothLut) -> Iterator[Tensor]:
    """The pictures (3, H, W) of one frame, in the order of `REVIEW_MOVIES`.

    Args:
        faded: the scan, (3, H, W), scaled.
        recovered: the master, of the same size.
        lut: from R'G'B' to R'G'B', the LUT baseline of the frame's shot. It is applied to the scan
            with its grain, as another program applies the delivered .cube.
    """
    yield recovered
    yield split_frame(faded, recovered)
    middle = faded.shape[-1] // 2
    left = faded.clone()
    left[..., :middle] = lut(faded[..., :middle])
    yield split_frame(left, recovered)


def frame_text(source: Clip, frame: RenderedFrame) -> str:
    """The text below a frame: its number and timecode."""
    text = f"Frame {frame.frame}"
    timecode = source.timecode_of(frame.frame)
    return f"{text}  {timecode}" if timecode else text
