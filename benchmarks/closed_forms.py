"""The methods that ours is measured against.

A fit takes sources and truths, lists of (3, H, W), and gives a function from a source to chroma
(2, H, W). Those in closed form see the source without grain, as ours does.
"""

from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.model.degrain import degrain as take_grain
from unfade.train.fit.grain import grain_covariance
from unfade.train.fit.lut import fit_smooth_lut

Recover = Callable[[Tensor], Tensor]
Fit = Callable[[Sequence[Tensor], Sequence[Tensor]], Recover]

PIXELS = 300_000
"""Pixels that a fit sees, as many as the product's."""

DEGREE = 4
RIDGE = 1e-5
GRID = (6, 4, 8)
"""Cells of the bilateral grid: across, down, in luma."""
GRID_PULL = 3e-4
"""Weight, against the mean squared error, of a cell's law staying at the global one."""


GRAIN_STRENGTH = 20.0


def degrain(source_rgb: Tensor) -> Tensor:
    """The source without grain, by the product's own filter at its middle strength."""
    return take_grain(source_rgb, GRAIN_STRENGTH * grain_covariance(source_rgb))


def faded(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """No recovery."""
    return lambda source_rgb: rgb_to_ycbcr(source_rgb)[1:]


def smooth_lut(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """A smooth 33-cube."""
    rgb, cbcr = _pixels([degrain(source) for source in sources], truths)
    lut = fit_smooth_lut(rgb, cbcr, torch.ones(rgb.shape[1]))
    return lambda source_rgb: lut(degrain(source_rgb))


def polynomial(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """All terms of R'G'B' up to degree 4, least squares with a little ridge."""
    rgb, cbcr = _pixels([degrain(source) for source in sources], truths)
    terms = _terms(rgb).double()
    square = terms @ terms.T / terms.shape[1]
    ridge = RIDGE * torch.eye(len(square), dtype=torch.float64)
    law = torch.linalg.solve(square + ridge, terms @ cbcr.double().T / terms.shape[1])

    def recover(source_rgb: Tensor) -> Tensor:
        found = law.T.float() @ _terms(degrain(source_rgb).flatten(1))
        return found.reshape(2, *source_rgb.shape[1:])

    return recover


def bilateral_grid(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """Affine laws in a grid of place and luma, each pulled towards the law of all pixels.

    Source: Chen, Paris, Durand, "Real-time Edge-Aware Image Processing with the Bilateral Grid",
    2007, with affine cells as in Gharbi et al., "Deep Bilateral Learning", 2017.
    """
    clean = [degrain(source) for source in sources]
    rgb, cbcr = _pixels(clean, truths)
    place = _pixels([_place(source) for source in clean], truths)[0]
    affine = torch.cat([rgb, torch.ones_like(rgb[:1])])
    whole = torch.linalg.lstsq(affine.T, cbcr.T).solution
    grid = _solve_grid(place, affine, cbcr, whole)

    def recover(source_rgb: Tensor) -> Tensor:
        seen = degrain(source_rgb)
        where = (_place(seen) * 2 - 1).permute(1, 2, 0)[None, None]
        laws = functional.grid_sample(
            grid, where, mode="bilinear", padding_mode="border", align_corners=True
        )[0, :, 0]
        laws = laws.reshape(4, 2, *source_rgb.shape[1:])
        return (laws[:3] * seen[:, None]).sum(dim=0) + laws[3]

    return recover


def color_matcher(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """The package's ``hm-mvgd-hm`` towards the truths, laid side by side. It learns nothing."""
    from color_matcher import ColorMatcher

    side_by_side = torch.cat(list(truths), dim=2)[None]

    def recover(source_rgb: Tensor) -> Tensor:
        seen = source_rgb.permute(1, 2, 0).clamp(0, 1).numpy() * 255
        reference = functional.interpolate(side_by_side, size=source_rgb.shape[1:])[0]
        wanted = reference.permute(1, 2, 0).clamp(0, 1).numpy() * 255
        matched = ColorMatcher(seen, wanted, method="hm-mvgd-hm").main()
        return rgb_to_ycbcr(torch.tensor(matched / 255, dtype=torch.float32).permute(2, 0, 1))[1:]

    return recover


def _pixels(pictures: Sequence[Tensor], truths: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Some pixels, (3, N), and their true chroma, (2, N)."""
    seen = torch.cat([picture.flatten(1) for picture in pictures], dim=1)
    cbcr = torch.cat([rgb_to_ycbcr(truth)[1:].flatten(1) for truth in truths], dim=1)
    chosen = torch.randperm(seen.shape[1], generator=torch.Generator().manual_seed(0))[:PIXELS]
    return seen[:, chosen], cbcr[:, chosen]


def _terms(rgb: Tensor) -> Tensor:
    """(terms, N) of (3, N)."""
    terms = [torch.ones_like(rgb[0])]
    for degree in range(1, DEGREE + 1):
        for channels in combinations_with_replacement(range(3), degree):
            terms.append(torch.stack([rgb[i] for i in channels]).prod(dim=0))
    return torch.stack(terms)


def _place(rgb: Tensor) -> Tensor:
    """Across, down and luma of each pixel, (3, H, W), 0 to 1."""
    height, width = rgb.shape[-2:]
    down, across = torch.meshgrid(
        torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij"
    )
    return torch.stack([across, down, luma(rgb)[0].clamp(0, 1)])


def _solve_grid(place: Tensor, affine: Tensor, cbcr: Tensor, whole: Tensor) -> Tensor:
    """Laws (1, 8, luma, down, across); `whole` (4, 2) is what cells are pulled to."""
    corners, weights = _corners(place)
    cells = GRID[0] * GRID[1] * GRID[2]
    count = 4 * cells
    square = torch.zeros(count * count)
    wanted = torch.zeros(count, 2)
    left = cbcr - whole.T @ affine
    for i in range(8):
        row = corners[i] * 4
        seen = weights[i] * affine
        for a in range(4):
            wanted.index_add_(0, row + a, (seen[a] * left).T)
            for j in range(8):
                for b in range(4):
                    spot = (row + a) * count + corners[j] * 4 + b
                    square.index_add_(0, spot, seen[a] * weights[j] * affine[b])
    pixels = affine.shape[1]
    normal = square.reshape(count, count).double() / pixels
    normal += GRID_PULL / cells * torch.eye(count, dtype=torch.float64)
    laws = torch.linalg.solve(normal, wanted.double() / pixels).float()
    laws = laws.reshape(cells, 4, 2) + whole
    return laws.reshape(GRID[2], GRID[1], GRID[0], 8).permute(3, 0, 1, 2)[None]


def _corners(place: Tensor) -> tuple[Tensor, Tensor]:
    """Cell numbers (8, N) around each place (3, N), and their weights (8, N)."""
    size = torch.tensor(GRID)[:, None]
    position = place * (size - 1)
    low = torch.minimum(position.floor(), size - 2.0).clamp_min(0)
    part = position - low
    corners, weights = [], []
    for corner in range(8):
        offset = torch.tensor([[corner & 1], [corner >> 1 & 1], [corner >> 2 & 1]])
        x, y, z = (low + offset).long()
        corners.append((z * GRID[1] + y) * GRID[0] + x)
        weights.append(torch.where(offset == 1, part, 1 - part).prod(dim=0))
    return torch.stack(corners), torch.stack(weights)
