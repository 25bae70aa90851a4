"""Turns the focal points of a construction into evidence about its frame."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from unfade.color.srgb import srgb_colour, working_rgb
from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.construct.dye_start import DyeStart
from unfade.construct.laws import Places
from unfade.construct.palettes import PUBLISHED
from unfade.construct.places import FadedFrame
from unfade.construct.records import construction_file
from unfade.construct.solver import STATED_DEVIATION, Evidence, no_evidence
from unfade.errors import ProjectError
from unfade.film.clip import Area
from unfade.film.construction import Construction, FocalPoint, Palette, is_hex

_PLACES_OF_POINT = 12
"""Places of a scribble or region that count: they say little more than each other."""
_MAX_PLACES = 500
"""Places of all points; with more of them, a solve takes seconds."""

_DARK_LUMA = 0.02
"""Luma of a stated colour below which its hue is not certain."""
_NAMES_SHOWN = 5
"""Names of colours that a message proposes, the nearest of up to a thousand."""
_FACTOR_BOUNDS = (0.2, 4.0)
"""Bounds of the factor by which a stated colour is brightened."""


@dataclass(frozen=True)
class StatedPoint:
    """A focal point with all that is known of it: `colour` as sRGB ``"#6b8f3a"``, `source`,
    `author`, and its `places`, columns and rows of the live area."""

    point: FocalPoint
    colour: str
    source: str
    author: str
    places: tuple[tuple[int, int], ...]


def stated_points(
    construction: Construction, palette: Palette, live_area: Area, folder: Path
) -> list[StatedPoint]:
    """The focal points of a construction.

    Args:
        construction: of a frame.
        palette: of the film; the published one counts, too.
        live_area: of the scan.
        folder: of film.toml, for messages.

    Raises:
        ProjectError: a colour has no such name or no source, or a point lies outside the live area.
    """
    path = construction_file(folder, construction.frame)
    most = min(_PLACES_OF_POINT, max(1, _MAX_PLACES // max(1, len(construction.point))))
    found = []
    for number, point in enumerate(construction.point, start=1):
        colour, source = resolved(point, palette, f"{path}: point {number}")
        places = _spread(places_of(point, live_area), most)
        if not places:
            raise ProjectError(
                f"{path}: point {number} lies outside the live area, {live_area.width} x "
                f"{live_area.height} pixels from {live_area.x}, {live_area.y}; move it into it"
            )
        author = point.author or construction.author
        found.append(StatedPoint(point, colour, source, author, places))
    return found


def evidence_of(
    frame: FadedFrame, points: Sequence[StatedPoint], start: DyeStart
) -> tuple[Evidence, list[int]]:
    """The evidence at all places of focal points, and the index of the point of each place."""
    if not points:
        return no_evidence(), []
    at = [place for point in points for place in point.places]
    groups = [index for index, point in enumerate(points) for _ in point.places]
    places, _ = frame.around(at)
    stated = torch.stack([working_rgb(points[index].colour) for index in groups], dim=1)
    counts = torch.tensor([len(points[index].places) for index in groups], dtype=torch.float64)
    # Several places of a statement are one statement.
    deviation = STATED_DEVIATION * counts.sqrt()
    return Evidence(places, _at_luma(stated, _print_luma(places, start)), deviation), groups


def colour_stating(cbcr: Tensor, places: Places, start: DyeStart) -> str:
    """The sRGB colour that states a chroma (2,) at places, of which `evidence_of` makes that chroma
    again."""
    y = _print_luma(places, start).mean().reshape(1, 1, 1)
    limited = limit_chroma(y, cbcr.to(y.dtype).reshape(2, 1, 1))
    rgb = ycbcr_to_rgb(torch.cat([y, limited])).flatten()
    # Its brightness is free: as dark as counts, and not too light for sRGB.
    rgb = rgb * (_DARK_LUMA / y.flatten()).clamp(1.0, 1 / _FACTOR_BOUNDS[0])
    return srgb_colour(rgb / rgb.max().clamp_min(1.0))


def _at_luma(stated_rgb: Tensor, wanted: Tensor) -> Tensor:
    """The chroma (2, N) of stated colours (3, N) at a luma (N,).

    A colour states hue and saturation, but the same surface is lighter or darker from place to
    place.
    """
    y = luma(stated_rgb[:, :, None])[0, :, 0]
    factor = (wanted / y.clamp_min(_DARK_LUMA)).clamp(*_FACTOR_BOUNDS)
    return rgb_to_ycbcr((stated_rgb * factor)[:, :, None])[1:, :, 0]


def _print_luma(places: Places, start: DyeStart) -> Tensor:
    """The luma (N,) of places on the unfaded print, as the film's start says: the scan's has faded
    with its dyes."""
    return luma(start.unfaded(places.log_rgb)[:, :, None])[0, :, 0].clamp_min(0.0)


def resolved(point: FocalPoint, palette: Palette, where: str) -> tuple[str, str]:
    """The sRGB colour and the source of a point.

    Args:
        point: of a construction.
        palette: of the film; the published one counts, too.
        where: the point is, for messages.

    Raises:
        ProjectError: its colour has no such name or no source.
    """
    named = None
    if not is_hex(point.colour):
        named = palette.named(point.colour) or PUBLISHED.named(point.colour)
        if named is None:
            names = [one.name for one in (*palette.colour, *PUBLISHED.colour)]
            nearest = difflib.get_close_matches(point.colour, names, n=_NAMES_SHOWN, cutoff=0.0)
            raise ProjectError(
                f"{where}: no palette has a colour '{point.colour}'; use a name that one has, such "
                f"as {', '.join(nearest)}, or write it as '#6b8f3a'"
            )
    source = point.source or (named.source if named else "")
    if not source:
        raise ProjectError(
            f"{where}: does not say where its colour is known from; set 'source', such as "
            "'lobby card' or 'memory'"
        )
    return (named.colour if named else point.colour), source


def places_of(point: FocalPoint, live_area: Area) -> tuple[tuple[int, int], ...]:
    """Columns and rows, in the live area, of the places of a point that lie in it."""
    at = np.array(point.at) - (live_area.x, live_area.y)
    if len(at) > 1:
        at = _inside(at, live_area) if point.area else _along(at)
    columns, rows = np.floor(at).astype(int).T
    is_in = (columns >= 0) & (rows >= 0) & (columns < live_area.width) & (rows < live_area.height)
    places = np.unique(np.stack([columns[is_in], rows[is_in]], axis=1), axis=0)
    return _spread([(column, row) for column, row in places.tolist()], _PLACES_OF_POINT)


def _spread(places: Sequence[tuple[int, int]], most: int) -> tuple[tuple[int, int], ...]:
    """At most a number of places, spread over all."""
    chosen = np.linspace(0, len(places) - 1, min(len(places), most)).round().astype(int)
    return tuple(places[index] for index in chosen)


def _along(path: np.ndarray) -> np.ndarray:
    """Positions at equal distances along a path, (N, 2)."""
    lengths = np.hypot(*np.diff(path, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(lengths)])
    wanted = np.linspace(0, way[-1], _PLACES_OF_POINT)
    return np.stack([np.interp(wanted, way, axis) for axis in path.T], axis=1)


def _inside(outline: np.ndarray, live_area: Area) -> np.ndarray:
    """Positions of a grid within an outline, (N, 2); its corners if it is too narrow for any."""
    mask = np.zeros((live_area.height, live_area.width), np.uint8)
    cv2.fillPoly(mask, [np.floor(outline).astype(np.int32)], 1)
    left, top, width, height = cv2.boundingRect(mask)
    step = max(1, round((width * height / (2 * _PLACES_OF_POINT)) ** 0.5))
    rows, columns = np.nonzero(mask[top : top + height : step, left : left + width : step])
    found = np.stack([left + columns * step, top + rows * step], axis=1) + 0.5
    return found if len(found) else outline
