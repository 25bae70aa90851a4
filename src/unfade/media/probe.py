"""Finding out what a clip is."""

import os
from fractions import Fraction
from pathlib import Path

from unfade.errors import MediaError
from unfade.film.cadence import Cadence
from unfade.film.clip import Area, Clip, FieldOrder, orientation_number
from unfade.film.file_pattern import FilePattern
from unfade.film.project import WORKING_SPACE, ClipSection
from unfade.film.time import (
    GREATEST_TIMECODE_RATE,
    FrameRange,
    timecode_after,
    timecode_base,
)
from unfade.film.work import Track, untracked
from unfade.geometry.orientation import swaps_axes
from unfade.media.color_management import check_colorspace
from unfade.media.movie_survey import survey_movie
from unfade.media.sequences import (
    check_utf8,
    existing_range,
    meant_instead,
    parse_pattern,
    picture_in_folder,
)
from unfade.media.stills import STILL_SUFFIXES, named_colorspace, read_header

FILM_RATE = Fraction(24)
"""Frames a second of a sequence whose files do not tell: that of sound film."""


def probe(path: str, section: ClipSection, track: Track = untracked) -> Clip:
    """Finds out what a clip is.

    A movie is decoded whole, because no header can be trusted with the number of frames.

    Args:
        path: a movie, a still, a sequence pattern such as ``/scan/reel.%06d.dpx`` or
            ``/scan/reel.######.dpx``, or a folder that holds one sequence. Absolute.
        section: what the project file says of it; it goes before what the file says.
        track: is told of the frames of a movie.

    Returns:
        the clip; its live area is the whole raster.

    Raises:
        MediaError: it is missing, damaged, incomplete, or does not name its colour space.
        ProjectError: there is no such colour space.
    """
    if section.colorspace != "auto":
        check_colorspace(section.colorspace)
    check_utf8(path)
    if os.path.isdir(path):
        path = picture_in_folder(Path(path))
    if os.path.isfile(path):
        is_still = Path(path).suffix.lower() in STILL_SUFFIXES
        return _probe_still(path, section) if is_still else _probe_movie(path, section, track)
    pattern = parse_pattern(path)
    if pattern is None:
        meant = meant_instead(path)
        remedy = f"{meant} is there, name that" if meant else "restore the file or correct the path"
        raise MediaError(f"{path}: is missing; {remedy}")
    return _probe_sequence(pattern, section)


def _probe_sequence(pattern: FilePattern, section: ClipSection) -> Clip:
    frames = existing_range(pattern, section.first, section.last)
    return _clip_of_stills(str(pattern), pattern.path(frames.first), frames, section)


def _probe_still(path: str, section: ClipSection) -> Clip:
    return _clip_of_stills(path, path, FrameRange(first=0, last=0), section)


def _clip_of_stills(path: str, first_path: str, frames: FrameRange, section: ClipSection) -> Clip:
    header = read_header(first_path)
    colorspace = section.colorspace
    rate = section.rate or header.rate or FILM_RATE
    orientation = shown_by(section, header.orientation)
    width, height, pixel_aspect = turned(
        orientation, header.width, header.height, header.pixel_aspect
    )
    if colorspace == "auto":
        colorspace = named_colorspace(first_path, header)
    return Clip(
        path=path,
        kind="still" if path == first_path else "sequence",
        frames=frames,
        rate=rate,
        width=width,
        height=height,
        pixel_aspect=section.pixel_aspect or pixel_aspect,
        orientation=orientation,
        colorspace=check_colorspace(colorspace),
        fields=_still_fields(path, section),
        codec=header.format,
        ignored=header.ignored,
        timecode=_timecode(path, section, header.timecode, rate, skipped=0),
        live_area=Area(x=0, y=0, width=width, height=height),
    )


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


def _still_fields(path: str, section: ClipSection) -> FieldOrder:
    if section.fields in ("auto", "progressive"):
        return "progressive"
    raise MediaError(
        f"{path}: only movies can be deinterlaced; make a movie of it, or leave 'fields' out"
    )


def _probe_movie(path: str, section: ClipSection, track: Track) -> Clip:
    survey = survey_movie(path, track)
    rate = section.rate or survey.rate
    if rate is None:
        raise MediaError(f"{path}: does not say how fast it runs; name its 'rate'")
    colorspace = section.colorspace
    if colorspace == "auto":
        if not survey.is_display_referred:
            raise MediaError(
                f"{path}: is not for an ordinary display; name its colour space as 'colorspace'"
            )
        colorspace = WORKING_SPACE
    frames = _movie_range(path, survey.count, section)
    fields = survey.fields if section.fields == "auto" else section.fields
    return Clip(
        path=path,
        kind="movie",
        frames=frames,
        rate=rate,
        width=survey.width,
        height=survey.height,
        pixel_aspect=section.pixel_aspect or survey.pixel_aspect,
        colorspace=check_colorspace(colorspace),
        fields=fields,
        cadence=_cadence(survey.weave, frames) if fields == "film" else None,
        video=survey.video,
        codec=survey.codec,
        ignored=("alpha",) if survey.has_alpha else (),
        random_access=survey.random_access,
        timecode=_timecode(path, section, survey.timecode, rate, skipped=frames.first),
        live_area=Area(x=0, y=0, width=survey.width, height=survey.height),
    )


def _cadence(weave: str, frames: FrameRange) -> Cadence:
    return Cadence(weave=weave[frames.first : frames.last + 1], repeats="." * len(frames))


def _timecode(
    path: str, section: ClipSection, found: str | None, rate: Fraction, skipped: int
) -> str | None:
    """The timecode of a clip's first frame, `skipped` frames after the one that the file tells.

    Raises:
        MediaError: it does not exist at the clip's rate.
    """
    asked = section.timecode
    start = found if asked == "auto" else None if asked == "none" else asked
    if start is None or timecode_base(rate) > GREATEST_TIMECODE_RATE:
        return None
    try:
        return timecode_after(start, skipped if asked == "auto" else 0, rate)
    except ValueError as error:
        raise MediaError(
            f"{path}: its first timecode is {start}, but {error}; correct 'rate', or set "
            "'timecode' to the right one or to 'none'"
        ) from error


def _movie_range(path: str, count: int, section: ClipSection) -> FrameRange:
    first = 0 if section.first is None else section.first
    last = count - 1 if section.last is None else section.last
    if not 0 <= first <= last < count:
        raise MediaError(
            f"{path}: has the frames 0 to {count - 1}, not {first} to {last}; "
            "correct 'first' or 'last'"
        )
    return FrameRange(first=first, last=last)
