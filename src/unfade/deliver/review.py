"""The pictures and texts of review movies."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from unfade.deliver.bag import read_manifest
from unfade.deliver.note import DeliveryContent
from unfade.drawing.movie_frame import split_frame
from unfade.film.clip import Clip
from unfade.film.rendering import RenderedFrame
from unfade.model.closed_form.lut import SmoothLut
from unfade.work.elements import digest

REVIEW_MOVIES = {
    "recovered": "",
    "split": "faded | recovered",
    "lut": "LUT | recovered",
}
"""The ends of the names of the movies, with the words after the frame number."""


REVIEW_VERSION = 3
"""Version of the look of review movies; a higher one makes the movies of existing bags anew."""


def review_key(delivered: DeliveryContent, color_facts: str) -> str:
    """The key of everything that the content of the review movies depends on.

    Args:
        delivered: the content of the bag.
        color_facts: what defines the colour spaces.
    """
    rendering = delivered.rendering.to_json()
    clip, codec = delivered.clips.source, delivered.project.deliver.movie
    facts = (REVIEW_VERSION, delivered.name, codec, clip.model_dump_json(exclude={"path"}))
    text = "\n".join((*map(str, facts), delivered.model.id, color_facts, rendering))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def reusable_movies(bag: Path) -> list[str]:
    """The review movies of an existing bag, by path in the payload; none if one is damaged."""
    try:
        checksums = read_manifest(bag)
    except (OSError, ValueError):
        return []
    names = [
        name for name in checksums if name.startswith("review/") and not name.endswith(".c2pa")
    ]
    data = bag / "data"
    is_intact = all((data / n).is_file() and digest(data / n) == checksums[n] for n in names)
    return names if is_intact else []


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
