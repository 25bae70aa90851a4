"""The solver against simulated fading, for which the truth is known."""

import numpy as np
import pytest
import torch
from torch import Tensor

from unfade.construct.advice import helpful_places, solve_consistent
from unfade.construct.dye_law import PARAMETERS, FadeLaw
from unfade.construct.dye_start import DyeStart, amounts_of, estimate_dyes, light_of, logarithm
from unfade.construct.solver import NO_EVIDENCE, Evidence, solve

PLACES = 400
LOST = torch.tensor([0.6, 0.05, 0.35], dtype=torch.float64)


def film(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """The logarithm of faded R'G'B' (3, N), true chroma (2, N), and positions (2, N)."""
    draws = np.random.default_rng(seed)
    grey = draws.uniform(0.1, 1.2, PLACES)
    amounts = torch.from_numpy((grey + draws.normal(0, 0.15, (3, PLACES))).clip(0.02))
    red, green, blue = light_of(amounts)
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    cbcr = torch.stack([(blue - y) / 1.8556, (red - y) / 1.5748])
    position = torch.from_numpy(draws.uniform(-1, 1, (2, PLACES)))
    faded = light_of(amounts * (1 - LOST)[:, None] + torch.tensor([[0.02], [0.04], [0.08]]))
    return logarithm(faded), cbcr, position


def evidence(places: list[int], **changed: Tensor) -> Evidence:
    log_rgb, cbcr, position = film()
    noise = torch.full((len(places),), 0.004, dtype=torch.float64)
    known = Evidence(log_rgb[:, places], position[:, places], cbcr[:, places].clone(), noise)
    for index, chroma in changed.items():
        known.cbcr[:, int(index[1:])] = chroma
    return known


def error(log_rgb: Tensor, cbcr: Tensor) -> float:
    return float((log_rgb - cbcr).norm(dim=0).mean())


def test_dyes_are_their_own_inverse() -> None:
    amounts = torch.rand(3, 50, dtype=torch.float64) + 0.1
    torch.testing.assert_close(amounts_of(logarithm(light_of(amounts))), amounts)


def test_the_losses_of_a_film_are_estimated_from_its_pictures() -> None:
    lost = estimate_dyes(film()[0]).lost
    expected = [1 - float((1 - one) / (1 - LOST[1])) for one in LOST]
    assert lost == pytest.approx(expected, abs=0.06)


def test_the_start_of_an_unfaded_film_changes_little() -> None:
    amounts = torch.rand(1, PLACES, dtype=torch.float64) + torch.rand(3, PLACES).double() / 9
    start = estimate_dyes(logarithm(light_of(amounts)))
    torch.testing.assert_close(start.gains, torch.ones(3, dtype=torch.float64), atol=0.05, rtol=0)


def test_the_slope_of_a_law_is_that_of_finite_differences() -> None:
    log_rgb, _, position = film()
    draws = torch.from_numpy(np.random.default_rng(2).normal(0, 0.05, PARAMETERS))
    start = estimate_dyes(log_rgb)
    slope = FadeLaw(start, draws).slope(log_rgb, position)
    for index in range(PARAMETERS):
        step = torch.zeros(PARAMETERS, dtype=torch.float64)
        step[index] = 1e-6
        above, below = (FadeLaw(start, draws + sign * step)(log_rgb, position) for sign in (1, -1))
        torch.testing.assert_close(slope[:, :, index], (above - below) / 2e-6, atol=1e-6, rtol=1e-4)


def test_points_lower_the_error_and_the_uncertainty() -> None:
    log_rgb, cbcr, position = film()
    start = estimate_dyes(log_rgb)
    errors, deviations = [], []
    for count in (0, 5, 20):
        solution = solve(start, evidence([*range(count)]) if count else NO_EVIDENCE)
        errors.append(error(solution.chroma(log_rgb, position), cbcr))
        deviations.append(float(solution.deviation(log_rgb, position).mean()))
    assert errors[0] > 1.5 * errors[1] > 1.5 * errors[2]
    assert errors[2] < 0.01
    assert deviations == sorted(deviations, reverse=True)


def test_near_a_point_the_result_is_the_stated_colour() -> None:
    stated = torch.tensor([0.05, -0.04], dtype=torch.float64)
    known = evidence([3], _0=stated)
    solution = solve(DyeStart(torch.ones(3).double(), torch.zeros(3).double()), known)
    found = solution.chroma(known.log_rgb, known.position)[:, 0]
    assert float((found - stated).norm()) < 0.01


def test_a_wrong_hue_is_left_out_and_named_with_what_the_others_say() -> None:
    log_rgb, cbcr, position = film()
    start = estimate_dyes(log_rgb)
    places = [*range(12)]
    green = cbcr[:, 7] + torch.tensor([-0.15, -0.2])
    solution, left_out = solve_consistent(start, evidence(places, _7=green), places)
    assert [one.index for one in left_out] == [7]
    assert left_out[0].expected == pytest.approx(cbcr[:, 7].tolist(), abs=0.02)
    assert error(solution.chroma(log_rgb, position), cbcr) < 0.015
    assert solve_consistent(start, evidence(places), places)[1] == []


def test_of_two_statements_about_one_colour_the_wrong_one_is_left_out() -> None:
    log_rgb, cbcr, _ = film()
    places = [0, 1, 2, 3, 4, 5, 5]
    wrong = cbcr[:, 5] + torch.tensor([0.15, -0.15])
    _, left_out = solve_consistent(estimate_dyes(log_rgb), evidence(places, _6=wrong), range(7))
    assert [one.index for one in left_out] == [6]


def test_places_of_a_scribble_are_left_out_together() -> None:
    log_rgb, cbcr, _ = film()
    wrong = cbcr[:, 7] + torch.tensor([-0.15, -0.2])
    groups = [0, 1, 2, 3, 4, 5, 6, 7, 7, 7]
    known = evidence([*range(10)], _7=wrong, _8=wrong, _9=wrong)
    solution, left_out = solve_consistent(estimate_dyes(log_rgb), known, groups)
    assert [one.index for one in left_out] == [7]
    assert len(solution.evidence) == 7


def test_proposed_points_help_more_than_others() -> None:
    log_rgb, _, position = film()
    start = estimate_dyes(log_rgb)
    everywhere = torch.ones(PLACES, dtype=torch.bool)
    nothing = solve(start, NO_EVIDENCE)
    chosen = helpful_places(nothing, log_rgb, position, everywhere, 6)
    assert len(set(chosen)) == 6
    helped = float(solve(start, evidence(chosen)).deviation(log_rgb, position).mean())
    draws = np.random.default_rng(1)
    for _ in range(5):
        others = draws.choice(PLACES, 6, replace=False).tolist()
        assert helped < float(solve(start, evidence(others)).deviation(log_rgb, position).mean())


def test_only_eligible_places_are_proposed() -> None:
    log_rgb, _, position = film()
    eligible = torch.zeros(PLACES, dtype=torch.bool)
    eligible[[4, 9]] = True
    solution = solve(estimate_dyes(log_rgb), NO_EVIDENCE)
    assert set(helpful_places(solution, log_rgb, position, eligible, 5)) == {4, 9}
