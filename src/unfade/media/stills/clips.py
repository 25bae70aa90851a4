"""Clips made of still pictures: every header is read, and must say the same as the first."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

from unfade.errors import MediaError, MissingFactError
from unfade.film.clip import Area, Clip, FieldOrder, orientation_number, orientation_word
from unfade.film.time import FrameRange
from unfade.geometry.orientation import swaps_axes
from unfade.media.color_management import check_colorspace
from unfade.media.stills.files import codestream_layout
from unfade.media.stills.reader import StillHeader, named_colorspace, read_header
from unfade.media.stills.timecode import timecode_runs
from unfade.project.color_config import ColorManagement
from unfade.project.settings import ClipSection

FILM_RATE = Fraction(24)
"""Frames a second of a sequence whose files do not tell: that of sound film."""

_HEADER_THREADS = 8
"""Headers read at a time, because what takes time is waiting for disks and servers."""


def probe_stills(
    path: str,
    frames: FrameRange,
    files: Sequence[str],
    section: ClipSection,
    colors: ColorManagement,
) -> Clip:
    """Finds out what a still or a sequence is.

    Args:
        path: of the still, or the pattern of the sequence.
        frames: their numbers.
        files: of each frame.
        section: what the project file says; it goes before what the files say.
        colors: the config that knows the names of colour spaces.

    Raises:
        MediaError: a file is missing, is no picture, does not name its colour space, or says
            something else than the first and the project file nothing.
    """
    headers = _headers(files, colors)
    header = headers[0]
    found_rate = next((one.rate for one in headers if one.rate), FILM_RATE)
    rate = section.rate or found_rate
    orientation = shown_by(section, header.orientation)
    width, height, pixel_aspect = turned(
        orientation, header.width, header.height, header.pixel_aspect
    )
    colorspace = section.colorspace
    if colorspace == "auto":
        colorspace = named_colorspace(files[0], header)
    _check_alike(files, frames, headers, section, rate)
    timecodes = [one.timecode for one in headers]
    runs = timecode_runs(
        files, timecodes, frames.first, rate, section, rate_is_overruled=rate != found_rate
    )
    return Clip(
        path=path,
        kind="still" if path == files[0] else "sequence",
        frames=frames,
        rate=rate,
        width=width,
        height=height,
        pixel_aspect=section.pixel_aspect or pixel_aspect,
        orientation=orientation,
        colorspace=check_colorspace(colorspace, colors),
        fields=_fields(path, section),
        codec=header.format,
        ignored=header.ignored,
        assumed=_assumed(headers, section),
        timecode=runs.start,
        timecode_jumps=runs.jumps,
        code_range=header.code_range if section.range == "auto" else section.range,
        remarks=runs.remarks + _remarks(header, section),
        live_area=Area(x=0, y=0, width=width, height=height),
    )


def _headers(files: Sequence[str], colors: ColorManagement) -> list[StillHeader]:
    """The headers of all files; JPEG 2000 that is laid out as the first has the first's header."""
    first = read_header(files[0], colors)
    layout = codestream_layout(files[0]) if first.format == "jpeg2000" else b""

    def header(file: str) -> StillHeader:
        # OpenImageIO decodes all pixels of JPEG 2000 to find out their number: 3 s a 2K frame.
        return first if layout and codestream_layout(file) == layout else read_header(file, colors)

    with ThreadPoolExecutor(_HEADER_THREADS) as pool:
        return [first, *pool.map(header, files[1:])]


def shown_by(section: ClipSection, found: int) -> int:
    """The orientation of a clip, 1 to 8: what a person says goes before what its file says."""
    return found if section.orientation == "auto" else orientation_number(section.orientation)


def turned(
    orientation: int, width: int, height: int, pixel_aspect: Fraction
) -> tuple[int, int, Fraction]:
    """Width, height and pixel aspect of the upright picture, from those of the stored raster."""
    if swaps_axes(orientation):
        return height, width, 1 / pixel_aspect
    return width, height, pixel_aspect


def _remarks(header: StillHeader, section: ClipSection) -> tuple[str, ...]:
    unclear = header.range_remark is not None and section.range == "auto"
    return (str(header.range_remark),) if unclear else ()


def _assumed(headers: Sequence[StillHeader], section: ClipSection) -> tuple[str, ...]:
    """The facts that neither the files nor the project file say."""
    header = headers[0]
    spoken = header.format == "openexr" or header.color_tag is not None or bool(header.transfer)
    said = {
        "colorspace": section.colorspace != "auto" or spoken,
        "rate": section.rate is not None or any(one.rate for one in headers),
    }
    return tuple(key for key, is_said in said.items() if not is_said)


def _fields(path: str, section: ClipSection) -> FieldOrder:
    if section.fields in ("auto", "progressive"):
        return "progressive"
    raise MediaError(
        f"{path}: only movies can be deinterlaced; make a movie of it, or leave 'fields' out"
    )


def _check_alike(
    files: Sequence[str],
    frames: FrameRange,
    headers: Sequence[StillHeader],
    section: ClipSection,
    rate: Fraction,
) -> None:
    """
    Raises:
        MediaError: a header says something else than the first.
    """
    expected = _facts(headers[0], section, rate)
    for frame, file, header in zip(frames.frames(), files, headers, strict=True):
        facts = _facts(header, section, rate)
        for key, ours in expected.items():
            if facts[key] != ours:
                known = f"frame {frame} is {facts[key]} and frame {frames.first} is {ours}"
                others = "or set 'first' and 'last' to frames that are alike"
                if not hasattr(section, key):
                    raise MediaError(f"{file}: {known}; convert the files, {others}")
                remedy = f"set '{key}' to what is right for all, {others}"
                raise MissingFactError(f"{file}: {known}; {remedy}", key, known)


def _facts(header: StillHeader, section: ClipSection, rate: Fraction) -> dict[str, str]:
    """What must be the same in all frames, in words: by the key of film.toml that overrules it."""
    facts = {
        "size": f"{header.width} x {header.height} pixels",
        "channels": "grey" if header.is_grey else "of red, green and blue",
        "bits": f"of {header.bits} bits" if header.bits else "of floats",
    }
    overruled = {
        "colorspace": _color_facts(header),
        "rate": f"of {header.rate or rate} frames a second",
        "pixel_aspect": f"of pixels with the aspect {header.pixel_aspect}",
        "orientation": f"turned by '{orientation_word(header.orientation)}'",
        "range": f"of {header.code_range} range",
    }
    unsaid = (None, "auto")
    return facts | {k: word for k, word in overruled.items() if getattr(section, k) in unsaid}


def _color_facts(header: StillHeader) -> str:
    if header.colorspace is not None:
        return f"in '{header.colorspace}'"
    tag = header.color_tag
    return f"tagged as '{tag}'" if tag else "in a colour space that it does not name"
