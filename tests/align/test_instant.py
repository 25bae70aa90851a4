import cv2
import numpy as np
import pytest

from unfade.align.measure.instant import better_neighbour, moving

HEIGHT, WIDTH = 360, 640
EVERYWHERE = np.ones((HEIGHT, WIDTH), bool)


def _frame(position, seed):
    """A wall with a dotted disc in front of it, with grain."""
    wall = np.random.default_rng(0).uniform(60, 190, (24, 40)).astype(np.float32)
    picture = cv2.resize(wall, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    cv2.circle(picture, (200 + position, 180), 50, 30, -1)
    for k in range(8):
        cv2.circle(picture, (175 + position + 7 * k, 160 + 9 * (k % 4)), 4, 220, -1)
    grain = np.random.default_rng(seed).normal(0, 20, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("position", "neighbour"), [(0, None), (-8, -1), (8, 1)])
def test_a_better_neighbour_is_found(position, neighbour):
    warped = {k: _frame(8 * k, 10 + k) for k in (-1, 0, 1)}
    assert better_neighbour(_frame(position, 1), warped, EVERYWHERE) == neighbour


def test_without_motion_no_neighbour_is_better():
    warped = {k: _frame(0, 10 + k) for k in (-1, 0, 1)}
    assert better_neighbour(_frame(0, 1), warped, EVERYWHERE) is None
    assert not moving([warped[-1], warped[1]], EVERYWHERE).mean() > 0.003


def test_a_repeated_frame_is_as_good():
    warped = {-1: _frame(-8, 9), 0: _frame(0, 10), 1: _frame(0, 11)}
    assert better_neighbour(_frame(0, 1), warped, EVERYWHERE) is None


def test_only_covered_pixels_count():
    warped = {k: _frame(8 * k, 10 + k) for k in (-1, 0, 1)}
    outside = EVERYWHERE.copy()
    outside[:, 100:320] = False
    assert better_neighbour(_frame(8, 1), warped, outside) is None


def test_pixels_move_where_the_neighbours_differ():
    moves = moving([_frame(-8, 9), _frame(8, 11)], EVERYWHERE)
    assert moves[130:230, 140:265].mean() > 10 * moves[:, 320:].mean()
    assert not moving([_frame(0, 9)], EVERYWHERE).any()
