"""The balance of the film, measured on a proxy."""

import numpy as np
import torch

from unfade.color.balance import balance
from unfade.curate.balance import draw_balance, film_balance
from unfade.film.balance import Balance
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
    measured = film_balance(proxy())
    for level in (0.15, 0.5):
        grey = balance(torch.full((3, 1, 1), level), FADE)
        neutral = balance(grey, measured).flatten()
        assert float(grey.amax() - grey.amin()) > 0.1
        assert float(neutral.amax() - neutral.amin()) < 0.05


def test_the_sheet_shows_every_shot() -> None:
    source_proxy = proxy()
    many = tuple(SHOTS[0].model_copy(update={"number": number}) for number in range(1, 14))
    pages = list(draw_balance(source_proxy, many, FIRST, film_balance(source_proxy)))
    assert [page.shape[2] for page in pages] == [1200, 1200]
    assert pages[0].shape[1] > 5 * pages[1].shape[1]
    assert 0.0 <= float(pages[0].min()) <= float(pages[0].max()) <= 1.0
