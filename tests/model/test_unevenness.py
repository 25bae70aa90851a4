"""Uneven fading is found where it is present, and only there."""

import torch

from unfade.model.closed_form.unevenness import position_chroma
from unfade.train.data.samples import PositionedSamples
from unfade.train.fit.unevenness import cross_validate


def sample(seed: int, uneven: float) -> PositionedSamples:
    """Random colours whose chroma follows one law, plus a change with position of size `uneven`."""
    generator = torch.Generator().manual_seed(seed)
    rgb = torch.rand(3, 4000, generator=generator) * 0.8 + 0.1
    position = torch.rand(2, 4000, generator=generator) * 2 - 1
    density = (rgb + 0.02).log()
    cbcr = torch.stack([0.1 * density[0] - 0.1 * density[2], 0.05 * density[1]])
    noise = 0.02 * torch.randn(cbcr.shape, generator=generator)
    cbcr = cbcr + uneven * position[0] * density[0] + noise
    return PositionedSamples(rgb, position, cbcr, torch.ones(4000))


def test_uneven_fading_is_found_and_corrected() -> None:
    result = cross_validate([sample(seed, 0.05) for seed in range(3)])
    assert result.is_uneven
    grey = torch.full((3, 2), 0.4)
    left_and_right = torch.tensor([[-1.0, 1.0], [0.0, 0.0]])
    cbcr = position_chroma(result.coefficients, grey, left_and_right)
    expected = 0.05 * 2 * float(torch.tensor(0.42).log())
    assert abs(float(cbcr[0, 1] - cbcr[0, 0]) - expected) < 0.01


def test_even_fading_is_not_called_uneven_from_several_pictures_or_one() -> None:
    assert not cross_validate([sample(seed, 0.0) for seed in range(3)]).is_uneven
    assert not cross_validate([sample(0, 0.0)]).is_uneven


def test_one_picture_is_enough_to_find_it() -> None:
    assert cross_validate([sample(0, 0.05)]).is_uneven


def test_the_coefficients_of_one_picture_count_half() -> None:
    one = cross_validate([sample(0, 0.05)])
    twice = cross_validate([sample(0, 0.05), sample(0, 0.05)])
    torch.testing.assert_close(one.coefficients, twice.coefficients / 2)


def test_one_contradicting_picture_of_several_is_enough_to_reject_it() -> None:
    samples = [sample(0, 0.05), sample(1, 0.05), sample(2, 0.05), sample(3, -0.05)]
    assert not cross_validate(samples).is_uneven
