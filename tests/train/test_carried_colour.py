"""Colour carried along motion to frames that have no pair."""

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
    LEAST,
    Frame,
    TrainingPictures,
    carry,
    nearest,
)
from unfade.train.data.pixels import Picture, picture
from unfade.train.training_set import fit

HEIGHT, WIDTH = 96, 144
NO_GRAIN = torch.zeros(3, 3)


def scene(seed: int = 1) -> Tensor:
    """Soft shapes of many colours, wider than a frame."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 16, 40, generator=generator) * 0.6 + 0.2
    return functional.interpolate(coarse, size=(HEIGHT, 360), mode="bicubic")[0].clamp(0.05, 0.95)


def view(whole: Tensor, left: int) -> Tensor:
    return whole[:, :, left : left + WIDTH].contiguous()


def paired(source_rgb: Tensor, true_rgb: Tensor, frame: int, shot: int = 1) -> Picture:
    truth_rgb = ycbcr_to_rgb(torch.cat([luma(source_rgb), rgb_to_ycbcr(true_rgb)[1:]]))
    pair = Pair(source=frame, reference=0, of="dvd", shot=shot)
    return picture(source_rgb, truth_rgb, torch.ones(1, HEIGHT, WIDTH), pair)


def test_colour_goes_where_the_thing_went() -> None:
    whole, true = scene(), scene(2)
    pair = paired(view(whole, 100), view(true, 100), 10)
    carried = carry(Frame(view(whole, 106), 14, 1), pair, NO_GRAIN)
    assert (carried.frame, carried.shot) == (14, 1)
    torch.testing.assert_close(luma(carried.truth_rgb), luma(view(whole, 106)), atol=1e-6, rtol=0)
    trusted = carried.weight[0] > 0.5
    assert trusted.float().mean() > 0.7
    off = rgb_to_ycbcr(carried.truth_rgb)[1:] - rgb_to_ycbcr(view(true, 106))[1:]
    beside = rgb_to_ycbcr(view(true, 100))[1:] - rgb_to_ycbcr(view(true, 106))[1:]
    assert off[:, trusted].abs().mean() < 0.15 * beside[:, trusted].abs().mean()


def test_a_pair_is_carried_with_its_weight() -> None:
    source_rgb = view(scene(), 100)
    pair = paired(source_rgb, view(scene(2), 100), 10)
    doubtful = replace(pair, weight=pair.weight * 0.4)
    carried = carry(Frame(source_rgb, 13, 1), doubtful, NO_GRAIN)
    assert (carried.truth_rgb - pair.truth_rgb).abs().mean() < 0.01  # its chroma is limited
    torch.testing.assert_close(carried.weight, doubtful.weight, atol=0.01, rtol=0)


def test_the_nearest_pair_of_the_shot_is_carried_and_to_pairs_two() -> None:
    source_rgb, true_rgb = view(scene(), 100), view(scene(2), 100)
    pairs = [paired(source_rgb, true_rgb, frame) for frame in (10, 30, 40, 80)]
    pairs.append(paired(source_rgb, true_rgb, 33, shot=2))
    between = nearest(Frame(source_rgb, 33, 1), pairs)
    assert [pair.frame for pair in between] == [30]
    paired_too = nearest(Frame(source_rgb, 30, 1), pairs)
    assert [pair.frame for pair in paired_too] == [40, 10]
    assert nearest(Frame(source_rgb, 33, 2), pairs) == []


def test_a_flicker_of_the_fade_takes_no_trust_and_another_thing_does() -> None:
    whole = scene()
    pair = paired(view(whole, 100), view(scene(2), 100), 10)
    flicker = view(whole, 100) + torch.tensor([0.05, 0.02, -0.03])[:, None, None]
    assert carry(Frame(flicker, 12, 1), pair, NO_GRAIN).weight.mean() > 0.9
    altered = view(whole, 100)
    altered[0, 20:60, 30:90] += 0.1
    weight = carry(Frame(altered, 12, 1), pair, NO_GRAIN).weight[0]
    assert weight[30:50, 40:80].max() < 0.1
    assert weight[70:, :].mean() > 0.9


@pytest.mark.parametrize("light", [0.6, 0.85, 1.2])
def test_nothing_is_carried_where_the_light_of_the_scene_changes(light: float) -> None:
    """As in a fade-in: chroma changes with the light, and what is carried does not."""
    pair = paired(view(scene(), 100) * 0.8, view(scene(2), 100), 10)
    darker = Frame(view(scene(), 102) * 0.8 * light, 12, 1)
    assert carry(darker, pair, NO_GRAIN).weight.max() == 0
    assert [
        one.frame for one, _ in TrainingPictures([pair], [darker], NO_GRAIN).with_budget(1000)
    ] == [10]


@pytest.mark.parametrize("damage", [None, float("nan")])
def test_frames_whose_motion_is_not_found_are_left_out(damage: float | None) -> None:
    pair = paired(view(scene(), 100), view(scene(2), 100), 10)
    found = Frame(view(scene(), 102), 12, 1)
    lost = view(scene(5), 100)
    if damage is not None:
        lost = view(scene(), 102)
        lost[1, 40, 40] = damage
    shown = list(TrainingPictures([pair], [found, Frame(lost, 14, 1)], NO_GRAIN).with_budget(1000))
    assert [(one.frame, count) for one, count in shown] == [(10, 500), (12, 250)]
    assert shown[1][0].weight.mean() > LEAST


def test_all_pixels_are_of_pairs_where_nothing_is_carried() -> None:
    pairs = [paired(view(scene(), 100), view(scene(2), 100), frame) for frame in (10, 20)]
    assert [count for _, count in TrainingPictures(pairs).with_budget(1000)] == [500, 500]
    assert [count for _, count in TrainingPictures(pairs[:1], []).with_budget(1000)] == [1000]


def test_it_is_known_how_many_pictures_come() -> None:
    pairs = [paired(view(scene(), 100), view(scene(2), 100), frame) for frame in (10, 20, 30)]
    shown = TrainingPictures(pairs, [Frame(view(scene(), 100), 12, 1)])
    assert len(list(shown.with_budget(1000))) == len(shown) == 3 + 3 * 2 + 1
    assert len(TrainingPictures(pairs)) == 3


def test_one_pair_knows_an_uneven_fade_by_what_moves_through_it() -> None:
    """The scene pans by half a frame, and its left fades otherwise than its right."""
    true = scene()
    across = torch.linspace(0, 1, WIDTH)
    fade = torch.stack([1 - 0.5 * across, 1 - 0.1 * across, 0.6 + 0.3 * across])[:, None]

    def scan(left: int) -> Tensor:
        generator = torch.Generator().manual_seed(left)
        grain = 0.004 * torch.randn(3, HEIGHT, WIDTH, generator=generator)
        return (view(true, left) * fade + grain).clamp(0, 1)

    settings = TrainSection(size="small", steps=60, batch=1024, checkpoint=60)
    pair = paired(scan(100), view(true, 100), 50)
    others = [Frame(scan(100 + 6 * k), 50 + 3 * k, 1) for k in (-9, -7, -5, -3, -1, 1, 3, 5, 7, 9)]
    unseen = paired(scan(148), view(true, 148), 74)

    def error(between: list[Frame] | None) -> float:
        model = fit([pair], [], settings, IDENTITY_BALANCE, between)
        cbcr = model.predict(unseen.source_rgb, 1)
        return chroma_error(unseen.truth_rgb, cbcr, unseen.weight).ciede2000

    assert error(others) < 0.75 * error(None)


def test_errors_of_one_reference_do_not_become_a_law_of_place() -> None:
    """Nothing moves, the fade is even, and the reference is off by a little, here and there."""
    settings = TrainSection(size="small", steps=1)
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        true_rgb = view(scene(seed), 100)
        wrong = 0.02 * torch.randn(1, 2, 4, 6, generator=generator)
        wrong_cbcr = functional.interpolate(wrong, size=(HEIGHT, WIDTH), mode="bicubic")[0]

        def scan(frame: int, true_rgb: Tensor = true_rgb) -> Tensor:
            grain = torch.randn(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(frame))
            faded = true_rgb * torch.tensor([0.9, 0.6, 0.7])[:, None, None] + 0.05
            return (faded + 0.004 * grain).clamp(0, 1)

        pair = paired(scan(50), true_rgb, 50)
        ycbcr = rgb_to_ycbcr(pair.truth_rgb) + torch.cat([0 * wrong_cbcr[:1], wrong_cbcr])
        pair = replace(pair, truth_rgb=ycbcr_to_rgb(ycbcr))
        others = [Frame(scan(frame), frame, 1) for frame in range(30, 70, 5)]
        model = fit([pair], [], settings, IDENTITY_BALANCE, others)
        assert 1 not in model.unevenness
