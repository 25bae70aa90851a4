"""What the frames of a movie say of how their codes are to be shown.

Source: ITU-T H.273 (numbers of matrix, range and transfer), ISO/IEC 14496-12 (display matrix).
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import av
import numpy as np

from unfade.errors import MissingFactError
from unfade.film.clip import CodeRange, Matrix, Video
from unfade.project.settings import ClipSection

_MATRICES: dict[int, Matrix] = {1: "bt709", 4: "bt601", 5: "bt601", 6: "bt601"}
"""4 is FCC, whose numbers are BT.601's."""

_UNTAGGED_MATRICES = (0, 2, 3)
"""Numbers that say nothing of a Y'CbCr frame: R'G'B', unspecified, reserved."""

_RANGES: dict[int, CodeRange] = {1: "limited", 2: "full"}

_DISPLAY_TRANSFERS = (0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 15)
"""Numbers of what a display shows as it is; the rest is linear, log, PQ or HLG."""

_LEAST_HD = (1280, 577)
"""Columns, lines. Untagged movies of fewer of both are of BT.601, as SD is, others of BT.709: a
letterbox that was cut off leaves an HD picture of any height."""

_ORIENTATIONS: dict[tuple[int, ...], int] = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
"""By the signs of a, b, c, d of a display matrix, which takes (x, y) to (ax + cy, bx + dy)."""

_LEAST_PART = 0.01
"""Of the greatest part of a display matrix, below which a part is none."""


@dataclass(frozen=True)
class MovieTags:
    """What a frame says: numbers of H.273, whether it is of R'G'B', and its orientation of 1 to 8.

    `orientation` is 0 where the frame says nothing, and -1 where the picture is turned by an angle
    between quarter turns. `KEYS` are the keys of film.toml that overrule them.
    """

    KEYS: ClassVar = {
        "matrix": "matrix",
        "range": "range",
        "transfer": "colorspace",
        "orientation": "orientation",
    }
    matrix: int
    range: int
    transfer: int
    is_rgb: bool
    orientation: int

    @classmethod
    def of(cls, frame: av.VideoFrame) -> "MovieTags":
        """The tags of a frame; grey and JPEG formats without a range are of full range."""
        color_range = int(frame.color_range)
        if color_range not in _RANGES and frame.format.name.startswith(("yuvj", "gray")):
            color_range = 2
        return cls(
            matrix=int(frame.colorspace),
            range=color_range,
            transfer=int(frame.color_trc),
            is_rgb=frame.format.is_rgb,
            orientation=_orientation(frame),
        )

    def other_in(self, later: "MovieTags") -> str | None:
        """Name of the first tag whose value changes. A later frame without the tag keeps the first
        frame's value."""
        silent = {"matrix": _UNTAGGED_MATRICES, "range": (0,), "transfer": (0, 2, 3)}
        for name in self.KEYS:
            value = getattr(later, name)
            if value != getattr(self, name) and value not in silent.get(name, (0,)):
                return name
        return None

    @property
    def is_display_referred(self) -> bool:
        """Whether a display shows the codes as they are."""
        return self.transfer in _DISPLAY_TRANSFERS

    def without_said(self, section: ClipSection) -> "MovieTags":
        """The tags that count where film.toml says others."""
        said = [name for name, key in self.KEYS.items() if getattr(section, key) != "auto"]
        overruled: dict[str, Any] = dict.fromkeys(said, 1)
        return replace(self, **overruled)

    def video(
        self, path: str, section: ClipSection, width: int, height: int
    ) -> tuple[Video | None, list[str]]:
        """How Y'CbCr is to be read, none for R'G'B'; and what of it is assumed, in words.

        Args:
            path: of the movie.
            section: what film.toml says goes before what the frame says.
            width: of the stored raster, in pixels.
            height: likewise.

        Raises:
            MediaError: the matrix is one that is not supported.
        """
        if self.is_rgb:
            return None, []
        assumed = []
        matrix = _MATRICES.get(self.matrix) if section.matrix == "auto" else section.matrix
        if matrix is None:
            if self.matrix not in _UNTAGGED_MATRICES:
                known = (
                    f"is tagged with colour matrix {self.matrix} of H.273, which is not supported"
                )
                remedy = "convert it to BT.709, or set its 'matrix' in film.toml"
                raise MissingFactError(f"{path}: {known}; {remedy}", "matrix", f"it {known}")
            is_sd = width < _LEAST_HD[0] and height < _LEAST_HD[1]
            matrix = "bt601" if is_sd else "bt709"
            assumed.append(f"matrix {matrix}, by its {width} x {height} pixels")
        code_range = _RANGES.get(self.range) if section.range == "auto" else section.range
        if code_range is None:
            code_range = "limited"
            assumed.append("limited range")
        return Video(matrix=matrix, range=code_range), assumed


def _orientation(frame: av.VideoFrame) -> int:
    stored: Any = frame.side_data.get("DISPLAYMATRIX")
    if stored is None:
        return 0
    a, b, _, c, d = np.frombuffer(bytes(stored), "<i4")[:5].astype(np.float64)
    parts = np.array([a, b, c, d])
    parts[np.abs(parts) < _LEAST_PART * np.abs(parts).max()] = 0
    signs = tuple(int(sign) for sign in np.sign(parts))
    return _ORIENTATIONS.get(signs, -1) if any(signs) else 0
