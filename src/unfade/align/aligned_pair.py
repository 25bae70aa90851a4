"""A pair under a registration: what it shows, what is left, how far it is to be trusted."""

from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np

from unfade.align.measure.instant import better_neighbour, moving
from unfade.align.measure.residual import Residual, edge_residual, measure_residual
from unfade.align.measure.weight import confidence
from unfade.align.prepare import Prepared
from unfade.align.sheet import Panels, shrink
from unfade.align.transform.register import Place, Registration


class AlignedPair:
    """A pair laid on its source's raster."""

    def __init__(self, pair: Prepared, registration: Registration) -> None:
        """`pair` made ready, and where it lies."""
        self._pair = pair
        self.place = Place(registration, *pair.source_luma.shape)

    @cached_property
    def _laid(self) -> dict[int, np.ndarray]:
        """Structure of the reference, and of its neighbours, on the source's raster."""
        pictures = {0: self._pair.structures.reference, **self._pair.beside}
        return {k: self.place.lay(picture) for k, picture in pictures.items()}

    @cached_property
    def _moves(self) -> np.ndarray:
        beside = [self._laid[k] for k in sorted(self._pair.beside)]
        return moving(beside, self.place.inside)

    def residual(self) -> Residual:
        """What is left, in pixels of the raster."""
        source = self._pair.structures.source
        left = measure_residual(source, self._laid[0], self.place.inside, self._moves)
        return replace(left, edges=edge_residual(source, self._laid[0], self.place.inside))

    def wrong_instant(self) -> str | None:
        """Which neighbour of the reference is of the source's instant, if one is.

        A person's choice is not questioned.
        """
        if self._pair.pair.reference is None or self._pair.pair.chosen_by == "person":
            return None
        better = better_neighbour(self._pair.structures.source, self._laid, self.place.inside)
        if better is None:
            return None
        frame = self._pair.pair.reference + better
        return f"reference frame {frame} fits the moving regions better"

    @cached_property
    def _colour(self) -> np.ndarray:
        return self.place.lay(self._pair.reference_rgb, cv2.BORDER_REPLICATE)

    def weight(self) -> np.ndarray:
        """How far each pixel is to be trusted, float32 (h, w), 0 to 1."""
        return confidence(self._pair.source_luma, self._colour, self.place.inside)

    def panels(self, weight: np.ndarray) -> Panels:
        """What its sheet shows."""
        shown = self._colour * self.place.inside[..., None]
        return shrink(self._pair.structures.source, self._laid[0], shown, weight)
