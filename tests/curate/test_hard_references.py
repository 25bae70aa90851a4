"""Matching on references with missing, repeated and reordered frames, rotation, warp, weave and
mirroring."""

import numpy as np
import pytest

from unfade.curate.matching.frames import match_frames
from unfade.curate.matching.framing import find_framing
from unfade.curate.shots.cuts import find_cuts
from unfade.film.shot import Shot
from unfade.film.time import FrameRange

LENGTH = 30
"""Frames per shot."""


@pytest.fixture(scope="module")
def framing(hard):
    return find_framing(hard.source, hard.reference, find_cuts(hard.source).shots(0), 0)


def _matches(source, reference, frames, framing):
    copies = np.diff(frames, append=len(reference))
    return match_frames(source, reference, frames, copies, find_cuts(source).shots(0), 0, framing)


def _distinct(shown):
    return np.flatnonzero(np.diff(shown, prepend=-2) != 0)


def test_certain_matches_show_the_same_instant(hard, framing):
    matches = _matches(hard.source, hard.reference, _distinct(hard.shown), framing)
    certain = np.flatnonzero(matches.certain)
    assert (hard.shown[matches.reference[certain]] == certain).all()
    per_shot = [matches.certain[start : start + LENGTH].sum() for start in range(0, 120, LENGTH)]
    assert per_shot[1] == 0
    assert min(per_shot[0], per_shot[2], per_shot[3]) >= 8


def test_undetected_repeats_do_not_spoil_the_matches(hard, framing):
    matches = _matches(hard.source, hard.reference, np.arange(len(hard.reference)), framing)
    certain = np.flatnonzero(matches.certain)
    assert len(certain) > 40
    assert (hard.shown[matches.reference[certain]] == certain).mean() >= 0.98


def test_a_mirrored_and_reordered_reference_matches(hard):
    place = int(np.flatnonzero(hard.shown == 3 * LENGTH)[0])
    order = np.r_[place : len(hard.shown), 0:place]
    shown = hard.shown[order]
    reference = np.ascontiguousarray(hard.reference[order][:, :, ::-1])
    framing = find_framing(hard.source, reference, find_cuts(hard.source).shots(0), 0)
    matches = _matches(hard.source, reference, _distinct(shown), framing)
    assert matches.mirrored
    certain = np.flatnonzero(matches.certain)
    assert (shown[matches.reference[certain]] == certain).all()
    assert matches.certain[:LENGTH].sum() >= 8
    assert matches.certain[3 * LENGTH :].sum() >= 8


def test_a_shot_that_the_reference_lacks_has_no_certain_match(hard):
    lacking, frames = hard.source[LENGTH : 2 * LENGTH], np.arange(len(hard.reference))
    framing = find_framing(lacking, hard.reference, find_cuts(lacking).shots(0), 0)
    assert not _matches(lacking, hard.reference, frames, framing).certain.any()


def test_a_still_picture_is_matched_by_any_copy_of_it(hard, framing):
    source, reference = hard.source[:LENGTH].copy(), hard.reference.copy()
    source[10:20] = source[10]
    still = np.flatnonzero(np.isin(hard.shown, range(10, 20)))
    reference[still] = reference[still[0]]
    frames = np.setdiff1d(np.arange(len(reference)), still[1:])
    matches = _matches(source, reference, frames, framing)
    assert matches.certain[11:19].all()
    assert set(matches.reference[11:19].tolist()) <= set(still.tolist())


def test_memory_does_not_grow_with_the_length_of_a_shot(hard, framing, monkeypatch):
    """No more than a section with its context is compared with the reference at once."""
    from unfade.curate.matching import frames as match

    longest = []
    match_section = match._match_section

    def watched(source, reference, still):
        longest.append((len(source), len(reference)))
        return match_section(source, reference, still)

    monkeypatch.setattr(match, "_match_section", watched)
    long = np.concatenate([hard.source[2 * LENGTH : 3 * LENGTH]] * 8)
    shot = Shot(number=1, frames=FrameRange(first=0, last=len(long) - 1))
    every = np.arange(len(hard.reference))
    match_frames(long, hard.reference, every, np.ones_like(every), (shot,), 0, framing)
    assert max(frames for frames, _ in longest) <= 144
    assert max(columns for _, columns in longest) <= len(hard.reference)
