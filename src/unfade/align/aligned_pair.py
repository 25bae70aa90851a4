"""A pair under a registration: its residual, its timing, its weight and the panels of its sheet."""

from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np

from unfade.align.measure.instant import better_neighbour, moving
from unfade.align.measure.residual import Residual, edge_residual, residual_of_blocks
from unfade.align.measure.weight import confidence
from unfade.align.prepare import PreparedPair
from unfade.align.sheet import Panels, shrink
from unfade.align.transform.register import Registration


class AlignedPair:
    """A pair warped to its source's raster."""

    def __init__(self, pair: PreparedPair, registration: Registration) -> None:
        """`pair` is the prepared pair."""
        self._pair, self.pair = pair, pair.pair
        self._reference = pair.luma_pair.under(registration)
        self.warp_map = self._reference.warp_map

    @cached_property
    def _warped(self) -> dict[int, np.ndarray]:
        """Equalised lumas of the reference and of its neighbours, warped to the source's raster."""
        neighbours = self._pair.neighbours
        warped = {k: self.warp_map.warp(picture) for k, picture in neighbours.items()}
        return {0: self._reference.luma, **warped}

    @cached_property
    def _moving(self) -> np.ndarray:
        """Bool (h, w): where the reference's neighbours differ."""
        neighbours = [self._warped[k] for k in sorted(self._pair.neighbours)]
        return moving(neighbours, self.warp_map.inside)

    def residual(self) -> Residual:
        """The residual, in pixels of the raster."""
        source = self._pair.luma_pair.source
        residual = residual_of_blocks(self._reference.blocks, self._moving)
        return replace(residual, edges=edge_residual(source, self._warped[0], self.warp_map.inside))

    def wrong_instant(self) -> str | None:
        """The neighbour of the reference that shows the source's instant, as a reason for
        rejection.

        Returns:
            None if the reference fits best, or if a person chose the pair.
        """
        if self.pair.reference is None or self.pair.chosen_by == "person":
            return None
        better = better_neighbour(self._pair.luma_pair.source, self._warped, self.warp_map.inside)
        if better is None:
            return None
        frame = self.pair.reference + better
        return f"reference frame {frame} fits the moving regions better"

    @cached_property
    def _colour(self) -> np.ndarray:
        """The warped reference, R'G'B', its border repeated."""
        return self.warp_map.warp(self._pair.reference_rgb, cv2.BORDER_REPLICATE)

    def weight(self) -> np.ndarray:
        """The confidence of each pixel, float32 (h, w), 0 to 1."""
        return confidence(self._pair.source_luma, self._colour, self.warp_map.inside)

    def panels(self, weight: np.ndarray) -> Panels:
        """The panels of its sheet."""
        visible = self._colour * self.warp_map.inside[..., None]
        return shrink(self._pair.luma_pair.source, self._warped[0], visible, weight)
