"""A pair warped to its source: consecutive frames of a street."""

import numpy as np
import pytest
import torch

from unfade.align.aligned_pair import AlignedPair
from unfade.align.prepare import Raster, prepare_pair
from unfade.align.transform.register import Registration, scaling
from unfade.film.pair import Pair

from .conftest import DVD_HEIGHT, DVD_WIDTH, HEIGHT, WIDTH, frames_of, make_scene


@pytest.fixture(scope="module")
def street():
    return [make_scene(frame, (0.3, -0.4)) for frame in frames_of("bikes.mp4", 150, 3, 3)]


def _tensor(pixels):
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)


def _aligned_pair(street, instant, **fields):
    """The second DVD frame, as the match of a scan frame."""
    references = {k: _tensor(street[1 + k].dvd) for k in (-1, 0, 1)}
    pair = Pair(source=1000 + instant, reference=51, of="dvd", shot=1, **fields)
    raster = Raster((HEIGHT, WIDTH), HEIGHT, WIDTH)
    prepared = prepare_pair(pair, _tensor(street[instant].scan), references, raster)
    to_dvd = scaling(WIDTH, HEIGHT, DVD_WIDTH, DVD_HEIGHT)
    return AlignedPair(prepared, Registration(street[1].dvd_to_scan @ to_dvd, 100))


def test_the_neighbour_at_the_right_instant_is_named(street):
    assert _aligned_pair(street, 1).wrong_instant() is None
    assert (
        _aligned_pair(street, 0).wrong_instant()
        == "reference frame 50 fits the moving regions better"
    )
    assert (
        _aligned_pair(street, 2).wrong_instant()
        == "reference frame 52 fits the moving regions better"
    )


def test_a_persons_choice_is_not_questioned(street):
    assert _aligned_pair(street, 2, chosen_by="person").wrong_instant() is None


def test_a_wrong_instant_raises_the_moving_residual(street):
    true, late = (_aligned_pair(street, instant).residual() for instant in (1, 2))
    assert true.moving is not None
    assert late.moving is not None
    assert true.moving < 0.6
    assert late.moving > 2 * true.moving
    assert late.edges > true.edges
