"""Gradings told apart from the fade, in films of simulated dyes whose references are graded."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.model import ChromaModel, ResidualNetworks, load_model, save_model
from unfade.model.closed_form.gradings import NEUTRAL, NO_GRADINGS, Gradings, apply_grading
from unfade.model.closed_form.laws import Laws
from unfade.model.files import MODEL_SCHEMA, load_tensors
from unfade.simulate.print_film import density_to_display, dyes_to_density
from unfade.train.data.samples import ColourSamples, PositionedSamples
from unfade.train.fit.grading import fit_gradings, is_clear_gain, separate_gradings
from unfade.train.fit.laws import fit_law
from unfade.train.fit.lut import fit_axes

REMAINING = torch.tensor([0.32, 0.94, 0.58])[:, None, None]
"""Shares of cyan, magenta and yellow that a hard fade leaves."""

WITH_PAIRS = (1, 3, 5, 7, 9)

SAMPLES = 20_000
"""Of a shot, so many that its own colours are near samples although they fill a volume."""

SHIFT = torch.tensor([[-0.05, 0.0, 0.01], [0.0, 0.1, -0.02]])
"""A grading less neutral: gains, and an offset, of a visible cast."""


def drifting(number: int) -> Tensor:
    return NEUTRAL + SHIFT * (number - 5)


def alternating(number: int) -> Tensor:
    """The neighbours of every shot with pairs are graded in the opposite direction."""
    return NEUTRAL + 3 * SHIFT * math.cos(number * math.pi / 2 - math.pi / 2)


def ungraded(number: int) -> Tensor:
    return NEUTRAL


def shot(number: int, grading: Tensor) -> PositionedSamples:
    """Random dyes, about the same in all shots, with a graded reference."""
    generator = torch.Generator().manual_seed(number)
    dyes = (torch.rand(3, SAMPLES, generator=generator) * 0.6 + 0.2)[:, :, None]
    scan_rgb = density_to_display(dyes_to_density(dyes * REMAINING) + 0.05)
    true_cbcr = rgb_to_ycbcr(density_to_display(dyes_to_density(dyes)))[1:]
    cbcr = limit_chroma(luma(scan_rgb), apply_grading(grading, true_cbcr))
    position = torch.rand(2, SAMPLES, generator=generator) * 2 - 1
    return PositionedSamples(scan_rgb[..., 0], position, cbcr[..., 0], torch.ones(SAMPLES))


def film(grading: Callable[[int], Tensor]) -> tuple[Laws, dict[int, list[PositionedSamples]]]:
    """One law of all shots with pairs, and their samples."""
    shots = {number: [shot(number, grading(number))] for number in WITH_PAIRS}
    whole = ColourSamples.concatenate([pairs[0].without_position() for pairs in shots.values()])
    law = fit_law(whole, fit_axes(whole.rgb, whole.weight), nodes=17)
    return Laws(law, {1: law}, torch.zeros(3, 3)), shots


def error(laws: Laws, number: int, grading: Callable[[int], Tensor]) -> float:
    """Mean CIEDE2000 of a shot at the luma of the scan."""
    sample = shot(number, grading(number))
    y = luma(sample.rgb[..., None])
    both = (sample.cbcr[..., None], laws(sample.rgb[..., None], number))
    true_rgb, rgb = (ycbcr_to_rgb(torch.cat([y, limit_chroma(y, one)])) for one in both)
    return float(rgb_difference(true_rgb, rgb).mean())


@pytest.fixture(scope="module")
def separated() -> tuple[Laws, Laws]:
    """Laws of a film with drifting gradings, before and after."""
    laws, shots = film(drifting)
    return laws, separate_gradings(laws, shots, 0)


@pytest.mark.parametrize("number", [2, 4, 8])
def test_a_shot_without_pairs_gets_its_neighbours_grading(
    separated: tuple[Laws, Laws], number: int
) -> None:
    before, after = separated
    assert error(after, number, drifting) < 0.5 * error(before, number, drifting)


def test_a_shot_with_pairs_keeps_its_own_law(separated: tuple[Laws, Laws]) -> None:
    before, after = separated
    rgb = shot(1, NEUTRAL).rgb[..., None]
    assert torch.equal(before.shots[1](rgb), after.shots[1](rgb))
    assert (before(rgb, 1) - after(rgb, 1)).abs().mean() < 0.002


@pytest.mark.parametrize("grading", [ungraded, alternating])
def test_gradings_that_predict_no_other_shot_are_not_used(
    grading: Callable[[int], Tensor],
) -> None:
    laws, shots = film(grading)
    assert separate_gradings(laws, shots, 0) is laws


def test_one_or_two_shots_show_no_gradings() -> None:
    laws, shots = film(drifting)
    few = {number: shots[number] for number in WITH_PAIRS[:2]}
    assert separate_gradings(laws, few, 0) is laws


def test_a_gain_counts_beyond_its_standard_error() -> None:
    assert is_clear_gain(torch.tensor([0.1, 0.12, 0.09]))
    assert not is_clear_gain(torch.tensor([0.6, -0.3, 0.0]))
    assert not is_clear_gain(torch.tensor([0.02, 0.02, 0.02]))


def test_a_grading_is_found_despite_wrong_pixels() -> None:
    """A tenth of the pixels pulls the gains towards neutral, but hardly moves the offset."""
    laws, _ = film(ungraded)
    true = NEUTRAL + 2 * SHIFT
    sample = shot(2, true).without_position()
    found = fit_gradings(laws.film, {2: sample}).of(2)
    torch.testing.assert_close(found, true, atol=0.005, rtol=0)
    cbcr = sample.cbcr.clone()
    cbcr[:, :300] = 0.3
    found = fit_gradings(laws.film, {2: replace(sample, cbcr=cbcr)}).of(2)
    torch.testing.assert_close(found[:, 2], true[:, 2], atol=0.005, rtol=0)
    torch.testing.assert_close(found[:, :2], true[:, :2], atol=0.06, rtol=0)


def test_gradings_between_shots_are_interpolated_and_constant_beyond() -> None:
    gradings = Gradings({3: NEUTRAL, 7: NEUTRAL + SHIFT})
    torch.testing.assert_close(gradings.of(4), NEUTRAL + SHIFT / 4)
    assert torch.equal(gradings.of(1), NEUTRAL)
    assert torch.equal(gradings.of(7), NEUTRAL + SHIFT)
    assert torch.equal(gradings.of(99), NEUTRAL + SHIFT)
    assert torch.equal(NO_GRADINGS.of(5), NEUTRAL)


def test_a_model_file_keeps_gradings_and_has_none_without(
    separated: tuple[Laws, Laws], tmp_path: Path
) -> None:
    paths = tmp_path / "plain.safetensors", tmp_path / "graded.safetensors"
    for path, laws in zip(paths, separated, strict=True):
        save_model(path, ChromaModel("small", laws, ResidualNetworks("small")), {})
    plain, graded = (load_model(path).laws for path in paths)
    rgb = shot(4, NEUTRAL).rgb[..., None]
    assert torch.equal(graded(rgb, 4), separated[1](rgb, 4))
    assert torch.equal(plain(rgb, 4), separated[0](rgb, 4))
    stored = load_tensors(paths[0], MODEL_SCHEMA)[0]
    assert not [name for name in stored if name.startswith("grading.")]
