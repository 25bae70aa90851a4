"""The reference's colour of a frame, from its proxy, laid on the frame by an alignment nearby."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.film.alignment import Alignment
from unfade.film.clip import Clip, Clips
from unfade.film.match import MatchRecord
from unfade.validate.outliers.evidence import Plane, compared_size
from unfade.work.proxies import Proxy


class ReferenceColour:
    """The colour of every frame that a reference shows, at the size of a proxy."""

    def __init__(
        self,
        clips: Clips,
        matches: MatchRecord | None,
        alignments: Sequence[Alignment],
        proxies: Mapping[str, Proxy],
    ) -> None:
        """`alignments` are the admitted ones, `matches` None if the film has no reference."""
        self._clips, self._proxies = clips, proxies
        self.matches = matches
        self._by_reference: dict[str, list[Alignment]] = {}
        self._by_shot: dict[tuple[str, int], list[Alignment]] = {}
        for one in alignments:
            if one.pair.of is not None:
                self._by_reference.setdefault(one.pair.of, []).append(one)
                self._by_shot.setdefault((one.pair.of, one.pair.shot), []).append(one)

    def chroma(self, frame: int, shot: int, height: int, width: int) -> Plane | None:
        """The chroma of a frame's reference, on the raster on which both are compared.

        Args:
            frame: number of the scan's frame.
            shot: number of its shot.
            height: of the live area at the size to compare, in pixels.
            width: of the same, in pixels.

        Returns:
            (2, h, w) on the raster of `compared_size`, NaN beyond the reference's picture; None if
            no reference shows the frame, or if none could be aligned.
        """
        name = self.name(frame)
        alignment = self._alignment(frame, shot, name)
        if name is None or alignment is None or self.matches is None:
            return None
        index = self.matches.references[name].reference[frame - self.matches.frames.first]
        if index is None:
            return None
        clip = self._clips.references[name]
        picture = self._proxies[name][index - clip.frames.first]
        if alignment.pair.mirrored:
            picture = picture[:, ::-1]
        size = compared_size(height, width)
        return _laid(picture, clip, self._clips.source, alignment, size)

    def name(self, frame: int) -> str | None:
        """The name of the reference that shows a frame best."""
        if self.matches is None:
            return None
        return self.matches.of[frame - self.matches.frames.first]

    def _alignment(self, frame: int, shot: int, name: str | None) -> Alignment | None:
        """The alignment of the nearest pair in the same reference, of the same shot if it has one:
        the framing of a reference holds over a film."""
        if name is None:
            return None
        near = self._by_shot.get((name, shot)) or self._by_reference.get(name, [])
        return min(near, key=lambda one: abs(one.pair.source - frame), default=None)


def _laid(
    picture: Proxy, clip: Clip, source: Clip, alignment: Alignment, size: tuple[int, int]
) -> Plane:
    """Chroma of a proxy (h, w, 3) laid on the source's live area of a size (height, width)."""
    lines, columns = picture.shape[:2]
    height, width = size
    to_live_area = _scaling(clip.live_area.width / columns, clip.live_area.height / lines)
    to_small = _scaling(width / source.live_area.width, height / source.live_area.height)
    matrix = to_small @ np.array(alignment.matrix) @ to_live_area
    rgb = picture.astype(np.float32) / 255
    laid = cv2.warpPerspective(
        rgb,
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(np.nan, np.nan, np.nan),
    )
    return np.asarray(rgb_to_ycbcr(torch.from_numpy(laid).permute(2, 0, 1))[1:].numpy())


def _scaling(across: float, down: float) -> NDArray[np.float64]:
    """The matrix of a scaling of pixel coordinates, whose pixel centres are at whole numbers."""
    return np.array(
        [
            [across, 0, (across - 1) / 2],
            [0, down, (down - 1) / 2],
            [0, 0, 1],
        ]
    )
