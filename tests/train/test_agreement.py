"""Agreement of references: a contradicted one loses weight where pairs show similar areas."""

import torch

from unfade.model.features import FEATURE_COUNT, WIDE_FEATURES
from unfade.train.data.agreement import MIN_AGREEMENT, agreement, weighted_by_agreement
from unfade.train.data.pixels import AREA_PX, Pixels, TrainingPicture

AREAS, PIXELS_PER_AREA = 30, 20
COLUMNS = 6


def pixels(pictures: int, offset: float = 0.0) -> Pixels:
    """Pixels of pictures of the same areas, whose wide surroundings differ by `offset` from one
    picture to the next.

    In picture 0, area 0 has a reference with another grading.
    """
    generator = torch.Generator().manual_seed(0)
    features_of_area = torch.randn(AREAS, FEATURE_COUNT, generator=generator)
    picture, area, _ = torch.meshgrid(
        torch.arange(pictures), torch.arange(AREAS), torch.arange(PIXELS_PER_AREA), indexing="ij"
    )
    picture, area = picture.flatten(), area.flatten()
    features = features_of_area[area]
    features[:, list(WIDE_FEATURES)] += offset * picture[:, None]
    truth_cbcr = 0.002 * torch.randn(len(area), 2, generator=generator)
    truth_cbcr[(picture == 0) & (area == 0)] += 0.05
    ones = torch.ones(len(area), 1)
    return Pixels(
        features,
        truth_cbcr,
        torch.zeros_like(truth_cbcr),
        ones * 0.0,
        truth_cbcr,
        ones * 0.5,
        ones,
        ones.expand(-1, 3),
        torch.ones_like(picture),
        torch.stack([picture, area], dim=1),
    )


def white_pictures(count: int) -> list[TrainingPicture]:
    weight = torch.ones(1, AREAS // COLUMNS * AREA_PX, COLUMNS * AREA_PX)
    rgb = weight.expand(3, -1, -1)
    return [TrainingPicture(rgb, rgb, weight, frame, 1, "train", frame) for frame in range(count)]


def test_a_contradicted_area_has_low_agreement() -> None:
    samples = pixels(4)
    factors = agreement(samples)[:, 0]
    altered = (samples.area == 0).all(dim=1)
    assert float(factors[altered].max()) < 10 * MIN_AGREEMENT
    assert float(factors[~altered].mean()) > 0.9


def test_pictures_lose_weight_where_they_are_contradicted() -> None:
    first, *others = weighted_by_agreement(white_pictures(4), pixels(4))
    assert float(first.weight[:, :AREA_PX, :AREA_PX].max()) < 10 * MIN_AGREEMENT
    assert float(first.weight[:, :AREA_PX, AREA_PX:].mean()) > 0.9
    assert all(float(one.weight.mean()) > 0.9 for one in others)


def test_two_pictures_that_differ_keep_their_weight() -> None:
    """Neither is known to be wrong."""
    assert torch.all(agreement(pixels(2)) == 1.0)
    pictures = white_pictures(2)
    weighted = weighted_by_agreement(pictures, pixels(2))
    assert all(one is other for one, other in zip(weighted, pictures, strict=True))


def test_areas_without_similar_ones_in_other_pictures_keep_their_weight() -> None:
    assert torch.all(agreement(pixels(4, offset=10.0)) == 1.0)
