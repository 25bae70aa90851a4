"""Detects why a reference matches nowhere: it is rotated, flipped or a negative."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch

from unfade.curate.matching.framing import sample_frames
from unfade.curate.matching.signature import WHOLE_FRAME, Framing, Window, signatures
from unfade.film.clip import Orientation, orientation_word
from unfade.film.shot import Shot
from unfade.geometry.orientation import upright

_MAX_FRAMES = 1500
"""Number of frames of the reference, spread over it, that are compared with the scan: enough to
meet every longer shot."""
_SCALES = (0.86, 1.0, 1.16)
"""Scales, source to reference, that are tried across and down: framings between them score nearly
as well."""
_SIZE_PX = (24, 18)
"""Width and height of the signatures, as in the coarse search for a framing."""
_QUANTILE = 0.75
"""Quantile of similarity over the samples. Not the mean, because the reference may lack most
shots."""
_MIN_SIMILARITY = 0.65
"""Similarity from which the reference matches. Simulated films have 0.89 and more under the right
orientation, 0.57 at most under another; other films have 0.37 at most."""
_ORIENTATIONS = range(1, 9)
"""Orientations as numbered by Exif."""
_FOUND_BY_FRAMING = (1, 2)
"""Orientations that the search for a framing handles: as stored, and mirrored."""


@dataclass(frozen=True)
class Misorientation:
    """How the reference must be changed to match.

    `orientation` applies to the stored picture, in the words of film.toml. `negative` is true if
    light and dark of the reference are inverted against the scan.
    """

    orientation: Orientation
    negative: bool

    def remedy(self, stored: int) -> str:
        """What is wrong with the picture, which `stored` has rotated already, and what to do."""
        wrong, remedies = [], []
        if self.orientation != orientation_word(stored):
            wrong.append("is rotated or flipped")
            remedies.append(f'write orientation = "{self.orientation}" in its table of film.toml')
        if self.negative:
            wrong.append("is light where the scan is dark, so one of the two is a negative")
            remedies.append("invert that before ingest")
        return f"{' and '.join(wrong)}; {', '.join(remedies)}, or fix pairs with [[pair]]"


def find_misorientation(
    source: np.ndarray, reference: np.ndarray, shots: tuple[Shot, ...], first: int, stored: int
) -> Misorientation | None:
    """The orientation and inversion under which a reference matches.

    Args:
        source: proxy of the source, uint8 (N, h, w, 3).
        reference: proxy of the reference, uint8 (M, h, w, 3).
        shots: shots of the source.
        first: number of the source's first frame.
        stored: the orientation that ingest applied to the reference, 1 to 8.

    Returns:
        None if the reference matches under no orientation, or as it is, mirrored or not.
    """
    samples = np.stack([np.asarray(source[index]) for index in sample_frames(shots, first)])
    source_signatures = np.concatenate(
        [signatures(samples, view, *_SIZE_PX)[None] for view in _source_views()]
    )
    frames = torch.from_numpy(np.array(reference[:: -(-len(reference) // _MAX_FRAMES)]))
    best_similarity, misorientation = _MIN_SIMILARITY, None
    for orientation in _ORIENTATIONS:
        turned = upright(frames.permute(0, 3, 1, 2), orientation).permute(0, 2, 3, 1).numpy()
        similarities = source_signatures @ signatures(turned, WHOLE_FRAME, *_SIZE_PX).T
        for negative, sign in ((False, 1.0), (True, -1.0)):
            similarity = float(np.quantile((sign * similarities).max(axis=(0, 2)), _QUANTILE))
            if similarity > best_similarity:
                best_similarity = similarity
                no_change_needed = orientation in _FOUND_BY_FRAMING and not negative
                word = orientation_word(_combined(stored, orientation))
                misorientation = None if no_change_needed else Misorientation(word, negative)
    return misorientation


def _source_views() -> list[Window]:
    """The parts of the source that fill the reference's picture under the framings tried."""
    centred = [
        Framing(across, down, (1 - across) / 2, (1 - down) / 2)
        for across, down in product(_SCALES, _SCALES)
    ]
    return [Window(np.linalg.inv(framing.matrix)) for framing in centred]


def _combined(first: int, second: int) -> int:
    """The orientation equal to two orientations, one after the other."""
    corners = torch.arange(6).reshape(2, 3)
    wanted = upright(upright(corners, first), second)
    return next(number for number in _ORIENTATIONS if torch.equal(upright(corners, number), wanted))
