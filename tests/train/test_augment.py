"""A picture shown otherwise keeps how its chroma goes with its light."""

import torch

from unfade.color.ycbcr import luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.pair import Pair
from unfade.film.working_space import WORKING_GAMMA
from unfade.project.settings import TrainSection
from unfade.train.data.augment import EXPOSURE, SCALE, SHIFT, augmented
from unfade.train.data.pixels import Picture, picture
from unfade.train.training_set import prepare


def shown(frame: int) -> Picture:
    generator = torch.Generator().manual_seed(frame)
    coarse = torch.rand(1, 3, 8, 12, generator=generator) * 0.6 + 0.2
    source_rgb = torch.nn.functional.interpolate(coarse, size=(96, 144), mode="bilinear")[0]
    truth_ycbcr = torch.cat([luma(source_rgb), 0.2 * (rgb_to_ycbcr(source_rgb)[1:] + 0.1)])
    pair = Pair(source=frame, reference=frame, of="dvd", shot=1)
    return picture(source_rgb, ycbcr_to_rgb(truth_ycbcr), torch.ones(1, 96, 144), pair)


def test_source_and_truth_move_together() -> None:
    plain, again = shown(1), augmented(shown(1), 0)
    assert again.frame == plain.frame
    assert not torch.allclose(again.source_rgb, plain.source_rgb, atol=0.01)
    torch.testing.assert_close(luma(again.source_rgb), luma(again.truth_rgb), atol=2e-3, rtol=0)
    assert torch.equal(augmented(shown(1), 0).source_rgb, again.source_rgb)
    assert not torch.equal(augmented(shown(1), 1).source_rgb, again.source_rgb)


def test_chroma_goes_with_light_as_it_did() -> None:
    """Of a flat picture nothing but the exposure can change, and all components alike."""
    flat = shown(1)
    for planes, level in ((flat.source_rgb, 0.5), (flat.truth_rgb, 0.4)):
        planes.copy_(torch.tensor([level, 0.3, 0.2])[:, None, None].expand_as(planes))
    for seed in range(5):
        again = augmented(flat, seed)
        gains = torch.cat([again.source_rgb / flat.source_rgb, again.truth_rgb / flat.truth_rgb])
        torch.testing.assert_close(gains, gains[:1, :1, :1].expand_as(gains))
        assert abs(float(gains.mean()) ** WORKING_GAMMA - 1) <= EXPOSURE + 1e-4


def test_what_comes_from_outside_has_no_weight() -> None:
    shares = [float(augmented(shown(1), seed).weight.mean()) for seed in range(20)]
    assert all(share > (1 - SCALE - 2 * SHIFT) ** 2 for share in shares)
    assert min(shares) < 0.97


def test_half_of_what_is_learned_from_is_otherwise() -> None:
    settings = TrainSection(size="small", augment=True)
    plain = prepare(
        [shown(1)], [], settings.model_copy(update={"augment": False}), IDENTITY_BALANCE
    ).train
    more = prepare([shown(1)], [], settings, IDENTITY_BALANCE).train
    count = plain.features.shape[0]
    assert torch.equal(more.features[:count], plain.features)
    assert 0.7 * count < more.features.shape[0] - count <= count
    assert not torch.allclose(more.features[count:].mean(0), plain.features.mean(0), atol=1e-3)
