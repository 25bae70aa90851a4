"""Claim: decoding a movie in another process costs hardly more than decoding it in the program.

Makes movies of noise, reads each in order and its frames one by one, in the program's own process
and in another one, in turn. Prints wall time and processor time of both processes as ratios, other
process / own, of a process that runs already, and the time that it takes to start:

    python benchmarks/decoder.py [--folder FOLDER] [--rounds 5] [--only WORDS]
"""

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from unfade.commands.runtime import configure_process

configure_process()

import torch  # noqa: E402
from measures import circumstances, table  # noqa: E402

from unfade.film.clip import Clip  # noqa: E402
from unfade.media import MovieWriter, probe, read, read_frame  # noqa: E402
from unfade.media.movies import decoder as decoders  # noqa: E402
from unfade.media.movies.decoder import Decoder  # noqa: E402
from unfade.project.settings import ClipSection  # noqa: E402

_MOVIES: dict[str, tuple[dict[str, Any], int]] = {
    "SD, MPEG-2": (
        {
            "suffix": "mpg",
            "codec": "mpeg2video",
            "width": 720,
            "height": 576,
            "bit_rate": 6_000_000,
        },
        300,
    ),
    "2K, ProRes 422 HQ": (
        {"suffix": "mov", "codec": "prores_ks", "width": 2048, "height": 1556, "profile": "3"},
        24,
    ),
    "2K, FFV1": ({"suffix": "mkv", "codec": "ffv1", "width": 2048, "height": 1556}, 16),
}
"""Settings of the encoder, and number of frames."""

_SINGLE_FRAMES = 12
"""Frames that are read one by one."""
_GRAIN_DEVIATION = 0.02
"""Standard deviation of the grain, of range 1."""


def main() -> None:
    """Prints the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="movies whose title contains these words")
    options = parser.parse_args()
    head = ("movie", "way", "ms a frame, own process", "wall time", "processor time")
    print(f"{circumstances()}\n\n{table(head, ())}", flush=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        for title, (settings, count) in _MOVIES.items():
            if options.only not in title:
                continue
            clip = probe(str(_movie(Path(name), count, **settings)), ClipSection(path="unused"))
            for way, run in _ways(clip):
                print(
                    "| " + " | ".join((title, way, *_ratios(run, options.rounds))) + " |",
                    flush=True,
                )
    print(f"\nStart of a process, to its first answer: {_start_ms(options.rounds):.0f} ms")


def _ways(clip: Clip) -> Iterator[tuple[str, Callable[[], int]]]:
    """Ways to read a clip: each a title, and a function that returns the number of frames read."""
    yield "probe", lambda: len(probe(clip.path, ClipSection(path="unused")).frames)
    yield "in order", lambda: sum(1 for _ in read(clip, clip.frames.frames()))
    step = max(1, len(clip.frames) // _SINGLE_FRAMES)
    single = [*clip.frames.frames()][::-step]
    yield "one by one", lambda: len([read_frame(clip, frame) for frame in single])


def _ratios(run: Callable[[], int], rounds: int) -> tuple[str, str, str]:
    """Milliseconds of wall time a frame in the own process, and the ratios of wall and processor
    time."""
    count = run()
    figures = []
    for _ in range(rounds):
        with mock.patch.object(decoders, "IS_GUARDED", False):
            own = _measured(run)
        figures.append((own, _measured(run)))
    walls, processors = ([other[k] / own[k] for own, other in figures] for k in (0, 1))
    own_ms = 1000 * median(own[0] for own, _ in figures) / count
    return f"{own_ms:.1f}", _spread(walls), _spread(processors)


def _measured(run: Callable[[], int]) -> tuple[float, float]:
    """Seconds of wall time, and of processor time of this process and of the decoder's."""
    gc.collect()
    start, used = time.perf_counter(), _processor_s()
    run()
    return time.perf_counter() - start, _processor_s() - used


def _processor_s() -> float:
    processes = [one._popen.pid for kept in decoders._idle.values() for one in kept]
    return time.process_time() + sum(map(_processor_s_of, processes))


def _processor_s_of(process: int) -> float:
    """Fields 14 and 15 of proc(5), "stat": user and system time in clock ticks."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _start_ms(rounds: int) -> float:
    """Median milliseconds from a call to the first answer of a process that does not run yet."""
    times = []
    for _ in range(rounds):
        decoders._end_idle()
        start = time.perf_counter()
        with Decoder("/") as decoder:
            list(decoder.call(os.listdir))
        times.append(time.perf_counter() - start)
    return 1000 * median(times)


def _spread(ratios: list[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _movie(folder: Path, count: int, *, suffix: str, profile: str = "", **settings: Any) -> Path:
    """Writes a soft picture that moves, with grain."""
    path = folder / f"{settings['codec']}-{settings['width']}.{suffix}"
    generator = torch.Generator().manual_seed(0)
    size = settings["height"], settings["width"]
    coarse = torch.rand(1, 3, 12, 16, generator=generator)
    scene = torch.nn.functional.interpolate(coarse, size=size, mode="bicubic")[0] * 0.8 + 0.1
    grain = torch.randn(3, *size, generator=generator) * _GRAIN_DEVIATION
    is_sd = settings["height"] <= 576
    with MovieWriter(
        path,
        rate=Fraction(25),
        pixel_format="yuv420p" if is_sd else "yuv422p10le",
        options={"profile": profile} if profile else {},
        **settings,
    ) as movie:
        for number in range(count):
            picture = scene.roll(4 * number, 2) + grain.roll(97 * number, 1).roll(31 * number, 2)
            movie.write(picture)
    return path


if __name__ == "__main__":
    main()
