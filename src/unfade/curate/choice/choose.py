"""Choice of the matched frames of a shot that become pairs."""

from dataclasses import dataclass, field

import numpy as np

from unfade.curate.choice.frame_facts import FrameFacts
from unfade.film.match import FrameState
from unfade.film.pair import MIN_DISTANCE_FRAMES
from unfade.film.shot import CUT_MARGIN_FRAMES, Shot

SPARE_FRAMES = 2
"""Number of spare frames per shot and role, which replace frames that cannot be aligned."""
_MIN_TRAIN_FRAMES = 2
"""Number of training frames that a shot gets before any frame is held out."""
_MAX_COLOUR_DISTANCE = 0.12
"""Distance in light and colour (black to white is 1) from a frame of the shot to its nearest
training frame, above which the shot gets another training frame."""
_TIME_DISTANCE = 0.15
"""Distance between the first and last frame of a shot, on the scale on which black to white is 1:
time separates frames of equal colours."""
_BLUR_PENALTY = 0.5
"""Share by which the distance of the least sharp frame of a shot is reduced, so that sharp frames
are preferred."""


@dataclass(frozen=True)
class PairQuota:
    """Number of frames that a shot should give, and the frames that a person fixed already.

    `max_train` is the number of training frames if light or colours change too much for `train`.
    `fixed` frames count towards the numbers. `added` frames become training pairs besides, from
    which frames of the other roles keep their distance.
    """

    train: int
    holdout: int
    max_train: int = 0
    test: int = 0
    fixed: "ChosenFrames" = field(default_factory=lambda: ChosenFrames())
    added: tuple[int, ...] = ()


@dataclass(frozen=True)
class ChosenFrames:
    """Indices of frames of one shot, each list in order of preference.

    `train`, `holdout` and `test` are the chosen frames without those that a person fixed. The spare
    ones replace chosen frames that cannot be aligned.
    """

    train: tuple[int, ...] = ()
    holdout: tuple[int, ...] = ()
    test: tuple[int, ...] = ()
    spare_train: tuple[int, ...] = ()
    spare_holdout: tuple[int, ...] = ()
    spare_test: tuple[int, ...] = ()

    def all(self) -> set[int]:
        """The chosen frames of all roles."""
        return {*self.train, *self.holdout, *self.test}


