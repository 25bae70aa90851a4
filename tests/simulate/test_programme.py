"""The programme of a DVD of the preset "hard": shots, cadence, missing and repeated frames."""

from itertools import pairwise

from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.simulate.programme import FilmFrame, plan_programme
from unfade.simulate.transfer import TRANSFERS

HARD = TRANSFERS["hard"]
SHOTS = [
    Shot(number=n + 1, frames=FrameRange(first=1001 + 50 * n, last=1050 + 50 * n)) for n in range(8)
]


def programme(transfer=HARD, **changes):
    changed = transfer.model_copy(update=changes)
    return plan_programme(SHOTS, changed, 3, lead_in=10, cut_off=4, added=20)


def test_shots_are_cut_and_added():
    film = programme().film_frames
    assert film[:10] == (FilmFrame(),) * 10
    missing = {shot for shot in range(8) if not any(s.frame == 50 * shot + 20 for s in film)}
    assert len(missing) == 2
    assert [one.added for one in film if one.added is not None] == list(range(20))
    frames = [one.frame for one in film if one.frame is not None]
    assert frames == sorted(frames)
    assert sum(one.added is not None for one in film[40:-40]) > 0


def test_pulldown_makes_five_frames_of_four_and_breaks():
    sound = programme(missing=0.0, repeated=0.0)
    assert 1.2 < len(sound.video_frames) / len(sound.film_frames) < 1.3
    fields = [index for pair in sound.video_frames for index in pair]
    lengths = [fields.count(index) for index in range(len(sound.film_frames))]
    assert set(lengths[:-1]) == {2, 3}
    broken = sum(a == b for a, b in pairwise(lengths))
    assert 0.01 < broken / len(lengths) < 0.1


def test_frames_are_missing_and_repeated():
    sound, faulty = programme(missing=0.0, repeated=0.0).video_frames, programme().video_frames
    repeated = sum(a == b for a, b in pairwise(faulty))
    repeated -= sum(a == b for a, b in pairwise(sound))
    assert 0.01 < repeated / len(sound) < 0.06
    assert 0.02 < (len(sound) + repeated - len(faulty)) / len(sound) < 0.09


def test_a_shifted_dvd_holds_the_next_frame_in_its_bottom_field():
    fair = programme(TRANSFERS["fair"])
    assert all(bottom == top + 1 for top, bottom in fair.video_frames)


def test_reordered_shots_stay_whole():
    film = programme(reordered=True).film_frames
    frames = [one.frame for one in film if one.frame is not None]
    assert frames != sorted(frames)
    steps = [later - earlier for earlier, later in pairwise(frames)]
    assert sum(step != 1 for step in steps) <= 5
