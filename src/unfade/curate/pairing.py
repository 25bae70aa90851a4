"""From matches, and from what a person fixed, to pairs."""

from collections.abc import Callable

import numpy as np

from unfade.curate.choose import Look, Order, choose
from unfade.curate.match import Matches
from unfade.errors import ProjectError
from unfade.film.clip import Clips
from unfade.film.match import FrameState, MatchRecord
from unfade.film.pair import Pair, PairRole, Rejection
from unfade.film.project import CurateSection, PairSection
from unfade.film.shot import Shot

DROPPED = "a person dropped it"


def fixed_pairs(
    sections: tuple[PairSection, ...],
    clips: Clips,
    shots: tuple[Shot, ...],
    exists: Callable[[str], bool],
) -> list[Pair]:
    """The pairs of [[pair]], as they are.

    Args:
        sections: of the project file.
        clips: source and reference.
        shots: of the source.
        exists: whether a picture file is there.

    Raises:
        ProjectError: a frame or picture is not there, or two entries name one source frame.
    """
    pairs: dict[int, Pair] = {}
    for section in sections:
        _check(section, clips, exists)
        if section.source in pairs:
            raise ProjectError(
                f"film.toml: two [[pair]] entries name source frame {section.source}; remove one"
            )
        pairs[section.source] = Pair(
            source=section.source,
            reference=section.reference if isinstance(section.reference, int) else None,
            picture=section.reference if isinstance(section.reference, str) else None,
            shot=shot_of(section.source, shots).number,
            role=section.role,
            kind=section.kind,
            aligned=section.aligned,
            chosen_by="person",
            note=section.note,
        )
    return list(pairs.values())


def _check(section: PairSection, clips: Clips, exists: Callable[[str], bool]) -> None:
    name = f"film.toml: the [[pair]] at source frame {section.source}"
    frames = clips.source.frames
    if section.source not in frames:
        raise ProjectError(
            f"{name} is outside {clips.source.path}, frames {frames.first} to {frames.last}; "
            "change its 'source'"
        )
    if isinstance(section.reference, str):
        if not exists(section.reference):
            raise ProjectError(
                f"{name} names {section.reference}, which is not there; "
                "restore the file or change 'reference'"
            )
        return
    if clips.reference is None:
        raise ProjectError(f"{name} names a reference frame, but there is no [reference]; add one")
    frames = clips.reference.frames
    if section.reference not in frames:
        raise ProjectError(
            f"{name} names reference frame {section.reference}, outside {clips.reference.path}, "
            f"frames {frames.first} to {frames.last}; change its 'reference'"
        )


def shot_pairs(
    shot: Shot,
    clips: Clips,
    look: Look,
    matches: Matches,
    states: list[FrameState],
    fixed: list[Pair],
    wanted: CurateSection,
) -> list[Pair]:
    """A shot's pairs in order of time: those that a person fixed, and the machine's beside them.

    Args:
        shot: one of the source.
        clips: source and reference.
        look: of the source's frames.
        matches: of the source's frames.
        states: of the source's frames.
        fixed: the person's pairs in this shot.
        wanted: how many pairs a shot gets, the person's included.
    """
    first = clips.source.frames.first
    order = Order(
        wanted.pairs_per_shot,
        wanted.holdout_per_shot,
        wanted.most_per_shot,
        tuple(pair.source - first for pair in fixed if pair.role == "train"),
        tuple(pair.source - first for pair in fixed if pair.role == "holdout"),
    )
    frames = range(shot.frames.first - first, shot.frames.last + 1 - first)
    choice = choose(look, states, frames, order)
    machine = [
        *(_pair(index, shot, clips, matches, "train") for index in choice.train),
        *(_pair(index, shot, clips, matches, "holdout") for index in choice.holdout),
    ]
    return sorted([*fixed, *machine], key=lambda pair: pair.source)


def rejection(
    shot: Shot, clips: Clips, matches: Matches, states: list[FrameState]
) -> Rejection | None:
    """The most alike match of a shot that gave no pair, and why it was turned down.

    Returns:
        None where no frame of the shot has a match.
    """
    start = shot.frames.first - clips.source.frames.first
    part = slice(start, start + len(shot.frames))
    if not (matches.reference[part] >= 0).any():
        return None
    similarity = np.where(matches.reference[part] >= 0, matches.similarity[part], -1.0)
    best = start + int(similarity.argmax())
    return Rejection(
        pair=_pair(best, shot, clips, matches, "train"),
        reason=_why_not(states[best], matches, best),
    )


def _why_not(state: FrameState, matches: Matches, index: int) -> str:
    reasons: dict[FrameState, str] = {
        "uncertain": str(matches.doubt[index]),
        "passing": "it lies in a fade, a dissolve, a flash or black",
        "cut": "it lies beside a cut",
        "dropped": DROPPED,
    }
    return reasons[state]


def dropped_pairs(
    dropped: tuple[int, ...], clips: Clips, shots: tuple[Shot, ...], matches: Matches
) -> list[Rejection]:
    """The matches of the frames that a person dropped.

    Raises:
        ProjectError: one is not of the scan.
    """
    frames = clips.source.frames
    for source in dropped:
        if source not in frames:
            raise ProjectError(
                f"film.toml: 'curate.drop' names source frame {source}, outside "
                f"{clips.source.path}, frames {frames.first} to {frames.last}; take it out"
            )
    found = []
    for source in sorted({*dropped}):
        if matches.reference[source - frames.first] >= 0:
            pair = _pair(source - frames.first, shot_of(source, shots), clips, matches, "train")
            by_person = pair.model_copy(update={"chosen_by": "person"})
            found.append(Rejection(pair=by_person, reason=DROPPED))
    return found


def match_record(clips: Clips, matches: Matches, states: list[FrameState]) -> MatchRecord:
    """What is kept of the matches."""
    assert clips.reference is not None
    first = clips.reference.frames.first
    return MatchRecord(
        frames=clips.source.frames,
        reference=tuple(None if r < 0 else r + first for r in matches.reference.tolist()),
        similarity=tuple(round(value, 4) for value in matches.similarity.tolist()),
        lag=tuple(round(value, 3) for value in matches.lag.tolist()),
        state=tuple(states),
    )


def shot_of(source: int, shots: tuple[Shot, ...]) -> Shot:
    """The shot that a frame of the scan is in."""
    return next(shot for shot in shots if source in shot.frames)


def _pair(index: int, shot: Shot, clips: Clips, matches: Matches, role: PairRole) -> Pair:
    assert clips.reference is not None
    return Pair(
        source=index + clips.source.frames.first,
        reference=int(matches.reference[index]) + clips.reference.frames.first,
        shot=shot.number,
        role=role,
        similarity=round(min(1.0, float(matches.similarity[index])), 4),
        mirrored=matches.mirrored,
    )
