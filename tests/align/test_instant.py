import cv2
import numpy as np
import pytest

from unfade.align.measure.instant import better_neighbour, moving

HEIGHT, WIDTH = 360, 640
ALL = np.ones((HEIGHT, WIDTH), bool)


def _frame(place, seed):
    """A wall with a dotted disc before it, seen through grain."""
    wall = np.random.default_rng(0).uniform(60, 190, (24, 40)).astype(np.float32)
    picture = cv2.resize(wall, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    cv2.circle(picture, (200 + place, 180), 50, 30, -1)
    for k in range(8):
        cv2.circle(picture, (175 + place + 7 * k, 160 + 9 * (k % 4)), 4, 220, -1)
    grain = np.random.default_rng(seed).normal(0, 20, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("instant", "answer"), [(0, None), (-8, -1), (8, 1)])
def test_a_neighbour_that_fits_better_is_found(instant, answer):
    laid = {k: _frame(8 * k, 10 + k) for k in (-1, 0, 1)}
    assert better_neighbour(_frame(instant, 1), laid, ALL) == answer


def test_where_nothing_moves_nothing_is_told():
    laid = {k: _frame(0, 10 + k) for k in (-1, 0, 1)}
    assert better_neighbour(_frame(0, 1), laid, ALL) is None
    assert not moving([laid[-1], laid[1]], ALL).mean() > 0.003


def test_a_frame_that_the_reference_repeats_is_as_good():
    laid = {-1: _frame(-8, 9), 0: _frame(0, 10), 1: _frame(0, 11)}
    assert better_neighbour(_frame(0, 1), laid, ALL) is None


def test_only_what_the_reference_covers_counts():
    laid = {k: _frame(8 * k, 10 + k) for k in (-1, 0, 1)}
    outside = ALL.copy()
    outside[:, 100:320] = False
    assert better_neighbour(_frame(8, 1), laid, outside) is None


def test_what_moves_is_where_the_neighbours_differ():
    moves = moving([_frame(-8, 9), _frame(8, 11)], ALL)
    assert moves[130:230, 140:265].mean() > 10 * moves[:, 320:].mean()
    assert not moving([_frame(0, 9)], ALL).any()
