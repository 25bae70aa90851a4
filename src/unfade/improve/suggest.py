"""The pairs that a round adds: those that mend outliers, and more for shots that need them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from unfade.curate.choice.choose import ChosenFrames, PairQuota, choose_frames
from unfade.curate.choice.frame_facts import FrameFacts
from unfade.film.improvement import AddedPair
from unfade.film.match import PAIRABLE, FrameState, MatchRecord
from unfade.film.outlier import OutlierRun
from unfade.film.pair import MIN_DISTANCE_FRAMES, Pair
from unfade.film.shot import Shot

PAIRS_A_SHOT = (4, 7, 11)
"""Numbers of training pairs of a shot, round by round. Source: the chroma recovery guide."""

DEMANDING_SHARE = 0.9
"""Held-out error of a shot, as a share of the film's mean, from which it gets more than the first
number of pairs: shots that are better than that gain little."""


@dataclass(frozen=True)
class FilmState:
    """A film between two rounds.

    `pairs` are the admitted pairs, `rejected` the frames that align or a person refused,
    `held_out` is the mean CIEDE2000 of the hold-out pairs of each shot that has any, by number, and
    `outliers` those of the last report. `facts` are measurements of the scan's frames.
    """

    shots: Sequence[Shot]
    pairs: Sequence[Pair]
    rejected: Collection[int]
    matches: MatchRecord
    held_out: Mapping[int, float]
    outliers: Sequence[OutlierRun]
    facts: FrameFacts


def suggest(film: FilmState, settled: Collection[int] = ()) -> list[AddedPair]:
    """The pairs that the next round adds, by frame.

    Args:
        film: the film as it is.
        settled: numbers of shots that further pairs did not help.
    """
    mean = fmean(film.held_out.values()) if film.held_out else 0.0
    states = _open_states(film)
    added: list[AddedPair] = []
    for shot in film.shots:
        if shot.number in settled:
            continue
        mends = _mends(film, shot, states)
        count = sum(pair.role == "train" for pair in film.pairs if pair.shot == shot.number)
        reason = _reason(film, shot, count, mean, is_outlier=bool(mends))
        if reason is not None:
            wanted = next((level for level in PAIRS_A_SHOT if level > count), count)
            few = mends[: wanted - count]
            added += _with_spread(film, shot, states, few, wanted, reason)
    return sorted(added, key=lambda one: one.source)


def _open_states(film: FilmState) -> list[FrameState]:
    """The states of all frames; those that were refused or lie beside a judging pair cannot
    be pairs."""
    first, states = film.matches.frames.first, list(film.matches.state)
    reach = range(1 - MIN_DISTANCE_FRAMES, MIN_DISTANCE_FRAMES)
    near = {pair.source + step for pair in film.pairs if pair.role != "train" for step in reach}
    for frame in near.union(film.rejected):
        if frame in film.matches.frames and states[frame - first] in PAIRABLE:
            states[frame - first] = "dropped"
    return states


def _mends(film: FilmState, shot: Shot, states: Sequence[FrameState]) -> list[AddedPair]:
    """The pairs that would mend the outliers of a shot, the worst first."""
    first = film.matches.frames.first
    mends: dict[int, AddedPair] = {}
    for run in sorted(film.outliers, key=lambda one: -one.score / one.limit):
        source = run.mend.source if run.mend is not None else None
        if source is not None and source in shot.frames and states[source - first] in PAIRABLE:
            why = f"{run.kind}, frames {run.frames_in_words()}"
            mends.setdefault(source, AddedPair(source=source, shot=shot.number, why=why))
    return [*mends.values()]


def _reason(
    film: FilmState, shot: Shot, count: int, mean: float, *, is_outlier: bool
) -> str | None:
    """Why a shot needs more pairs; None if it does not."""
    if count >= PAIRS_A_SHOT[-1]:
        return None
    if count == 0:
        return "the shot has no pair"
    if count < PAIRS_A_SHOT[0]:
        return f"the shot has fewer than {PAIRS_A_SHOT[0]} pairs"
    if is_outlier:
        return "the shot has outliers"
    error = film.held_out.get(shot.number)
    if error is not None and error > DEMANDING_SHARE * mean:
        return f"held-out error {error:.2f} CIEDE2000, the film's mean is {mean:.2f}"
    return None


def _with_spread(
    film: FilmState,
    shot: Shot,
    states: list[FrameState],
    mends: Sequence[AddedPair],
    wanted: int,
    reason: str,
) -> list[AddedPair]:
    """The mends of a shot, and further pairs up to the number wanted, spread over its colours."""
    first = film.matches.frames.first
    own = [pair.source for pair in film.pairs if pair.shot == shot.number and pair.role == "train"]
    known = [frame - first for frame in (*own, *(mend.source for mend in mends))]
    frames = range(shot.frames.first - first, shot.frames.last + 1 - first)
    quota = PairQuota(train=wanted, holdout=0, fixed=ChosenFrames(train=tuple(known)))
    chosen = choose_frames(film.facts, states, frames, quota).train
    room = max(0, wanted - len(known))
    spread = [
        AddedPair(source=index + first, shot=shot.number, why=reason) for index in chosen[:room]
    ]
    return [*mends, *spread]
