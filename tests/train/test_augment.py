"""Augmentation keeps source and ground truth together, and the relation of chroma to light."""

from dataclasses import replace

import pytest
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
from unfade.train.data.pixels import (
    NetworkPicture,
    Pixels,
    TrainingPicture,
    network_picture,
    picture_of_pair,
)
from unfade.train.training_set import prepare

from .conftest import NO_GRAIN


def training_picture(frame: int) -> TrainingPicture:
    generator = torch.Generator().manual_seed(frame)
    coarse = torch.rand(1, 3, 8, 12, generator=generator) * 0.6 + 0.2
    source_rgb = torch.nn.functional.interpolate(coarse, size=(96, 144), mode="bilinear")[0]
    truth_ycbcr = torch.cat([luma(source_rgb), 0.2 * (rgb_to_ycbcr(source_rgb)[1:] + 0.1)])
    pair = Pair(source=frame, reference=frame, of="dvd", shot=1)
    return picture_of_pair(source_rgb, ycbcr_to_rgb(truth_ycbcr), torch.ones(1, 96, 144), pair)


def picture(frame: int) -> NetworkPicture:
    return network_picture(training_picture(frame), NO_GRAIN)


def test_source_and_truth_move_together() -> None:
    plain, changed = picture(1), augmented(picture(1), 0)
    source_rgb = changed.frame.source_rgb
    assert (changed.frame.number, changed.frame.shot) == (plain.frame.number, plain.frame.shot)
    assert not torch.allclose(source_rgb, plain.frame.source_rgb, atol=0.01)
    torch.testing.assert_close(luma(source_rgb), changed.truth_ycbcr[:1], atol=2e-3, rtol=0)
    assert torch.equal(changed.frame.clean_rgb, source_rgb)
    assert torch.equal(augmented(plain, 0).frame.source_rgb, source_rgb)
    assert not torch.equal(augmented(plain, 1).frame.source_rgb, source_rgb)


def test_pictures_of_one_frame_change_alike() -> None:
    """Pixels of a frame share its features, whichever pair their chroma is from."""
    own = picture(1)
    carried = replace(own, truth_ycbcr=own.truth_ycbcr * 0.9, pair_frame=9)
    for seed in range(3):
        one, other = augmented(own, seed), augmented(carried, seed)
        assert torch.equal(one.frame.source_rgb, other.frame.source_rgb)
        assert torch.equal(one.frame.clean_rgb, other.frame.clean_rgb)


def test_exposure_scales_all_components_of_source_and_truth_alike() -> None:
    """A flat picture shows the exposure alone, because shift and scale do not change it."""
    whole = training_picture(1)
    for planes, level in ((whole.source_rgb, 0.5), (whole.truth_rgb, 0.4)):
        planes.copy_(torch.tensor([level, 0.3, 0.2])[:, None, None].expand_as(planes))
    flat = network_picture(whole, NO_GRAIN)
    for seed in range(5):
        changed = augmented(flat, seed)
        gains = torch.cat(
            [
                changed.frame.source_rgb / flat.frame.source_rgb,
                changed.frame.clean_rgb / flat.frame.clean_rgb,
                ycbcr_to_rgb(changed.truth_ycbcr) / ycbcr_to_rgb(flat.truth_ycbcr),
            ]
        )
        torch.testing.assert_close(gains, gains[:1, :1, :1].expand_as(gains))
        assert abs(float(gains.mean()) ** WORKING_GAMMA - 1) <= MAX_EXPOSURE_CHANGE + 1e-4


def test_pixels_from_outside_the_frame_have_no_weight() -> None:
    shares = [float(augmented(picture(1), seed).weight.mean()) for seed in range(20)]
    assert all(share > (1 - MAX_SCALE_CHANGE - 2 * MAX_SHIFT) ** 2 for share in shares)
    assert min(shares) < 0.97


def test_half_of_the_training_pixels_are_augmented() -> None:
    settings = TrainSection(size="small", augment=True)
    without = settings.model_copy(update={"augment": False})
    plain = prepare([training_picture(1)], [], without, IDENTITY_BALANCE).train
    with_augmented = prepare([training_picture(1)], [], settings, IDENTITY_BALANCE).train
    count = plain.features.shape[0]
    is_plain = rows_among(with_augmented, plain)
    assert int(is_plain.sum()) == count
    augmented_features = with_augmented.features[~is_plain]
    assert 0.7 * count < augmented_features.shape[0] <= count
    assert not torch.allclose(augmented_features.mean(0), plain.features.mean(0), atol=1e-3)
    first, second = is_plain.float().chunk(2)
    assert float(first.mean()) == pytest.approx(float(second.mean()), abs=0.05)


def rows_among(pixels: Pixels, others: Pixels) -> torch.Tensor:
    """Which pixels (N,) have exactly the features of one of the others."""
    known = {row.tobytes() for row in others.features.numpy()}
    return torch.tensor([row.tobytes() in known for row in pixels.features.numpy()])
