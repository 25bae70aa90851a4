"""Determines the properties of a clip from its files and film.toml."""

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from unfade.errors import MediaError, MissingFactError
from unfade.film.cadence import Cadence
from unfade.film.clip import Area, Clip
from unfade.film.damage import DAMAGE_REMEDY
from unfade.film.file_pattern import FilePattern, check_utf8
from unfade.film.time import (
    MAX_TIMECODE_RATE,
    FrameRange,
    timecode_after,
    timecode_base,
)
from unfade.film.working_space import WORKING_SPACE
from unfade.media.color_management import check_colorspace
from unfade.media.movies.fields import DetectedFields
from unfade.media.movies.survey import MovieSurvey, survey_movie
from unfade.media.movies.tags import MovieTags
from unfade.media.regular_file import check_regular
from unfade.media.stills.clips import (
    chosen_orientation,
    probe_stills,
    upright_geometry,
)
from unfade.media.stills.reader import STILL_SUFFIXES
from unfade.media.stills.sequences import (
    existing_frames,
    frames_of,
    parse_pattern,
    picture_in_folder,
    suggested_path,
)
from unfade.media.stills.timecode import checked_timecode, usable_timecode
from unfade.project.color_config import PINNED, ColorManagement
from unfade.project.settings import ClipSection
from unfade.work.progress import Track, untracked

Surveys = dict[str, MovieSurvey]
"""Results of decoded movies, by path."""


def probe(
    path: str,
    section: ClipSection,
    track: Track = untracked,
    surveys: Surveys | None = None,
    *,
    colors: ColorManagement = PINNED,
    keeps_damaged: bool = False,
) -> Clip:
    """The properties of a clip.

    A movie is decoded completely, because no header states the number of frames reliably.

    Args:
        path: a movie, a still, a sequence pattern such as ``/scan/reel.%06d.dpx`` or
            ``/scan/reel.######.dpx``, or a folder that holds one sequence. Absolute.
        section: of film.toml; its values overrule those of the file.
        track: reports the decoded frames of a movie.
        surveys: results of movies that were decoded before, with a section that overruled no more;
            new ones are added.
        colors: the config that has the colour spaces.
        keeps_damaged: whether frames of a sequence that are missing, or whose headers cannot be
            used, are listed in the clip; otherwise they are an error.

    Returns:
        the clip; its live area is the whole raster.

    Raises:
        MediaError: the clip is missing, damaged or incomplete, or its colour space is unknown.
        ProjectError: there is no such colour space.
    """
    if section.colorspace != "auto":
        check_colorspace(section.colorspace, colors)
    check_utf8(path)
    if os.path.isdir(path):
        path = picture_in_folder(Path(path))
    if os.path.isfile(path):
        is_still = Path(path).suffix.lower() in STILL_SUFFIXES
        if is_still:
            return probe_stills(path, FrameRange(first=0, last=0), {0: path}, section, colors)
        surveys = {} if surveys is None else surveys
        if path not in surveys:
            surveys[path] = survey_movie(path, section, track)
        tags = surveys[path].tags.with_overrides(section)
        return _movie_clip(path, section, replace(surveys[path], tags=tags), colors)
    if os.path.exists(path):
        check_regular(path)
    pattern = parse_pattern(path)
    if pattern is None or not frames_of(pattern):
        other = suggested_path(path)
        remedy = f"{other} is there, name that" if other else "restore the file or correct the path"
        if other or pattern is None:
            raise MediaError(f"{path}: is missing; {remedy}")
    clip = _probe_sequence(pattern, section, colors)
    if clip.damage and not keeps_damaged:
        raise MediaError(clip.damage.message(path, clip.frames, DAMAGE_REMEDY))
    return clip


def _probe_sequence(pattern: FilePattern, section: ClipSection, colors: ColorManagement) -> Clip:
    frames, existing = existing_frames(pattern, section.first, section.last)
    files = {frame: pattern.path(frame) for frame in existing}
    return probe_stills(str(pattern), frames, files, section, colors)


