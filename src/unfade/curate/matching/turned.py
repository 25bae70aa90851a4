"""Why a reference matches nowhere: it is upside down, flipped, on its side, or a negative."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch

from unfade.curate.matching.framing import sample_frames
from unfade.curate.matching.signature import WHOLE, Framing, Window, signatures
from unfade.film.clip import Orientation, orientation_word
from unfade.film.shot import Shot
from unfade.geometry.orientation import upright

_FRAMES = 1500
"""Frames of the reference, spread over it, that are looked at."""
_SCALES = (0.86, 1.0, 1.16)
"""Scales that are tried across and down, source to reference: what lies between scores well."""
_SIZE = (24, 18)
"""Pixels of the signatures, as of the coarse search for a framing."""
_QUANTILE = 0.75
"""Quantile of likeness over the samples. Not the mean, because the reference may lack most
shots."""
_ALIKE = 0.65
"""Likeness from which the reference is found. Simulated films have 0.89 and more under the right
orientation, 0.57 at most under another; other films have 0.37 at most."""
_ORIENTATIONS = range(1, 9)
_MATCHED_ANYWAY = (1, 2)
"""Orientations that the search for a framing finds by itself: as it is, and mirrored."""


@dataclass(frozen=True)
class Turned:
    """How a reference has to be looked at to match.

    `orientation` is of the stored picture, as film.toml says it. `negative` says that light and
    dark of scan and reference are inverted.
    """

    orientation: Orientation
    negative: bool

    def remedy(self, stored: int) -> str:
        """What is wrong with a picture that was turned by an orientation, and what to do."""
        remedies = []
        if self.orientation != orientation_word(stored):
            remedies.append(
                f'is turned or flipped; write orientation = "{self.orientation}" in its table of '
                "film.toml"
            )
        if self.negative:
            remedies.append(
                "is light where the scan's is dark; one of the two is a negative, which has to be "
                "inverted first"
            )
        return f"{', and '.join(remedies)}; or fix pairs with [[pair]]"


def find_turned(
    source: np.ndarray, reference: np.ndarray, shots: tuple[Shot, ...], first: int, stored: int
) -> Turned | None:
    """The orientation and inversion under which a reference matches that does not as it is.

    Args:
        source: proxy of the source, uint8 (N, h, w, 3).
        reference: proxy of the reference, uint8 (M, h, w, 3).
        shots: of the source.
        first: the number of the source's first frame.
        stored: the orientation by which the reference was turned already, 1 to 8.

    Returns:
        None where it matches under none, or as it is, mirrored or not.
    """
    samples = np.stack([np.asarray(source[index]) for index in sample_frames(shots, first)])
    views = np.concatenate([signatures(samples, view, *_SIZE)[None] for view in _views()])
    some = torch.from_numpy(np.array(reference[:: -(-len(reference) // _FRAMES)]))
    best, found = _ALIKE, None
    for orientation in _ORIENTATIONS:
        shown = upright(some.permute(0, 3, 1, 2), orientation).permute(0, 2, 3, 1).numpy()
        alike = views @ signatures(shown, WHOLE, *_SIZE).T
        for negative, sign in ((False, 1.0), (True, -1.0)):
            likeness = float(np.quantile((sign * alike).max(axis=(0, 2)), _QUANTILE))
            if likeness > best:
                best = likeness
                needs_none = orientation in _MATCHED_ANYWAY and not negative
                word = orientation_word(_both(stored, orientation))
                found = None if needs_none else Turned(word, negative)
    return found


def _views() -> list[Window]:
    """The parts of the source that fill the reference's picture under the framings tried."""
    centred = [
        Framing(across, down, (1 - across) / 2, (1 - down) / 2)
        for across, down in product(_SCALES, _SCALES)
    ]
    return [Window(np.linalg.inv(framing.matrix)) for framing in centred]


def _both(first: int, then: int) -> int:
    """The orientation that does what two do, one after the other."""
    corners = torch.arange(6).reshape(2, 3)
    wanted = upright(upright(corners, first), then)
    return next(n for n in _ORIENTATIONS if torch.equal(upright(corners, n), wanted))
