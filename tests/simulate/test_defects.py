"""Grain, dirt, weave and exposure have the strength of their parameters."""

import numpy as np
import torch

from unfade.simulate.defects import add_grain, dirt, exposure_deviation, gate_weave, sparkles


def test_grain_is_strongest_at_an_amount_of_1() -> None:
    def deviation(amount: float) -> float:
        return float(add_grain(torch.full((3, 200, 200), amount), 0.03, 1, 5).std())

    assert abs(deviation(1.0) - 0.03) < 0.002
    assert deviation(0.0) == 0
    assert 0 < deviation(0.2) < 0.025
    assert 0 < deviation(2.7) < 0.025


def test_grain_is_fine_and_independent_for_each_dye_and_frame() -> None:
    flat = torch.ones(3, 200, 200)
    grain = add_grain(flat, 0.03, 1, 5) - 1
    near = torch.corrcoef(torch.stack([grain[0, :, 1:].flatten(), grain[0, :, :-1].flatten()]))
    far = torch.corrcoef(torch.stack([grain[0, :, 6:].flatten(), grain[0, :, :-6].flatten()]))
    dyes = torch.corrcoef(grain.flatten(1))
    frames = torch.corrcoef(
        torch.stack([grain[0].flatten(), (add_grain(flat, 0.03, 1, 6) - 1)[0].flatten()])
    )
    assert 0.5 < near[0, 1] < 0.8
    assert far[0, 1].abs() < 0.05
    assert (dyes - torch.eye(3)).abs().max() < 0.05
    assert frames[0, 1].abs() < 0.05


def test_dirt_is_sparse_dark_and_repeatable() -> None:
    first = dirt(5, 0.5, 640, 1080, 1, 3)
    assert torch.equal(first, dirt(5, 0.5, 640, 1080, 1, 3))
    assert not torch.equal(first, dirt(5, 0.5, 640, 1080, 2, 3))
    covered = [float((dirt(5, 0.5, 640, 1080, 1, i) > 0.2).float().mean()) for i in range(20)]
    assert 0 < np.mean(covered) < 0.002
    assert max(float(dirt(5, 0.5, 640, 1080, 1, i).max()) for i in range(20)) > 0.8


def test_clean_film_has_no_dirt() -> None:
    assert not dirt(0, 0, 64, 64, 1, 0).any()
    assert not sparkles(0, 64, 64, 1, 0).any()


def test_sparkles_are_shares_of_missing_dye() -> None:
    share = torch.stack([sparkles(8, 200, 200, 1, i) for i in range(10)])
    assert share.min() == 0
    assert 0.5 < share.max() <= 1


def test_weave_stays_within_a_pixel_and_has_its_standard_deviation() -> None:
    weave = gate_weave(0.35, 1, 2000)
    assert weave.shape == (2000, 2)
    assert np.abs(weave).max() <= 1
    assert np.all(np.abs(weave.std(axis=0) - 0.33) < 0.04)
    assert not gate_weave(0.0, 1, 10).any()


def test_exposure_has_its_standard_deviation() -> None:
    assert abs(exposure_deviation(0.004, 1, 2000).std() - 0.004) < 0.0004
