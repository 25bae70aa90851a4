"""The closed-form fit of a smooth 3D LUT.

It minimises the weighted squared error of trilinear interpolation plus the squared second
differences of neighbouring nodes. So nodes without pixels continue their neighbours in a straight
line.
"""

from functools import cache

import numpy as np
import torch
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


def fit_smooth_lut(
    rgb: Tensor,
    cbcr: Tensor,
    weight: Tensor,
    prior: SmoothLut | None = None,
    prior_weight: float = 0.0,
    nodes: int = NODES,
) -> SmoothLut:
    """The LUT from `rgb` (3, N) to `cbcr` (2, N); the other arguments are as of `LutFit`."""
    return LutFit(rgb, cbcr, prior, prior_weight, nodes).solve(weight)


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
        self._cells = _trilinear(self._rgb.numpy(), nodes)
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
        weighted = sparse.diags_array(share.numpy()) @ self._cells
        normal = self._cells.T @ weighted + self._stiffness
        right = weighted.T @ self._cbcr.numpy().T + self._ridge * prior_nodes.T
        jacobi = sparse.diags_array(1.0 / normal.diagonal())
        solution = [
            cg(normal, right[:, i], x0=start_nodes[i], M=jacobi, rtol=1e-5, maxiter=400)[0]
            for i in (0, 1)
        ]
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


def _trilinear(rgb: np.ndarray, nodes: int) -> sparse.csr_array:
    """Trilinear weights (N, nodes**3) of samples (3, N); red runs fastest."""
    position = rgb * (nodes - 1)
    low = np.minimum(position.astype(np.int64), nodes - 2)
    fraction = position - low
    columns, values = [], []
    for corner in range(8):
        offset = np.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])[:, None]
        red, green, blue = low + offset
        columns.append((blue * nodes + green) * nodes + red)
        values.append(np.where(offset == 1, fraction, 1 - fraction).prod(axis=0))
    rows = np.tile(np.arange(rgb.shape[1]), 8)
    shape = (rgb.shape[1], nodes**3)
    return sparse.csr_array((np.concatenate(values), (rows, np.concatenate(columns))), shape=shape)


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
