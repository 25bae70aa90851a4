"""Laws of colour beyond the samples, on colours that a simulated fade makes of known dyes."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.model import ChromaModel, ResidualNetworks, load_model, save_model
from unfade.model.closed_form.general_law import distance_steps
from unfade.model.closed_form.gradings import Gradings
from unfade.model.closed_form.laws import beyond
from unfade.model.closed_form.unevenness import POSITION_TERMS, Unevenness
from unfade.model.features import positions
from unfade.simulate.print_film import density_to_display, dyes_to_density
from unfade.train.data.samples import ColourSamples, PositionedSamples
from unfade.train.fit import extrapolation
from unfade.train.fit.distance import distance_field, distance_to
from unfade.train.fit.dye_law import fit_dye_law
from unfade.train.fit.extrapolation import (
    MIN_HUE_CHROMA,
    USUAL_ERRORS,
    LeftOut,
    _hue_folds,
    errors_by_distance,
    extrapolate,
    general_share,
)
from unfade.train.fit.general_law import colour_spread, fit_general_law
from unfade.train.fit.laws import fit_laws

REMAINING = torch.tensor([0.32, 0.94, 0.58])[:, None, None]
"""Shares of cyan, magenta and yellow that a hard fade leaves."""


def faded_and_true(dyes: Tensor) -> tuple[Tensor, Tensor]:
    """Scan (3, N) and true chroma (2, N) of dyes (3, N)."""
    planes = dyes[:, :, None]
    true_rgb = density_to_display(dyes_to_density(planes))
    scan_rgb = density_to_display(dyes_to_density(planes * REMAINING) + 0.05)
    return scan_rgb[..., 0], rgb_to_ycbcr(true_rgb)[1:, :, 0]


def dyes_of(count: int, seed: int, least: tuple[float, float, float]) -> Tensor:
    """Random dyes (3, N): each at least `least`, up to 0.5 above it."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(3, count, generator=generator) * 0.5 + torch.tensor(least)[:, None]


def sample_of(dyes: Tensor) -> ColourSamples:
    rgb, cbcr = faded_and_true(dyes)
    return ColourSamples(rgb, cbcr, torch.ones(rgb.shape[1]))


def error(rgb: Tensor, cbcr: Tensor, predicted: Tensor) -> float:
    """Mean CIEDE2000 of predicted chroma at the scan's luma."""
    y = luma(rgb[:, :, None])
    true_rgb, predicted_rgb = (
        ycbcr_to_rgb(torch.cat([y, limit_chroma(y, one[:, :, None])])) for one in (cbcr, predicted)
    )
    return float(rgb_difference(true_rgb, predicted_rgb).mean())


NEUTRAL = (0.2, 0.2, 0.2)
CYAN = (0.6, 0.1, 0.1)


def test_the_dye_law_recovers_dyes_that_no_sample_shows() -> None:
    rgb, cbcr = faded_and_true(dyes_of(500, 1, CYAN))
    law = fit_dye_law(sample_of(dyes_of(4000, 0, NEUTRAL)))
    assert (
        error(rgb, cbcr, law(rgb))
        < 0.3
        < 10.0
        < error(rgb, cbcr, rgb_to_ycbcr(rgb[:, :, None])[1:, :, 0])
    )


def test_the_dye_law_ignores_samples_without_weight_and_outliers() -> None:
    sample = sample_of(dyes_of(4000, 0, NEUTRAL))
    cbcr, weight = sample.cbcr.clone(), sample.weight.clone()
    cbcr[:, :400] += 0.2
    cbcr[:, 400:1200] -= 0.3
    weight[400:1200] = 0.0
    law = fit_dye_law(ColourSamples(sample.rgb, cbcr, weight))
    rgb, true_cbcr = faded_and_true(dyes_of(500, 1, NEUTRAL))
    assert error(rgb, true_cbcr, law(rgb)) < 1.0


