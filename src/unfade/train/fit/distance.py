"""The distance of colours to samples: exact, and as a field of nodes for prediction."""

from dataclasses import dataclass

import torch
from scipy.spatial import cKDTree
from torch import Tensor

from unfade.model.closed_form.distance import FARTHEST, DistanceField
from unfade.model.closed_form.general_law import ColourSpread
from unfade.train.data.samples import ColourSamples

SAMPLES_KEPT = 20_000
"""Samples to which distances are measured. With 2,000 many colours of a shot seem far from them."""

MIN_WEIGHT_RATIO = 0.1
"""Weight of a sample, as a multiple of the mean, below which it does not show a colour: agreement
gives a hundredth to regions that other references contradict."""

GAP_SHARE = 0.9
"""Share of samples that have another within the gap between samples."""

FIELD_NODES = 49
"""Nodes along each axis of a field: 0.06 standard deviations apart if colours extend over three,
finer than the ramp of a shot's laws. A shot's field takes 0.5 MB, its LUTs 0.6 MB."""

FIELD_MARGIN = 0.3
"""Margin of the box around the samples: where its border is, colours are beyond them."""

OUTLIER_SHARE = 0.001
"""Share of samples on either side of each axis that may lie outside the box, so that a few do not
make its nodes coarse."""


@dataclass(frozen=True)
class SampleDistance:
    """Distances to samples at `positions` (3, M), less the `gap` between them: few samples of a
    long film lie as far apart as other colours do in a short one."""

    positions: Tensor
    gap: float

    def __call__(self, positions: Tensor) -> Tensor:
        """Distances (N,), 0 to `FARTHEST`, of positions (3, N)."""
        return (_nearest(positions, self.positions) - self.gap).clamp(min=0.0)


def distance_to(
    samples: ColourSamples, spread: ColourSpread, generator: torch.Generator
) -> SampleDistance:
    """The distance to some samples in the axes of `spread`."""
    shown = samples.weight >= MIN_WEIGHT_RATIO * samples.weight.mean()
    positions = spread(samples.selected(shown).some(SAMPLES_KEPT, generator).rgb)
    half = positions.shape[1] // 2
    if half == 0:
        return SampleDistance(positions, 0.0)
    between = _nearest(positions[:, half:], positions[:, :half])
    # A half of the samples is sparser than all by the cube root of 2.
    gap = float(between.quantile(GAP_SHARE)) / 2 ** (1 / 3)
    return SampleDistance(positions, gap)


def distance_field(distance: SampleDistance) -> DistanceField:
    """The field of a distance, in a box around its samples."""
    ends = torch.tensor([OUTLIER_SHARE, 1 - OUTLIER_SHARE])
    low, high = distance.positions.quantile(ends, dim=1)[..., None]
    low, high = low - FIELD_MARGIN, high + FIELD_MARGIN
    first, second, third = (
        torch.linspace(float(start), float(end), FIELD_NODES)
        for start, end in zip(low, high, strict=True)
    )
    z, y, x = torch.meshgrid(third, second, first, indexing="ij")
    nodes = distance(torch.stack([x, y, z]).flatten(1))
    return DistanceField(low, high, nodes.reshape(1, FIELD_NODES, FIELD_NODES, FIELD_NODES))


def _nearest(positions: Tensor, samples: Tensor) -> Tensor:
    """Distance (N,), at most `FARTHEST`, of positions (3, N) to the nearest of samples (3, M)."""
    tree = cKDTree(samples.T.numpy())
    distance, _ = tree.query(positions.T.numpy(), distance_upper_bound=FARTHEST)
    return torch.from_numpy(distance).float().clamp(max=FARTHEST)
