"""Uneven fading is found where there is some, and not where there is none."""

import torch

from unfade.model.closed_form.unevenness import placed_part
from unfade.train.data.samples import PlacedSamples
from unfade.train.fit.unevenness import weigh


def sample(seed: int, uneven: float) -> PlacedSamples:
    generator = torch.Generator().manual_seed(seed)
    rgb = torch.rand(3, 4000, generator=generator) * 0.8 + 0.1
    where = torch.rand(2, 4000, generator=generator) * 2 - 1
    density = (rgb + 0.02).log()
    cbcr = torch.stack([0.1 * density[0] - 0.1 * density[2], 0.05 * density[1]])
    cbcr = (
        cbcr + uneven * where[0] * density[0] + 0.02 * torch.randn(cbcr.shape, generator=generator)
    )
    return PlacedSamples(rgb, where, cbcr, torch.ones(4000))


def test_uneven_fading_is_found_and_corrected() -> None:
    evidence = weigh([sample(seed, 0.05) for seed in range(3)])
    assert evidence.is_uneven
    grey = torch.full((3, 2), 0.4)
    left_and_right = torch.tensor([[-1.0, 1.0], [0.0, 0.0]])
    added = placed_part(evidence.law, grey, left_and_right)
    expected = 0.05 * 2 * float(torch.tensor(0.42).log())
    assert abs(float(added[0, 1] - added[0, 0]) - expected) < 0.01


def test_even_fading_is_left_alone_with_several_pictures_and_with_one() -> None:
    assert not weigh([sample(seed, 0.0) for seed in range(3)]).is_uneven
    assert not weigh([sample(0, 0.0)]).is_uneven


def test_one_picture_is_enough_to_find_it() -> None:
    assert weigh([sample(0, 0.05)]).is_uneven


def test_a_law_from_one_picture_is_believed_by_half() -> None:
    one, twice = weigh([sample(0, 0.05)]), weigh([sample(0, 0.05), sample(0, 0.05)])
    torch.testing.assert_close(one.law, twice.law / 2)


def test_what_one_picture_of_several_denies_is_no_law_of_place() -> None:
    shown = [sample(0, 0.05), sample(1, 0.05), sample(2, 0.05), sample(3, -0.05)]
    assert not weigh(shown).is_uneven