def test_the_general_law_follows_a_deviation_and_ends_in_the_dye_law() -> None:
    """A reference whose grading is bent along the hue, which no dye law can follow."""
    sample = sample_of(dyes_of(4000, 0, NEUTRAL))
    bent = sample.cbcr + 0.05 * torch.sin(12 * sample.cbcr.flip(0))
    sample = replace(sample, cbcr=bent)
    law = fit_general_law(sample, sample)
    at_samples = (law(sample.rgb) - bent).abs().mean()
    assert at_samples < 0.7 * (law.dyes(sample.rgb) - bent).abs().mean()
    far_rgb = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    torch.testing.assert_close(law(far_rgb), law.dyes(far_rgb), atol=0.01, rtol=0)


def test_colours_have_deviation_one_along_every_axis() -> None:
    sample = sample_of(dyes_of(4000, 0, NEUTRAL))
    positions = colour_spread(sample)(sample.rgb)
    torch.testing.assert_close(positions.std(dim=1), torch.ones(3), atol=0.05, rtol=0)


def left_out(luts: float, general: float, distance: float = 1.0) -> LeftOut:
    """A fold whose laws have these errors of Cb on mid grey, in 0.01 of the range."""
    count = 200
    rgb, none = torch.full((3, count), 0.5), torch.zeros(2, count)
    along_cb = torch.tensor([[0.01], [0.0]]).expand(2, count)
    sample = ColourSamples(rgb, none, torch.ones(count))
    return LeftOut(sample, luts * along_cb, general * along_cb, torch.full((count,), distance))


def test_the_law_with_less_error_gets_the_larger_share() -> None:
    assert general_share([]) == pytest.approx(0.5)
    assert general_share([left_out(2.0, 1.6)]) > 0.99
    assert general_share([left_out(1.6, 2.0)]) < 0.01
    assert 0.6 < general_share([left_out(1.03, 1.0)]) < 0.7


def test_a_fold_in_which_both_laws_fail_does_not_decide() -> None:
    folds = [left_out(1.0, 1.1), left_out(1.0, 1.1), left_out(9.0, 8.0)]
    assert general_share(folds) < 0.5


def error_at(errors: Tensor, distance: float) -> float:
    return float(distance_steps(torch.tensor([distance])) @ errors)


def test_the_error_by_distance_is_that_of_the_law_in_use_and_never_falls() -> None:
    folds = [left_out(3.0, 1.0, 0.05), left_out(3.0, 2.0, 0.6), left_out(3.0, 1.0, 3.0)]
    general, luts = errors_by_distance(folds, 1.0), errors_by_distance(folds, 0.0)
    assert bool((general >= 0).all())
    assert error_at(general, 0.05) == pytest.approx(0.01, rel=0.25)
    assert error_at(general, 0.6) == pytest.approx(0.0175, rel=0.3)
    for distance in (0.05, 0.6, 3.0):
        assert error_at(luts, distance) == pytest.approx(0.03, rel=0.4)


def test_folds_count_alike_whatever_their_weight() -> None:
    light, heavy = left_out(1.0, 1.0), left_out(3.0, 3.0)
    heavy = replace(heavy, samples=replace(heavy.samples, weight=heavy.samples.weight * 100))
    assert error_at(errors_by_distance([light, heavy], 1.0), 1.0) == pytest.approx(0.02, rel=0.25)


def test_errors_are_the_usual_ones_at_distances_that_no_fold_shows() -> None:
    assert errors_by_distance([], 1.0).tolist() == pytest.approx(USUAL_ERRORS)
    near_only = errors_by_distance([left_out(1.0, 1.0, 0.05)], 1.0)
    assert near_only[2:].tolist() == pytest.approx(USUAL_ERRORS[2:], rel=0.1)


