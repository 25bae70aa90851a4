"""Runs of frames with one kind of outlier, and the pair that would mend each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from unfade.film.alignment import Alignments
from unfade.film.match import PAIRABLE, MatchRecord
from unfade.film.outlier import Mend, OutlierKind
from unfade.validate.outliers.flags import Flag
from unfade.validate.outliers.scores import FrameScores

MENDABLE: frozenset[OutlierKind] = frozenset(
    {"wrong colour", "unseen colour", "hue drift", "flicker", "unstable skin", "bleed", "seam"}
)
"""Kinds that one more pair may mend. Banding, overlays and crops need other settings."""

SHEET_ROWS = 24
"""Largest number of outliers on the sheet: more are a film that needs other settings, not a
review."""

MAX_MEND_DISTANCE_FRAMES = 12
"""Distance in frames from an outlier to a frame that can be a pair instead of it: half a second."""


@dataclass(frozen=True)
class FlaggedRun:
    """Consecutive frames of a shot with one kind of outlier, and the worst flag."""

    shot: int
    frames: tuple[int, ...]
    worst: int
    flag: Flag


def flagged_runs(scores: FrameScores, flags: Sequence[Flag | None]) -> list[FlaggedRun]:
    """The runs, in order of frames."""
    runs = []
    frames = zip(scores.frame.tolist(), scores.shot.tolist(), flags, strict=True)
    flagged = ((frame, shot, flag) for frame, shot, flag in frames if flag is not None)
    numbered = ((index, *one) for index, one in enumerate(flagged))
    for (shot, _, _), members in groupby(
        numbered, key=lambda one: (one[2], one[3].kind, one[1] - one[0])
    ):
        run = list(members)
        _, worst, _, flag = max(run, key=lambda one: one[3].score / one[3].limit)
        runs.append(FlaggedRun(shot, tuple(frame for _, frame, _, _ in run), worst, flag))
    return runs


def most_serious(runs: Sequence[FlaggedRun]) -> list[FlaggedRun]:
    """The `SHEET_ROWS` runs that are farthest above their limits."""
    return sorted(runs, key=lambda run: -run.flag.score / run.flag.limit)[:SHEET_ROWS]


@dataclass(frozen=True)
class MendFacts:
    """What decides which pair can mend an outlier: the matches of all frames, None without a
    reference; the frames that are pairs already or were rejected as such; and those that a person
    dropped."""

    matches: MatchRecord | None
    paired: Collection[int]
    dropped: Collection[int]


def mend_facts(
    matches: MatchRecord | None, alignments: Alignments, dropped: Collection[int]
) -> MendFacts:
    """The facts of a film; `dropped` are the frames that a person dropped."""
    paired = {one.pair.source for one in alignments.admitted}
    return MendFacts(matches, paired | {one.pair.source for one in alignments.rejected}, dropped)


def mend(run: FlaggedRun, facts: MendFacts) -> Mend | None:
    """The pair that would mend a run, at its worst frame or at the nearest that can be a pair."""
    matches = facts.matches
    if matches is None or run.flag.kind not in MENDABLE:
        return None
    candidates = [
        frame
        for frame in range(
            run.worst - MAX_MEND_DISTANCE_FRAMES, run.worst + MAX_MEND_DISTANCE_FRAMES + 1
        )
        if frame in matches.frames
        and (frame in run.frames or abs(frame - run.worst) <= 1)
        and frame not in facts.paired
        and frame not in facts.dropped
        and matches.state[frame - matches.frames.first] in PAIRABLE
    ]
    if not candidates:
        return None
    best = min(candidates, key=lambda frame: abs(frame - run.worst))
    index = best - matches.frames.first
    name = matches.of[index]
    reference = matches.references[name].reference[index] if name is not None else None
    if name is None or reference is None:
        return None
    return Mend(source=best, reference=reference, of=name)
