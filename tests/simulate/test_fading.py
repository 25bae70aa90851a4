"""Fading turns a print pink, unevenly and reproducibly."""

import numpy as np
import pytest
import torch

from unfade.simulate.fading import film_fade, loss_map, stain_density
from unfade.simulate.print_film import density_to_display, display_to_dyes, dyes_to_density
from unfade.simulate.random_streams import Stream, smooth_noise
from unfade.simulate.severity import SEVERITIES, Fade


def test_smooth_noise_has_mean_0_and_standard_deviation_1() -> None:
    values = smooth_noise(1, Stream.EXPOSURE, 4000, 2, span=1.5)
    assert values.shape == (4000, 2)
    assert np.abs(values.mean(axis=0)).max() < 0.15
    assert np.abs(values.std(axis=0) - 1).max() < 0.1
    steps = np.diff(values, axis=0).std()
    assert steps < 0.6, "neighbouring frames differ too much"


@pytest.mark.parametrize("name", SEVERITIES)
def test_grey_turns_pink(name: str) -> None:
    fade = SEVERITIES[name].fade
    film = film_fade(fade, seed=1, frames=3)
    dyes = display_to_dyes(torch.full((3, 54, 96), 0.5)) * (1 - loss_map(film, 1, 54, 96))
    red, green, blue = density_to_display(dyes_to_density(dyes) + stain_density(fade)).unbind(0)
    assert (red > green).all()
    assert (red > blue).all()


def test_harder_is_pinker() -> None:
    def cast(name: str) -> float:
        film = film_fade(SEVERITIES[name].fade, seed=1, frames=1)
        dyes = display_to_dyes(torch.full((3, 54, 96), 0.4)) * (1 - loss_map(film, 0, 54, 96))
        red, green, _ = density_to_display(dyes_to_density(dyes)).mean(dim=(1, 2))
        return float(red / green)

    assert 1.05 < cast("mild") < cast("medium") < cast("hard")


def test_losses_have_their_means_and_unevenness() -> None:
    fade = SEVERITIES["medium"].fade
    loss = loss_map(film_fade(fade, seed=4, frames=20), 7, 90, 160)
    assert loss.shape == (3, 90, 160)
    means = loss.mean(dim=(1, 2))
    expected = torch.tensor([fade.cyan, fade.magenta, fade.yellow])
    assert ((means / expected - 1).abs() < 0.12).all()
    spread = (loss[0].max() - loss[0].min()) / fade.cyan
    assert fade.unevenness < spread < 4 * fade.unevenness
    neighbours = (loss[:, :, 1:] - loss[:, :, :-1]).abs().max()
    assert neighbours < 0.005, "the loss map is not smooth"


def test_even_and_steady_fade_is_a_constant() -> None:
    fade = Fade(cyan=0.5, magenta=0.1, yellow=0.3, unevenness=0, flicker=0, stain=0, fog=0)
    film = film_fade(fade, seed=2, frames=5)
    for index in range(5):
        for loss, expected in zip(loss_map(film, index, 8, 8), (0.5, 0.1, 0.3), strict=True):
            assert torch.allclose(loss, torch.full((8, 8), expected))


def test_flicker_is_over_time_only() -> None:
    fade = Fade(cyan=0.5, magenta=0.1, yellow=0.3, unevenness=0, flicker=0.02, stain=0, fog=0)
    film = film_fade(fade, seed=2, frames=200)
    cyan = torch.stack([loss_map(film, index, 4, 4)[0] for index in range(200)])
    assert cyan.std(dim=(1, 2)).max() < 1e-6
    assert abs(cyan[:, 0, 0].std() / 0.5 - 0.02) < 0.005


def test_stain_is_yellowish() -> None:
    red, green, blue = stain_density(SEVERITIES["hard"].fade).flatten().tolist()
    assert 0 < red < green < blue
