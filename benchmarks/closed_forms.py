"""Methods that the project's model is compared with.

A `Fit` takes sources and truths, lists of (3, H, W), and returns a function from a source to chroma
(2, H, W). The closed forms get the degrained source, as the project's own closed form does: each is
a law, fitted to `LawPixels`, from a degrained picture to chroma.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations_with_replacement

import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.model.degrain import degrain as take_grain
from unfade.model.grain import grain_covariance
from unfade.train.fit.lut import LutFit

Recover = Callable[[Tensor], Tensor]
Fit = Callable[[Sequence[Tensor], Sequence[Tensor]], Recover]

PIXELS = 300_000
"""Number of pixels in a fit: the same as for the project's closed form."""

POLYNOMIAL_DEGREE = 4
"""Highest degree of the polynomial: higher ones fit better and extrapolate worse."""
POLYNOMIAL_RIDGE = 1e-5
"""Weight of the squared coefficients, against the mean squared error: for numerical stability."""
ABSOLUTE_ROUNDS = 10
"""Reweighted fits of the least absolute deviations: twice as many change no figure by more than
0.01 CIEDE2000 on halves of real frames."""
MIN_DEVIATION = 5e-3
"""Deviation, in chroma of range 1, below which all count alike: about an 8-bit code, the precision
of the references. It keeps the weights finite."""
ABSOLUTE_RIDGE = 1e-7
"""As `POLYNOMIAL_RIDGE`, for the least absolute deviations: of 1e-5, 1e-6, 1e-7 and 1e-9 the best
for degree 3 in the mean over halves of all three real frames."""
DENSITY_OFFSET = 0.02
"""Added to R'G'B' before the logarithm, so that black stays finite: as in the project's degrain."""
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


@dataclass(frozen=True)
class LawPixels:
    """Random pixels of a fit: `rgb` degrained and `truth_rgb` (3, N), `position` (3, N) across,
    down and in luma, each 0 to 1, and `weight` (N,), above 0."""

    rgb: Tensor
    truth_rgb: Tensor
    position: Tensor
    weight: Tensor

    @property
    def cbcr(self) -> Tensor:
        """True chroma (2, N)."""
        return rgb_to_ycbcr(self.truth_rgb[:, :, None])[1:, :, 0]


FitLaw = Callable[[LawPixels], Recover]


def law_pixels(
    clean: Sequence[Tensor], truths: Sequence[Tensor], weights: Sequence[Tensor] | None = None
) -> LawPixels:
    """`PIXELS` random pixels of nonzero weight.

    Args:
        clean: degrained pictures, (3, H, W).
        truths: (3, H, W).
        weights: (1, H, W); None for full weight everywhere.
    """
    if weights is None:
        weights = [torch.ones_like(picture[:1]) for picture in clean]
    weight = torch.cat([one.flatten() for one in weights])
    weighted = torch.nonzero(weight > 0)[:, 0]
    order = torch.randperm(len(weighted), generator=torch.Generator().manual_seed(0))
    chosen = weighted[order[:PIXELS]]

    def pixels(planes: Sequence[Tensor]) -> Tensor:
        return torch.cat([one.flatten(1) for one in planes], dim=1)[:, chosen]

    positions = pixels([_position(picture) for picture in clean])
    return LawPixels(pixels(clean), pixels(truths), positions, weight[chosen])


def smooth_lut_law(pixels: LawPixels) -> Recover:
    """A smooth LUT with 33 nodes an axis."""
    return LutFit(pixels.rgb, pixels.cbcr).solve(pixels.weight)


def polynomial_law(pixels: LawPixels) -> Recover:
    """All terms of R'G'B' up to degree 4, by ridge regression."""
    terms = _terms(pixels.rgb, POLYNOMIAL_DEGREE)
    law = _ridge_regression(terms, pixels.cbcr, pixels.weight, POLYNOMIAL_RIDGE)
    return _polynomial(law, POLYNOMIAL_DEGREE)


def absolute_polynomial_law(degree: int, pixels: LawPixels) -> Recover:
    """All terms of R'G'B' up to a degree, by the least absolute deviations of chroma."""
    terms = _terms(pixels.rgb, degree)
    return _polynomial(_least_absolute(terms, pixels.cbcr, pixels.weight), degree)


def density_law(pixels: LawPixels) -> Recover:
    """Density of the truth as an affine law of the source's, by the least absolute deviations.

    Deviations of the logarithm count in proportion to luma, as deviations of chroma do.
    """
    scale = luma(pixels.truth_rgb[:, :, None])[:, :, 0].clamp_min(0) + DENSITY_OFFSET
    terms, target = _terms(_log(pixels.rgb), 1), _log(pixels.truth_rgb)
    law = _least_absolute(terms * scale, target * scale, pixels.weight)

    def recover(clean_rgb: Tensor) -> Tensor:
        logarithm = law @ _terms(_log(clean_rgb).flatten(1), 1)
        rgb = logarithm.exp().reshape(clean_rgb.shape) - DENSITY_OFFSET
        return rgb_to_ycbcr(rgb)[1:]

    return recover


