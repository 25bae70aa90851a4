"""Preparation of a pair for alignment: both pictures on one raster, and their equalised lumas."""

from dataclasses import dataclass

import cv2
import numpy as np
from torch import Tensor

from unfade.align.transform.register import Registration, equalised_luma, scaling
from unfade.align.transform.shared_framing import LumaPair
from unfade.color.ycbcr import luma
from unfade.film.alignment import SmoothWarp
from unfade.film.clip import Clip
from unfade.film.pair import Pair

_MAX_WIDTH_PX = 1280
"""Largest width of the raster on which pairs are aligned. A tenth of a pixel there is the precision
that features and grain allow, also for larger scans."""


@dataclass(frozen=True)
class Raster:
    """The raster on which a film's pairs are aligned: the source's live area, reduced to
    `_MAX_WIDTH_PX`. `live` is height and width of the live area, `whole` of the source's whole
    raster."""

    live: tuple[int, int]
    height: int
    width: int
    whole: tuple[int, int] | None = None

    @classmethod
    def of(cls, source: Clip) -> "Raster":
        """The raster for a source."""
        area = source.live_area
        width = min(area.width, _MAX_WIDTH_PX)
        height = round(area.height * width / area.width)
        whole = source.height, source.width
        return cls((area.height, area.width), height, width, whole)

    @property
    def scale(self) -> float:
        """Source pixels per pixel of the raster."""
        return self.live[1] / self.width

    def to_full_size(self, matrix: np.ndarray, reference: tuple[int, int]) -> np.ndarray:
        """A matrix on the raster as a matrix from the reference's own pixels to the source's.

        Args:
            matrix: reference to source, both on the raster.
            reference: height and width of the reference, in its own pixels.
        """
        scale_to_raster = scaling(reference[1], reference[0], self.width, self.height)
        scale_to_source = scaling(self.width, self.height, self.live[1], self.live[0])
        whole = scale_to_source @ matrix @ scale_to_raster
        return np.asarray(whole / whole[2, 2])

    def from_full_size(self, matrix: np.ndarray, reference: tuple[int, int]) -> np.ndarray:
        """A matrix from the reference's own pixels to the source's as one on the raster, the
        inverse of `to_full_size`."""
        from_raster = scaling(self.width, self.height, reference[1], reference[0])
        from_source = scaling(self.live[1], self.live[0], self.width, self.height)
        whole = from_source @ matrix @ from_raster
        return np.asarray(whole / whole[2, 2])

    def warp_to_full_size(self, registration: Registration) -> SmoothWarp | None:
        """The smooth warp of a registration in pixels of the source; none without a warp."""
        if registration.smooth is None:
            return None
        x, y = (np.round(registration.smooth * self.scale, 4)).tolist()
        return SmoothWarp(x=x, y=y)


@dataclass(frozen=True)
class SizedPair:
    """A pair. `size` is height and width of the reference in its own pixels."""

    pair: Pair
    size: tuple[int, int]


@dataclass(frozen=True)
class PreparedPair(SizedPair):
    """A pair on the raster.

    `source_luma` is float32 (h, w), `reference_rgb` float32 (h, w, 3). `neighbours` are equalised
    lumas of the reference frames before and after, uint8 (h, w), under -1 and 1 if they exist.
    """

    source_luma: np.ndarray
    reference_rgb: np.ndarray
    luma_pair: LumaPair
    neighbours: dict[int, np.ndarray]


def prepare_pair(
    pair: Pair,
    source_rgb: Tensor,
    references: dict[int, Tensor],
    raster: Raster,
) -> PreparedPair:
    """The pair, prepared for alignment.

    Args:
        pair: the pair.
        source_rgb: (3, H, W), the live area.
        references: (3, H, W) each, cut to the live area: the reference under 0, its neighbours
            under -1 and 1.
        raster: raster of the film.
    """
    source_luma = to_raster(luma(source_rgb), raster)
    reference_lumas = {
        k: equalised_luma(to_raster(luma(one), raster)) for k, one in references.items()
    }
    source_equalised, reference_equalised = equalised_luma(source_luma), reference_lumas.pop(0)
    rgb = to_raster(references[0], raster)
    size = (references[0].shape[-2], references[0].shape[-1])
    return PreparedPair(
        pair,
        size,
        source_luma,
        rgb,
        LumaPair(source_equalised, reference_equalised),
        reference_lumas,
    )


def to_raster(picture: Tensor, raster: Raster) -> np.ndarray:
    """A picture (C, H, W) resized to the raster: float32 (h, w, C), without C if it is 1."""
    pixels = picture.permute(1, 2, 0).contiguous().numpy()
    shrinks = raster.width < pixels.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (raster.width, raster.height), interpolation=method))
