"""The distance of colours to samples: exact, and as a field of nodes for prediction."""

import torch
from scipy.spatial import cKDTree
from torch import Tensor

from unfade.model.closed_form.distance import FARTHEST, DistanceField
from unfade.model.closed_form.general_law import ColourSpread
from unfade.train.data.samples import ColourSamples

SAMPLES_KEPT = 20_000
"""Samples to which distances are measured. With 2,000 many colours of a shot seem far from them."""

FIELD_NODES = 49
"""Nodes along each axis of a field: 0.06 standard deviations apart if colours extend over three,
finer than the ramp of a shot's laws. A shot's field takes 0.5 MB, its LUTs 0.6 MB."""

FIELD_MARGIN = 0.3
"""Margin of the box around the samples: where its border is, colours are beyond them."""

OUTLIER_SHARE = 0.001
"""Share of samples on either side of each axis that may lie outside the box, so that a few do not
make its nodes coarse."""


def nearest_distance(positions: Tensor, samples: Tensor) -> Tensor:
    """Distance (N,), at most `FARTHEST`, of positions (3, N) to the nearest of samples (3, M)."""
    tree = cKDTree(samples.T.numpy())
    distance, _ = tree.query(positions.T.numpy(), distance_upper_bound=FARTHEST)
    return torch.from_numpy(distance).float().clamp(max=FARTHEST)


def fit_distance_field(
    samples: ColourSamples, spread: ColourSpread, generator: torch.Generator
) -> DistanceField:
    """The field of distances to some samples, in the axes of `spread`."""
    kept = spread(samples.some(SAMPLES_KEPT, generator).rgb)
    ends = torch.tensor([OUTLIER_SHARE, 1 - OUTLIER_SHARE])
    low, high = kept.quantile(ends, dim=1)[..., None]
    low, high = low - FIELD_MARGIN, high + FIELD_MARGIN
    first, second, third = (
        torch.linspace(float(start), float(end), FIELD_NODES)
        for start, end in zip(low, high, strict=True)
    )
    z, y, x = torch.meshgrid(third, second, first, indexing="ij")
    nodes = nearest_distance(torch.stack([x, y, z]).flatten(1), kept)
    return DistanceField(low, high, nodes.reshape(1, FIELD_NODES, FIELD_NODES, FIELD_NODES))
