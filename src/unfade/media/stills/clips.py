"""Determines the properties of stills and sequences; all headers must agree with the first."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

from unfade.errors import MediaError, MissingFactError
from unfade.film.clip import (
    Area,
    AssumedFact,
    Clip,
    FieldOrder,
    orientation_number,
    orientation_word,
)
from unfade.film.damage import Damage, missing_frames
from unfade.film.time import FrameRange
from unfade.geometry.orientation import swaps_axes
from unfade.media.color_management import check_colorspace
from unfade.media.stills.files import codestream_layout, fault_in
from unfade.media.stills.reader import StillHeader, named_colorspace, read_header
from unfade.media.stills.timecode import timecode_runs
from unfade.project.color_config import ColorManagement
from unfade.project.settings import ClipSection

FILM_RATE = Fraction(24)
"""Frames per second of a sequence whose files state no rate: the rate of sound film."""

_HEADER_THREADS = 8
"""Headers read at a time: reading waits mostly for disks and servers."""


def probe_stills(
    path: str,
    frames: FrameRange,
    files: Mapping[int, str],
    section: ClipSection,
    colors: ColorManagement,
) -> Clip:
    """The properties of a still or a sequence.

    Its damage is what the headers show: frames that are missing, that are no pictures, or that have
    another size or other channels than most.

    Args:
        path: of the still, or the pattern of the sequence.
        frames: frame numbers.
        files: path of each frame that exists, ascending.
        section: of film.toml; its values overrule those of the files.
        colors: the config that has the colour spaces.

    Raises:
        MediaError: no file is a picture, most frames are damaged, or no file names its colour
            space; or a header differs from the first in a value that film.toml does not overrule.
    """
    headers, damage = _usable_headers(path, frames, files, colors)
    first, header = next(iter(headers.items()))
    stored_rate = next((header.rate for header in headers.values() if header.rate), FILM_RATE)
    rate = section.rate or stored_rate
    orientation, width, height, pixel_aspect = _upright_raster(section, header)
    colorspace = _chosen_colorspace(files[first], section, header)
    _check_consistent(files, headers, section, rate)
    stored = [headers[frame].timecode if frame in headers else None for frame in frames.frames()]
    paths = [files.get(frame, path) for frame in frames.frames()]
    runs = timecode_runs(
        paths, stored, frames.first, rate, section, damage, rate_is_overruled=rate != stored_rate
    )
    return Clip(
        path=path,
        kind="still" if path == files[first] else "sequence",
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
        assumed=_assumed([*headers.values()], section),
        damage=damage,
        timecode=runs.start,
        timecode_jumps=runs.jumps,
        code_range=header.code_range if section.range == "auto" else section.range,
        remarks=runs.remarks + _remarks(header, section),
        live_area=Area(x=0, y=0, width=width, height=height),
    )


def _usable_headers(
    path: str, frames: FrameRange, files: Mapping[int, str], colors: ColorManagement
) -> tuple[dict[int, StillHeader], Damage]:
    """The headers of the frames that can be used, and the other frames.

    Raises:
        MediaError: no file is a picture, or most frames are damaged.
    """
    damage = Damage(frames=tuple(missing_frames([*files], frames)))
    damage.check_share(path, frames)
    headers, faults = _headers(files, colors)
    rasters = {frame: _raster_facts(header) for frame, header in headers.items()}
    usual = Counter(rasters.values()).most_common(1)[0][0]
    for frame, raster in rasters.items():
        if raster != usual:
            pairs = zip(raster, usual, strict=True)
            own, other = next((own, other) for own, other in pairs if own != other)
            faults[frame] = f"{own} instead of {other}"
    damage = damage.with_faults(faults.items())
    damage.check_share(path, frames)
    return {frame: one for frame, one in headers.items() if frame not in faults}, damage


def _headers(
    files: Mapping[int, str], colors: ColorManagement
) -> tuple[dict[int, StillHeader], dict[int, str]]:
    """The headers of files, and what is wrong with those that have none, by frame. A JPEG 2000 file
    with the layout of the first gets the header of the first.

    Raises:
        MediaError: none has a header; the error is about the first.
    """
    by_layout: dict[bytes, StillHeader] = {}

    def read(file: str) -> StillHeader | MediaError:
        try:
            # OpenImageIO decodes all pixels of JPEG 2000 to find out their number: 3 s a 2K frame.
            known = by_layout.get(codestream_layout(file)) if by_layout else None
            return known or read_header(file, colors)
        except MediaError as error:
            return error

    found: dict[int, StillHeader | MediaError] = {}
    remaining = iter(files.items())
    for frame, file in remaining:
        found[frame] = first = read(file)
        if isinstance(first, StillHeader):
            if first.format == "jpeg2000" and (layout := codestream_layout(file)):
                by_layout[layout] = first
            break
    else:
        raise next(one for one in found.values() if isinstance(one, MediaError))
    others = dict(remaining)
    with ThreadPoolExecutor(_HEADER_THREADS) as pool:
        found |= zip(others, pool.map(read, others.values()), strict=True)
    headers = {frame: one for frame, one in found.items() if isinstance(one, StillHeader)}
    faults = {
        frame: fault_in(one, files[frame])
        for frame, one in found.items()
        if isinstance(one, MediaError)
    }
    return headers, faults


def _chosen_colorspace(file: str, section: ClipSection, header: StillHeader) -> str:
    return named_colorspace(file, header) if section.colorspace == "auto" else section.colorspace


def _upright_raster(section: ClipSection, header: StillHeader) -> tuple[int, int, int, Fraction]:
    """Orientation; width, height and pixel aspect of the upright picture."""
    orientation = chosen_orientation(section, header.orientation)
    return orientation, *upright_geometry(
        orientation, header.width, header.height, header.pixel_aspect
    )


def chosen_orientation(section: ClipSection, stored: int) -> int:
    """The orientation of a clip, 1 to 8: film.toml overrules the file."""
    return stored if section.orientation == "auto" else orientation_number(section.orientation)


def picture_size(path: str, colors: ColorManagement) -> tuple[int, int]:
    """Width and height of a picture file as `read_picture` returns it, in pixels.

    Raises:
        MediaError: the file is missing, or is not a picture.
    """
    header = read_header(path, colors)
    width, height, _ = upright_geometry(
        header.orientation, header.width, header.height, header.pixel_aspect
    )
    return width, height


def upright_geometry(
    orientation: int, width: int, height: int, pixel_aspect: Fraction
) -> tuple[int, int, Fraction]:
    """Width, height and pixel aspect of the upright picture, from those of the stored raster."""
    if swaps_axes(orientation):
        return height, width, 1 / pixel_aspect
    return width, height, pixel_aspect


def _remarks(header: StillHeader, section: ClipSection) -> tuple[str, ...]:
    unclear = header.range_remark is not None and section.range == "auto"
    return (str(header.range_remark),) if unclear else ()


def _assumed(headers: Sequence[StillHeader], section: ClipSection) -> tuple[AssumedFact, ...]:
    """The keys of facts that neither the files nor film.toml state."""
    header = headers[0]
    is_tagged = header.format == "openexr" or header.color_tag is not None or bool(header.transfer)
    is_stated: dict[AssumedFact, bool] = {
        "colorspace": section.colorspace != "auto" or is_tagged,
        "rate": section.rate is not None or any(header.rate for header in headers),
    }
    return tuple(key for key, stated in is_stated.items() if not stated)


def _fields(path: str, section: ClipSection) -> FieldOrder:
    if section.fields in ("auto", "progressive"):
        return "progressive"
    raise MediaError(
        f"{path}: only movies can be deinterlaced; make a movie of it, or leave 'fields' out"
    )


def _check_consistent(
    files: Mapping[int, str],
    headers: Mapping[int, StillHeader],
    section: ClipSection,
    rate: Fraction,
) -> None:
    """
    Raises:
        MediaError: a header differs from the first.
    """
    first, header = next(iter(headers.items()))
    expected = _facts(header, section, rate)
    for frame, header in headers.items():
        facts = _facts(header, section, rate)
        for key, value in expected.items():
            if facts[key] != value:
                known = f"frame {frame} is {facts[key]} and frame {first} is {value}"
                others = "or set 'first' and 'last' to frames that are alike"
                if not hasattr(section, key):
                    raise MediaError(f"{files[frame]}: {known}; convert the files, {others}")
                remedy = f"set '{key}' to what is right for all, {others}"
                raise MissingFactError(f"{files[frame]}: {known}; {remedy}", key, known)


def _raster_facts(header: StillHeader) -> tuple[str, str]:
    """Size and channels, in words: a frame of another raster than most is damaged."""
    channels = "grey" if header.is_grey else "red, green and blue"
    return f"{header.width} x {header.height} pixels", channels


def _facts(header: StillHeader, section: ClipSection, rate: Fraction) -> dict[str, str]:
    """Values that must be equal in all frames, in words: the bits, which cannot be overruled, and
    those that film.toml does not overrule, by its keys."""
    facts = {"bits": f"of {header.bits} bits" if header.bits else "of floats"}
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
