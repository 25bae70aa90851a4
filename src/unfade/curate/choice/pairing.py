"""Pairs, from the matches and from what a person fixed."""

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from unfade.curate.choice.choose import ChosenFrames, PairQuota, choose_frames
from unfade.curate.choice.frame_facts import FrameFacts
from unfade.curate.matching.best_reference import BestMatches, film_detail
from unfade.errors import ProjectError
from unfade.film.clip import Clip, Clips
from unfade.film.match import FrameState, MatchRecord, ReferenceMatches
from unfade.film.pair import Pair, PairRole, Rejection
from unfade.film.shot import Shot
from unfade.project.settings import CurateSection, PairSection, Project

DROPPED_REASON = "a person dropped it"
"""Reason of a rejection on the list `curate.drop` of film.toml."""


def fixed_pairs(
    project: Project,
    project_file: Path,
    clips: Clips,
    shots: tuple[Shot, ...],
    exists: Callable[[str], bool],
) -> list[Pair]:
    """The pairs of the [[pair]] entries, unchanged.

    Args:
        project: the project with the [[pair]] entries.
        project_file: path of its film.toml.
        clips: source and references.
        shots: shots of the source.
        exists: whether a picture file exists.

    Raises:
        ProjectError: a frame or picture does not exist.
    """
    pairs = []
    for section in project.pair:
        reference_name = project.reference_of(section)
        entry = f"{project_file}: the [[pair]] at source frame {section.source}"
        _check_fixed_pair(entry, section, clips, reference_name, exists)
        pairs.append(
            Pair(
                source=section.source,
                reference=section.reference if isinstance(section.reference, int) else None,
                of=reference_name,
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


def _check_fixed_pair(
    entry: str,
    section: PairSection,
    clips: Clips,
    reference_name: str | None,
    exists: Callable[[str], bool],
) -> None:
    """
    Raises:
        ProjectError: a frame or picture does not exist, or the frame of the scan is damaged; the
            message starts with `entry`.
    """
    frames = clips.source.frames
    if section.source not in frames:
        raise ProjectError(
            f"{entry} is outside {clips.source.path}, frames {frames.first} to {frames.last}; "
            "change its 'source'"
        )
    _check_whole(entry, section.source, clips)
    if isinstance(section.reference, str):
        if not exists(section.reference):
            raise ProjectError(
                f"{entry} names {section.reference}, which is not there; "
                "restore the file or change 'reference'"
            )
        return
    assert reference_name is not None
    clip = clips.references[reference_name]
    frames = clip.frames
    if section.reference not in frames:
        raise ProjectError(
            f"{entry} names reference frame {section.reference}, outside {clip.path}, "
            f"frames {frames.first} to {frames.last}; change its 'reference'"
        )


def _check_whole(entry: str, source: int, clips: Clips) -> None:
    """
    Raises:
        ProjectError: a frame of the scan is damaged; the message starts with `entry`.
    """
    fault = clips.source.damage.fault_of(source)
    if fault is not None:
        raise ProjectError(
            f"{entry}, which is damaged ({fault}) and shows another frame; choose a frame beside it"
        )


def choose_in_shot(
    shot: Shot,
    clips: Clips,
    facts: FrameFacts,
    states: list[FrameState],
    fixed: list[Pair],
    settings: CurateSection,
) -> ChosenFrames:
    """Frames that the machine chooses in a shot, in addition to those that a person fixed.

    Args:
        shot: a shot of the source.
        clips: source and references.
        facts: measurements of the source's frames.
        states: states of the source's frames.
        fixed: the person's pairs in this shot.
        settings: numbers of pairs per shot, including the person's.
    """
    first = clips.source.frames.first
    fixed_indices = fixed_frames(fixed, clips)
    quota = PairQuota(
        settings.pairs_per_shot,
        settings.holdout_per_shot,
        settings.most_per_shot,
        settings.test_per_shot,
        fixed_indices,
        tuple(frame - first for frame in settings.add),
    )
    frames = range(shot.frames.first - first, shot.frames.last + 1 - first)
    return choose_frames(facts, states, frames, quota)


def fixed_frames(fixed: list[Pair], clips: Clips) -> ChosenFrames:
    """The source frames of a person's pairs, as indices."""
    first = clips.source.frames.first
    return ChosenFrames(
        *(
            tuple(pair.source - first for pair in fixed if pair.role == role)
            for role in ("train", "holdout", "test")
        )
    )


def chosen_pairs(
    shot: Shot, clips: Clips, matches: BestMatches, choice: ChosenFrames
) -> list[Pair]:
    """The machine's pairs in a shot."""
    return [
        *(_matched_pair(index, shot, clips, matches, "train") for index in choice.train),
        *(_matched_pair(index, shot, clips, matches, "holdout") for index in choice.holdout),
        *(_matched_pair(index, shot, clips, matches, "test") for index in choice.test),
    ]


def added_pairs(
    project: Project,
    project_file: Path,
    clips: Clips,
    shots: tuple[Shot, ...],
    matches: BestMatches,
    chosen: Collection[Pair],
) -> list[Pair]:
    """The training pairs of the frames on `curate.add`, without those that are chosen anyway.

    Raises:
        ProjectError: no reference shows a frame, or it is damaged.
    """
    frames, taken = clips.source.frames, {pair.source for pair in chosen}
    pairs = []
    for source in sorted({*project.curate.add} - taken):
        entry = f"{project_file}: 'curate.add' names source frame {source}"
        _check_whole(entry, source, clips)
        if not matches.matched[source - frames.first]:
            raise ProjectError(
                f"{entry}, which no reference shows; remove it, or add a [[pair]] with a picture"
            )
        pairs.append(
            _matched_pair(source - frames.first, shot_of(source, shots), clips, matches, "train")
        )
    return pairs


def refuse_added(project: Project, project_file: Path) -> None:
    """Checks a film without references, which has no colour for the frames on `curate.add`.

    Raises:
        ProjectError: there are such frames.
    """
    if project.curate.add:
        raise ProjectError(
            f"{project_file}: 'curate.add' names frames, but there is no [reference] to take their "
            "colour from; add one, or remove 'curate.add'"
        )


def alternate_pairs(
    shot: Shot, clips: Clips, matches: BestMatches, choice: ChosenFrames
) -> list[Pair]:
    """Spare pairs of a shot: the chosen frames with another reference, then the spare frames."""
    roles: tuple[tuple[PairRole, tuple[int, ...], tuple[int, ...]], ...] = (
        ("train", choice.train, choice.spare_train),
        ("holdout", choice.holdout, choice.spare_holdout),
        ("test", choice.test, choice.spare_test),
    )
    alternates = []
    for role, chosen, spare in roles:
        for index in chosen:
            alternates += [
                _matched_pair(index, shot, clips, matches, role, name)
                for name in matches.other_certain_references(index)
            ]
        alternates += [_matched_pair(index, shot, clips, matches, role) for index in spare]
    return alternates


def best_rejection(
    shot: Shot, clips: Clips, matches: BestMatches, states: list[FrameState]
) -> Rejection | None:
    """The most similar match of a shot without a pair, and the reason for its rejection.

    Returns:
        None if no frame of the shot has a match.
    """
    start = shot.frames.first - clips.source.frames.first
    span = slice(start, start + len(shot.frames))
    if not matches.matched[span].any():
        return None
    similarity = np.where(matches.matched[span], matches.similarity[span], -1.0)
    best = start + int(similarity.argmax())
    return Rejection(
        pair=_matched_pair(best, shot, clips, matches, "train"),
        reason=_reason(states[best], matches, best),
    )


def _reason(state: FrameState, matches: BestMatches, index: int) -> str:
    reasons: dict[FrameState, str] = {
        "uncertain": str(matches.doubt[index]),
        "passing": "the frame is in a dissolve, a flash or black, or in a fade beside a cut",
        "cut": "the frame is next to a cut",
        "dropped": DROPPED_REASON,
        "damaged": "the file of the frame is missing or damaged",
    }
    return reasons[state]


def exclude_frames(states: list[FrameState], source: Clip, dropped: Collection[int]) -> None:
    """Marks the frames of the scan that a person dropped, and the damaged ones, in the states of
    all frames."""
    for frame in dropped:
        states[frame - source.frames.first] = "dropped"
    for damaged in source.damage.frames:
        start = damaged.first - source.frames.first
        states[start : start + len(damaged)] = ["damaged"] * len(damaged)


def dropped_pairs(
    dropped: tuple[int, ...],
    clips: Clips,
    shots: tuple[Shot, ...],
    matches: BestMatches,
) -> list[Rejection]:
    """The matches of the frames that a person dropped, as rejections."""
    frames = clips.source.frames
    rejections = []
    for source in sorted({*dropped}):
        if matches.matched[source - frames.first]:
            pair = _matched_pair(
                source - frames.first, shot_of(source, shots), clips, matches, "train"
            )
            by_person = pair.model_copy(update={"chosen_by": "person"})
            rejections.append(Rejection(pair=by_person, reason=DROPPED_REASON))
    return rejections


def match_record(
    clips: Clips, matches: BestMatches, states: list[FrameState], detail: np.ndarray
) -> MatchRecord:
    """The record of all matches; `detail` is (shots, references)."""
    references = {}
    for (name, reference_matches), median_detail in zip(
        matches.by_reference.items(), film_detail(detail), strict=True
    ):
        first = clips.references[name].frames.first
        references[name] = ReferenceMatches(
            reference=tuple(
                None if index < 0 else index + first
                for index in reference_matches.reference.tolist()
            ),
            similarity=tuple(round(value, 4) for value in reference_matches.similarity.tolist()),
            lag=tuple(round(value, 3) for value in reference_matches.lag.tolist()),
            detail=round(float(median_detail), 3) if median_detail else None,
        )
    best_names = [matches.name(k) if known else None for k, known in enumerate(matches.matched)]
    return MatchRecord(
        frames=clips.source.frames, references=references, of=tuple(best_names), state=tuple(states)
    )


def shot_of(source: int, shots: tuple[Shot, ...]) -> Shot:
    """The shot that contains a frame of the scan."""
    return next(shot for shot in shots if source in shot.frames)


def _matched_pair(
    index: int,
    shot: Shot,
    clips: Clips,
    matches: BestMatches,
    role: PairRole,
    reference_name: str | None = None,
) -> Pair:
    """A frame with its match in a reference; without a name, in the best reference."""
    name = reference_name or matches.name(index)
    matches_in_reference = matches.by_reference[name]
    return Pair(
        source=index + clips.source.frames.first,
        reference=int(matches_in_reference.reference[index]) + clips.references[name].frames.first,
        of=name,
        shot=shot.number,
        role=role,
        similarity=round(min(1.0, float(matches_in_reference.similarity[index])), 4),
        mirrored=matches_in_reference.mirrored,
    )
