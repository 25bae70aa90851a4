"""Scenes: runs of shots that share their light and their colours.

Where a story changes place cannot be seen in colours alone, and need not be: what is asked is how
far a pair of one shot teaches the colours of the next. Two shots are alike where their families of
colours are, wherever in the picture these lie; a scene goes on as long as one of the next few shots
is like one before, so that a dialogue, shot and reverse shot, is one scene.

Source: the overlapping links are those of Hanjalic, Lagendijk and Biemond, Automated high-level
movie segmentation for advanced video-retrieval systems, IEEE TCSVT 9(4), 1999.
"""

from collections.abc import Sequence

import numpy as np

from unfade.curate.choose import SPARE, Choice, Look
from unfade.film.project import CurateSection
from unfade.film.shot import Shot

_ALIKE = 0.06
"""Mean distance of the families of two shots, black and white being 1 apart, below which they are
alike. Each of five shots of a street had another within 0.05; those of a cartoon came within 0.07,
and day and night were 0.2 to 0.3 apart."""
_REACH = 4
"""Shots ahead in which a scene may be taken up again."""
_LONGEST = 60
"""Shots of a scene at most: what looks alike for so long is a film of few colours, whose light
still changes from reel to reel."""
_LOOKS = 12
"""Frames of a shot that tell its families."""
_SHARES = np.linspace(0.05, 0.95, 10)
"""Of the picture, from its darkest or least coloured parts to the others."""


def scene_numbers(look: Look, shots: tuple[Shot, ...], first: int) -> tuple[int, ...]:
    """The number of the scene of each shot, from 1.

    Args:
        look: of the film's frames.
        shots: that share them out.
        first: the number of the film's first frame.
    """
    families = np.stack([_families(look, shot, first) for shot in shots])
    numbers: list[int] = []
    start = end = 0
    for place in range(len(shots)):
        if place > end or place - start == _LONGEST:
            start = end = place
        numbers.append(numbers[-1] + (place == start) if numbers else 1)
        ahead = families[place : place + _REACH + 1]
        alike = np.flatnonzero(np.abs(ahead - families[place]).mean(axis=(1, 2)) < _ALIKE)
        end = max(end, place + int(alike[-1]))
    return tuple(numbers)


def share_out(
    choices: Sequence[Choice], fixed: Choice, look: Look, wanted: CurateSection
) -> list[Choice]:
    """The choices of a scene's shots, no more of them than a scene needs.

    Every shot gives its first choice before any gives its second, and among those of one rank the
    one that is least like what is taken goes first. What is left out stands by.

    Args:
        choices: of the shots, in order.
        fixed: what a person fixed in them; it counts.
        look: of the film's frames.
        wanted: `most_per_scene` is how many are learned from; hold-outs are in proportion.
    """
    most = wanted.most_per_scene
    held = -(-most * wanted.holdout_per_shot // wanted.pairs_per_shot)
    train = _shared([one.train for one in choices], most, fixed.train, look)
    holdout = _shared([one.holdout for one in choices], held, fixed.holdout, look)
    return [
        Choice(
            learned,
            kept,
            _standing_by(one.train, learned, one.spare_train),
            _standing_by(one.holdout, kept, one.spare_holdout),
        )
        for one, learned, kept in zip(choices, train, holdout, strict=True)
    ]


def _standing_by(
    chosen: tuple[int, ...], kept: tuple[int, ...], spare: tuple[int, ...]
) -> tuple[int, ...]:
    """What stands by in a shot; nothing where the shot has nothing that could fail."""
    return (*chosen[len(kept) :], *spare)[:SPARE] if kept else ()


def _shared(
    ranked: list[tuple[int, ...]], most: int, fixed: tuple[int, ...], look: Look
) -> list[tuple[int, ...]]:
    """Of each shot its first few frames, `most` with the fixed ones."""
    count = sum(len(row) for row in ranked)
    if count + len(fixed) <= most:
        return ranked
    cells = look.cells / np.sqrt(look.cells.shape[1])
    kept = [0] * len(ranked)
    taken = list(fixed)
    while len(taken) < most and sum(kept) < count:
        rank = min(have for row, have in zip(ranked, kept, strict=True) if have < len(row))
        waiting = [k for k, row in enumerate(ranked) if kept[k] == rank < len(row)]
        best = waiting[len(waiting) // 2]
        if taken:
            frames = cells[[ranked[k][rank] for k in waiting]]
            apart = np.linalg.norm(frames[:, None] - cells[taken], axis=2)
            best = waiting[int(apart.min(axis=1).argmax())]
        taken.append(ranked[best][rank])
        kept[best] += 1
    return [row[:have] for row, have in zip(ranked, kept, strict=True)]


def _families(look: Look, shot: Shot, first: int) -> np.ndarray:
    """How light and the two opponent colours of a shot are distributed, (10, 3)."""
    start = shot.frames.first - first
    frames = np.unique(np.linspace(start, start + len(shot.frames) - 1, _LOOKS).round().astype(int))
    sound = frames[look.sound[frames]]
    red, green, blue = look.cells[sound if len(sound) else frames].reshape(-1, 3).T
    seen = np.stack([(red + green + blue) / 3, red - green, green - blue])
    return np.asarray(np.quantile(seen, _SHARES, axis=1))
