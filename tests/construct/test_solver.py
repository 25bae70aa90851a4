"""The solver against simulated fading, for which the truth is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from unfade.color.log_light import logarithm
from unfade.construct.contradictions import solve_consistent
from unfade.construct.dye_start import DyeStart, amounts_of, estimate_dyes, light_of
from unfade.construct.laws import Law, Places, start_law
from unfade.construct.proposals import helpful_places
from unfade.construct.solver import Evidence, no_evidence, solve

COUNT = 400
LOST = torch.tensor([0.6, 0.05, 0.35], dtype=torch.float64)


def film(seed: int = 0) -> tuple[Places, Tensor]:
    """Places of a faded frame, and their true chroma (2, N)."""
    draws = np.random.default_rng(seed)
    grey = draws.uniform(0.1, 1.2, COUNT)
    amounts = torch.from_numpy((grey + draws.normal(0, 0.15, (3, COUNT))).clip(0.02))
    red, green, blue = light_of(amounts)
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    cbcr = torch.stack([(blue - y) / 1.8556, (red - y) / 1.5748])
    position = torch.from_numpy(draws.uniform(-1, 1, (2, COUNT)))
    faded = light_of(amounts * (1 - LOST)[:, None] + torch.tensor([[0.02], [0.04], [0.08]]))
    return Places(logarithm(faded), position, torch.full_like(position[0], 0.03)), cbcr


def evidence(indices: list[int], **changed: Tensor) -> Evidence:
    places, cbcr = film()
    stated = cbcr[:, indices].clone()
    for index, chroma in changed.items():
        stated[:, int(index[1:])] = chroma
    return Evidence(places.at(indices), stated, torch.full_like(stated[0], 0.004))


def law() -> Law:
    return start_law(estimate_dyes(film()[0].log_rgb), has_model=False)


def error(log_rgb: Tensor, cbcr: Tensor) -> float:
    return float((log_rgb - cbcr).norm(dim=0).mean())


def test_dyes_are_their_own_inverse() -> None:
    amounts = torch.rand(3, 50, dtype=torch.float64) + 0.1
    torch.testing.assert_close(amounts_of(logarithm(light_of(amounts))), amounts)


def test_the_losses_of_a_film_are_estimated_from_its_pictures() -> None:
    lost = estimate_dyes(film()[0].log_rgb).lost
    expected = [1 - float((1 - one) / (1 - LOST[1])) for one in LOST]
    assert lost == pytest.approx(expected, abs=0.06)


def test_the_start_of_an_unfaded_film_changes_little() -> None:
    amounts = torch.rand(1, COUNT, dtype=torch.float64) + torch.rand(3, COUNT).double() / 9
    start = estimate_dyes(logarithm(light_of(amounts)))
    torch.testing.assert_close(start.gains, torch.ones(3, dtype=torch.float64), atol=0.05, rtol=0)


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_a_film_of_one_brightness_counts_as_unfaded(level: float) -> None:
    start = estimate_dyes(logarithm(torch.full((3, COUNT), level, dtype=torch.float64)))
    torch.testing.assert_close(start.gains, torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("has_model", [False, True])
def test_the_slope_of_a_law_is_that_of_finite_differences(has_model: bool) -> None:
    places, cbcr = film()
    places = replace(places, model_cbcr=cbcr)
    start = start_law(estimate_dyes(places.log_rgb), has_model=has_model)
    draws = np.random.default_rng(2).normal(0, 0.05, len(start.parameters))
    one = replace(start, parameters=torch.from_numpy(draws))
    slope = one.slope(places)
    for index in range(len(draws)):
        step = torch.zeros(len(draws), dtype=torch.float64)
        step[index] = 1e-6
        above, below = (
            replace(one, parameters=one.parameters + sign * step)(places) for sign in (1, -1)
        )
        torch.testing.assert_close(slope[:, :, index], (above - below) / 2e-6, atol=1e-6, rtol=1e-4)


def test_points_lower_the_error_and_the_uncertainty() -> None:
    places, cbcr = film()
    errors, deviations = [], []
    for count in (0, 5, 20):
        solution = solve(law(), evidence([*range(count)]))
        errors.append(error(solution.chroma(places), cbcr))
        deviations.append(float(solution.deviation(places).mean()))
    assert errors[0] > 1.5 * errors[1] > 1.5 * errors[2]
    assert errors[2] < 0.01
    assert deviations == sorted(deviations, reverse=True)


def test_points_correct_a_model_that_is_off() -> None:
    places, cbcr = film()
    tinted = replace(places, model_cbcr=0.9 * cbcr + torch.tensor([[0.02], [-0.01]]))
    start = start_law(estimate_dyes(places.log_rgb), has_model=True)
    nothing = solve(start, no_evidence())
    torch.testing.assert_close(nothing.chroma(tinted), tinted.model_cbcr)
    indices = [*range(8)]
    known = Evidence(tinted.at(indices), cbcr[:, indices], torch.full_like(cbcr[0, :8], 0.004))
    before = error(nothing.chroma(tinted), cbcr)
    assert error(solve(start, known).chroma(tinted), cbcr) < 0.3 * before


def test_near_a_point_the_result_is_the_stated_colour() -> None:
    stated = torch.tensor([0.05, -0.04], dtype=torch.float64)
    known = evidence([3], _0=stated)
    unfaded = DyeStart(torch.ones(3).double(), torch.zeros(3).double())
    solution = solve(start_law(unfaded, has_model=False), known)
    assert float((solution.chroma(known.places)[:, 0] - stated).norm()) < 0.01


def test_a_wrong_hue_is_left_out_and_named_with_what_the_others_say() -> None:
    places, cbcr = film()
    indices = [*range(12)]
    green = cbcr[:, 7] + torch.tensor([-0.15, -0.2])
    solution, left_out = solve_consistent(law(), evidence(indices, _7=green), indices)
    assert [one.index for one in left_out] == [7]
    assert left_out[0].expected == pytest.approx(cbcr[:, 7].tolist(), abs=0.02)
    assert error(solution.chroma(places), cbcr) < 0.015
    assert solve_consistent(law(), evidence(indices), indices)[1] == []


def test_of_two_statements_about_one_colour_the_wrong_one_is_left_out() -> None:
    wrong = film()[1][:, 5] + torch.tensor([0.15, -0.15])
    known = evidence([0, 1, 2, 3, 4, 5, 5], _6=wrong)
    _, left_out = solve_consistent(law(), known, range(7))
    assert [one.index for one in left_out] == [6]


def test_places_of_a_scribble_are_left_out_together() -> None:
    wrong = film()[1][:, 7] + torch.tensor([-0.15, -0.2])
    groups = [0, 1, 2, 3, 4, 5, 6, 7, 7, 7]
    known = evidence([*range(10)], _7=wrong, _8=wrong, _9=wrong)
    solution, left_out = solve_consistent(law(), known, groups)
    assert [one.index for one in left_out] == [7]
    assert len(solution.evidence) == 7


def test_a_wrong_scribble_on_one_surface_does_not_protect_itself() -> None:
    """Its places predict each other, but the true points contradict all of them together."""
    places, cbcr = film()
    distance = (places.log_rgb - places.log_rgb[:, [7]]).norm(dim=0)
    scribble, others = distance.argsort()[:12].tolist(), distance.argsort()[12:24].tolist()
    wrong = cbcr[:, scribble].mean(dim=1) + torch.tensor([-0.15, -0.2])
    known = evidence([*others, *scribble], **{f"_{index}": wrong for index in range(12, 24)})
    known = replace(known, deviation=known.deviation * torch.tensor([1.0] * 12 + [12**0.5] * 12))
    _, left_out = solve_consistent(law(), known, [*range(12), *[12] * 12])
    assert [one.index for one in left_out] == [12]


def test_several_contradictions_are_all_found() -> None:
    wrong = [*range(0, 60, 12)]
    turned = torch.from_numpy(np.random.default_rng(4).choice([-0.15, 0.15], (5, 2)))
    changed = {f"_{one}": film()[1][:, one] + turned[one // 12] for one in wrong}
    _, left_out = solve_consistent(law(), evidence([*range(60)], **changed), range(60))
    assert sorted(one.index for one in left_out) == wrong


def test_proposed_points_help_more_than_others() -> None:
    places, _ = film()
    everywhere = torch.ones(COUNT, dtype=torch.bool)
    chosen = helpful_places(solve(law(), no_evidence()), places, everywhere, 6)
    assert len(set(chosen)) == 6
    helped = float(solve(law(), evidence(chosen)).deviation(places).mean())
    draws = np.random.default_rng(1)
    for _ in range(5):
        others = draws.choice(COUNT, 6, replace=False).tolist()
        assert helped < float(solve(law(), evidence(others)).deviation(places).mean())


def test_only_eligible_places_are_proposed() -> None:
    places, _ = film()
    eligible = torch.zeros(COUNT, dtype=torch.bool)
    eligible[[4, 9]] = True
    assert set(helpful_places(solve(law(), no_evidence()), places, eligible, 5)) == {4, 9}
