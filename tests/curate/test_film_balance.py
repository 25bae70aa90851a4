"""The balance of the film, measured on a proxy."""

import numpy as np
import pytest
import torch

from unfade.color.balance import balance
from unfade.construct.dye_start import light_of
from unfade.curate.balance import draw_balance, film_balance
from unfade.film.balance import Balance, DyeBalance
from unfade.film.shot import Shot
from unfade.film.time import FrameRange

FIRST = 101
SHOTS = (
    Shot(number=1, frames=FrameRange(first=FIRST, last=FIRST + 29)),
    Shot(number=2, frames=FrameRange(first=FIRST + 30, last=FIRST + 59)),
)
FADE = Balance(lift=(0.4, 0.05, 0.1), gain=(0.9, 0.9, 0.9))


def proxy() -> np.ndarray:
    """Two faded shots of grey noise with some colour, the second dark."""
    chance = np.random.default_rng(2)
    frames = []
    for index in range(60):
        grey = chance.random((1, 24, 32))
        rgb = torch.from_numpy(np.clip(grey + 0.1 * chance.normal(size=(3, 24, 32)), 0, 1))
        faded = balance(rgb.float() * (0.3 if index >= 30 else 1.0), FADE)
        frames.append((faded.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy())
    return np.stack(frames)


def test_greys_of_the_whole_film_become_neutral() -> None:
    measured = film_balance(proxy(), "auto")
    for level in (0.15, 0.5):
        grey = balance(torch.full((3, 1, 1), level), FADE)
        neutral = balance(grey, measured).flatten()
        assert float(grey.amax() - grey.amin()) > 0.1
        assert float(neutral.amax() - neutral.amin()) < 0.05


def test_lost_dyes_are_put_back_where_no_colour_prevails() -> None:
    """A quarter of the cyan and half of the yellow have faded."""
    chance = np.random.default_rng(2)
    amounts = chance.random((20, 1, 24 * 32)) + 0.1 * chance.random((20, 3, 24 * 32))
    kept = np.array([0.75, 1.0, 0.5])[:, None]
    frames = [light_of(torch.from_numpy(one * kept)).reshape(3, 24, 32) for one in amounts]
    film = (torch.stack(frames).permute(0, 2, 3, 1) * 255).round().to(torch.uint8).numpy()
    measured = film_balance(film, "dyes")
    assert isinstance(measured, DyeBalance)
    assert measured.lost == pytest.approx((0.25, 0.0, 0.5), abs=0.05)
    assert measured.in_words().startswith("cyan 2")
    found = measured.model_copy(update={"lost": (0.25, 0.0, -0.123)})
    assert found.in_words() == "cyan 25 % more than magenta, yellow 12 % less than magenta"
    unfaded = light_of(torch.from_numpy(amounts[0])).reshape(3, 24, 32)
    faded_error = float((frames[0] - unfaded).abs().mean())
    assert float((balance(frames[0], measured) - unfaded).abs().mean()) < 0.15 * faded_error


def test_the_sheet_shows_every_shot() -> None:
    source_proxy = proxy()
    many = tuple(SHOTS[0].model_copy(update={"number": number}) for number in range(1, 14))
    pages = list(draw_balance(source_proxy, many, FIRST, film_balance(source_proxy, "auto")))
    assert [page.shape[2] for page in pages] == [1200, 1200]
    assert pages[0].shape[1] > 5 * pages[1].shape[1]
    assert 0.0 <= float(pages[0].min()) <= float(pages[0].max()) <= 1.0
