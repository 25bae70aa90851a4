"""The timeline of a delivery, for programs of editing and grading.

Two tracks hold the original and the recovered film, with one clip for each run of frames of a shot;
clips point at their frames by relative paths. The time of a frame is its timecode; a film without
timecode counts its frames from midnight.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from unfade.deliver.content import DeliveryContent
from unfade.film.clip import Clip
from unfade.film.file_pattern import parse_file_pattern
from unfade.film.outlier import OutlierRun
from unfade.film.rendering import RenderedFrame

MASTERS = "../masters/"
"""Folder of the masters, from that of the timeline."""

ORIGINAL, RECOVERED = "Original", "Recovered"
"""Names of the tracks, the lower one first."""


_NUMBERED = re.compile(r"(.*?)(\d+)(\.[^.]+)")
"""A file name with a number before its suffix."""


@dataclass(frozen=True)
class Run:
    """Consecutive rendered frames of a shot."""

    shot: int
    frames: tuple[RenderedFrame, ...]

    @property
    def first(self) -> int:
        return self.frames[0].frame

    @property
    def last(self) -> int:
        return self.frames[-1].frame


def film_timeline(delivered: DeliveryContent, scan: str) -> otio.schema.Timeline:
    """The timeline of a delivery.

    Args:
        delivered: the content of the bag.
        scan: path of the scan from the folder of the timeline, a movie or a pattern.
    """
    source, parts = delivered.clips.source, list(runs(delivered.rendering.frames))
    timeline = otio.schema.Timeline(
        name=delivered.name, global_start_time=_time(source, parts[0].first)
    )
    original = otio.schema.Track(name=ORIGINAL, kind=otio.schema.TrackKind.Video)
    recovered = otio.schema.Track(name=RECOVERED, kind=otio.schema.TrackKind.Video)
    after = parts[0].first
    for run in parts:
        for track in (original, recovered):
            if run.first > after:
                track.append(otio.schema.Gap(duration=_duration(source, run.first - after)))
        original.append(_original_clip(source, run, scan))
        recovered.append(_recovered_clip(source, run, delivered.report.outliers))
        after = run.last + 1
    timeline.tracks.extend([original, recovered])
    return timeline


def with_named_files(timeline: otio.schema.Timeline) -> otio.schema.Timeline:
    """The timeline with one file for each sequence, ``name.[0001001-0001048].exr``: formats other
    than OpenTimelineIO have no sequences, and DaVinci Resolve names them so."""
    copy = timeline.deepcopy()
    for clip in copy.find_clips():
        reference = clip.media_reference
        if isinstance(reference, otio.schema.ImageSequenceReference):
            clip.media_reference = otio.schema.ExternalReference(
                target_url=reference.target_url_base + clip.name,
                available_range=reference.available_range,
            )
    return copy


def edit_decision_list(timeline: otio.schema.Timeline, track: str) -> str:
    """One track as EDL of CMX 3600; its record times are those of the timeline."""
    copy = with_named_files(timeline)
    chosen = next(one for one in copy.tracks if one.name == track).deepcopy()
    chosen.insert(0, otio.schema.Gap(duration=timeline.global_start_time))
    single = otio.schema.Timeline(name=f"{timeline.name} {track}")
    single.tracks.append(chosen)
    text: str = otio.adapters.write_to_string(
        single, "cmx_3600", rate=timeline.global_start_time.rate
    )
    return text


def has_smpte_rate(timeline: otio.schema.Timeline) -> bool:
    """Whether EDL and XML can be written: their timecode exists at rates of SMPTE ST 12-1 alone."""
    rate = timeline.global_start_time.rate
    return bool(RationalTime.is_smpte_timecode_rate(rate))


def runs(frames: tuple[RenderedFrame, ...]) -> Iterator[Run]:
    """The runs of consecutive frames of each shot, in order."""
    for (shot, _), members in groupby(
        enumerate(frames), key=lambda numbered: (numbered[1].shot, numbered[1].frame - numbered[0])
    ):
        yield Run(shot, tuple(frame for _, frame in members))


def master_pattern(file: str) -> str:
    """The pattern of a sequence of masters, ``name.%07d.exr``, from the name of one of them."""
    named = _NUMBERED.fullmatch(file)
    assert named is not None, "masters have the number of their frame before the suffix"
    prefix, number, suffix = named.groups()
    return f"{prefix}%0{len(number)}d{suffix}"


def _time(source: Clip, frame: int) -> RationalTime:
    """The time of a frame from midnight."""
    return RationalTime(source.frames_from_midnight(frame), float(source.rate))


def _duration(source: Clip, frames: int) -> RationalTime:
    return RationalTime(frames, float(source.rate))


def _range(source: Clip, first: int, last: int) -> TimeRange:
    return TimeRange(_time(source, first), _duration(source, last + 1 - first))


def _original_clip(source: Clip, run: Run, scan: str) -> otio.schema.Clip:
    whole, part = source.frames, _range(source, run.first, run.last)
    pattern = parse_file_pattern(scan) if source.kind == "sequence" else None
    if pattern is None:
        reference = otio.schema.ExternalReference(scan, _range(source, whole.first, whole.last))
        return otio.schema.Clip(scan.rpartition("/")[2], reference, part)
    base, _, prefix = pattern.prefix.rpartition("/")
    reference = _sequence(source, f"{base}/", prefix, pattern.suffix, pattern.width, run)
    return otio.schema.Clip(_name(reference, run), reference, part)


def _recovered_clip(source: Clip, run: Run, outliers: tuple[OutlierRun, ...]) -> otio.schema.Clip:
    """The clip of a run, with markers at its start and at outliers."""
    pattern = parse_file_pattern(master_pattern(run.frames[0].file))
    assert pattern is not None, "the pattern of masters has a place for the number"
    reference = _sequence(source, MASTERS, pattern.prefix, pattern.suffix, pattern.width, run)
    part = _range(source, run.first, run.last)
    clip = otio.schema.Clip(_name(reference, run), reference, part)
    start = TimeRange(part.start_time, _duration(source, 1))
    clip.markers.append(_marker(f"shot {run.shot}", start, otio.schema.MarkerColor.GREEN))
    for one in outliers:
        if run.first <= one.worst <= run.last:
            marked = _range(source, max(one.first, run.first), min(one.last, run.last))
            text = f"{one.kind}, worst at frame {one.worst}: {one.why}"
            clip.markers.append(_marker(text, marked, otio.schema.MarkerColor.RED))
    return clip


def _marker(name: str, marked: TimeRange, color: str) -> otio.schema.Marker:
    return otio.schema.Marker(name=name, marked_range=marked, color=color)


def _sequence(
    source: Clip, base: str, prefix: str, suffix: str, digits: int, run: Run
) -> otio.schema.ImageSequenceReference:
    return otio.schema.ImageSequenceReference(
        target_url_base=base,
        name_prefix=prefix,
        name_suffix=suffix,
        start_frame=run.first,
        frame_step=1,
        rate=float(source.rate),
        frame_zero_padding=digits,
        available_range=_range(source, run.first, run.last),
    )


def _name(reference: otio.schema.ImageSequenceReference, run: Run) -> str:
    """The name of a sequence in DaVinci Resolve."""
    first, last = (f"{n:0{reference.frame_zero_padding}d}" for n in (run.first, run.last))
    return f"{reference.name_prefix}[{first}-{last}]{reference.name_suffix}"
