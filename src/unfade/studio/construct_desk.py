"""Constructed frames for the page that states their colours: fast answers, and what is saved.

A frame is read and freed of its grain once; an answer then takes a solve, on the frame's own pixels
around the points, and its colour on a reduced copy.
"""

import os
from base64 import b64encode
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from unfade import media
from unfade.color.srgb import srgb_bytes
from unfade.construct import constructed_files
from unfade.construct.dye_start import DyeStart
from unfade.construct.frame import (
    ConstructedFrame,
    construct,
    contradiction_in_words,
    expected_colour,
    film_start,
    read_faded,
)
from unfade.construct.places import FadedFrame, reduced
from unfade.construct.records import read_palette
from unfade.construct.sheet import draw_uncertainty
from unfade.film.clip import Clip
from unfade.film.construction import Construction
from unfade.film.model import TrainedModel
from unfade.geometry.crop import crop
from unfade.studio.byte_cache import ByteCache
from unfade.studio.pair_board import pair_records_signature
from unfade.studio.pair_preview import jpeg, square_fit
from unfade.work.cores import one_core
from unfade.work.job import Job

SHOWN_PX = 960
"""Longer side of the reduced copy: its colour is solved in a third of a second on one core."""

PROPOSALS = 5
"""Places that are proposed at a time: enough to choose from."""

MAX_FRAME_BYTES = 800_000_000
"""Bytes of frames that are ready to be solved: one of a 6K scan, ten of a 2K scan."""

MAX_STARTS = 16
"""Films whose dye losses are kept, a few numbers each."""

MAX_PICTURE_BYTES = 32_000_000
"""Bytes of encoded pictures that are kept: a hundred."""


@dataclass(frozen=True)
class OpenedFrame:
    """A frame that is ready to be solved, and its reduced copy."""

    faded: FadedFrame
    small: FadedFrame


def _bytes_of(frame: OpenedFrame) -> int:
    planes = [one for part in (frame.faded, frame.small) for one in vars(part).values()]
    return sum(one.nbytes for one in planes if isinstance(one, Tensor))


_frames: ByteCache[OpenedFrame] = ByteCache(MAX_FRAME_BYTES, _bytes_of)
_starts: ByteCache[DyeStart] = ByteCache(MAX_STARTS, lambda _: 1)
_pictures: ByteCache[bytes] = ByteCache(MAX_PICTURE_BYTES, len)


def solution_facts(job: Job, construction: Construction) -> dict[str, Any]:
    """What the page shows of a construction: pictures, the places where a colour would help, the
    points that contradict the others, and the colour that is solved at each. Points without a
    colour state nothing.

    Raises:
        ProjectError: a point cannot be used.
        MediaError: the frame cannot be read.
    """
    opened, points = _opened(job, construction.frame), construction.point
    numbers = [number for number, point in enumerate(points, start=1) if point.colour]
    stated = construction.model_copy(update={"point": tuple(one for one in points if one.colour)})
    with one_core():
        solved = _solved(job, stated, opened)
        shown = [solved.colour_to_state(point) for point in points]
        return _facts(job, solved, opened.small, numbers) | {"shown": shown}


def _solved(job: Job, construction: Construction, opened: OpenedFrame) -> ConstructedFrame:
    start = _starts.get(_records_key(job), lambda: film_start(job))
    return construct(job, opened.faded, start, construction, read_palette(job.root))


def _facts(
    job: Job, solved: ConstructedFrame, small: FadedFrame, numbers: Sequence[int]
) -> dict[str, Any]:
    """What is shown of a solution, whose points have numbers on the page."""
    aspect = float(job.clips().source.pixel_aspect)
    size = small.log_rgb.shape[1:]
    return {
        "constructed": _data_url(srgb_jpeg(solved.rgb_of(small), aspect, SHOWN_PX)),
        "uncertainty": _data_url(srgb_jpeg(draw_uncertainty(solved, *size), aspect, SHOWN_PX)),
        "mean_deviation": float(solved.uncertainty.mean()),
        "places": [(one.x, one.y) for one in solved.proposals(PROPOSALS)],
        "left_out": [
            {
                "number": numbers[one.index],
                "expected": expected_colour(solved, one),
                "words": contradiction_in_words(solved, one, numbers[one.index]),
            }
            for one in solved.left_out
        ],
    }


def save(
    project_file: Path, job: Job, construction: Construction, seen: str, replaces: str
) -> ConstructedFrame:
    """Writes a construction, its picture, its sheet and its pair.

    Args:
        project_file: of the film.
        job: of the film.
        construction: with its points.
        seen: the digest of the file of the construction that the person has seen.
        replaces: the reference of another pair at the frame, of which the person was told.

    Raises:
        ProjectError: a point cannot be used, or a file was changed meanwhile.
        WorkError: a file cannot be written.
        MediaError: the frame cannot be read.
    """
    solved = _solved(job, construction, _opened(job, construction.frame))
    constructed_files.save(job, project_file, solved, construction, seen, replaces)
    return solved


def clip_jpeg(job: Job, clip: Clip, frame: int, width: int) -> bytes:
    """The live area of a frame of a clip, in sRGB, as JPEG.

    Raises:
        MediaError: it cannot be read.
    """

    def make() -> bytes:
        rgb = crop(media.read_frame(clip, frame, job.colors), clip.live_area)
        return srgb_jpeg(rgb, float(clip.pixel_aspect), width)

    return _pictures.get((_records_key(job), clip.path, frame, width), make)


def file_jpeg(job: Job, path: Path, width: int) -> bytes:
    """A picture of a file, in sRGB, as JPEG.

    Raises:
        MediaError: it cannot be read.
    """
    changed = os.stat(path).st_mtime_ns if path.exists() else None

    def make() -> bytes:
        return srgb_jpeg(media.read_picture(str(path), colors=job.colors), 1.0, width)

    return _pictures.get((job.root, path, changed, width, job.color_facts()), make)


def srgb_jpeg(rgb: Tensor, pixel_aspect: float, width: int) -> bytes:
    """R'G'B' of the working space as JPEG in sRGB, because the page shows stated colours beside it
    and takes colours from it."""
    pixels = srgb_bytes(square_fit(rgb, pixel_aspect, width)).permute(1, 2, 0).numpy()
    return jpeg(np.ascontiguousarray(pixels))


def _opened(job: Job, frame: int) -> OpenedFrame:
    def make() -> OpenedFrame:
        faded = read_faded(job, frame)
        return OpenedFrame(faded, reduced(faded, SHOWN_PX))

    return _frames.get((_records_key(job), frame), make)


def _records_key(job: Job) -> Hashable:
    """What a film's frames and their start depend on."""
    model = job.root / TrainedModel.PATH
    trained = model.stat().st_mtime_ns if model.exists() else None
    return job.root, pair_records_signature(job), trained, job.color_facts()


def _data_url(file: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(file).decode()}"
