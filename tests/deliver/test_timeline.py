"""The timeline of a delivery: clips point at frames; rates and timecodes are exact, everywhere."""

from fractions import Fraction
from typing import Any

import opentimelineio as otio
import pytest
from opentimelineio.opentime import RationalTime, TimeRange, to_timecode

from unfade.deliver.content import DeliveryContent
from unfade.deliver.timeline import (
    MASTERS,
    ORIGINAL,
    RECOVERED,
    edit_decision_list,
    film_timeline,
    has_smpte_rate,
    with_named_files,
)
from unfade.film.alignment import Alignments
from unfade.film.approval import Approvals
from unfade.film.bookmark import Bookmarks
from unfade.film.clip import Area, Clip, Clips
from unfade.film.dismissal import Dismissals
from unfade.film.naming import master_name
from unfade.film.pair import PairList
from unfade.film.report import Report
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.project.settings import Project

from ..fixtures import make_clip, make_model, make_outlier, make_rendered_frame, make_rendering

SCAN = "../../../../scan/reel.%06d.dpx"
NTSC_FILM = Fraction(24_000, 1001)
OUTLIER = make_outlier(shot=2, first=1012, last=1014, worst=1013)


def delivered(missing: tuple[int, ...] = (), **facts: Any) -> DeliveryContent:
    """Twenty frames from 1001 in two shots, of which some are not rendered."""
    frames = FrameRange(first=1001, last=1020)
    defaults = {"rate": NTSC_FILM, "timecode": "01:00:00:00"}
    clip: Clip = make_clip("scan/reel.%06d.dpx", frames, 64, 48, **(defaults | facts))
    shots = [
        Shot(number=1, frames=FrameRange(first=1001, last=1010)),
        Shot(number=2, frames=FrameRange(first=1011, last=1020)),
    ]
    rendered = [
        make_rendered_frame(
            number, shot=shot.number, file=master_name("Reel", shot, 1, "0" * 12, number)
        )
        for shot in shots
        for number in shot.frames.frames()
        if number not in missing
    ]
    fields = {"film": {"title": "Reel"}, "source": {"path": "scan/reel.%06d.dpx"}}
    return DeliveryContent(
        project=Project.model_validate({**fields, "pair": [{"source": 1, "reference": "a.png"}]}),
        clips=Clips(source=clip),
        pair_list=PairList(shots=tuple(shots), pairs=()),
        alignments=Alignments(crop=Area(x=0, y=0, width=64, height=48), admitted=()),
        model=make_model(id="0" * 12),
        rendering=make_rendering(rendered),
        report=Report(verdict="accept", measures=(), outliers=(OUTLIER,)),
        approvals=Approvals(),
        dismissals=Dismissals(),
        bookmarks=Bookmarks(),
        date="2001-02-03",
        software="Unfade",
    )


def loaded(timeline: otio.schema.Timeline) -> otio.schema.Timeline:
    """A timeline as another program reads it."""
    text = otio.adapters.write_to_string(timeline, "otio_json")
    return otio.adapters.read_from_string(text, "otio_json")


def track(timeline: otio.schema.Timeline, name: str) -> otio.schema.Track:
    return next(one for one in timeline.tracks if one.name == name)


def test_each_frame_of_the_timeline_is_that_of_the_scan_and_its_master() -> None:
    content = delivered()
    timeline = loaded(film_timeline(content, SCAN))
    for rendered in content.rendering.frames:
        at = RationalTime(rendered.frame - 1001, float(NTSC_FILM))
        for name, expected in (
            (ORIGINAL, f"../../../../scan/reel.{rendered.frame:06d}.dpx"),
            (RECOVERED, f"{MASTERS}{rendered.file}"),
        ):
            layer = track(timeline, name)
            clip = layer.child_at_time(at)
            reference = clip.media_reference
            time = layer.transformed_time(at, clip)
            number = reference.frame_for_time(time) - reference.start_frame
            assert reference.target_url_for_image_number(number) == expected
            assert to_timecode(time, reference.rate) == f"01:00:00:{rendered.frame - 1001:02d}"


