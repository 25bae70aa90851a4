"""The fit of a smooth LUT, in closed form."""

from functools import cache

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import cg
from torch import Tensor

from unfade.model.closed_form.lut import NODES, Axes, SmoothLut

SMOOTHNESS = 1e-3
"""Weight of the second differences against the mean squared error of the samples."""

REACH = 0.999
"""Share of the colours that lie in their cube along its widest axis."""

LEAST_SPREAD = 1e-4
"""Standard deviation of colours along an axis, at least: a tenth of a step of 10 bit, of which the
degrain makes the mean of many. Hues of a real print lay 8e-4 apart."""

RIDGE = 1e-8
"""Weight of staying at the prior; too small to move a node that any sample reaches."""


def find_axes(rgb: Tensor, weight: Tensor) -> Axes:
    """The axes of colours (3, N) that count by their weight (N,)."""
    rgb = rgb.clamp(0.0, 1.0).double()
    share = weight.double() / weight.double().sum().clamp_min(1e-12)
    middle = (rgb * share).sum(dim=1, keepdim=True)
    values, along = torch.linalg.eigh(((rgb - middle) * share) @ (rgb - middle).T)
    turn = along.T / values.clamp_min(LEAST_SPREAD**2).sqrt()[:, None]
    away = (turn @ (rgb - middle)).abs().numpy()
    turn = turn * (0.5 / max(1.0, np.quantile(away, REACH, axis=1).max()))
    return Axes(turn.float(), (0.5 - turn @ middle).float())


def fit_smooth_lut(
    rgb: Tensor, cbcr: Tensor, weight: Tensor, prior: SmoothLut | None = None, pull: float = 0.0
) -> SmoothLut:
    """The LUT that takes `rgb` to `cbcr`.

    Args:
        rgb: (3, N), 0 to 1; values outside are taken to the nearest face.
        cbcr: (2, N).
        weight: (N,), at least 0.
        prior: a LUT to stay near where there is little evidence; none for the best affine law.
        pull: how strongly, against the mean squared error of the samples.
    """
    rgb_64, cbcr_64 = rgb.clamp(0.0, 1.0).double(), cbcr.double()
    share = weight.double() / weight.double().sum().clamp_min(1e-12)
    start = _affine_nodes(rgb_64, cbcr_64, share) if prior is None else prior.nodes.double()
    start_nodes = start.reshape(2, -1).numpy()
    cells = _trilinear(rgb_64.numpy())
    scaled = sparse.diags_array(share.numpy())
    stay = RIDGE + pull / NODES**3
    normal = cells.T @ scaled @ cells + (SMOOTHNESS / NODES**3) * _roughness()
    normal = normal + stay * sparse.eye_array(NODES**3)
    wanted = cells.T @ (scaled @ cbcr_64.numpy().T) + stay * start_nodes.T
    jacobi = sparse.diags_array(1.0 / normal.diagonal())
    solved = [
        cg(normal, wanted[:, i], x0=start_nodes[i], M=jacobi, rtol=1e-5, maxiter=400)[0]
        for i in (0, 1)
    ]
    nodes = torch.tensor(np.stack(solved), dtype=torch.float32)
    return SmoothLut(nodes.reshape(2, NODES, NODES, NODES))


def _affine_nodes(rgb: Tensor, cbcr: Tensor, share: Tensor) -> Tensor:
    """The best affine law at every node, (2, NODES, NODES, NODES)."""
    terms = torch.cat([rgb, torch.ones_like(rgb[:1])])
    square = (terms * share) @ terms.T + RIDGE * torch.eye(4, dtype=torch.float64)
    law = torch.linalg.solve(square, (terms * share) @ cbcr.T)
    axis = torch.linspace(0, 1, NODES, dtype=torch.float64)
    blue, green, red = torch.meshgrid(axis, axis, axis, indexing="ij")
    terms = torch.stack([red, green, blue, torch.ones_like(red)], dim=-1)
    return torch.permute(terms @ law, (3, 0, 1, 2))


def _trilinear(rgb: np.ndarray) -> sparse.csr_array:
    """Interpolation weights (N, NODES**3) of samples (3, N); red runs fastest."""
    position = rgb * (NODES - 1)
    low = np.minimum(position.astype(np.int64), NODES - 2)
    part = position - low
    columns, values = [], []
    for corner in range(8):
        offset = np.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1])[:, None]
        red, green, blue = low + offset
        columns.append((blue * NODES + green) * NODES + red)
        values.append(np.where(offset == 1, part, 1 - part).prod(axis=0))
    rows = np.tile(np.arange(rgb.shape[1]), 8)
    shape = (rgb.shape[1], NODES**3)
    return sparse.csr_array((np.concatenate(values), (rows, np.concatenate(columns))), shape=shape)


@cache
def _roughness() -> sparse.csr_array:
    """The sum of squared second differences along the three axes of the cube, a form of nodes."""
    line = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(NODES - 2, NODES))
    same = sparse.eye_array(NODES)
    along = [
        sparse.kron(sparse.kron(a, b), c)
        for a, b, c in ((line, same, same), (same, line, same), (same, same, line))
    ]
    differences = sparse.vstack(along).tocsr()
    return differences.T @ differences
