"""Reads the colour and orientation tags of movie frames.

Sources: ITU-T H.273 (numbers of matrix, range and transfer), ISO/IEC 14496-12 (display matrix).
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from unfade.errors import MissingFactError
from unfade.film.clip import CodeRange, Video, YCbCrMatrix
from unfade.media.movies.decoded_frame import DecodedFrame
from unfade.project.settings import ClipSection

_MATRICES: dict[int, YCbCrMatrix] = {1: "bt709", 4: "bt601", 5: "bt601", 6: "bt601"}
"""H.273 numbers of the supported matrices; 4 is FCC, whose coefficients are those of BT.601."""

_UNTAGGED_MATRICES = (0, 2, 3)
"""Numbers that name no Y'CbCr matrix: R'G'B', unspecified, reserved."""

_RANGES: dict[int, CodeRange] = {1: "limited", 2: "full"}
"""FFmpeg's numbers of the code ranges."""

_DISPLAY_TRANSFERS = (0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 15)
"""Numbers of display-referred transfers; the others are linear, log, PQ or HLG."""

_MIN_HD_SIZE = (1280, 577)
"""Columns and lines. An untagged movie with fewer of both is taken as BT.601, as SD is, others as
BT.709; both must be fewer, because an HD picture without its letterbox can have any height."""

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
"""EXIF orientation by the signs of a, b, c, d of a display matrix, which maps (x, y) to (ax + cy,
bx + dy)."""

_MIN_RELATIVE_COEFFICIENT = 0.01
"""Share of the largest coefficient of a display matrix, below which a coefficient counts as 0."""


@dataclass(frozen=True)
class MovieTags:
    """The tags of a frame: H.273 numbers, whether it is R'G'B', and its orientation of 1 to 8.

    `orientation` is 0 if the frame has no tag, and -1 if the picture is turned by an angle other
    than a multiple of 90 degrees. `KEYS` are the keys of film.toml that overrule the tags.
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
    def of(cls, frame: DecodedFrame) -> "MovieTags":
        """The tags of a frame; grey and JPEG formats without a tagged range have full range."""
        color_range = frame.color_range
        if color_range not in _RANGES and frame.format_name.startswith(("yuvj", "gray")):
            color_range = 2
        return cls(
            matrix=frame.colorspace,
            range=color_range,
            transfer=frame.color_trc,
            is_rgb=frame.format.is_rgb,
            orientation=_orientation(frame),
        )

    def first_change(self, later: "MovieTags") -> str | None:
        """Name of the first tag that a later frame changes. A later frame without the tag keeps the
        value of the first frame."""
        untagged = {"matrix": _UNTAGGED_MATRICES, "range": (0,), "transfer": (0, 2, 3)}
        for name in self.KEYS:
            value = getattr(later, name)
            if value != getattr(self, name) and value not in untagged.get(name, (0,)):
                return name
        return None

    @property
    def is_display_referred(self) -> bool:
        """Whether the codes are meant for a display as they are."""
        return self.transfer in _DISPLAY_TRANSFERS

    def with_overrides(self, section: ClipSection) -> "MovieTags":
        """The tags, with those that film.toml overrules set to one fixed value."""
        overruled_names = [
            name for name, key in self.KEYS.items() if getattr(section, key) != "auto"
        ]
        fixed_values: dict[str, Any] = dict.fromkeys(overruled_names, 1)
        return replace(self, **fixed_values)

    def video(
        self, path: str, section: ClipSection, width: int, height: int
    ) -> tuple[Video | None, list[str]]:
        """Matrix and range of Y'CbCr, None for R'G'B'; and the assumed values in words.

        Args:
            path: the movie.
            section: of film.toml; its values overrule the tags.
            width: of the stored raster, in pixels.
            height: of the stored raster, in pixels.

        Raises:
            MediaError: the tagged matrix is not supported.
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
            is_sd = width < _MIN_HD_SIZE[0] and height < _MIN_HD_SIZE[1]
            matrix = "bt601" if is_sd else "bt709"
            assumed.append(f"matrix {matrix}, by its {width} x {height} pixels")
        code_range = _RANGES.get(self.range) if section.range == "auto" else section.range
        if code_range is None:
            code_range = "limited"
            assumed.append("limited range")
        return Video(matrix=matrix, range=code_range), assumed


def _orientation(frame: DecodedFrame) -> int:
    if not frame.display_matrix:
        return 0
    a, b, _, c, d = np.frombuffer(frame.display_matrix, "<i4")[:5].astype(np.float64)
    coefficients = np.array([a, b, c, d])
    coefficients[np.abs(coefficients) < _MIN_RELATIVE_COEFFICIENT * np.abs(coefficients).max()] = 0
    signs = tuple(int(sign) for sign in np.sign(coefficients))
    return _ORIENTATIONS.get(signs, -1) if any(signs) else 0
