"""Methods that the project's model is compared with.

A `Fit` takes sources and truths, lists of (3, H, W), and returns a function from a source to chroma
(2, H, W). The closed forms get the degrained source, as the project's own closed form does.
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
"""Number of pixels in a fit: the same as for the project's closed form."""

POLYNOMIAL_DEGREE = 4
"""Highest degree of the polynomial: higher ones fit better and extrapolate worse."""
POLYNOMIAL_RIDGE = 1e-5
"""Weight of the squared coefficients, against the mean squared error: for numerical stability."""
GRID_CELLS = (6, 4, 8)
"""Cells of the bilateral grid across, down and in luma: more cells have fewer pixels each."""
GRID_PRIOR_WEIGHT = 3e-4
"""Weight, against the mean squared error, of the distance of a cell's law from the global law."""


GRAIN_STRENGTH = 20.0
"""Multiple of the measured grain covariance: the second of the strengths that training tries."""


def degrain(source_rgb: Tensor) -> Tensor:
    """The source without grain, by the project's own filter at one fixed strength."""
    return take_grain(source_rgb, GRAIN_STRENGTH * grain_covariance(source_rgb))


def faded(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """No recovery: the chroma of the source."""
    return lambda source_rgb: rgb_to_ycbcr(source_rgb)[1:]


def smooth_lut(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """A smooth LUT with 33 nodes an axis."""
    rgb, cbcr = _pixels([degrain(source) for source in sources], truths)
    lut = fit_smooth_lut(rgb, cbcr, torch.ones(rgb.shape[1]))
    return lambda source_rgb: lut(degrain(source_rgb))


def polynomial(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """All terms of R'G'B' up to degree 4, by ridge regression."""
    rgb, cbcr = _pixels([degrain(source) for source in sources], truths)
    terms = _terms(rgb).double()
    normal = terms @ terms.T / terms.shape[1]
    ridge = POLYNOMIAL_RIDGE * torch.eye(len(normal), dtype=torch.float64)
    law = torch.linalg.solve(normal + ridge, terms @ cbcr.double().T / terms.shape[1])

    def recover(source_rgb: Tensor) -> Tensor:
        cbcr = law.T.float() @ _terms(degrain(source_rgb).flatten(1))
        return cbcr.reshape(2, *source_rgb.shape[1:])

    return recover


def bilateral_grid(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """Affine laws in a grid of position and luma, each with the law of all pixels as its prior.

    Source: Chen, Paris, Durand, "Real-time Edge-Aware Image Processing with the Bilateral Grid",
    2007, with affine cells as in Gharbi et al., "Deep Bilateral Learning", 2017.
    """
    clean = [degrain(source) for source in sources]
    rgb, cbcr = _pixels(clean, truths)
    position = _pixels([_position(source) for source in clean], truths)[0]
    affine = torch.cat([rgb, torch.ones_like(rgb[:1])])
    global_law = torch.linalg.lstsq(affine.T, cbcr.T).solution
    grid = _solve_grid(position, affine, cbcr, global_law)

    def recover(source_rgb: Tensor) -> Tensor:
        clean_rgb = degrain(source_rgb)
        coordinates = (_position(clean_rgb) * 2 - 1).permute(1, 2, 0)[None, None]
        laws = functional.grid_sample(
            grid, coordinates, mode="bilinear", padding_mode="border", align_corners=True
        )[0, :, 0]
        laws = laws.reshape(4, 2, *source_rgb.shape[1:])
        return (laws[:3] * clean_rgb[:, None]).sum(dim=0) + laws[3]

    return recover


def color_matcher(sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """``hm-mvgd-hm`` of the package color-matcher, towards the truths side by side; no fit."""
    from color_matcher import ColorMatcher

    side_by_side = torch.cat(list(truths), dim=2)[None]

    def recover(source_rgb: Tensor) -> Tensor:
        source = source_rgb.permute(1, 2, 0).clamp(0, 1).numpy() * 255
        reference = functional.interpolate(side_by_side, size=source_rgb.shape[1:])[0]
        target = reference.permute(1, 2, 0).clamp(0, 1).numpy() * 255
        matched = ColorMatcher(source, target, method="hm-mvgd-hm").main()
        return rgb_to_ycbcr(torch.tensor(matched / 255, dtype=torch.float32).permute(2, 0, 1))[1:]

    return recover


def _pixels(pictures: Sequence[Tensor], truths: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """`PIXELS` random pixels, (3, N), and their true chroma, (2, N)."""
    rgb = torch.cat([picture.flatten(1) for picture in pictures], dim=1)
    cbcr = torch.cat([rgb_to_ycbcr(truth)[1:].flatten(1) for truth in truths], dim=1)
    chosen = torch.randperm(rgb.shape[1], generator=torch.Generator().manual_seed(0))[:PIXELS]
    return rgb[:, chosen], cbcr[:, chosen]


def _terms(rgb: Tensor) -> Tensor:
    """Products of the channels (terms, N) of R'G'B' (3, N)."""
    terms = [torch.ones_like(rgb[0])]
    for degree in range(1, POLYNOMIAL_DEGREE + 1):
        for channels in combinations_with_replacement(range(3), degree):
            terms.append(torch.stack([rgb[i] for i in channels]).prod(dim=0))
    return torch.stack(terms)


def _position(rgb: Tensor) -> Tensor:
    """Position across and down and luma of each pixel, (3, H, W), 0 to 1."""
    height, width = rgb.shape[-2:]
    down, across = torch.meshgrid(
        torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij"
    )
    return torch.stack([across, down, luma(rgb)[0].clamp(0, 1)])


def _solve_grid(position: Tensor, affine: Tensor, cbcr: Tensor, global_law: Tensor) -> Tensor:
    """Laws of the cells (1, 8, luma, down, across); `global_law` (4, 2) is their prior."""
    corners, weights = _corners(position)
    cells = GRID_CELLS[0] * GRID_CELLS[1] * GRID_CELLS[2]
    count = 4 * cells
    normal = torch.zeros(count * count)
    right_hand = torch.zeros(count, 2)
    residual = cbcr - global_law.T @ affine
    for i in range(8):
        row = corners[i] * 4
        weighted = weights[i] * affine
        for a in range(4):
            right_hand.index_add_(0, row + a, (weighted[a] * residual).T)
            for j in range(8):
                for b in range(4):
                    entry = (row + a) * count + corners[j] * 4 + b
                    normal.index_add_(0, entry, weighted[a] * weights[j] * affine[b])
    pixels = affine.shape[1]
    system = normal.reshape(count, count).double() / pixels
    system += GRID_PRIOR_WEIGHT / cells * torch.eye(count, dtype=torch.float64)
    laws = torch.linalg.solve(system, right_hand.double() / pixels).float()
    laws = laws.reshape(cells, 4, 2) + global_law
    return laws.reshape(GRID_CELLS[2], GRID_CELLS[1], GRID_CELLS[0], 8).permute(3, 0, 1, 2)[None]


def _corners(position: Tensor) -> tuple[Tensor, Tensor]:
    """Cell numbers (8, N) around each position (3, N), and their weights (8, N)."""
    size = torch.tensor(GRID_CELLS)[:, None]
    cell = position * (size - 1)
    low = torch.minimum(cell.floor(), size - 2.0).clamp_min(0)
    fraction = cell - low
    corners, weights = [], []
    for corner in range(8):
        offset = torch.tensor([[corner & 1], [corner >> 1 & 1], [corner >> 2 & 1]])
        x, y, z = (low + offset).long()
        corners.append((z * GRID_CELLS[1] + y) * GRID_CELLS[0] + x)
        weights.append(torch.where(offset == 1, fraction, 1 - fraction).prod(dim=0))
    return torch.stack(corners), torch.stack(weights)
