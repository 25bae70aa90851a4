"""Chroma carried along optical flow to other frames, and the shares of all pictures."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.score import chroma_error
from unfade.color.ycbcr import luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.pair import Pair
from unfade.project.settings import TrainSection
from unfade.train.data.carried_colour import (
    MIN_CARRIED_WEIGHT,
    Frame,
    carry_chroma,
    nearest_pairs,
)
from unfade.train.data.picture_store import PictureKey
from unfade.train.data.pixels import (
    NetworkFrame,
    NetworkPicture,
    TrainingPicture,
    network_frame,
    network_picture,
    picture_of_pair,
)
from unfade.train.data.training_pictures import TrainingPictures, with_carried
from unfade.train.training_set import fit, prepare
from unfade.work.progress import untracked

from .conftest import NO_GRAIN, store_of

HEIGHT, WIDTH = 96, 144


def scene(seed: int = 1) -> Tensor:
    """Soft shapes of many colours, (3, HEIGHT, 360), wider than a frame."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 16, 40, generator=generator) * 0.6 + 0.2
    return functional.interpolate(coarse, size=(HEIGHT, 360), mode="bicubic")[0].clamp(0.05, 0.95)


def cropped(whole: Tensor, left: int) -> Tensor:
    """A frame of a scene, from the column `left`."""
    return whole[:, :, left : left + WIDTH].contiguous()


def pair_of(source_rgb: Tensor, true_rgb: Tensor, frame: int, shot: int = 1) -> TrainingPicture:
    truth_rgb = ycbcr_to_rgb(torch.cat([luma(source_rgb), rgb_to_ycbcr(true_rgb)[1:]]))
    pair = Pair(source=frame, reference=0, of="dvd", shot=shot)
    return picture_of_pair(source_rgb, truth_rgb, torch.ones(1, HEIGHT, WIDTH), pair)


def network_pair(source_rgb: Tensor, true_rgb: Tensor, frame: int) -> NetworkPicture:
    """The pair of `pair_of` on the networks' raster."""
    return network_picture(pair_of(source_rgb, true_rgb, frame), NO_GRAIN)


def frame_of(source_rgb: Tensor, number: int) -> NetworkFrame:
    return network_frame(source_rgb, number, 1, NO_GRAIN)


def all_carried(
    pairs: Sequence[TrainingPicture],
    unpaired: Sequence[Frame],
    without: frozenset[int] = frozenset(),
) -> TrainingPictures:
    """The pairs, and all frames that receive chroma from them."""
    return with_carried(store_of(pairs), unpaired, NO_GRAIN, without, untracked)


def shares_of(pictures: TrainingPictures, pixels: int) -> list[tuple[int, int, int]]:
    """Frame, frame of the pair, and pixels of each picture: those of pairs, then carried ones."""
    shares = [share for frame in pictures.shares(pixels) for share in frame]
    shares.sort(key=lambda share: share.pictures is pictures.carried)
    return [(share.key.frame, share.key.pair_frame, share.pixels) for share in shares]


def test_chroma_follows_the_motion() -> None:
    whole, true = scene(), scene(2)
    pair = network_pair(cropped(whole, 100), cropped(true, 100), 10)
    carried = carry_chroma(frame_of(cropped(whole, 106), 14), pair)
    assert (carried.frame.number, carried.frame.shot, carried.pair_frame) == (14, 1, 10)
    luma_of_frame = luma(cropped(whole, 106))
    torch.testing.assert_close(carried.truth_ycbcr[:1], luma_of_frame, atol=1e-6, rtol=0)
    trusted = carried.weight[0] > 0.5
    assert trusted.float().mean() > 0.7
    error = carried.truth_ycbcr[1:] - rgb_to_ycbcr(cropped(true, 106))[1:]
    without_motion = rgb_to_ycbcr(cropped(true, 100))[1:] - rgb_to_ycbcr(cropped(true, 106))[1:]
    assert error[:, trusted].abs().mean() < 0.15 * without_motion[:, trusted].abs().mean()


def test_the_weight_of_the_pair_is_carried_too() -> None:
    source_rgb = cropped(scene(), 100)
    pair = network_pair(source_rgb, cropped(scene(2), 100), 10)
    light_pair = replace(pair, weight=pair.weight * 0.4)
    carried = carry_chroma(frame_of(source_rgb, 13), light_pair)
    assert (carried.truth_ycbcr - pair.truth_ycbcr).abs().mean() < 0.01
    torch.testing.assert_close(carried.weight, light_pair.weight, atol=0.01, rtol=0)