def test_rate_and_start_are_exact() -> None:
    timeline = loaded(film_timeline(delivered(), SCAN))
    assert timeline.global_start_time == RationalTime(86_400, float(NTSC_FILM))
    assert timeline.duration() == RationalTime(20, float(NTSC_FILM))
    assert timeline.name == "reel-v001"


def test_markers_show_starts_of_shots_and_outliers() -> None:
    first, second = track(loaded(film_timeline(delivered(), SCAN)), RECOVERED)
    assert [marker.name for marker in first.markers] == ["shot 1"]
    assert [marker.name for marker in second.markers] == [
        "shot 2",
        "wrong colour, worst at frame 1013: The colour is far off.",
    ]
    rate = float(NTSC_FILM)
    expected = TimeRange(RationalTime(86_400 + 11, rate), RationalTime(3, rate))
    assert second.markers[1].marked_range == expected


def test_frames_that_are_not_rendered_leave_a_gap() -> None:
    timeline = loaded(film_timeline(delivered(missing=(1004, 1005)), SCAN))
    for layer in timeline.tracks:
        kinds = [type(item).__name__ for item in layer]
        assert kinds == ["Clip", "Gap", "Clip", "Clip"]
        assert layer[1].duration().value == 2
        assert layer.trimmed_range_of_child(layer[2]).start_time.value == 5


def test_sequences_have_their_names_in_resolve() -> None:
    named = with_named_files(film_timeline(delivered(), SCAN))
    assert [clip.media_reference.target_url for clip in named.find_clips()] == [
        "../../../../scan/reel.[001001-001010].dpx",
        "../../../../scan/reel.[001011-001020].dpx",
        f"{MASTERS}reel_s001_v001_{'0' * 12}.[0001001-0001010].exr",
        f"{MASTERS}reel_s002_v001_{'0' * 12}.[0001011-0001020].exr",
    ]


def test_xml_and_edl_read_back_as_the_same_clips_at_the_same_times() -> None:
    timeline = film_timeline(delivered(missing=(1004, 1005)), SCAN)
    named = with_named_files(timeline)
    xml = otio.adapters.write_to_string(named, "fcp_xml")
    from_xml = otio.adapters.read_from_string(xml, "fcp_xml")
    facts = [(c.name, c.source_range, c.media_reference.target_url) for c in named.find_clips()]
    assert [
        (c.name, c.source_range, c.media_reference.target_url) for c in from_xml.find_clips()
    ] == facts
    for name in (ORIGINAL, RECOVERED):
        edl = edit_decision_list(timeline, name)
        assert "01:00:00:05 01:00:00:10 01:00:00:05 01:00:00:10" in edl
        from_edl = otio.adapters.read_from_string(edl, "cmx_3600", rate=float(NTSC_FILM))
        clips = list(track(named, name).find_clips())
        assert [(c.name, c.source_range) for c in from_edl.find_clips()] == [
            (c.name, c.source_range) for c in clips
        ]


def test_a_movie_is_one_file_with_its_whole_range() -> None:
    timeline = loaded(film_timeline(delivered(kind="movie"), "../../../../reel 1.mov"))
    first, second = track(timeline, ORIGINAL)
    for clip in (first, second):
        assert clip.media_reference.target_url == "../../../../reel 1.mov"
        assert clip.media_reference.available_range.duration.value == 20
    assert second.source_range.start_time.value == 86_410


@pytest.mark.parametrize(
    ("rate", "timecode", "has"),
    [(Fraction(16), None, False), (Fraction(25), None, True), (Fraction(18), "00:00:01:00", False)],
)
def test_an_edl_needs_a_rate_of_smpte(rate: Fraction, timecode: str | None, has: bool) -> None:
    timeline = film_timeline(delivered(rate=rate, timecode=timecode), SCAN)
    assert timeline.global_start_time.value == (1001 if timecode is None else rate)
    assert has_smpte_rate(timeline) is has


def test_drop_frame_timecode_counts_real_frames() -> None:
    rate = Fraction(30_000, 1001)
    timeline = film_timeline(delivered(rate=rate, timecode="00:10:00;00"), SCAN)
    assert timeline.global_start_time.value == 17_982
    assert to_timecode(timeline.global_start_time, float(rate)) == "00:10:00;00"
