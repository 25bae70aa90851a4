"""Muon: its steps have about equal length in every direction."""

import torch

from unfade.train.fit.muon import Muon, orthogonalised


def test_singular_values_come_near_one() -> None:
    draw = torch.Generator().manual_seed(0)
    for shape in ((4, 66, 48), (4, 48, 66)):
        matrices = torch.randn(*shape, generator=draw)
        values = torch.linalg.svdvals(orthogonalised(matrices))
        assert values.shape == (4, 48)
        assert float(values.min()) > 0.3
        assert float(values.max()) < 1.3


def test_singular_vectors_are_kept() -> None:
    matrices = torch.randn(3, 20, 8, generator=torch.Generator().manual_seed(1))
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    product = left.mT @ orthogonalised(matrices) @ right.mT
    off_diagonal = product - torch.diag_embed(torch.diagonal(product, dim1=-2, dim2=-1))
    assert float(off_diagonal.abs().max()) < 1e-4


def test_inputs_of_small_variance_are_learned_as_fast() -> None:
    generator = torch.Generator().manual_seed(2)
    scale = torch.tensor([1.0, 1.0, 1.0, 1.0, 0.1, 0.1])
    inputs = torch.randn(256, 6, generator=generator) * scale
    target = torch.eye(6)
    matrix = torch.nn.Parameter(torch.zeros(6, 6))
    optimizer = Muon([{"params": [matrix]}], weight_decay=0.0)
    for step in range(100):
        optimizer.zero_grad()
        (inputs @ matrix - inputs @ target).square().sum(dim=1).mean().backward()
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 100)
        optimizer.step()
    assert float((matrix.detach() - target).abs().max()) < 0.1


def test_weights_decay() -> None:
    matrix = torch.nn.Parameter(torch.eye(3))
    optimizer = Muon([{"params": [matrix]}], weight_decay=0.5)
    matrix.grad = torch.zeros(3, 3)
    optimizer.param_groups[0]["lr"] = 0.1
    optimizer.step()
    torch.testing.assert_close(matrix.detach(), torch.eye(3) * 0.95)
