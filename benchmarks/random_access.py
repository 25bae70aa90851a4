"""Time to read one frame of a movie, by a seek and by decoding from the first frame.

    python benchmarks/random_access.py --folder FOLDER [--frames 3000]

Makes SD movies in the containers of DVDs, broadcasts and tapes, and reads eight frames of each, one
by one, out of order. The index is made once in a process; its time is a separate column.
"""

import argparse
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch

from unfade.film.clip import Clip
from unfade.media import probe, read_frame
from unfade.media.movies.decoder import Decoder
from unfade.media.movies.reader import movie_index
from unfade.project.settings import ClipSection

_HEIGHT, _WIDTH = 576, 720
_RATE = 25
_MPEG2 = ("mpeg2video", {"b": "6000000", "g": "15", "bf": "2", "threads": "1"})
_MOVIES = {
    "film.mpg": _MPEG2,
    "film.ts": _MPEG2,
    "film.avi": ("mpeg4", {"b": "4000000", "g": "15", "bf": "2"}),
    "film.dv": ("dvvideo", {}),
}
_POSITIONS = (0.93, 0.11, 0.52, 0.31, 0.78, 0.64, 0.99, 0.23)
"""Positions of the frames that are read, as shares of the movie's length."""


def _pictures(count: int) -> Iterator[av.VideoFrame]:
    """Frames of a texture that moves by three pixels a frame."""
    texture = np.random.default_rng(0).normal(120, 12, (_HEIGHT, 2 * _WIDTH))
    texture += 60 * np.sin(np.arange(2 * _WIDTH) / 40)
    codes = np.clip(texture, 16, 235).astype(np.uint8)
    for number in range(count):
        frame = av.VideoFrame(_WIDTH, _HEIGHT, "yuv420p")
        start = 3 * number % _WIDTH
        planes = [
            codes[:, start : start + _WIDTH],
            *[np.full((_HEIGHT // 2, _WIDTH // 2), 128)] * 2,
        ]
        for plane, values in zip(frame.planes, planes, strict=True):
            lines = np.zeros((plane.height, plane.line_size), np.uint8)
            lines[:, : plane.width] = values
            plane.update(memoryview(lines.tobytes()))
        frame.pts, frame.time_base = number, Fraction(1, _RATE)
        yield frame


def _make(path: Path, codec: str, options: dict[str, str], count: int) -> None:
    with av.open(str(path), "w") as movie:
        stream: Any = movie.add_stream(codec, rate=_RATE)
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        stream.codec_context.options = options
        for frame in _pictures(count):
            movie.mux(stream.encode(frame))
        movie.mux(stream.encode(None))


def _timed_read(clip: Clip, frames: list[int]) -> tuple[float, list[torch.Tensor]]:
    """Mean seconds for a frame, and the pictures."""
    start = time.perf_counter()
    pictures = [read_frame(clip, frame) for frame in frames]
    return (time.perf_counter() - start) / len(frames), pictures


def main() -> None:
    """Prints a table with one row for each kind of movie."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=3000)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    frames = [round(position * (options.frames - 1)) for position in _POSITIONS]
    print("| movie | ms a frame, by a seek | from the first frame | ratio | index, ms, once |")
    print("| --- | --- | --- | --- | --- |")
    for name, (codec, codec_options) in _MOVIES.items():
        path = options.folder / name
        _make(path, codec, codec_options, options.frames)
        clip = probe(str(path), ClipSection(path=name))
        assert clip.random_access
        path.touch()
        with Decoder(str(path)) as decoder:
            start = time.perf_counter()
            movie_index(decoder)
            index = time.perf_counter() - start
        by_seek, pictures = _timed_read(clip, frames)
        in_order = clip.model_copy(update={"random_access": False})
        from_start, expected = _timed_read(in_order, frames)
        assert all(torch.equal(*both) for both in zip(pictures, expected, strict=True))
        ratio = from_start / by_seek
        figures = f"{1000 * by_seek:.0f} | {1000 * from_start:.0f} | {ratio:.0f}"
        print(f"| {name}, {codec} | {figures} | {1000 * index:.0f} |", flush=True)
        path.unlink()


if __name__ == "__main__":
    main()
