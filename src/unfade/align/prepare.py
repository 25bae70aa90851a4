"""A pair made ready to be laid: both pictures on one raster, and their structure."""

from dataclasses import dataclass

import cv2
import numpy as np
from torch import Tensor

from unfade.align.transform.register import Registration, scaling, structure
from unfade.align.transform.shared_framing import Structures
from unfade.color.ycbcr import luma
from unfade.film.alignment import SmoothWarp
from unfade.film.clip import Clip
from unfade.film.pair import Pair

_WIDEST = 1280
"""Pixels across of the raster that pairs are laid on; a tenth of a pixel there is what features
and grain allow, also of a larger scan."""


@dataclass(frozen=True)
class Raster:
    """The raster that a film's pairs are laid on: the source's live area, or smaller."""

    live: tuple[int, int]
    height: int
    width: int
    whole: tuple[int, int] | None = None

    @classmethod
    def of(cls, source: Clip) -> "Raster":
        """The raster for a source; `live` is height and width of its live area, `whole` of
        its raster."""
        area = source.live_area
        width = min(area.width, _WIDEST)
        height = round(area.height * width / area.width)
        whole = source.height, source.width
        return cls((area.height, area.width), height, width, whole)

    @property
    def scale(self) -> float:
        """Source pixels in one pixel of the raster."""
        return self.live[1] / self.width

    def outward(self, matrix: np.ndarray, reference: tuple[int, int]) -> np.ndarray:
        """A matrix of the raster as one from the reference's pixels to the source's.

        Args:
            matrix: reference to source, both on the raster.
            reference: height and width of the reference, in its own pixels.
        """
        inwards = scaling(reference[1], reference[0], self.width, self.height)
        outwards = scaling(self.width, self.height, self.live[1], self.live[0])
        whole = outwards @ matrix @ inwards
        return np.asarray(whole / whole[2, 2])

    def outward_warp(self, registration: Registration) -> SmoothWarp | None:
        """The smooth warp of a registration, if there is one, in pixels of the source."""
        if registration.smooth is None:
            return None
        x, y = (np.round(registration.smooth * self.scale, 4)).tolist()
        return SmoothWarp(x=x, y=y)


@dataclass(frozen=True)
class Prepared:
    """A pair on the raster.

    `source_luma` is float32 (h, w), `reference_rgb` float32 (h, w, 3). `beside` is the structure
    of the reference frames before and after, uint8 (h, w), by -1 and 1 as far as there are any.
    `size` is height and width of the reference in its own pixels.
    """

    pair: Pair
    source_luma: np.ndarray
    reference_rgb: np.ndarray
    structures: Structures
    beside: dict[int, np.ndarray]
    size: tuple[int, int]


def prepare(
    pair: Pair,
    source_rgb: Tensor,
    references: dict[int, Tensor],
    raster: Raster,
) -> Prepared:
    """A pair made ready.

    Args:
        pair: which.
        source_rgb: (3, H, W), the live area.
        references: (3, H, W) each, cut to its live area: the reference under 0, those before and
            after under -1 and 1.
        raster: that of the film.
    """
    source_luma = to_raster(luma(source_rgb), raster)
    theirs = {k: structure(to_raster(luma(one), raster)) for k, one in references.items()}
    ours, reference = structure(source_luma), theirs.pop(0)
    rgb = to_raster(references[0], raster)
    size = (references[0].shape[-2], references[0].shape[-1])
    return Prepared(pair, source_luma, rgb, Structures(ours, reference), theirs, size)


def to_raster(picture: Tensor, raster: Raster) -> np.ndarray:
    """A picture (C, H, W) on the raster: float32 (h, w, C), without C where it is 1."""
    pixels = picture.permute(1, 2, 0).contiguous().numpy()
    shrinks = raster.width < pixels.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (raster.width, raster.height), interpolation=method))
