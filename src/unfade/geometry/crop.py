"""Crops of a picture, and the intersection of areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unfade.film.clip import Area

if TYPE_CHECKING:
    from torch import Tensor


def crop(picture: Tensor, area: Area) -> Tensor:
    """The part of a picture (..., H, W) inside `area`, a view.

    Raises:
        ValueError: the area does not lie within the picture.
    """
    height, width = picture.shape[-2:]
    if area.x + area.width > width or area.y + area.height > height:
        raise ValueError(f"{area} does not lie within {width} x {height} pixels")
    return picture[..., area.y : area.y + area.height, area.x : area.x + area.width]


def intersection(areas: list[Area]) -> Area | None:
    """The part that all areas share, or none."""
    left = max(area.x for area in areas)
    top = max(area.y for area in areas)
    right = min(area.x + area.width for area in areas)
    bottom = min(area.y + area.height for area in areas)
    if right <= left or bottom <= top:
        return None
    return Area(x=left, y=top, width=right - left, height=bottom - top)
