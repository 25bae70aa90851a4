"""Neutral balance of the film, measured on the source's proxy, and its contact sheet."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from unfade.color.balance import balance, find_balance
from unfade.construct.dye_start import film_dyes
from unfade.drawing.sheets import grid
from unfade.film.balance import FilmGrade, MeasuredBalance
from unfade.film.shot import Shot

_MAX_FRAMES = 200
"""Number of frames, spread over the film, on which the balance is measured. More cost time and
change little."""
_MAX_PIXELS = 200_000
"""Number of pixels taken from those frames: the 0.5 % quantile then rests on 1,000 pixels."""
_SHOTS_PER_PAGE = 12
"""Number of rows of a page, which keeps its height within a few screens."""
_SHEET_WIDTH_PX = 1200
"""Width of a page: two pictures of a shot remain large enough to judge their greys."""


def draw_balance(
    proxy: np.ndarray, shots: tuple[Shot, ...], first: int, grade: FilmGrade
) -> Iterator[Tensor]:
    """Contact sheets (3, H, W): the middle frame of each shot, as scanned and as the model sees
    it."""
    for start in range(0, len(shots), _SHOTS_PER_PAGE):
        rows, labels = [], []
        for shot in shots[start : start + _SHOTS_PER_PAGE]:
            middle = (shot.frames.first + shot.frames.last) // 2
            scanned = torch.from_numpy(np.array(proxy[middle - first])).permute(2, 0, 1) / 255
            rows.append((scanned, balance(scanned, grade).clamp(0.0, 1.0)))
            labels.append(f"{shot.name}\nframe {middle}")
        yield grid(rows, ("as scanned", "as the model sees it"), labels, _SHEET_WIDTH_PX)


def film_balance(proxy: np.ndarray, how: MeasuredBalance) -> FilmGrade:
    """The balance of a film, measured on the proxy of its source, uint8 (N, h, w, 3)."""
    if how == "dyes":
        return film_dyes(proxy).balance
    pixels = np.asarray(proxy[:: max(1, len(proxy) // _MAX_FRAMES)]).reshape(-1, 3)
    sample = pixels[:: max(1, len(pixels) // _MAX_PIXELS)]
    return find_balance(torch.from_numpy(sample.T.astype(np.float32)) / 255)
