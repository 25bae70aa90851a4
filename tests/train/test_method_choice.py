"""The method of a shot: networks by default, another where hold-out pairs show it beyond chance."""

from dataclasses import replace

import pytest
import torch

from unfade.color.score import chroma_error
from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.method import METHODS, Method, Methods
from unfade.film.pair import Pair
from unfade.model.closed_form.laws import Law, Laws
from unfade.model.closed_form.lut import SmoothLut, SpreadLut
from unfade.model.closed_form.unevenness import NO_UNEVENNESS
from unfade.project.settings import TrainSection
from unfade.train.method_choice import (
    BlockErrors,
    Estimate,
    HeldOutPicture,
    block_errors,
    mean_estimate,
    methods_by_errors,
)
from unfade.train.training_set import prepare

from .conftest import two_surfaces

BLOCKS = 400


def blocks(
    shot: int, networks: float, law: float, lut: float, *, spread: float = 1.0, seed: int = 0
) -> BlockErrors:
    """A picture whose blocks have these mean errors, with independent deviations."""
    generator = torch.Generator().manual_seed(10 * shot + seed)
    means = dict(zip(METHODS, (networks, law, lut), strict=True))
    ciede2000: dict[Method, torch.Tensor] = {}
    for method in METHODS:
        noise = torch.randn(BLOCKS, generator=generator, dtype=torch.float64)
        ciede2000[method] = means[method] + spread * (noise - noise.mean())
    return BlockErrors(shot, ciede2000, torch.ones(BLOCKS, dtype=torch.float64))


def test_networks_give_way_to_the_method_with_the_smallest_error() -> None:
    """The standard error of a difference is 0.07."""
    methods = methods_by_errors([blocks(1, 1.5, 1.3, 1.1)])
    assert (methods.film.method, methods.of(1).method) == ("lut", "lut")
    errors = methods.of(1).errors
    assert errors is not None
    assert (errors.networks, errors.law, errors.lut) == pytest.approx((1.5, 1.3, 1.1))
    assert methods.of(1).chosen_by == "shot"
    assert methods_by_errors([blocks(1, 1.5, 1.1, 1.3)]).of(1).method == "law"


@pytest.mark.parametrize(("law", "lut"), [(1.5, 1.5), (1.4, 1.41), (1.6, 1.8)])
def test_networks_stay_if_none_is_better_beyond_chance(law: float, lut: float) -> None:
    methods = methods_by_errors([blocks(1, 1.5, law, lut)])
    assert (methods.film.method, methods.of(1).method) == ("networks", "networks")


def test_the_same_difference_counts_if_blocks_agree() -> None:
    methods = methods_by_errors([blocks(1, 1.5, 1.6, 1.41, spread=0.3)])
    assert methods.of(1).method == "lut"


def test_a_film_without_hold_out_pairs_has_the_networks() -> None:
    methods = methods_by_errors([])
    assert methods == Methods()
    assert (methods.of(3).method, methods.of(3).chosen_by) == ("networks", "default")


def test_a_shot_without_hold_out_pairs_follows_the_film() -> None:
    methods = methods_by_errors([blocks(1, 1.5, 1.6, 1.1), blocks(2, 1.4, 1.6, 1.0)])
    chosen = methods.of(3)
    assert (chosen.method, chosen.chosen_by) == ("lut", "film")
    assert chosen.errors is not None
    assert chosen.errors.lut == pytest.approx(1.05)


def test_one_shot_of_many_does_not_decide_for_the_film() -> None:
    """The LUT is far better in shot 1 and slightly worse in the others."""
    others = [blocks(shot, 1.0, 1.2, 1.05) for shot in range(2, 6)]
    methods = methods_by_errors([blocks(1, 4.0, 3.0, 2.0), *others])
    assert methods.of(1).method == "lut"
    assert [methods.of(shot).method for shot in (2, 3, 4, 5, 9)] == ["networks"] * 5