def frame_states(
    facts: FrameFacts,
    matched: np.ndarray,
    certain: np.ndarray,
    shots: tuple[Shot, ...],
    first: int,
) -> list[FrameState]:
    """Whether each frame can become a pair, regardless of what a person fixed or dropped.

    Args:
        facts: measurements of the film's frames.
        matched: bool (N,): frames with a match.
        certain: bool (N,): frames whose match is confirmed to show the same instant.
        shots: all shots of the film.
        first: number of the film's first frame.
    """
    states: list[FrameState] = ["cut"] * len(matched)
    may_be_pair = facts.has_colours & ~facts.is_mixture
    for shot in shots:
        start, count = shot.frames.first - first, len(shot.frames)
        # A shot that is too short for both margins keeps its middle.
        margin = min(CUT_MARGIN_FRAMES, (count - 1) // 2)
        states[start + margin : start + count - margin] = ["free"] * (count - 2 * margin)
    for index in range(len(states)):
        if not matched[index]:
            states[index] = "unmatched"
        elif not certain[index]:
            states[index] = "uncertain"
        elif not facts.usable[index]:
            is_second_choice = may_be_pair[index] and states[index] == "free"
            states[index] = "changing" if is_second_choice else "passing"
    return states


def choose_frames(
    facts: FrameFacts, states: list[FrameState], frames: range, quota: PairQuota
) -> ChosenFrames:
    """Frames of a shot for training, hold-out and test, spread over colours, light and time.

    Args:
        facts: measurements of the film's frames.
        states: states of the film's frames. Only "free" frames are chosen; and "changing" ones for
            training, where no free frame has their light.
        frames: indices of the shot's frames.
        quota: how many frames the shot should give.

    Returns:
        Fewer frames than the quota if the shot has too few. Hold-outs take precedence over training
        frames, except over the first two; test frames come last.
    """
    known = sorted(quota.fixed.all())
    free = [f for f in frames if states[f] == "free" and f not in known]
    sampling = _FarthestPoints(facts, frames)
    counts = {
        role: max(0, getattr(quota, role) - len(getattr(quota.fixed, role)))
        for role in ("train", "holdout", "test")
    }
    max_train = max(counts["train"], quota.max_train - len(quota.fixed.train))
    available = max(len(free) - counts["holdout"], _MIN_TRAIN_FRAMES)
    train = sampling.select(free, min(counts["train"], available), known, min(max_train, available))
    chosen: dict[str, list[int]] = {"train": train, "holdout": [], "test": []}
    known = sorted({*known, *train})
    remaining = _away_from([frame for frame in free if frame not in train], list(quota.added))
    for role in ("holdout", "test"):
        others = _between(remaining, known) if role == "holdout" else _away_from(remaining, known)
        chosen[role] = sampling.select(others, counts[role], [*known, *chosen["holdout"]])
        remaining = [
            frame for frame in _away_from(remaining, chosen[role]) if frame not in chosen[role]
        ]
    judging = [*quota.fixed.holdout, *quota.fixed.test, *chosen["holdout"], *chosen["test"]]
    changing = [f for f in frames if states[f] == "changing" and f not in known]
    # Without a free frame the shot gets its number from these; else only light that it lacks.
    wanted = 0 if known else counts["train"]
    changing = sampling.select(_away_from(changing, judging), wanted, known, max_train - len(train))
    chosen["train"] = [*train, *changing]
    return _with_spares(sampling, chosen, remaining, sorted({*known, *changing}))


def _with_spares(
    sampling: "_FarthestPoints",
    chosen: dict[str, list[int]],
    remaining: list[int],
    known: list[int],
) -> ChosenFrames:
    """The chosen frames of each role with spare ones from those that remain, away from `known`."""
    taken = [*known, *chosen["holdout"], *chosen["test"]]
    spares: dict[str, list[int]] = {}
    for role in ("train", "holdout", "test"):
        if role != "train":
            remaining = _away_from(remaining, [*known, *spares["train"]])
        count = SPARE_FRAMES if chosen[role] else 0
        spares[role] = sampling.select(remaining, count, taken)
        taken += spares[role]
        remaining = [frame for frame in remaining if frame not in spares[role]]
    return ChosenFrames(
        *(tuple(chosen[role]) for role in ("train", "holdout", "test")),
        *(tuple(spares[role]) for role in ("train", "holdout", "test")),
    )


class _FarthestPoints:
    """Farthest-point sampling of the frames of a shot by colour, light and time."""

    def __init__(self, facts: FrameFacts, frames: range) -> None:
        """`frames` are the indices of the shot's frames."""
        part = slice(frames.start, frames.stop)
        cells = facts.cells[part] / np.sqrt(facts.cells.shape[1])
        time = np.linspace(0.0, _TIME_DISTANCE, len(frames), dtype=np.float32)
        rank = np.argsort(np.argsort(facts.sharpness[part])) / max(1, len(frames) - 1)
        self._points = np.concatenate([cells, time[:, None]], axis=1)
        self._sharpness_factor = 1.0 - _BLUR_PENALTY * (1.0 - rank)
        self._first_frame = frames.start

    def select(
        self, free: list[int], count: int, known: list[int], max_count: int | None = None
    ) -> list[int]:
        """Up to `count` of the `free` frames, each the farthest from all known and selected ones.

        Selection continues up to `max_count` while the light or colours of some free frame are
        farther than `_MAX_COLOUR_DISTANCE` from every known and selected frame.
        """
        selected: list[int] = []
        rows = np.array(free, np.int64) - self._first_frame
        while len(selected) < min(max_count or count, len(free)):
            covered = np.array([*known, *selected], np.int64) - self._first_frame
            if (
                len(selected) >= count
                and self._largest_colour_distance(rows, covered) <= _MAX_COLOUR_DISTANCE
            ):
                break
            score = self._distance(rows, covered) * self._sharpness_factor[rows]
            score[[frame in selected for frame in free]] = -1.0
            selected.append(free[int(np.argmax(score))])
        return selected

    def _largest_colour_distance(self, rows: np.ndarray, covered: np.ndarray) -> float:
        """Largest distance, without time, from a row to the nearest of `covered`."""
        if len(covered) == 0:
            return np.inf
        difference = self._points[rows, None, :-1] - self._points[None, covered, :-1]
        return float(np.linalg.norm(difference, axis=2).min(axis=1).max())

    def _distance(self, rows: np.ndarray, covered: np.ndarray) -> np.ndarray:
        """Distance from each row to the nearest of `covered`; if that is empty, closeness to the
        median."""
        if len(covered) == 0:
            centre = np.median(self._points[rows], axis=0)
            distance = np.linalg.norm(self._points[rows] - centre, axis=1)
            return np.asarray(1.0 - distance / max(float(distance.max()), 1e-6))
        difference = self._points[rows][:, None] - self._points[covered][None]
        return np.asarray(np.linalg.norm(difference, axis=2).min(axis=1))


def _away_from(frames: list[int], known: list[int]) -> list[int]:
    """The `frames` that are at least `MIN_DISTANCE_FRAMES` from every known one."""
    return [
        frame
        for frame in frames
        if all(abs(frame - other) >= MIN_DISTANCE_FRAMES for other in known)
    ]


def _between(frames: list[int], known: list[int]) -> list[int]:
    """The `frames` between known ones and not adjacent to any; without such frames, the
    non-adjacent ones; without those, all."""
    apart = _away_from(frames, known)
    inside = [frame for frame in apart if known and known[0] < frame < known[-1]]
    return inside or apart or frames