def bilateral_grid_law(pixels: LawPixels) -> Recover:
    """Affine laws in a grid of position and luma, each with the law of all pixels as its prior.

    Source: Chen, Paris, Durand, "Real-time Edge-Aware Image Processing with the Bilateral Grid",
    2007, with affine cells as in Gharbi et al., "Deep Bilateral Learning", 2017.
    """
    affine = torch.cat([pixels.rgb, torch.ones_like(pixels.rgb[:1])])
    root = pixels.weight.sqrt()
    global_law = torch.linalg.lstsq((affine * root).T, (pixels.cbcr * root).T).solution
    grid = _solve_grid(pixels, affine, global_law)

    def recover(clean_rgb: Tensor) -> Tensor:
        coordinates = (_position(clean_rgb) * 2 - 1).permute(1, 2, 0)[None, None]
        laws = functional.grid_sample(
            grid, coordinates, mode="bilinear", padding_mode="border", align_corners=True
        )[0, :, 0]
        laws = laws.reshape(4, 2, *clean_rgb.shape[1:])
        return (laws[:3] * clean_rgb[:, None]).sum(dim=0) + laws[3]

    return recover


LAWS: dict[str, FitLaw] = {
    "smooth LUT": smooth_lut_law,
    **{f"degree {n}": partial(absolute_polynomial_law, n) for n in range(1, POLYNOMIAL_DEGREE + 1)},
    "density": density_law,
    "bilateral grid": bilateral_grid_law,
}
"""Single laws of a film, by name."""


def _on_degrained(fit_law: FitLaw, sources: Sequence[Tensor], truths: Sequence[Tensor]) -> Recover:
    """A law of degrained pictures as a `Fit`."""
    law = fit_law(law_pixels([degrain(source) for source in sources], truths))
    return lambda source_rgb: law(degrain(source_rgb))


smooth_lut: Fit = partial(_on_degrained, smooth_lut_law)
polynomial: Fit = partial(_on_degrained, polynomial_law)
bilateral_grid: Fit = partial(_on_degrained, bilateral_grid_law)


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


def _log(rgb: Tensor) -> Tensor:
    return (rgb.clamp_min(0) + DENSITY_OFFSET).log()


def _terms(rgb: Tensor, degree: int) -> Tensor:
    """Products of up to `degree` of the channels (3, N), (terms, N)."""
    terms = [torch.ones_like(rgb[0])]
    for factors in range(1, degree + 1):
        for channels in combinations_with_replacement(range(3), factors):
            terms.append(torch.stack([rgb[i] for i in channels]).prod(dim=0))
    return torch.stack(terms)


def _polynomial(law: Tensor, degree: int) -> Recover:
    """The polynomial of a picture with coefficients (2, terms)."""
    return lambda clean_rgb: (law @ _terms(clean_rgb.flatten(1), degree)).reshape(
        2, *clean_rgb.shape[1:]
    )


def _ridge_regression(terms: Tensor, target: Tensor, weight: Tensor, ridge: float) -> Tensor:
    """Coefficients (targets, terms) of `terms` (terms, N) for `target` (targets, N)."""
    terms_64, share = terms.double(), weight.double() / weight.double().sum()
    weighted = terms_64 * share
    normal = weighted @ terms_64.T + ridge * torch.eye(len(terms), dtype=torch.float64)
    return torch.linalg.solve(normal, weighted @ target.double().T).T.float()


def _least_absolute(terms: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Coefficients as of `_ridge_regression` that minimise the sum of the lengths of deviations.

    By iteratively reweighted least squares.
    """
    law = _ridge_regression(terms, target, weight, ABSOLUTE_RIDGE)
    for _ in range(ABSOLUTE_ROUNDS):
        deviation = (law @ terms - target).norm(dim=0).clamp_min(MIN_DEVIATION)
        law = _ridge_regression(terms, target, weight / deviation, ABSOLUTE_RIDGE)
    return law


def _position(rgb: Tensor) -> Tensor:
    """Position across and down and luma of each pixel, (3, H, W), 0 to 1."""
    height, width = rgb.shape[-2:]
    down, across = torch.meshgrid(
        torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij"
    )
    return torch.stack([across, down, luma(rgb)[0].clamp(0, 1)])


def _solve_grid(pixels: LawPixels, affine: Tensor, global_law: Tensor) -> Tensor:
    """Laws of the cells (1, 8, luma, down, across); `affine` (4, N) are the terms of an affine law,
    `global_law` (4, 2) is the prior of the cells."""
    corners, weights = _corners(pixels.position)
    cells = GRID_CELLS[0] * GRID_CELLS[1] * GRID_CELLS[2]
    count = 4 * cells
    normal = torch.zeros(count * count)
    right_hand = torch.zeros(count, 2)
    residual = pixels.cbcr - global_law.T @ affine
    for i in range(8):
        row = corners[i] * 4
        weighted = pixels.weight * weights[i] * affine
        for a in range(4):
            right_hand.index_add_(0, row + a, (weighted[a] * residual).T)
            for j in range(8):
                for b in range(4):
                    entry = (row + a) * count + corners[j] * 4 + b
                    normal.index_add_(0, entry, weighted[a] * weights[j] * affine[b])
    total = float(pixels.weight.sum())
    system = normal.reshape(count, count).double() / total
    system += GRID_PRIOR_WEIGHT / cells * torch.eye(count, dtype=torch.float64)
    laws = torch.linalg.solve(system, right_hand.double() / total).float()
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
