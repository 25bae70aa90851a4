"""The neutral balance of each shot, from the source's proxy, and the sheet that shows it."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from unfade.color.balance import balance, find_balance, find_ends
from unfade.film.balance import Balance
from unfade.film.shot import Shot
from unfade.review.sheets import grid

_FRAMES = 40
"""Frames, spread over a shot or film, whose pixels say how it is balanced."""
_PIXELS = 200_000
"""Pixels of them: a quantile of half a percent rests on a thousand."""
_SHOTS_PER_PAGE = 12
_SHEET_WIDTH = 1200


def find_balances(proxy: np.ndarray, shots: tuple[Shot, ...], first: int) -> dict[int, Balance]:
    """The balance of every shot, by its number.

    Args:
        proxy: of the source, uint8 (N, h, w, 3).
        shots: of the source.
        first: the number of the clip's first frame.
    """
    film = find_ends(_pixels(proxy))
    return {
        shot.number: find_balance(
            _pixels(proxy[shot.frames.first - first : shot.frames.last - first + 1]), film
        )
        for shot in shots
    }


def draw_balances(
    proxy: np.ndarray, shots: tuple[Shot, ...], first: int, balances: dict[int, Balance]
) -> Iterator[Tensor]:
    """Sheets, (3, H, W), of the middle of each shot as it was scanned and as the model sees it."""
    for at in range(0, len(shots), _SHOTS_PER_PAGE):
        rows, labels = [], []
        for shot in shots[at : at + _SHOTS_PER_PAGE]:
            middle = (shot.frames.first + shot.frames.last) // 2
            scanned = torch.from_numpy(np.array(proxy[middle - first])).permute(2, 0, 1) / 255
            rows.append((scanned, balance(scanned, balances[shot.number]).clamp(0.0, 1.0)))
            labels.append(f"{shot.name}\nframe {middle}")
        yield grid(rows, ("as scanned", "as the model sees it"), labels, _SHEET_WIDTH)


def _pixels(frames: np.ndarray) -> Tensor:
    """Pixels of a proxy's frames, spread over them, (3, N), 0 to 1."""
    some = np.asarray(frames[:: max(1, len(frames) // _FRAMES)]).reshape(-1, 3)
    spread = some[:: max(1, len(some) // _PIXELS)]
    return torch.from_numpy(spread.T.astype(np.float32)) / 255
