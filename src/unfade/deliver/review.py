"""The pictures and texts of review movies."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from opentimelineio.opentime import RationalTime
from torch import Tensor

from unfade.deliver.bag import read_manifest
from unfade.deliver.content import DeliveryContent
from unfade.drawing.movie_frame import STRIP_HEIGHT_PX, MovieRaster, movie_raster, split_frame
from unfade.film.clip import Clip
from unfade.film.rendering import Rendering
from unfade.film.time import MAX_TIMECODE_RATE, format_timecode, timecode_base
from unfade.model.closed_form.lut import SmoothLut
from unfade.project.settings import DeliverSection
from unfade.work.digest_cache import digest

REVIEW_MOVIES = {
    "recovered": "",
    "split": "faded | recovered",
    "lut": "LUT | recovered",
}
"""The ends of the names of the movies, with the words after the frame number."""


REVIEW_VERSION = 4
"""Version of the look of review movies; a higher one makes the movies of existing bags anew."""


def review_key(delivered: DeliveryContent, color_facts: str) -> str:
    """The key of everything that the content of the review movies depends on.

    Args:
        delivered: the content of the bag.
        color_facts: what defines the colour spaces.
    """
    rendering = delivered.rendering.to_json()
    clip = delivered.clips.source.model_dump_json(exclude={"path"})
    look = {"movie", "size", "padding", "burn_in"}
    settings = delivered.project.deliver.model_dump_json(include=look)
    facts = (REVIEW_VERSION, delivered.name, settings, clip)
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


def raster_of(source: Clip, settings: DeliverSection) -> MovieRaster:
    """The raster of the movies of a scan."""
    area = source.live_area
    return movie_raster(
        area.width,
        area.height,
        float(source.pixel_aspect),
        settings.movie_size(),
        padding=settings.padding,
        has_text=settings.burn_in,
    )


def largest_raster(settings: DeliverSection) -> MovieRaster | None:
    """The raster of `deliver.size` with the largest picture of any scan; None if the height is not
    set, because it is that of the picture."""
    width, height = settings.movie_size() or (0, None)
    if height is None:
        return None
    strip = STRIP_HEIGHT_PX if settings.burn_in else 0
    return MovieRaster(width, height, width, height - strip, strip)


def start_timecode(source: Clip, frame: int) -> str | None:
    """The timecode of a movie that starts at a frame: that of the scan. Without one, frames count
    from midnight as in the timeline; None at rates without timecode."""
    timecode, rate = source.timecode_of(frame), source.rate
    has_timecode = timecode_base(rate) <= MAX_TIMECODE_RATE
    if timecode is None and has_timecode and RationalTime.is_smpte_timecode_rate(float(rate)):
        return format_timecode(frame, rate, drop=False)
    return timecode


def shown_numbers(rendering: Rendering, frame: int) -> Iterator[int]:
    """The frames that show a master in a movie: its own, and the skipped ones after it, so that the
    movie stays in step with the scan."""
    yield frame
    while (frame := frame + 1) in rendering.skipped:
        yield frame


def frame_text(source: Clip, frame: int) -> str:
    """The text below a frame: its number and timecode."""
    timecode, held = source.timecode_of(frame), source.held_frame(frame)
    text = f"Frame {frame}  {timecode}" if timecode else f"Frame {frame}"
    return text if held is None else f"{text}  shows {held}"
