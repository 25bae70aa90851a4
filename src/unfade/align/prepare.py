"""A pair made ready to be laid: both pictures on one raster, and their structure."""

from dataclasses import dataclass

import cv2
import numpy as np
from torch import Tensor

from unfade.align.register import Registration, find_features, register, scaling, structure
from unfade.color.ycbcr import luma
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

    @classmethod
    def of(cls, source: Clip) -> "Raster":
        """The raster for a source; `live` is height and width of its live area."""
        area = source.live_area
        width = min(area.width, _WIDEST)
        return cls((area.height, area.width), round(area.height * width / area.width), width)

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


@dataclass(frozen=True)
class Prepared:
    """A pair on the raster.

    `source_luma` is float16 (h, w), `reference_rgb` float16 (h, w, 3), `source` and `reference`
    are their structure, uint8 (h, w). `size` is height and width of the reference in its own
    pixels, `own` what its features say.
    """

    pair: Pair
    source_luma: np.ndarray
    reference_rgb: np.ndarray
    source: np.ndarray
    reference: np.ndarray
    size: tuple[int, int]
    own: Registration | None


def prepare(pair: Pair, source_luma: np.ndarray, reference_rgb: Tensor, raster: Raster) -> Prepared:
    """A pair made ready.

    Args:
        pair: which.
        source_luma: what `to_raster` made of the source's luma, float16 (h, w).
        reference_rgb: (3, H, W), cut to its live area.
        raster: that of the film.
    """
    rgb = to_raster(reference_rgb, raster)
    reference_luma = luma(reference_rgb)
    ours = structure(source_luma.astype(np.float32))
    theirs = structure(to_raster(reference_luma, raster).astype(np.float32))
    own = None if pair.aligned else register(find_features(ours), find_features(theirs))
    size = (reference_rgb.shape[-2], reference_rgb.shape[-1])
    return Prepared(pair, source_luma, rgb, ours, theirs, size, own)


def to_raster(picture: Tensor, raster: Raster) -> np.ndarray:
    """A picture (C, H, W) on the raster: float16 (h, w, C), without C where it is 1."""
    pixels = picture.permute(1, 2, 0).contiguous().numpy()
    shrinks = raster.width < pixels.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(
        cv2.resize(pixels, (raster.width, raster.height), interpolation=method)
    ).astype(np.float16)
