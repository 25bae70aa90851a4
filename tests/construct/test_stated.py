"""What a stated colour says: its chroma at the luma of the unfaded print."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from unfade.color.log_light import logarithm
from unfade.construct.dye_start import DyeStart, estimate_dyes, light_of
from unfade.construct.laws import start_law
from unfade.construct.places import FadedFrame
from unfade.construct.solver import no_evidence, solve
from unfade.construct.stated import StatedPoint, colour_stating, evidence_of, stated_points
from unfade.film.clip import Area
from unfade.film.construction import Construction, FocalPoint, Palette

from ..fixtures import soft_shapes

HEIGHT, WIDTH = 120, 160
LOST = torch.tensor([0.6, 0.05, 0.35])[:, None, None]
CODE = 1 / 255


def faded_frame() -> tuple[FadedFrame, DyeStart]:
    """A frame from nearly black to nearly white, and what its film has lost."""
    amounts = 0.05 + 2.2 * soft_shapes(3, (3, 4, 5), HEIGHT, WIDTH).float()
    rgb = light_of((amounts * (1 - LOST)).flatten(1)).reshape(amounts.shape)
    return FadedFrame.of(rgb), estimate_dyes(logarithm(rgb.flatten(1)).double())


def stated(colour: str, places: tuple[tuple[int, int], ...]) -> StatedPoint:
    at = tuple((float(column), float(row)) for column, row in places)
    return StatedPoint(FocalPoint(at=at, colour=colour), colour, "memory", "", places)


def test_a_colour_stated_as_it_is_shown_changes_nothing() -> None:
    """Also where the print is so dark or so light that sRGB has no such colour of its luma."""
    frame, start = faded_frame()
    solution = solve(start_law(start, has_model=False), no_evidence())
    draws = np.random.default_rng(5)
    worst = []
    for _ in range(60):
        place = (int(draws.integers(4, WIDTH - 4)), int(draws.integers(4, HEIGHT - 4)))
        found, _ = frame.around([place])
        shown = solution.chroma(found)
        known, _ = evidence_of(
            frame, [stated(colour_stating(shown[:, 0], found, start), (place,))], start
        )
        worst.append(float((known.cbcr - shown).abs().max()))
    assert max(worst) < CODE


def test_a_scribble_stated_as_it_is_shown_says_its_mean_chroma() -> None:
    frame, start = faded_frame()
    places = ((40, 40), (60, 44), (80, 50), (100, 60))
    found, _ = frame.around(places)
    shown = solve(start_law(start, has_model=False), no_evidence()).chroma(found).mean(dim=1)
    known, groups = evidence_of(frame, [stated(colour_stating(shown, found, start), places)], start)
    assert groups == [0] * 4
    assert float((known.cbcr.mean(dim=1) - shown).abs().max()) < CODE


@pytest.mark.parametrize("brighter", [0.6, 1.5])
def test_brightness_of_a_stated_colour_does_not_count(brighter: float) -> None:
    frame, start = faded_frame()

    def chroma(levels: Tensor) -> Tensor:
        red, green, blue = (levels * 255).round().int().tolist()
        point = stated(f"#{red:02x}{green:02x}{blue:02x}", ((80, 60),))
        return evidence_of(frame, [point], start)[0].cbcr

    # sRGB of one hue and saturation in R'G'B' of the working space, to the rounding of 8 bits.
    light = torch.tensor([0.30, 0.22, 0.12])
    one, other = ((level ** (1 / 2.2)) for level in (light, light * brighter**2.4))
    assert float((chroma(one) - chroma(other)).abs().max()) < 3 * CODE


def test_places_of_many_scribbles_are_fewer_and_spread(tmp_path: Path) -> None:
    scribble = FocalPoint(at=((10.0, 10.0), (100.0, 10.0)), colour="grey")
    area = Area(x=0, y=0, width=WIDTH, height=HEIGHT)

    def places(count: int) -> list[int]:
        construction = Construction(frame=1, point=(scribble,) * count)
        found = stated_points(construction, Palette(), area, tmp_path)
        assert all((one.places[0][0], one.places[-1][0]) == (10, 100) for one in found)
        return [len(one.places) for one in found]

    assert places(1) == [12]
    assert places(100) == [5] * 100
