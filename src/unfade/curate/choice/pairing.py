"""From matches, and from what a person fixed, to pairs."""

from collections.abc import Callable

import numpy as np

from unfade.curate.choice.choose import Choice, FrameFacts, PairQuota, choose
from unfade.curate.matching.best_reference import BestMatches, film_detail
from unfade.errors import ProjectError
from unfade.film.clip import Clips
from unfade.film.match import FrameState, MatchRecord, ReferenceMatches
from unfade.film.pair import Pair, PairRole, Rejection
from unfade.film.shot import Shot
from unfade.project.settings import CurateSection, PairSection, Project

DROPPED = "a person dropped it"


def fixed_pairs(
    project: Project,
    clips: Clips,
    shots: tuple[Shot, ...],
    exists: Callable[[str], bool],
) -> list[Pair]:
    """The pairs of [[pair]], as they are.

    Args:
        project: whose [[pair]] entries they are.
        clips: source and references.
        shots: of the source.
        exists: whether a picture file is there.

    Raises:
        ProjectError: a frame or picture is not there.
    """
    pairs = []
    for section in project.pair:
        of = project.reference_of(section)
        _check(section, clips, of, exists)
        pairs.append(
            Pair(
                source=section.source,
                reference=section.reference if isinstance(section.reference, int) else None,
                of=of,
                picture=section.reference if isinstance(section.reference, str) else None,
                shot=shot_of(section.source, shots).number,
                role=section.role,
                kind=section.kind,
                aligned=section.aligned,
                chosen_by="person",
                colorspace=section.colorspace,
                note=section.note,
            )
        )
    return pairs


def _check(
    section: PairSection, clips: Clips, of: str | None, exists: Callable[[str], bool]
) -> None:
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
    assert of is not None
    clip = clips.references[of]
    frames = clip.frames
    if section.reference not in frames:
        raise ProjectError(
            f"{name} names reference frame {section.reference}, outside {clip.path}, "
            f"frames {frames.first} to {frames.last}; change its 'reference'"
        )


def shot_choice(
    shot: Shot,
    clips: Clips,
    look: FrameFacts,
    states: list[FrameState],
    fixed: list[Pair],
    wanted: CurateSection,
) -> Choice:
    """What the machine chooses in a shot beside what a person fixed.

    Args:
        shot: one of the source.
        clips: source and references.
        look: of the source's frames.
        states: of the source's frames.
        fixed: the person's pairs in this shot.
        wanted: how many pairs a shot gets, the person's included.
    """
    first = clips.source.frames.first
    by_person = fixed_choice(fixed, clips)
    order = PairQuota(
        wanted.pairs_per_shot,
        wanted.holdout_per_shot,
        wanted.most_per_shot,
        by_person.train,
        by_person.holdout,
    )
    frames = range(shot.frames.first - first, shot.frames.last + 1 - first)
    return choose(look, states, frames, order)


def fixed_choice(fixed: list[Pair], clips: Clips) -> Choice:
    """What a person fixed, as indices of frames."""
    first = clips.source.frames.first
    return Choice(
        tuple(pair.source - first for pair in fixed if pair.role == "train"),
        tuple(pair.source - first for pair in fixed if pair.role == "holdout"),
    )


def chosen_pairs(shot: Shot, clips: Clips, matches: BestMatches, choice: Choice) -> list[Pair]:
    """The machine's pairs in a shot."""
    return [
        *(_pair(index, shot, clips, matches, "train") for index in choice.train),
        *(_pair(index, shot, clips, matches, "holdout") for index in choice.holdout),
    ]


def alternates(shot: Shot, clips: Clips, matches: BestMatches, choice: Choice) -> list[Pair]:
    """What stands by in a shot: the chosen frames in other references, then other frames."""
    roles: tuple[tuple[PairRole, tuple[int, ...], tuple[int, ...]], ...] = (
        ("train", choice.train, choice.spare_train),
        ("holdout", choice.holdout, choice.spare_holdout),
    )
    found = []
    for role, chosen, spare in roles:
        for index in chosen:
            found += [
                _pair(index, shot, clips, matches, role, name) for name in matches.others(index)
            ]
        found += [_pair(index, shot, clips, matches, role) for index in spare]
    return found


def rejection(
    shot: Shot, clips: Clips, matches: BestMatches, states: list[FrameState]
) -> Rejection | None:
    """The most alike match of a shot that gave no pair, and why it was turned down.

    Returns:
        None where no frame of the shot has a match.
    """
    start = shot.frames.first - clips.source.frames.first
    part = slice(start, start + len(shot.frames))
    if not matches.matched[part].any():
        return None
    similarity = np.where(matches.matched[part], matches.similarity[part], -1.0)
    best = start + int(similarity.argmax())
    return Rejection(
        pair=_pair(best, shot, clips, matches, "train"),
        reason=_why_not(states[best], matches, best),
    )


def _why_not(state: FrameState, matches: BestMatches, index: int) -> str:
    reasons: dict[FrameState, str] = {
        "uncertain": str(matches.doubt[index]),
        "passing": "it lies in a fade, a dissolve, a flash or black",
        "cut": "it lies beside a cut",
        "dropped": DROPPED,
    }
    return reasons[state]


def dropped_pairs(
    dropped: tuple[int, ...], clips: Clips, shots: tuple[Shot, ...], matches: BestMatches
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
        if matches.matched[source - frames.first]:
            pair = _pair(source - frames.first, shot_of(source, shots), clips, matches, "train")
            by_person = pair.model_copy(update={"chosen_by": "person"})
            found.append(Rejection(pair=by_person, reason=DROPPED))
    return found


def match_record(
    clips: Clips, matches: BestMatches, states: list[FrameState], detail: np.ndarray
) -> MatchRecord:
    """What is kept of the matches; `detail` is of (shots, references)."""
    found = {}
    for (name, one), shown in zip(matches.each.items(), film_detail(detail), strict=True):
        first = clips.references[name].frames.first
        found[name] = ReferenceMatches(
            reference=tuple(None if r < 0 else r + first for r in one.reference.tolist()),
            similarity=tuple(round(value, 4) for value in one.similarity.tolist()),
            lag=tuple(round(value, 3) for value in one.lag.tolist()),
            detail=round(float(shown), 3) if shown else None,
        )
    best = [matches.name(k) if known else None for k, known in enumerate(matches.matched)]
    return MatchRecord(
        frames=clips.source.frames, references=found, of=tuple(best), state=tuple(states)
    )


def shot_of(source: int, shots: tuple[Shot, ...]) -> Shot:
    """The shot that a frame of the scan is in."""
    return next(shot for shot in shots if source in shot.frames)


def _pair(
    index: int,
    shot: Shot,
    clips: Clips,
    matches: BestMatches,
    role: PairRole,
    of: str | None = None,
) -> Pair:
    """A frame with its match in a reference, by default the best."""
    name = of or matches.name(index)
    found = matches.each[name]
    return Pair(
        source=index + clips.source.frames.first,
        reference=int(found.reference[index]) + clips.references[name].frames.first,
        of=name,
        shot=shot.number,
        role=role,
        similarity=round(min(1.0, float(found.similarity[index])), 4),
        mirrored=found.mirrored,
    )
