"""Reads frames of movies, which are decoded in another process."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator
from typing import TYPE_CHECKING

from unfade.film.clip import Clip
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.orientation import swaps_axes, upright
from unfade.media.color_management import to_space
from unfade.media.movies.decoded_frame import DecodedFrame
from unfade.media.movies.decoder import Decoder
from unfade.media.movies.decoding import MovieRead, packet_index, wanted_frames
from unfade.media.movies.index import MovieIndex
from unfade.media.movies.planes import frame_to_rgb, stored_samples
from unfade.media.regular_file import check_regular
from unfade.project.color_config import ColorManagement

if TYPE_CHECKING:
    from torch import Tensor

_MAX_DECODED_GAP_FRAMES = 12
"""Longest gap between wanted frames that is decoded and dropped; a seek reopens the movie, which
costs about as much."""

_DEINTERLACE_LEAD_FRAMES = 2
"""Frames that the deinterlacer needs before a wanted one."""

_MAX_KEPT_INDICES = 8
"""Indices that are kept; a film has a source and a few references."""

_indices: dict[tuple[str, int, int], MovieIndex | None] = {}
"""Indices by path, time of change in nanoseconds and size in bytes of the movie."""


def read_movie(
    clip: Clip, frames: list[int], colors: ColorManagement, decoder: Decoder
) -> Generator[tuple[int, Tensor], None, None]:
    """Frames of a movie, ascending, each (3, H, W) in the working space.

    Raises:
        MediaError: the movie is damaged, ends early, or changes its frame size.
    """
    read = _movie_read(clip, frames, decoder, is_stored=False)
    for number, codec, frame in decoder.call(wanted_frames, read):
        rgb = frame_to_rgb(frame, clip.video, codec, clip.code_range)
        upright_rgb = upright(rgb, clip.orientation)
        yield number, to_space(upright_rgb, clip.colorspace, WORKING_SPACE, colors)


def checksums_of_movie(clip: Clip, frames: list[int]) -> dict[int, str]:
    """SHA-256 of frames of a movie, ascending, by number: of the samples as decoded, before
    deinterlacing, plane after plane without padding, as FFmpeg's framehash takes it.

    Raises:
        MediaError: the movie is damaged, ends early, or changes its frame size.
    """
    with Decoder(clip.path) as decoder:
        read = _movie_read(clip, frames, decoder, is_stored=True)
        return {number: _checksum(frame) for number, _, frame in decoder.call(wanted_frames, read)}


def movie_index(decoder: Decoder) -> MovieIndex | None:
    """The index of the decoder's movie, None if its packets do not all have distinct times. The
    indices of the last movies are kept.

    Raises:
        MediaError: the movie cannot be read.
    """
    key = _index_key(decoder.path)
    if key in _indices:
        return _indices[key]
    (index,) = (found and found.copy() for found in decoder.call(packet_index))
    keep_index(decoder.path, index)
    return index


def keep_index(path: str, index: MovieIndex | None) -> None:
    """Keeps the index of a movie for later calls of `movie_index`."""
    _indices[_index_key(path)] = index
    for key in [*_indices][:-_MAX_KEPT_INDICES]:
        _indices.pop(key, None)


def _index_key(path: str) -> tuple[str, int, int]:
    check_regular(path)
    status = os.stat(path)
    return path, status.st_mtime_ns, status.st_size


def _movie_read(clip: Clip, frames: list[int], decoder: Decoder, *, is_stored: bool) -> MovieRead:
    """How frames are read: as they are stored, or made progressive."""
    swapped = swaps_axes(clip.orientation)
    is_woven = not is_stored and clip.fields == "film" and clip.cadence is not None
    runs = _decode_runs(clip, frames, decoder)
    return MovieRead(
        width=clip.height if swapped else clip.width,
        height=clip.width if swapped else clip.height,
        fields="progressive" if is_stored else clip.fields,
        weave=clip.cadence.weave if is_woven and clip.cadence else "",
        weave_start=clip.frames.first,
        runs=runs,
        index=movie_index(decoder) if any(start for start, _ in runs) else None,
    )


def _decode_runs(clip: Clip, frames: list[int], decoder: Decoder) -> list[tuple[int, list[int]]]:
    """Wanted frames in groups, each with the key frame from which it is decoded."""
    previous = 0
    runs: list[tuple[int, list[int]]] = []
    for frame in frames:
        start = 0
        if clip.random_access and frame - previous > _MAX_DECODED_GAP_FRAMES:
            index = movie_index(decoder)
            start = index.key_before(frame - _DEINTERLACE_LEAD_FRAMES) if index else 0
        if not runs or start > previous + _MAX_DECODED_GAP_FRAMES:
            runs.append((start, []))
        runs[-1][1].append(frame)
        previous = frame
    return runs


def _checksum(frame: DecodedFrame) -> str:
    sha256 = hashlib.sha256()
    for samples in stored_samples(frame):
        sha256.update(samples)
    return sha256.hexdigest()