def test_a_field_of_distances_is_zero_at_samples_and_right_far_away() -> None:
    """A dozen flat paints with little grain, and dark samples far from all else."""
    generator = torch.Generator().manual_seed(0)
    paints = torch.rand(3, 12, generator=generator) * 0.8 + 0.1
    rgb = paints.repeat_interleave(500, dim=1)
    rgb = rgb + torch.randn(rgb.shape, generator=generator) * 0.003
    rgb = torch.cat([rgb, torch.full((3, 60), 0.001)], dim=1)
    sample = ColourSamples(rgb, torch.zeros(2, rgb.shape[1]), torch.ones(rgb.shape[1]))
    spread = colour_spread(sample)
    distance = distance_to(sample, spread, generator)
    field = distance_field(distance)
    assert float(beyond(field(spread(rgb[:, :, None]))).mean()) < 0.05
    others = torch.rand(3, 2000, generator=generator)[:, :, None]
    exact = distance(spread(others)[..., 0])
    assert float((field(spread(others))[:, 0] - exact).abs().mean()) < 0.1
    assert float(field(spread(torch.tensor([[[1.0]], [[0.0]], [[1.0]]])))) > 1.0


@pytest.mark.parametrize("count", [400, 20_000])
def test_own_colours_are_near_however_few_samples_there_are(count: int) -> None:
    sample = sample_of(dyes_of(count, 0, NEUTRAL))
    spread = colour_spread(sample)
    distance = distance_to(sample, spread, torch.Generator().manual_seed(0))
    again = spread(sample_of(dyes_of(2000, 1, NEUTRAL)).rgb)
    assert float(beyond(distance(again)).mean()) < 0.1
    far = spread(sample_of(dyes_of(2000, 1, (1.2, 0.3, 0.2))).rgb)
    assert float(beyond(distance(far)).mean()) > 0.9


def test_colours_without_weight_are_not_shown() -> None:
    near, far = sample_of(dyes_of(2000, 0, NEUTRAL)), sample_of(dyes_of(2000, 1, (1.2, 0.3, 0.2)))
    doubted = replace(far, weight=far.weight * 0.01)
    sample = ColourSamples.concatenate([near, doubted])
    spread = colour_spread(near)
    distance = distance_to(sample, spread, torch.Generator().manual_seed(0))
    assert float(beyond(distance(spread(far.rgb))).mean()) > 0.9


def positioned(dyes: Tensor, pictures: int = 1) -> PositionedSamples:
    """Samples at random positions."""
    sample = sample_of(dyes)
    position = (
        torch.rand(2, sample.rgb.shape[1], generator=torch.Generator().manual_seed(2)) * 2 - 1
    )
    return PositionedSamples(sample.rgb, position, sample.cbcr, sample.weight, pictures)


def test_a_shot_without_pairs_is_recovered_by_the_dyes_of_the_others() -> None:
    """Three shots with pairs, none of them as cyan; the LUTs alone fail on the fourth."""
    places = (NEUTRAL, (0.1, 0.3, 0.2), (0.1, 0.1, 0.5))
    shots = {n: [positioned(dyes_of(3000, n, place))] for n, place in enumerate(places, start=1)}
    laws = fit_laws(
        {n: samples[0].without_position() for n, samples in shots.items()}, torch.zeros(3, 3)
    )
    rgb, cbcr = faded_and_true(dyes_of(500, 9, (1.2, 0.3, 0.2)))
    planes = rgb[:, :, None]
    before = error(rgb, cbcr, laws(planes, 4)[..., 0])
    after = error(rgb, cbcr, extrapolate(laws, shots, 0)(planes, 4)[..., 0])
    assert after < 0.5 * before


def test_colours_of_the_samples_keep_their_law() -> None:
    """A law that no dyes explain: hue turned by luma."""
    sample = positioned(dyes_of(6000, 0, NEUTRAL))
    turned = sample.cbcr.flip(0) * torch.where(sample.rgb[0] > 0.5, 1.0, -1.0)
    shots = {1: [replace(sample, cbcr=turned)]}
    laws = fit_laws({1: shots[1][0].without_position()}, torch.zeros(3, 3))
    planes = sample.rgb[:, :, None]
    change = extrapolate(laws, shots, 0)(planes, 1) - laws(planes, 1)
    assert change.abs().mean() < 0.005


