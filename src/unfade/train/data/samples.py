"""Samples of degrained pixels for closed-form fits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.sensitivity import perceptual_error, sensitivity
from unfade.color.ycbcr import limit_chroma, luma


@dataclass(frozen=True)
class ColourSamples:
    """Degrained pixels of training pairs: `rgb` (3, N), `cbcr` (2, N), `weight` (N,)."""

    rgb: Tensor
    cbcr: Tensor
    weight: Tensor

    @staticmethod
    def concatenate(parts: Iterable["ColourSamples"]) -> "ColourSamples":
        """The samples of several pictures or shots, in order."""
        parts = list(parts)
        return ColourSamples(
            torch.cat([part.rgb for part in parts], dim=1),
            torch.cat([part.cbcr for part in parts], dim=1),
            torch.cat([part.weight for part in parts]),
        )

    def selected(self, selection: Tensor) -> "ColourSamples":
        """Some of the samples, by a mask or by indices."""
        return ColourSamples(
            self.rgb[:, selection], self.cbcr[:, selection], self.weight[selection]
        )

    def some(self, count: int, generator: torch.Generator) -> "ColourSamples":
        """At most `count` random samples."""
        return self.selected(torch.randperm(self.weight.numel(), generator=generator)[:count])

    def metric(self) -> Tensor:
        """The `sensitivity` (N, 3) of the true chroma."""
        return sensitivity(torch.cat([luma(self.rgb[:, :, None])[..., 0], self.cbcr]).T)

    def error_of(self, cbcr: Tensor) -> Tensor:
        """Weighted mean of `errors_of` predicted chroma (2, N); a scalar."""
        return (self.errors_of(cbcr) * self.weight).sum() / self.weight.sum()

    def errors_of(self, cbcr: Tensor) -> Tensor:
        """Approximate CIEDE2000 (N,) of predicted chroma (2, N), limited as in a master."""
        limited = limit_chroma(luma(self.rgb[:, :, None]), cbcr[..., None])[..., 0]
        return perceptual_error((limited - self.cbcr).T, self.metric())


@dataclass(frozen=True)
class PositionedSamples:
    """Degrained pixels with their positions in the frame, all with chroma from one reference.

    `rgb` (3, N), `position` and `cbcr` (2, N), `weight` (N,). `pictures` is the number of pictures
    that the pixels were sampled from.
    """

    rgb: Tensor
    position: Tensor
    cbcr: Tensor
    weight: Tensor
    pictures: int = 1

    @staticmethod
    def concatenate(parts: Iterable["PositionedSamples"]) -> "PositionedSamples":
        """The samples of several pictures, in order."""
        parts = list(parts)
        return PositionedSamples(
            torch.cat([part.rgb for part in parts], dim=1),
            torch.cat([part.position for part in parts], dim=1),
            torch.cat([part.cbcr for part in parts], dim=1),
            torch.cat([part.weight for part in parts]),
            sum(part.pictures for part in parts),
        )

    def without_position(self) -> ColourSamples:
        """The same samples for a law that depends on colour alone."""
        return ColourSamples(self.rgb, self.cbcr, self.weight)


def colours_by_shot(
    shots: Mapping[int, Iterable[PositionedSamples]],
) -> dict[int, ColourSamples]:
    """The samples of the pairs of each shot together, without their positions."""
    return {
        number: ColourSamples.concatenate(pair.without_position() for pair in pairs)
        for number, pairs in shots.items()
    }
