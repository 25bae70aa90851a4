"""Scenes: runs of shots that go back to the same few set-ups, and the pairs that they share.

Where a story changes place cannot be seen in colours alone, and need not be: what is asked is
whether a pair of one shot teaches the colours of another. Two shots are alike where their families
of light and colour are, wherever in the picture these lie; a scene goes on as long as one of the
next few shots is like one before, so that a dialogue, shot and reverse shot, is one scene.

Source: the overlapping links are those of Hanjalic, Lagendijk and Biemond, Automated high-level
movie segmentation for advanced video-retrieval systems, IEEE TCSVT 9(4), 1999.
"""

from collections.abc import Sequence

import numpy as np

from unfade.curate.choice.choose import SPARE, Choice, FrameFacts
from unfade.film.shot import Shot
from unfade.project.settings import CurateSection

_ALIKE = 0.03
"""Mean distance of the families of two shots, black and white being 1 apart, below which they are
alike: that of the two halves of a shot. Shots of one street were 0.02 to 0.09 apart, and one that
was 0.055 from another was no good teacher for it."""
_REACH = 4
"""Shots ahead in which a scene may be taken up again."""
_LONGEST = 60
"""Shots of a scene at most: what looks alike for so long is a film of few colours, whose light
still changes from reel to reel."""
_LOOKS = 12
"""Frames of a shot that tell its families."""
_SHARES = np.linspace(0.05, 0.95, 10)
"""Of the picture, from its darkest or least coloured parts to the others."""


def shot_families(look: FrameFacts, shots: tuple[Shot, ...], first: int) -> np.ndarray:
    """How light and the two opponent colours of each shot are distributed, (shots, 10, 3).

    Args:
        look: of the film's frames.
        shots: that share them out.
        first: the number of the film's first frame.
    """
    return np.stack([_families(look, shot, first) for shot in shots])


def scene_numbers(families: np.ndarray) -> tuple[int, ...]:
    """The number of the scene of each shot, from 1, by the families of all shots."""
    numbers: list[int] = []
    start = end = 0
    for place in range(len(families)):
        if place > end or place - start == _LONGEST:
            start = end = place
        numbers.append(numbers[-1] + (place == start) if numbers else 1)
        ahead = np.flatnonzero(_alike(families[place], families[place : place + _REACH + 1]))
        end = max(end, place + int(ahead[-1]))
    return tuple(numbers)


def share_out(
    choices: Sequence[Choice],
    families: np.ndarray,
    fixed: Choice,
    look: FrameFacts,
    wanted: CurateSection,
) -> list[Choice]:
    """The choices of a scene's shots, no more of them than the scene needs.

    A shot keeps its first choice, unless a shot like it keeps one. Then every shot gives its first
    before any gives its second, up to what is wanted; among those of one rank the frame that is
    least like what is taken goes first. What is left out stands by.

    Args:
        choices: of the shots, in order.
        families: of the shots, (shots, 10, 3).
        fixed: what a person fixed in them; it counts.
        look: of the film's frames.
        wanted: `most_per_scene` is how many are learned from; hold-outs are in proportion.
    """
    alike = np.stack([_alike(one, families) for one in families])
    train = _shared([one.train for one in choices], alike, wanted.most_per_scene, fixed.train, look)
    most = max(wanted.most_per_scene, sum(map(len, train)))
    held = -(-most * wanted.holdout_per_shot // wanted.pairs_per_shot)
    everything = np.ones_like(alike)
    holdout = _shared([one.holdout for one in choices], everything, held, fixed.holdout, look)
    return [
        Choice(
            learned,
            kept,
            _standing_by(one.train, learned, one.spare_train),
            _standing_by(one.holdout, kept, one.spare_holdout),
        )
        for one, learned, kept in zip(choices, train, holdout, strict=True)
    ]


def _alike(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Bool (n,): whether the families of a shot are like others, (n, 10, 3)."""
    return np.asarray(np.abs(others - one).mean(axis=(1, 2)) < _ALIKE)


def _standing_by(
    chosen: tuple[int, ...], kept: tuple[int, ...], spare: tuple[int, ...]
) -> tuple[int, ...]:
    """What stands by in a shot; nothing where the shot has nothing that could fail."""
    return (*chosen[len(kept) :], *spare)[:SPARE] if kept else ()


def _shared(
    ranked: list[tuple[int, ...]],
    alike: np.ndarray,
    most: int,
    fixed: tuple[int, ...],
    look: FrameFacts,
) -> list[tuple[int, ...]]:
    """Of each shot its first few frames, `most` with the fixed ones; more where shots would be
    left that are like none that has any."""
    count = sum(map(len, ranked))
    if count + len(fixed) <= most:
        return ranked
    cells = look.cells / np.sqrt(look.cells.shape[1])
    kept = np.zeros(len(ranked), int)
    lengths = np.array([len(row) for row in ranked])
    taken = list(fixed)
    while kept.sum() < count:
        waiting = np.flatnonzero((lengths > 0) & ~(alike & (kept > 0)).any(axis=1))
        if len(waiting) == 0:
            if len(taken) >= most:
                break
            rank = kept[kept < lengths].min()
            waiting = np.flatnonzero((kept == rank) & (kept < lengths))
        frames = [ranked[k][kept[k]] for k in waiting]
        best = len(waiting) // 2
        if taken:
            apart = np.linalg.norm(cells[frames][:, None] - cells[taken], axis=2)
            best = int(apart.min(axis=1).argmax())
        taken.append(frames[best])
        kept[waiting[best]] += 1
    return [row[:have] for row, have in zip(ranked, kept, strict=True)]


def _families(look: FrameFacts, shot: Shot, first: int) -> np.ndarray:
    """Those of one shot, (10, 3)."""
    start = shot.frames.first - first
    frames = np.unique(np.linspace(start, start + len(shot.frames) - 1, _LOOKS).round().astype(int))
    sound = frames[look.sound[frames]]
    red, green, blue = look.cells[sound if len(sound) else frames].reshape(-1, 3).T
    seen = np.stack([(red + green + blue) / 3, red - green, green - blue])
    return np.asarray(np.quantile(seen, _SHARES, axis=1))