def test_the_same_seed_gives_the_same_laws() -> None:
    shots = {1: [positioned(dyes_of(3000, 0, NEUTRAL))]}
    laws = fit_laws({1: shots[1][0].without_position()}, torch.zeros(3, 3))
    one, other = (extrapolate(laws, shots, 3).general for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.share == other.share
    for name in ("deviation", "errors", "lut_errors"):
        assert torch.equal(getattr(one, name), getattr(other, name))
    assert torch.equal(one.film_distance.nodes, other.film_distance.nodes)


def test_distances_are_to_the_samples_of_the_shot() -> None:
    places = {1: NEUTRAL, 2: (1.0, 0.1, 0.1), 3: (0.1, 0.1, 1.0)}
    shots = {n: [positioned(dyes_of(5000, n, place))] for n, place in places.items()}
    samples = {n: one[0].without_position() for n, one in shots.items()}
    laws = extrapolate(fit_laws(samples, torch.zeros(3, 3)), shots, 0)
    for number, sample in samples.items():
        rgb = sample.rgb[:, :, None]
        assert float(beyond(laws.distance(rgb, number)).mean()) < 0.2
        assert float(laws.distance(rgb, 9).mean()) < 0.3
        for other in set(samples) - {number}:
            assert float(beyond(laws.distance(rgb, other)).mean()) > 0.9


def test_hue_folds_leave_out_colours_that_have_a_hue() -> None:
    whole = sample_of(dyes_of(5000, 1, NEUTRAL))
    folds = _hue_folds(whole, torch.Generator().manual_seed(0))
    assert 2 <= len(folds) <= 4
    for fold in folds:
        assert float(fold.left_out.cbcr.norm(dim=0).min()) >= MIN_HUE_CHROMA
    assert sum(float(fold.left_out.weight.sum()) for fold in folds) < 5000


def test_hues_that_are_left_out_tell_the_error_and_do_not_choose_the_law(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pairs = [positioned(dyes_of(5000, n, NEUTRAL)) for n in (1, 2)]
    bent = [replace(one, cbcr=one.cbcr + 0.1 * torch.sin(9 * one.cbcr.flip(0))) for one in pairs]
    shots = {1: bent}
    laws = fit_laws({1: bent[0].without_position()}, torch.zeros(3, 3))
    with_hues = extrapolate(laws, shots, 0).general
    monkeypatch.setattr(extrapolation, "_hue_folds", lambda *_: [])
    without = extrapolate(laws, shots, 0).general
    assert with_hues is not None
    assert without is not None
    assert not torch.equal(with_hues.errors, without.errors)
    assert with_hues.share == without.share


def test_a_model_file_holds_the_general_law(tmp_path: Path) -> None:
    shots = {1: [positioned(dyes_of(3000, 0, NEUTRAL))]}
    laws = fit_laws({1: shots[1][0].without_position()}, torch.zeros(3, 3))
    laws = extrapolate(laws, shots, 0)
    model = ChromaModel("small", laws, ResidualNetworks("small"))
    save_model(tmp_path / "model.safetensors", model, {})
    loaded = load_model(tmp_path / "model.safetensors")
    planes = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(4))
    assert torch.equal(loaded.closed_form(planes, 1), model.closed_form(planes, 1))
    assert not torch.equal(laws(planes, 1), laws.film(planes))


def test_only_shots_with_pairs_count_as_such() -> None:
    sample = sample_of(dyes_of(500, 0, NEUTRAL))
    for numbers in ((1,), (1, 3)):
        laws = fit_laws(dict.fromkeys(numbers, sample), torch.zeros(3, 3))
        assert [laws.has_pairs(number) for number in (1, 2)] == [True, False]


def test_a_shot_with_a_law_of_its_own_keeps_it_for_colours_that_were_seen() -> None:
    """Both shots are graded alike in their dyes but not in their chroma."""
    first, second = (positioned(dyes_of(20_000, n, NEUTRAL)) for n in (1, 2))
    shots = {1: [first], 2: [replace(second, cbcr=second.cbcr * 0.5)]}
    laws = fit_laws(
        {n: samples[0].without_position() for n, samples in shots.items()}, torch.zeros(3, 3)
    )
    seen = second.rgb[:, :, None]
    extrapolated = extrapolate(laws, shots, 0)
    assert (extrapolated(seen, 2) - laws(seen, 2)).abs().mean() < 0.001
    unseen, _ = faded_and_true(dyes_of(500, 9, (1.2, 0.3, 0.2)))
    change = extrapolated(unseen[:, :, None], 2) - laws(unseen[:, :, None], 2)
    assert change.abs().mean() > 0.003


def test_an_unevenly_faded_shot_leaves_its_law_for_colours_that_no_pair_shows() -> None:
    """Its law for the position extrapolates as badly as a LUT."""
    first, second = (positioned(dyes_of(20_000, n, NEUTRAL)) for n in (1, 2))
    shots = {1: [first], 2: [second]}
    laws = fit_laws(
        {n: samples[0].without_position() for n, samples in shots.items()}, torch.zeros(3, 3)
    )
    laws = extrapolate(laws, shots, 0)
    coefficients = torch.full((2, POSITION_TERMS), 0.01)
    uneven = Unevenness({2: laws.shots[2]}, {2: coefficients})
    model = ChromaModel("small", laws, ResidualNetworks("small"), uneven)
    rgb, cbcr = faded_and_true(dyes_of(800, 9, (1.2, 0.3, 0.2)))
    far_rgb, position = rgb.reshape(3, 20, 40), positions(20, 40)
    far_cbcr = model.closed_form(far_rgb, 2)
    assert error(rgb, cbcr, far_cbcr.flatten(1)) < 0.5 * error(
        rgb, cbcr, uneven.predict(far_rgb, 2, position).flatten(1)
    )
    near_rgb = second.rgb[:, :800].reshape(3, 20, 40)
    change = model.closed_form(near_rgb, 2) - uneven.predict(near_rgb, 2, position)
    assert change.abs().mean() < 0.002


def test_the_general_law_is_evaluated_only_where_it_counts() -> None:
    """The result is that of both laws mixed everywhere, and of the given distances."""
    first, second = (positioned(dyes_of(20_000, n, NEUTRAL)) for n in (1, 2))
    shots = {1: [first], 2: [second]}
    samples = {n: one[0].without_position() for n, one in shots.items()}
    laws = extrapolate(fit_laws(samples, torch.zeros(3, 3)), shots, 0)
    assert laws.general is not None
    general = laws.general
    neutral = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    turned = torch.tensor([[0.9, 0.1, 0.01], [-0.1, 1.1, 0.0]])
    far_rgb, _ = faded_and_true(dyes_of(400, 9, (1.2, 0.3, 0.2)))
    near_rgb = second.rgb[:, :400]
    for gradings in (laws.gradings, Gradings({1: neutral, 2: turned})):
        graded = replace(laws, gradings=gradings)
        for rgb in (near_rgb, far_rgb, torch.cat([near_rgb, far_rgb], dim=1)):
            planes = rgb.reshape(3, 20, -1)
            own_cbcr = graded.shots[2](planes)
            distance = graded.distance(planes, 2)
            share = general.share * beyond(distance)
            everywhere = torch.lerp(own_cbcr, graded._graded(general(planes), 2), share)
            kept = own_cbcr.clone()
            mixed = graded.extended(own_cbcr, planes, 2)
            torch.testing.assert_close(mixed, everywhere, atol=1e-6, rtol=0)
            assert torch.equal(graded(planes, 2), mixed)
            assert torch.equal(graded(planes, 2, distance), mixed)
            assert torch.equal(own_cbcr, kept)
    assert float(beyond(laws.distance(far_rgb[..., None], 2)).mean()) > 0.9
    assert float(beyond(laws.distance(near_rgb[..., None], 2)).mean()) < 0.1