def test_an_unpaired_frame_receives_from_one_pair_and_a_paired_one_from_two() -> None:
    pairs = [PictureKey(frame, 1, "train", frame) for frame in (10, 30, 40, 80)]
    pairs.append(PictureKey(33, 2, "train", 33))
    assert [pairs[index].frame for index in nearest_pairs(33, 1, pairs)] == [30]
    assert [pairs[index].frame for index in nearest_pairs(30, 1, pairs)] == [40, 10]
    assert nearest_pairs(33, 2, pairs) == []


def test_flicker_keeps_the_weight_and_a_changed_object_loses_it() -> None:
    whole = scene()
    pair = network_pair(cropped(whole, 100), cropped(scene(2), 100), 10)
    flicker = cropped(whole, 100) + torch.tensor([0.05, 0.02, -0.03])[:, None, None]
    assert carry_chroma(frame_of(flicker, 12), pair).weight.mean() > 0.9
    altered = cropped(whole, 100)
    altered[0, 20:60, 30:90] += 0.1
    weight = carry_chroma(frame_of(altered, 12), pair).weight[0]
    assert weight[30:50, 40:80].max() < 0.1
    assert weight[70:, :].mean() > 0.9


@pytest.mark.parametrize("light", [0.6, 0.85, 1.2])
def test_nothing_is_carried_if_the_light_of_the_scene_changes(light: float) -> None:
    """As in a fade-in: chroma changes with the light, and carried chroma would not."""
    pair = pair_of(cropped(scene(), 100) * 0.8, cropped(scene(2), 100), 10)
    relit_rgb = cropped(scene(), 102) * 0.8 * light
    carried = carry_chroma(frame_of(relit_rgb, 12), network_picture(pair, NO_GRAIN))
    assert carried.weight.max() == 0
    pictures = all_carried([pair], [Frame(relit_rgb, 12, 1)])
    assert [frame for frame, _, _ in shares_of(pictures, 1000)] == [10]


@pytest.mark.parametrize("damage", [None, float("nan")])
def test_frames_whose_motion_is_not_found_are_left_out(damage: float | None) -> None:
    pair = pair_of(cropped(scene(), 100), cropped(scene(2), 100), 10)
    moved = Frame(cropped(scene(), 102), 12, 1)
    unrelated = cropped(scene(5), 100)
    if damage is not None:
        unrelated = cropped(scene(), 102)
        unrelated[1, 40, 40] = damage
    pictures = all_carried([pair], [moved, Frame(unrelated, 14, 1)])
    assert shares_of(pictures, 1000) == [(10, 10, 500), (12, 10, 250)]
    assert pictures.carried[0].weight.mean() > MIN_CARRIED_WEIGHT


def test_all_pixels_are_of_pairs_if_nothing_is_carried() -> None:
    pairs = [pair_of(cropped(scene(), 100), cropped(scene(2), 100), frame) for frame in (10, 20)]
    both = TrainingPictures.of_pairs(store_of(pairs))
    assert shares_of(both, 1000) == [(10, 10, 500), (20, 20, 500)]
    assert shares_of(all_carried(pairs[:1], []), 1000) == [(10, 10, 1000)]


def test_nothing_is_carried_in_excluded_shots_and_their_pixels_go_to_the_others() -> None:
    source_rgb, true_rgb = cropped(scene(), 100), cropped(scene(2), 100)
    pairs = [
        pair_of(source_rgb, true_rgb, frame, shot)
        for frame, shot in ((10, 1), (20, 1), (30, 2), (40, 2))
    ]
    unpaired = [Frame(source_rgb, 15, 1), Frame(source_rgb, 35, 2)]
    some = all_carried(pairs, unpaired, frozenset({2}))
    shares = shares_of(some, 1200)
    assert shares[:4] == [(10, 10, 150), (20, 20, 150), (30, 30, 150), (40, 40, 150)]
    assert sorted(shares[4:]) == [(10, 20, 200), (15, 10, 200), (20, 10, 200)]
    assert some.receivers == 3
    none = all_carried(pairs, unpaired, frozenset({1, 2}))
    assert [count for _, _, count in shares_of(none, 1200)] == [300] * 4
    assert none.receivers == 0


