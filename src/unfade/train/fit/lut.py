"""The closed-form fit of a smooth 3D LUT.

It minimises the weighted squared error of trilinear interpolation plus the squared second
differences of neighbouring nodes. So nodes without pixels continue their neighbours in a straight
line.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import cg
from torch import Tensor

from unfade.model.closed_form.lut import NODES, Axes, SmoothLut

SMOOTHNESS = 1e-3
"""Weight of the second differences against the mean squared error of the samples. Values from 3e-4
to 1e-2 give the same error, 1 and more a much larger one (decisions/04)."""

CUBE_QUANTILE = 0.999
"""Share of the colours that lie within the cube along its widest axis. The rest is outliers that
would make the cube too coarse."""

MIN_AXIS_DEVIATION = 1e-4
"""Smallest standard deviation of colours along an axis: a tenth of a 10-bit code, because the
degrain averages many codes. Hues of a real print were 8e-4 apart."""

PRIOR_RIDGE = 1e-8
"""Weight of the prior at every node; too small to move a node that has samples."""


def fit_axes(rgb: Tensor, weight: Tensor) -> Axes:
    """Axes along which colours (3, N) with weights (N,) have equal spread."""
    rgb = rgb.clamp(0.0, 1.0).double()
    share = weight.double() / weight.double().sum().clamp_min(1e-12)
    mean = (rgb * share).sum(dim=1, keepdim=True)
    variances, directions = torch.linalg.eigh(((rgb - mean) * share) @ (rgb - mean).T)
    matrix = directions.T / variances.clamp_min(MIN_AXIS_DEVIATION**2).sqrt()[:, None]
    distance = (matrix @ (rgb - mean)).abs().numpy()
    matrix = matrix * (0.5 / max(1.0, np.quantile(distance, CUBE_QUANTILE, axis=1).max()))
    return Axes(matrix.float(), (0.5 - matrix @ mean).float())


class LutFit:
    """Fits LUTs to the same samples with several weights."""

    def __init__(
        self,
        rgb: Tensor,
        cbcr: Tensor,
        prior: SmoothLut | None = None,
        prior_weight: float = 0.0,
        nodes: int = NODES,
    ) -> None:
        """Prepares the fits.

        Args:
            rgb: (3, N), clipped to 0 to 1.
            cbcr: (2, N).
            prior: a LUT to stay close to where there is little evidence; none for the best affine
                map.
            prior_weight: weight of the prior against the mean squared error of the samples.
            nodes: nodes along each axis; fewer are faster and as smooth.
        """
        self._rgb, self._cbcr = rgb.clamp(0.0, 1.0).double(), cbcr.double()
        self._prior, self._nodes = prior, nodes
        self._samples = _TrilinearSamples.of(self._rgb.numpy(), nodes)
        self._ridge = PRIOR_RIDGE + prior_weight / nodes**3
        smoothness = SMOOTHNESS / nodes**3 * ((nodes - 1) / (NODES - 1)) ** 4
        ridge = self._ridge * sparse.eye_array(nodes**3)
        self._stiffness = smoothness * _second_differences(nodes) + ridge

    def solve(self, weight: Tensor, first: SmoothLut | None = None) -> SmoothLut:
        """The LUT with weights (N,), at least 0; the search starts from the LUT `first`, or from
        the prior."""
        share = weight.double() / weight.double().sum().clamp_min(1e-12)
        prior_nodes = self._prior_nodes(share)
        start_nodes = prior_nodes if first is None else first.nodes.double().reshape(2, -1).numpy()
        normal = self._samples.normal(share.numpy()) + self._stiffness
        jacobi = sparse.diags_array(1.0 / normal.diagonal())
        solution = []
        for plane, start, prior in zip(self._cbcr.numpy(), start_nodes, prior_nodes, strict=True):
            right = self._samples.right(share.numpy() * plane) + self._ridge * prior
            solution.append(cg(normal, right, x0=start, M=jacobi, rtol=1e-5, maxiter=400)[0])
        values = torch.tensor(np.stack(solution), dtype=torch.float32)
        return SmoothLut(values.reshape(2, self._nodes, self._nodes, self._nodes))

    def _prior_nodes(self, share: Tensor) -> np.ndarray:
        """Chroma (2, nodes**3) to which nodes without samples stay close."""
        if self._prior is not None:
            nodes = self._prior.nodes.double()
        else:
            nodes = _affine_nodes(self._rgb, self._cbcr, share, self._nodes)
        return np.asarray(nodes.reshape(2, -1).numpy())


def _affine_nodes(rgb: Tensor, cbcr: Tensor, share: Tensor, nodes: int) -> Tensor:
    """The best affine map of the samples at every node, (2, nodes, nodes, nodes)."""
    terms = torch.cat([rgb, torch.ones_like(rgb[:1])])
    normal = (terms * share) @ terms.T + PRIOR_RIDGE * torch.eye(4, dtype=torch.float64)
    coefficients = torch.linalg.solve(normal, (terms * share) @ cbcr.T)
    axis = torch.linspace(0, 1, nodes, dtype=torch.float64)
    blue, green, red = torch.meshgrid(axis, axis, axis, indexing="ij")
    terms = torch.stack([red, green, blue, torch.ones_like(red)], dim=-1)
    return torch.permute(terms @ coefficients, (3, 0, 1, 2))


@dataclass(frozen=True)
class _TrilinearSamples:
    """Trilinear weights of samples on a lattice of nodes; red runs fastest.

    The N samples lie in K cells: `cell` (N,) says in which, `corners` (8, K) are the numbers of
    their nodes, and `weights` (8, N) those of the samples at these. Sums over the samples of a cell
    take half the time of sparse products.
    """

    nodes: int
    cell: NDArray[np.int64]
    corners: NDArray[np.int64]
    weights: NDArray[np.float64]

    @staticmethod
    def of(rgb: NDArray[np.float64], nodes: int) -> "_TrilinearSamples":
        """Those of samples (3, N), 0 to 1."""
        position = rgb * (nodes - 1)
        low = np.minimum(position.astype(np.int64), nodes - 2)
        fraction = position - low
        strides = np.array([1, nodes, nodes**2])
        first, cell = np.unique(strides @ low, return_inverse=True)
        offsets = np.array(list(product((0, 1), repeat=3)))
        weights = [
            np.prod(
                [fraction[k] if one else 1 - fraction[k] for k, one in enumerate(offset)], axis=0
            )
            for offset in offsets
        ]
        return _TrilinearSamples(
            nodes, cell, first + (offsets @ strides)[:, None], np.stack(weights)
        )

    def normal(self, share: NDArray[np.float64]) -> sparse.csr_array:
        """The normal matrix (nodes**3, nodes**3) of samples with weights (N,)."""
        rows, columns, values = [], [], []
        for one, first in enumerate(self.weights):
            weighted = share * first
            for other in range(8):
                rows.append(self.corners[one])
                columns.append(self.corners[other])
                values.append(self._sums(weighted * self.weights[other]))
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return sparse.csr_array(entries, shape=(self.nodes**3, self.nodes**3))

    def right(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums (nodes**3,) of weighted values (N,) at the nodes."""
        sums = np.stack([self._sums(one * values) for one in self.weights])
        return _bincount(self.corners.ravel(), sums.ravel(), self.nodes**3)

    def _sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums (K,) of values (N,) over the samples of each cell."""
        return _bincount(self.cell, values, self.corners.shape[1])


def _bincount(
    places: NDArray[np.int64], values: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    return np.asarray(np.bincount(places, values, minlength=count), np.float64)


@cache
def _second_differences(nodes: int) -> sparse.csr_array:
    """Matrix of the quadratic form that sums squared second differences along all three axes."""
    line = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(nodes - 2, nodes))
    same = sparse.eye_array(nodes)
    per_axis = [
        sparse.kron(sparse.kron(a, b), c)
        for a, b, c in ((line, same, same), (same, line, same), (same, same, line))
    ]
    differences = sparse.vstack(per_axis).tocsr()
    return differences.T @ differences