def test_a_shot_returns_to_the_networks_if_they_are_better_there() -> None:
    others = [blocks(shot, 1.5 + 0.01 * shot, 1.8, 1.0) for shot in range(2, 12)]
    methods = methods_by_errors([blocks(1, 1.0, 1.3, 1.4), *others])
    assert methods.film.method == "lut"
    assert (methods.of(1).method, methods.of(1).chosen_by) == ("networks", "shot")
    assert methods.of(2).method == "lut"


def test_pictures_of_a_shot_count_alike() -> None:
    """The second picture contradicts the first, so that the shot has no evidence."""
    methods = methods_by_errors([blocks(1, 1.5, 2.0, 1.0), blocks(1, 1.2, 2.0, 1.5, seed=1)])
    assert methods.of(1).method == "networks"
    assert methods.of(1).errors.networks == pytest.approx(1.35)  # type: ignore[union-attr]


def test_one_block_is_no_evidence() -> None:
    one = blocks(1, 5.0, 1.0, 1.0)
    first = {method: error[:1] for method, error in one.ciede2000.items()}
    chosen = methods_by_errors([replace(one, ciede2000=first, weight=one.weight[:1])])
    assert chosen.of(1).method == "networks"
    assert methods_by_errors([one]).of(1).method != "networks"


def test_the_variance_of_a_mean() -> None:
    alike = mean_estimate([Estimate(1.0, 0.04), Estimate(1.0, 0.04)])
    assert (alike.mean, alike.variance) == pytest.approx((1.0, 0.02))
    apart = mean_estimate([Estimate(0.0, 0.04), Estimate(2.0, 0.04)])
    assert (apart.mean, apart.variance) == pytest.approx((1.0, 1.0))


def test_the_lut_is_chosen_if_the_law_was_spoiled() -> None:
    """As colour that was carried wrongly would; the LUT is fitted to the pairs as they are."""
    pair = Pair(source=1, reference=1, of="dvd", shot=1)
    picture = two_surfaces(1, pair)
    settings = TrainSection(size="small", steps=1, batch=64, checkpoint=1)
    model = prepare([picture], [], settings, IDENTITY_BALANCE).model
    grey = SmoothLut(torch.zeros_like(model.laws.film.smooth.nodes))
    law = Law(grey, SpreadLut(grey, model.laws.axes))
    laws = Laws(law, {}, model.laws.grain)
    baseline = model.laws.baseline
    spoiled = replace(model, laws=laws, unevenness=NO_UNEVENNESS, baseline=baseline)
    judge = HeldOutPicture(1, picture.source_rgb, picture.truth_rgb, picture.weight)
    methods = methods_by_errors([block_errors(spoiled, judge)])
    assert methods.of(1).method == methods.film.method == "lut"
    assert methods.film.errors is not None
    assert methods.film.errors.lut < 0.8 * methods.film.errors.networks


def test_errors_are_those_of_the_report_and_weights_count() -> None:
    """Partial blocks at the edges count by their pixels."""
    pair = Pair(source=1, reference=1, of="dvd", shot=1)
    training = two_surfaces(1, pair)
    settings = TrainSection(size="small", steps=1, batch=64, checkpoint=1)
    model = prepare([training], [], settings, IDENTITY_BALANCE).model
    weight = torch.rand(training.weight.shape, generator=torch.Generator().manual_seed(0))
    weight[:, :, :40] = 0
    other_rgb = two_surfaces(1, pair, other_truth=True).truth_rgb
    picture = HeldOutPicture(1, training.source_rgb, other_rgb, weight)
    errors = block_errors(model, picture)
    assert bool((errors.weight > 0).all())
    for method in METHODS:
        cbcr = model.using(method).predict(picture.source_rgb, 1)
        expected = chroma_error(other_rgb, cbcr, weight).ciede2000
        assert expected > 0.1
        assert errors.mean(method) == pytest.approx(expected, rel=1e-4)
    unweighted = replace(picture, weight=torch.zeros_like(weight))
    assert methods_by_errors([block_errors(model, unweighted)]) == Methods()
