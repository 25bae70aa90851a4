"""Degrained pixels that closed forms are fitted to."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class ColourSamples:
    """Degrained pixels of training pairs: `rgb` (3, N), `cbcr` (2, N), `weight` (N,)."""

    rgb: Tensor
    cbcr: Tensor
    weight: Tensor

    @staticmethod
    def concatenate(parts: Iterable["ColourSamples"]) -> "ColourSamples":
        """The pixels of several pictures or shots, in order."""
        parts = list(parts)
        return ColourSamples(
            torch.cat([part.rgb for part in parts], dim=1),
            torch.cat([part.cbcr for part in parts], dim=1),
            torch.cat([part.weight for part in parts]),
        )


@dataclass(frozen=True)
class PlacedSamples:
    """Degrained pixels whose colour comes from one reference, with their places in the frame.

    `rgb` (3, N), `place` and `cbcr` (2, N), `weight` (N,). `pictures` is the number of pictures
    that they were taken from.
    """

    rgb: Tensor
    place: Tensor
    cbcr: Tensor
    weight: Tensor
    pictures: int = 1

    @staticmethod
    def concatenate(parts: Iterable["PlacedSamples"]) -> "PlacedSamples":
        """The pixels of several pictures, in order."""
        parts = list(parts)
        return PlacedSamples(
            torch.cat([part.rgb for part in parts], dim=1),
            torch.cat([part.place for part in parts], dim=1),
            torch.cat([part.cbcr for part in parts], dim=1),
            torch.cat([part.weight for part in parts]),
            sum(part.pictures for part in parts),
        )

    def without_place(self) -> ColourSamples:
        """The same pixels for a law that does not depend on the place."""
        return ColourSamples(self.rgb, self.cbcr, self.weight)
