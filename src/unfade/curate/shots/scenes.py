"""Scenes: runs of shots that return to the same few set-ups, and share training pairs.

A change of place in the story is not visible in colours alone. The criterion is therefore whether a
pair of one shot teaches the colours of another: two shots are alike if their distributions of
brightness and opponent colours are, regardless of positions in the picture. A scene continues while
one of the next few shots is like one before, so a dialogue in shot and reverse shot is one scene.

Source: overlapping links after Hanjalic, Lagendijk and Biemond, Automated high-level movie
segmentation for advanced video-retrieval systems, IEEE TCSVT 9(4), 1999.
"""

from collections.abc import Sequence

import numpy as np

from unfade.curate.choice.choose import SPARE_FRAMES, ChosenFrames
from unfade.curate.choice.frame_facts import FrameFacts
from unfade.film.shot import Shot
from unfade.project.settings import CurateSection

_MAX_COLOUR_DISTANCE = 0.03
"""Mean distance of the distributions of two shots, black to white being 1, below which they are
alike: that between the halves of one shot. Shots of one street were 0.02 to 0.09 apart; a shot
0.055 from another taught its colours poorly."""
_REACH_SHOTS = 4
"""Number of shots ahead within which a scene may continue."""
_MAX_SCENE_SHOTS = 60
"""Length of the longest scene. Longer runs are films of few colours, whose light still changes from
reel to reel."""
_FRAMES_PER_SHOT = 12
"""Number of frames from which the distributions of a shot are measured."""
_QUANTILES = np.linspace(0.05, 0.95, 10)
"""Quantiles by which the distributions of brightness and opponent colours are described."""


def colour_distributions(facts: FrameFacts, shots: tuple[Shot, ...], first: int) -> np.ndarray:
    """Quantiles of brightness and of the two opponent colours of each shot, (shots, 10, 3).

    Args:
        facts: measurements of the film's frames.
        shots: all shots of the film.
        first: number of the film's first frame.
    """
    return np.stack([_distribution(facts, shot, first) for shot in shots])


def scene_numbers(distributions: np.ndarray) -> tuple[int, ...]:
    """The scene number of each shot, from 1, by the colour distributions of all shots."""
    numbers: list[int] = []
    start = end = 0
    for index in range(len(distributions)):
        if index > end or index - start == _MAX_SCENE_SHOTS:
            start = end = index
        numbers.append(numbers[-1] + (index == start) if numbers else 1)
        ahead = np.flatnonzero(
            _alike(distributions[index], distributions[index : index + _REACH_SHOTS + 1])
        )
        end = max(end, index + int(ahead[-1]))
    return tuple(numbers)


def limit_scene(
    choices: Sequence[ChosenFrames],
    distributions: np.ndarray,
    fixed: ChosenFrames,
    facts: FrameFacts,
    settings: CurateSection,
) -> list[ChosenFrames]:
    """The chosen frames of a scene's shots, reduced to the number that the scene needs.

    First, each shot keeps its first frame unless a similar shot keeps one. Then every shot gives
    its first frame before any gives its second, until the scene has enough; among frames of one
    rank the most distant from those taken comes first. Frames left out become spare frames.

    Args:
        choices: chosen frames of the shots, in order.
        distributions: colour distributions of the shots, (shots, 10, 3).
        fixed: frames that a person fixed in them; they count.
        facts: measurements of the film's frames.
        settings: `most_per_scene` is the number of training frames; the others are in proportion.
    """
    alike = np.stack([_alike(one, distributions) for one in distributions])
    train = _limit(
        [one.train for one in choices], alike, settings.most_per_scene, fixed.train, facts
    )
    max_count = max(settings.most_per_scene, sum(map(len, train)))
    all_alike = np.ones_like(alike)
    holdout, test = (
        _limit(
            [getattr(one, role) for one in choices],
            all_alike,
            -(-max_count * per_shot // settings.pairs_per_shot),
            getattr(fixed, role),
            facts,
        )
        for role, per_shot in (
            ("holdout", settings.holdout_per_shot),
            ("test", settings.test_per_shot),
        )
    )
    return [
        ChosenFrames(
            kept_train,
            kept_holdout,
            kept_test,
            _spare_frames(one.train, kept_train, one.spare_train),
            _spare_frames(one.holdout, kept_holdout, one.spare_holdout),
            _spare_frames(one.test, kept_test, one.spare_test),
        )
        for one, kept_train, kept_holdout, kept_test in zip(
            choices, train, holdout, test, strict=True
        )
    ]


def _alike(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Bool (n,): whether the colour distribution of a shot is like others, (n, 10, 3)."""
    return np.asarray(np.abs(others - one).mean(axis=(1, 2)) < _MAX_COLOUR_DISTANCE)


def _spare_frames(
    chosen: tuple[int, ...], kept: tuple[int, ...], spare: tuple[int, ...]
) -> tuple[int, ...]:
    """Spare frames of a shot; none if no frame of the shot is kept, because none can fail."""
    return (*chosen[len(kept) :], *spare)[:SPARE_FRAMES] if kept else ()


def _limit(
    ranked: list[tuple[int, ...]],
    alike: np.ndarray,
    max_count: int,
    fixed: tuple[int, ...],
    facts: FrameFacts,
) -> list[tuple[int, ...]]:
    """The first few frames of each shot, up to `max_count` together with the fixed ones; more if
    otherwise a shot would have no frame of its own or of a similar shot."""
    count = sum(map(len, ranked))
    if count + len(fixed) <= max_count:
        return ranked
    cells = facts.cells / np.sqrt(facts.cells.shape[1])
    kept = np.zeros(len(ranked), int)
    lengths = np.array([len(row) for row in ranked])
    selected = list(fixed)
    while kept.sum() < count:
        waiting = np.flatnonzero((lengths > 0) & ~(alike & (kept > 0)).any(axis=1))
        if len(waiting) == 0:
            if len(selected) >= max_count:
                break
            rank = kept[kept < lengths].min()
            waiting = np.flatnonzero((kept == rank) & (kept < lengths))
        frames = [ranked[k][kept[k]] for k in waiting]
        best = len(waiting) // 2
        if selected:
            distances = np.linalg.norm(cells[frames][:, None] - cells[selected], axis=2)
            best = int(distances.min(axis=1).argmax())
        selected.append(frames[best])
        kept[waiting[best]] += 1
    return [row[:length] for row, length in zip(ranked, kept, strict=True)]


def _distribution(facts: FrameFacts, shot: Shot, first: int) -> np.ndarray:
    """Quantiles of one shot, (10, 3)."""
    start = shot.frames.first - first
    frames = np.unique(
        np.linspace(start, start + len(shot.frames) - 1, _FRAMES_PER_SHOT).round().astype(int)
    )
    usable = frames[facts.usable[frames]]
    red, green, blue = facts.cells[usable if len(usable) else frames].reshape(-1, 3).T
    channels = np.stack([(red + green + blue) / 3, red - green, green - blue])
    return np.asarray(np.quantile(channels, _QUANTILES, axis=1))
