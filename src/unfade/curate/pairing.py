"""From matches, and from what a person fixed, to pairs."""

from collections.abc import Callable

import numpy as np

from unfade.curate.choose import Look, Order, choose
from unfade.curate.match import MAX_LAG, Matches
from unfade.errors import ProjectError
from unfade.film.clip import Clips
from unfade.film.pair import Pair, PairRole, Rejection
from unfade.film.project import CurateSection, PairSection
from unfade.film.shot import Shot


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
            shot=next(shot.number for shot in shots if section.source in shot.frames),
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
    shot: Shot, clips: Clips, look: Look, matches: Matches, fixed: list[Pair], wanted: CurateSection
) -> list[Pair]:
    """A shot's pairs in order of time: those that a person fixed, and the machine's beside them.

    Args:
        shot: one of the source.
        clips: source and reference.
        look: of the source's frames.
        matches: of the source's frames.
        fixed: the person's pairs in this shot.
        wanted: how many pairs a shot gets, the person's included.
    """
    first = clips.source.frames.first
    order = Order(
        wanted.pairs_per_shot,
        wanted.holdout_per_shot,
        tuple(pair.source - first for pair in fixed if pair.role == "train"),
        tuple(pair.source - first for pair in fixed if pair.role == "holdout"),
    )
    frames = range(shot.frames.first - first, shot.frames.last + 1 - first)
    choice = choose(look, matches.certain, frames, order)
    machine = [
        *(_pair(index, shot, clips, matches, "train") for index in choice.train),
        *(_pair(index, shot, clips, matches, "holdout") for index in choice.holdout),
    ]
    return sorted([*fixed, *machine], key=lambda pair: pair.source)


def uncertain_pair(shot: Shot, clips: Clips, matches: Matches) -> Rejection | None:
    """The best pair of a shot whose every match is uncertain, and why it was turned down."""
    start = shot.frames.first - clips.source.frames.first
    part = slice(start, start + len(shot.frames))
    if matches.certain[part].any() or not (matches.reference[part] >= 0).any():
        return None
    similarity = np.where(matches.reference[part] >= 0, matches.similarity[part], -1.0)
    best = start + int(similarity.argmax())
    lag = float(matches.lag[best])
    return Rejection(
        pair=_pair(best, shot, clips, matches, "train"),
        reason=f"the moving regions lie {abs(lag):.2f} frames off, above {MAX_LAG} frames",
    )


def _pair(index: int, shot: Shot, clips: Clips, matches: Matches, role: PairRole) -> Pair:
    assert clips.reference is not None
    return Pair(
        source=index + clips.source.frames.first,
        reference=int(matches.reference[index]) + clips.reference.frames.first,
        shot=shot.number,
        role=role,
        similarity=round(min(1.0, float(matches.similarity[index])), 4),
    )