def test_shares_of_one_frame_come_together_and_add_up() -> None:
    """Two pairs share the pixels of a frame that has a pair of its own."""
    source_rgb, true_rgb = cropped(scene(), 100), cropped(scene(2), 100)
    pairs = [pair_of(source_rgb, true_rgb, frame) for frame in (30, 10, 20)]
    pictures = all_carried(pairs, [Frame(source_rgb, 12, 1)])
    assert pictures.receivers == 4
    assert len(pictures.carried) == 3 * 2 + 1
    frames = pictures.shares(2400)
    numbers = [{share.key.frame for share in frame} for frame in frames]
    assert numbers == [{10}, {12}, {20}, {30}]
    assert [sum(share.pixels for share in frame) for frame in frames] == [700, 300, 700, 700]
    for share in frames[0]:
        picture = share.read()
        assert (picture.frame.number, picture.pair_frame) == (10, share.key.pair_frame)
        assert share.pixels == (400 if share.key.pair_frame == 10 else 150)


def test_each_unpaired_frame_is_read_once_and_frames_stay_in_order() -> None:
    source_rgb, true_rgb = cropped(scene(), 100), cropped(scene(2), 100)
    asked = []

    class Counted(Sequence[Frame]):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, index: int) -> Frame:  # type: ignore[override]
            asked.append(index)
            return Frame(source_rgb, 11 + index, 1)

    pictures = with_carried(
        store_of([pair_of(source_rgb, true_rgb, 10)]), Counted(), NO_GRAIN, frozenset(), untracked
    )
    assert sorted(asked) == [0, 1, 2, 3, 4]
    assert [key.frame for key in pictures.carried.keys] == [11, 12, 13, 14, 15]


def test_carried_chroma_reveals_an_uneven_fade_from_one_pair() -> None:
    """The scene pans by half a frame; the left of the frame fades differently from the right."""
    true = scene()
    x = torch.linspace(0, 1, WIDTH)
    fade = torch.stack([1 - 0.5 * x, 1 - 0.1 * x, 0.6 + 0.3 * x])[:, None]

    def scan(left: int) -> Tensor:
        generator = torch.Generator().manual_seed(left)
        grain = 0.004 * torch.randn(3, HEIGHT, WIDTH, generator=generator)
        return (cropped(true, left) * fade + grain).clamp(0, 1)

    settings = TrainSection(size="small", steps=60, batch=1024, checkpoint=60)
    pair = pair_of(scan(100), cropped(true, 100), 50)
    others = [Frame(scan(100 + 6 * k), 50 + 3 * k, 1) for k in (-9, -7, -5, -3, -1, 1, 3, 5, 7, 9)]
    unseen = pair_of(scan(148), cropped(true, 148), 74)

    def error(unpaired: list[Frame] | None) -> float:
        model = fit([pair], [], settings, IDENTITY_BALANCE, unpaired)
        cbcr = model.predict(unseen.source_rgb, 1)
        return chroma_error(unseen.truth_rgb, cbcr, unseen.weight).ciede2000

    assert error(others) < 0.75 * error(None)


def test_errors_of_one_reference_are_not_taken_for_uneven_fading(no_general_law: None) -> None:
    """Nothing moves, the fade is even, and the reference has small smooth errors of chroma."""
    settings = TrainSection(size="small", steps=1)
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        true_rgb = cropped(scene(seed), 100)
        coarse_error = 0.02 * torch.randn(1, 2, 4, 6, generator=generator)
        error_cbcr = functional.interpolate(coarse_error, size=(HEIGHT, WIDTH), mode="bicubic")[0]

        def scan(frame: int, true_rgb: Tensor = true_rgb) -> Tensor:
            grain = torch.randn(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(frame))
            faded = true_rgb * torch.tensor([0.9, 0.6, 0.7])[:, None, None] + 0.05
            return (faded + 0.004 * grain).clamp(0, 1)

        pair = pair_of(scan(50), true_rgb, 50)
        ycbcr = rgb_to_ycbcr(pair.truth_rgb) + torch.cat([0 * error_cbcr[:1], error_cbcr])
        pair = replace(pair, truth_rgb=ycbcr_to_rgb(ycbcr))
        others = [Frame(scan(frame), frame, 1) for frame in range(30, 70, 5)]
        training_set = prepare([pair], [], settings, IDENTITY_BALANCE, others)
        assert training_set.carried
        assert 1 not in training_set.model.unevenness
