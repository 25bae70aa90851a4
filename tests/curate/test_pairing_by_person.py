from pathlib import Path

import numpy as np
import pytest

from unfade.curate.choice.choose import frame_states
from unfade.curate.choice.frame_facts import measure_frames
from unfade.curate.choice.pairing import (
    best_rejection,
    choose_in_shot,
    chosen_pairs,
    dropped_pairs,
    exclude_frames,
    fixed_pairs,
    match_record,
)
from unfade.curate.matching.best_reference import BestMatches
from unfade.curate.matching.frames import FrameMatches
from unfade.errors import ProjectError
from unfade.film.clip import Clips
from unfade.film.damage import Damage, DamagedFrames
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.project.settings import CurateSection, PairSection, Project

from ..fixtures import make_clip


def _clip(path, first, count):
    return make_clip(path, FrameRange(first=first, last=first + count - 1), 64, 48)


CLIPS = Clips(source=_clip("scan.%06d.dpx", 1001, 60), references={"dvd": _clip("dvd.mkv", 0, 90)})
FILE = Path("reel/film.toml")
SHOTS = (
    Shot(number=1, frames=FrameRange(first=1001, last=1030)),
    Shot(number=2, frames=FrameRange(first=1031, last=1060)),
)


def _fixed(*sections, exists=True):
    fields = {"film": {"title": "Film"}, "source": {"path": "scan.%06d.dpx"}}
    project = Project.model_validate({**fields, "reference": {"path": "dvd.mkv"}, "pair": sections})
    return fixed_pairs(project, FILE, CLIPS, SHOTS, lambda path: exists)


def test_a_fixed_pair_is_taken_unchanged():
    section = PairSection(
        source=1040,
        reference="painted/1040.png",
        kind="constructed",
        role="holdout",
        aligned=True,
        colorspace="ACEScg",
        note="after the lobby card",
    )
    (pair,) = _fixed(section)
    assert pair.model_dump() == {
        "source": 1040,
        "reference": None,
        "of": None,
        "picture": "painted/1040.png",
        "shot": 2,
        "role": "holdout",
        "kind": "constructed",
        "aligned": True,
        "colorspace": "ACEScg",
        "mirrored": False,
        "chosen_by": "person",
        "similarity": None,
        "note": "after the lobby card",
    }


@pytest.mark.parametrize(
    ("section", "exists", "message"),
    [
        (
            PairSection(source=1061, reference=3),
            True,
            r"^reel/film.toml: .* 1061 is outside scan",
        ),
        (PairSection(source=1001, reference=90), True, "reference frame 90, outside dvd.mkv"),
        (PairSection(source=1001, reference="a.png"), False, "source frame 1001 names a.png"),
    ],
)
def test_a_fixed_pair_that_does_not_exist_is_refused(section, exists, message):
    with pytest.raises(ProjectError, match=message):
        _fixed(section, exists=exists)


def _chosen_by_machine(facts, matches, states, fixed, settings):
    choice = choose_in_shot(SHOTS[0], CLIPS, facts, states, fixed, settings)
    return chosen_pairs(SHOTS[0], CLIPS, matches, choice)


def test_a_fixed_pair_replaces_one_of_the_machine(faded_film):
    facts = measure_frames(faded_film.source[:60])
    matches = _matches(12)
    settings = CurateSection()
    states = frame_states(facts, matches.matched, matches.certain, SHOTS, 1001)
    machine = _chosen_by_machine(facts, matches, states, [], settings)
    assert len(machine) == 6
    assert all(pair.reference == pair.source - 1001 + 12 for pair in machine)
    again = next(pair for pair in machine if pair.role == "train").source
    fixed = _fixed(PairSection(source=again, reference=77))
    pairs = _chosen_by_machine(facts, matches, states, fixed, settings)
    assert len(pairs) == 5
    assert again not in {pair.source for pair in pairs}


def _matches(offset=0, doubt=""):
    similarity = np.linspace(0.8, 0.9, 60).astype(np.float32)
    lag = np.zeros(60, np.float32)
    matches = FrameMatches(np.arange(60) + offset, similarity, lag, np.full(60, doubt, object))
    return _in_one_reference(matches)


def _in_one_reference(matches):
    return BestMatches({"dvd": matches}, np.zeros(60, np.int64))


def test_the_best_match_of_a_shot_without_a_pair_is_rejected_with_a_reason():
    rejected = best_rejection(
        SHOTS[0], CLIPS, _matches(doubt="too little motion"), ["uncertain"] * 60
    )
    assert rejected is not None
    assert rejected.pair.source == 1030
    assert rejected.reason == "too little motion"
    rejected = best_rejection(SHOTS[1], CLIPS, _matches(), ["passing"] * 60)
    assert rejected is not None
    assert rejected.pair.source == 1060
    assert "fade" in rejected.reason
    nothing = _in_one_reference(FrameMatches.unmatched(60, mirrored=False))
    assert best_rejection(SHOTS[1], CLIPS, nothing, ["unmatched"] * 60) is None


def test_a_dropped_frame_is_recorded_as_the_persons_decision():
    (rejected,) = dropped_pairs((1007,), CLIPS, SHOTS, _matches())
    assert (rejected.pair.source, rejected.pair.reference, rejected.pair.shot) == (1007, 6, 1)
    assert rejected.pair.chosen_by == "person"


def test_every_frame_is_recorded():
    states = ["unmatched", *["free"] * 59]
    record = match_record(CLIPS, _matches(-1), states, np.full((2, 1), np.nan))
    assert record.references["dvd"].reference[:2] == (None, 0)
    assert record.of[:2] == (None, "dvd")
    assert len(record.state) == len(record.frames) == 60


def test_damaged_frames_are_never_pairs():
    holes = (
        DamagedFrames(first=1005, last=1006, fault="missing"),
        DamagedFrames(first=1060, last=1060, fault="empty"),
    )
    source = CLIPS.source.model_copy(update={"damage": Damage(frames=holes, setting="hold")})
    states = ["free"] * 60
    exclude_frames(states, source, [1007])
    assert [k for k, state in enumerate(states, start=1001) if state == "damaged"] == [
        1005,
        1006,
        1060,
    ]
    assert states[6] == "dropped"
    assert states.count("free") == 56
    fields = {"film": {"title": "Film"}, "source": {"path": "scan.%06d.dpx"}}
    pair = {"source": 1006, "reference": "painted.png"}
    project = Project.model_validate({**fields, "pair": [pair]})
    damaged = Clips(source=source)
    with pytest.raises(ProjectError, match=r"source frame 1006, which is damaged \(missing\)"):
        fixed_pairs(project, FILE, damaged, SHOTS, lambda path: True)
