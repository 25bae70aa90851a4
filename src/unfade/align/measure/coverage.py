"""The part of the source that a warped reference covers."""

import numpy as np

from unfade.film.clip import Area


def covered_area(inside: np.ndarray) -> Area | None:
    """The largest rectangle that a warped reference covers completely.

    Args:
        inside: bool (H, W), where it covers the raster; without gaps within a column.

    Returns:
        None if it covers nothing.
    """
    top, bottom = _columns(inside)
    best, best_size = None, 0
    largest_height = int(bottom.max() - top.min()) + 1
    for left in range(len(top)):
        if largest_height * (len(top) - left) <= best_size:
            break
        highest = np.maximum.accumulate(top[left:])
        heights = np.minimum.accumulate(bottom[left:]) - highest + 1
        sizes = np.maximum(heights, 0) * np.arange(1, len(heights) + 1)
        widest = int(sizes.argmax())
        if sizes[widest] > best_size:
            best_size = int(sizes[widest])
            best = Area(
                x=left, y=int(highest[widest]), width=widest + 1, height=int(heights[widest])
            )
    return best


def on_live_area(area: Area, raster: tuple[int, int], live: tuple[int, int]) -> Area | None:
    """The pixels of a live area that lie completely in a rectangle of a smaller raster.

    Args:
        area: rectangle on the raster.
        raster: height and width of the raster.
        live: height and width of the live area.
    """
    down, across = live[0] / raster[0], live[1] / raster[1]
    left, top = int(np.ceil(area.x * across)), int(np.ceil(area.y * down))
    right = int(np.floor((area.x + area.width) * across))
    bottom = int(np.floor((area.y + area.height) * down))
    if right <= left or bottom <= top:
        return None
    return Area(x=left, y=top, width=right - left, height=bottom - top)


def _columns(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last covered row of each column; the last precedes the first in an empty column."""
    height = len(inside)
    any_row = inside.any(axis=0)
    top = np.where(any_row, inside.argmax(axis=0), height)
    bottom = np.where(any_row, height - 1 - inside[::-1].argmax(axis=0), -1)
    return top, bottom