def _movie_clip(
    path: str, section: ClipSection, survey: MovieSurvey, colors: ColorManagement
) -> Clip:
    rate, colorspace = _rate(path, section, survey), _colorspace(path, section, survey)
    frames = _movie_range(path, survey.count, section)
    detected = survey.fields
    fields = detected.fields if section.fields == "auto" else section.fields
    timecode, timecode_remarks = _timecode(path, section, survey, rate, skipped=frames.first)
    remarks = (*survey.remarks, *timecode_remarks)
    video, assumed = survey.tags.video(path, section, survey.width, survey.height)
    if assumed:
        remarks = (*remarks, f"assumed, as its file does not say: {' and '.join(assumed)}")
    orientation = _movie_orientation(path, section, survey.tags)
    width, height, pixel_aspect = upright_geometry(
        orientation, survey.width, survey.height, survey.pixel_aspect
    )
    return Clip(
        path=path,
        kind="movie",
        frames=frames,
        rate=rate,
        width=width,
        height=height,
        pixel_aspect=section.pixel_aspect or pixel_aspect,
        orientation=orientation,
        colorspace=check_colorspace(colorspace, colors),
        fields=fields,
        fields_evidence=_evidence(detected, section),
        cadence=_cadence(detected.weave, frames) if fields == "film" else None,
        video=video,
        code_range="limited" if video is None and section.range == "limited" else "full",
        codec=survey.codec,
        ignored=("alpha",) if survey.has_alpha else (),
        random_access=survey.random_access,
        timecode=timecode,
        remarks=remarks,
        live_area=Area(x=0, y=0, width=width, height=height),
    )


def _rate(path: str, section: ClipSection, survey: MovieSurvey) -> Fraction:
    """
    Raises:
        MissingFactError: neither film.toml nor the file states the frame rate.
    """
    rate = section.rate or survey.rate
    if rate is None:
        raise MissingFactError(
            f"{path}: does not say how fast it runs; name its 'rate'",
            "rate",
            "the file does not say it",
        )
    return rate


def _colorspace(path: str, section: ClipSection, survey: MovieSurvey) -> str:
    """
    Raises:
        MissingFactError: film.toml names no colour space, and the movie is not display-referred.
    """
    if section.colorspace != "auto":
        return section.colorspace
    if not survey.tags.is_display_referred:
        raise MissingFactError(
            f"{path}: is tagged as linear, log, PQ or HLG, which names no colour space; name it as "
            "'colorspace'",
            "colorspace",
            "the file says: linear, log, PQ or HLG",
        )
    return WORKING_SPACE


def _evidence(detected: DetectedFields, section: ClipSection) -> str:
    if section.fields in ("auto", detected.fields):
        return detected.evidence
    return f"as film.toml says; the pictures show {detected.fields}: {detected.evidence}"


def _movie_orientation(path: str, section: ClipSection, tags: MovieTags) -> int:
    """
    Raises:
        MissingFactError: the picture is turned by an angle other than a multiple of 90 degrees.
    """
    if tags.orientation < 0:
        known = "its display matrix turns the picture by an angle other than quarter turns"
        raise MissingFactError(
            f"{path}: {known}; set 'orientation' in film.toml, for example to \"as-stored\"",
            "orientation",
            known,
        )
    return chosen_orientation(section, tags.orientation or 1)


def _cadence(weave: str, frames: FrameRange) -> Cadence:
    return Cadence(weave=weave[frames.first : frames.last + 1], repeats="." * len(frames))


def _timecode(
    path: str, section: ClipSection, survey: MovieSurvey, rate: Fraction, *, skipped: int
) -> tuple[str | None, tuple[str, ...]]:
    """The timecode of the clip's first frame, and remarks on it.

    `skipped` is the number of frames of the movie before the clip's first.

    Raises:
        MediaError: the timecode of film.toml does not exist at the clip's rate.
    """
    if section.timecode == "none" or timecode_base(rate) > MAX_TIMECODE_RATE:
        return None, ()
    if section.timecode != "auto":
        return checked_timecode(path, section.timecode, rate), ()
    if survey.timecode is None:
        return None, ()
    timecode, remark = usable_timecode(
        path, survey.timecode, rate, rate_is_overruled=rate != survey.rate
    )
    start = timecode_after(timecode, skipped, rate) if timecode else None
    return start, (remark,) if remark else ()


def _movie_range(path: str, count: int, section: ClipSection) -> FrameRange:
    first = 0 if section.first is None else section.first
    last = count - 1 if section.last is None else section.last
    if not 0 <= first <= last < count:
        raise MediaError(
            f"{path}: has the frames 0 to {count - 1}, not {first} to {last}; "
            "correct 'first' or 'last'"
        )
    return FrameRange(first=first, last=last)
