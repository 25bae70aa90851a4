"""Whether a match is of the very instant: what its moving regions say.

What still differs between a source frame and its match is taken for a little time, times the
source's own movement, and a little weave, times the reference's slopes, and noise. Where the
movement is one that weave could make, as in a pan, the frames around help: weave comes and goes,
a wrong instant stays.
"""

from dataclasses import dataclass

import numpy as np

from unfade.curate.matching.reference_index import FINE

MAX_LAG = 0.35
"""Frames between the reference's instant and the source's, beyond which a match is uncertain."""
MAX_ERROR = 0.12
"""Standard deviation in frames of that distance, beyond which nobody can tell."""
WEAVE = 0.12
"""Standard deviation in pixels of a signature's picture by which source and reference weave: a
thousandth of the picture's width."""

_WINDOW = 4
"""Frames on either side that help to tell."""
_CORRELATED = 10.0
"""Pixels of a signature's picture whose noise goes together: compression, grading, blur."""
_LEAST_MOVEMENT = 1e-6
"""Squared movement, of a signature's square, that keeps black frames from dividing by nothing."""
_LEAST_VARIANCE = 1e-6
_OWN_DOUBT = 2.0
"""Standard deviations by which a frame's own lag may pass `MAX_LAG` where its neighbours' agree."""


@dataclass(frozen=True)
class TimingChecks:
    """For each match: `lag`, how many source frames after the match its moving regions fit best,
    its standard deviation `error`, and `doubt`, why it is not to be trusted, empty where it is."""

    lag: np.ndarray
    error: np.ndarray
    doubt: np.ndarray


class Movement:
    """What the movement in a section says of the instants of its frames.

    A frame's lag is found with the reference's movement as instrument: its noise is another than
    the source's, so that lags do not look smaller than they are.
    """

    def __init__(self, source: np.ndarray, reference: np.ndarray, path: np.ndarray) -> None:
        """Takes down how all frames go with each other.

        Args:
            source: signatures of the section's frames, (n, d).
            reference: those of the reference's film frames, (m, d).
            path: about where in `reference` each frame is, (n,).
        """
        ours = source - source.mean(axis=0)
        theirs = reference - reference[path].mean(axis=0)
        movement, instrument = _movement(source), _movement(reference)
        across, down = _slopes(reference)
        self.apart = _squares(ours)[:, None] - 2 * (ours @ theirs.T) + _squares(theirs)
        self._pixels = source.shape[1]
        seen = (instrument, across, down)
        self._moves = np.stack([movement @ one.T for one in seen])
        self._off = np.stack([ours @ one.T - (theirs * one).sum(axis=1) for one in seen])
        self._seen = np.array([[(one * other).sum(axis=1) for other in seen] for one in seen])

    def lags(self, path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each frame says of its lag by itself, and the variance of that, if it is at its
        place in `path` (n,)."""
        rows = np.arange(len(path))
        noise = _CORRELATED * self.apart[rows, path] / self._pixels
        seen = self._seen[:, :, path].transpose(2, 0, 1)
        system = seen.copy()
        system[:, :, 0] = self._moves[:, rows, path].T
        held = np.diag([0.0, 1.0, 1.0])
        system += (noise / WEAVE**2)[:, None, None] * held + _LEAST_MOVEMENT * np.eye(3)
        inverse = np.linalg.inv(system)
        answer = inverse @ self._off[:, rows, path].T[:, :, None]
        spread = noise[:, None, None] * seen + ((noise / WEAVE) ** 2)[:, None, None] * held
        variance = (inverse @ spread @ inverse.transpose(0, 2, 1))[:, 0, 0]
        return answer[:, 0, 0], np.maximum(variance, _LEAST_VARIANCE)


def confirm(
    movement: Movement, path: np.ndarray, kept: np.ndarray, still: np.ndarray
) -> TimingChecks:
    """Looks at every match of a section.

    Args:
        movement: of the section.
        path: the place in the reference of each frame, (n,).
        kept: which of the frames are there at all, bool (n,).
        still: where the reference's picture stands still, bool (m,).
    """
    own, variance = movement.lags(path)
    lag, error = _smoothed(own, np.where(kept, 1.0 / variance, 0.0), path)
    doubt = np.full(len(path), "", object)
    far = np.abs(lag) > MAX_LAG
    alone = np.abs(own) - _OWN_DOUBT * np.sqrt(variance) > MAX_LAG
    for index in np.flatnonzero(far | alone):
        off = lag[index] if far[index] else own[index]
        doubt[index] = f"the moving regions lie {abs(off):.2f} frames off"
    doubt[error > MAX_ERROR] = "too little moves to tell the instant"
    doubt[still[path]] = ""
    return TimingChecks(np.where(still[path], 0.0, lag).astype(np.float32), error, doubt)


def _movement(pictures: np.ndarray) -> np.ndarray:
    """The change of signatures (n, d) from one frame to the next, at each of them."""
    places = np.arange(len(pictures))
    ahead, behind = np.minimum(places + 1, len(pictures) - 1), np.maximum(places - 1, 0)
    change = pictures[ahead] - pictures[behind]
    return np.asarray(change / np.maximum(ahead - behind, 1)[:, None], np.float32)


def _slopes(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The slopes of signatures (n, d) across and down, (n, d) each."""
    width, height = FINE
    down, across = np.gradient(pictures.reshape(-1, height, width), axis=(1, 2))
    return across.reshape(len(pictures), -1), down.reshape(len(pictures), -1)


def _squares(pictures: np.ndarray) -> np.ndarray:
    return np.asarray((pictures * pictures).sum(axis=1))


def _smoothed(
    own: np.ndarray, weight: np.ndarray, path: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means of lags over each frame's neighbourhood, as far as it keeps step with the
    reference, and their standard deviations.

    Weave stays about the same for two or three frames, so half of the frames count.
    """
    step = path - np.arange(len(path))
    total, sums = np.zeros(len(own)), np.zeros(len(own))
    for apart in range(-_WINDOW, _WINDOW + 1):
        other = np.clip(np.arange(len(own)) + apart, 0, len(own) - 1)
        share = weight[other] * ((step[other] == step) & (other == np.arange(len(own)) + apart))
        total += share
        sums += share * own[other]
    total = np.maximum(total, 1e-12)
    return sums / total, np.sqrt(2.0 / total)
