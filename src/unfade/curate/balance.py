"""The neutral balance of the film, from the source's proxy, and the sheet that shows it."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from unfade.color.balance import balance, find_balance
from unfade.drawing.sheets import grid
from unfade.film.balance import Balance
from unfade.film.shot import Shot

_FRAMES = 200
"""Frames, spread over the film, whose pixels say how it is balanced."""
_PIXELS = 200_000
"""Pixels of them: a quantile of half a percent rests on a thousand."""
_SHOTS_PER_PAGE = 12
_SHEET_WIDTH = 1200


def draw_balance(
    proxy: np.ndarray, shots: tuple[Shot, ...], first: int, grade: Balance
) -> Iterator[Tensor]:
    """Sheets, (3, H, W), of the middle of each shot as it was scanned and as the model sees it."""
    for at in range(0, len(shots), _SHOTS_PER_PAGE):
        rows, labels = [], []
        for shot in shots[at : at + _SHOTS_PER_PAGE]:
            middle = (shot.frames.first + shot.frames.last) // 2
            scanned = torch.from_numpy(np.array(proxy[middle - first])).permute(2, 0, 1) / 255
            rows.append((scanned, balance(scanned, grade).clamp(0.0, 1.0)))
            labels.append(f"{shot.name}\nframe {middle}")
        yield grid(rows, ("as scanned", "as the model sees it"), labels, _SHEET_WIDTH)


def film_balance(proxy: np.ndarray) -> Balance:
    """The balance of a film, from the proxy of its source, uint8 (N, h, w, 3)."""
    some = np.asarray(proxy[:: max(1, len(proxy) // _FRAMES)]).reshape(-1, 3)
    spread = some[:: max(1, len(some) // _PIXELS)]
    return find_balance(torch.from_numpy(spread.T.astype(np.float32)) / 255)
