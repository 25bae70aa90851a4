"""Augmentation keeps source and ground truth together, and the relation of chroma to light."""

import torch

from unfade.color.ycbcr import luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.pair import Pair
from unfade.film.working_space import WORKING_GAMMA
from unfade.project.settings import TrainSection
from unfade.train.data.augment import (
    MAX_EXPOSURE_CHANGE,
    MAX_SCALE_CHANGE,
    MAX_SHIFT,
    augmented,
)
from unfade.train.data.pixels import TrainingPicture, picture_of_pair
from unfade.train.training_set import prepare


def training_picture(frame: int) -> TrainingPicture:
    generator = torch.Generator().manual_seed(frame)
    coarse = torch.rand(1, 3, 8, 12, generator=generator) * 0.6 + 0.2
    source_rgb = torch.nn.functional.interpolate(coarse, size=(96, 144), mode="bilinear")[0]
    truth_ycbcr = torch.cat([luma(source_rgb), 0.2 * (rgb_to_ycbcr(source_rgb)[1:] + 0.1)])
    pair = Pair(source=frame, reference=frame, of="dvd", shot=1)
    return picture_of_pair(source_rgb, ycbcr_to_rgb(truth_ycbcr), torch.ones(1, 96, 144), pair)


def test_source_and_truth_move_together() -> None:
    plain, changed = training_picture(1), augmented(training_picture(1), 0)
    assert changed.frame == plain.frame
    assert not torch.allclose(changed.source_rgb, plain.source_rgb, atol=0.01)
    torch.testing.assert_close(luma(changed.source_rgb), luma(changed.truth_rgb), atol=2e-3, rtol=0)
    assert torch.equal(augmented(plain, 0).source_rgb, changed.source_rgb)
    assert not torch.equal(augmented(plain, 1).source_rgb, changed.source_rgb)


def test_exposure_scales_all_components_of_source_and_truth_alike() -> None:
    """A flat picture shows the exposure alone, because shift and scale do not change it."""
    flat = training_picture(1)
    for planes, level in ((flat.source_rgb, 0.5), (flat.truth_rgb, 0.4)):
        planes.copy_(torch.tensor([level, 0.3, 0.2])[:, None, None].expand_as(planes))
    for seed in range(5):
        changed = augmented(flat, seed)
        gains = torch.cat(
            [changed.source_rgb / flat.source_rgb, changed.truth_rgb / flat.truth_rgb]
        )
        torch.testing.assert_close(gains, gains[:1, :1, :1].expand_as(gains))
        assert abs(float(gains.mean()) ** WORKING_GAMMA - 1) <= MAX_EXPOSURE_CHANGE + 1e-4


def test_pixels_from_outside_the_frame_have_no_weight() -> None:
    shares = [float(augmented(training_picture(1), seed).weight.mean()) for seed in range(20)]
    assert all(share > (1 - MAX_SCALE_CHANGE - 2 * MAX_SHIFT) ** 2 for share in shares)
    assert min(shares) < 0.97


def test_half_of_the_training_pixels_are_augmented() -> None:
    settings = TrainSection(size="small", augment=True)
    without = settings.model_copy(update={"augment": False})
    plain = prepare([training_picture(1)], [], without, IDENTITY_BALANCE).train
    with_augmented = prepare([training_picture(1)], [], settings, IDENTITY_BALANCE).train
    count = plain.features.shape[0]
    assert torch.equal(with_augmented.features[:count], plain.features)
    augmented_features = with_augmented.features[count:]
    assert 0.7 * count < augmented_features.shape[0] <= count
    assert not torch.allclose(augmented_features.mean(0), plain.features.mean(0), atol=1e-3)
