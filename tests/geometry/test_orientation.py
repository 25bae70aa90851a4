"""Stored pictures are turned upright, for all eight orientations."""

from typing import get_args

import pytest
import torch

from unfade.film.clip import Orientation, orientation_number, orientation_word
from unfade.geometry.orientation import swaps_axes, upright

STORED = torch.tensor([[1, 2, 3], [4, 5, 6]])

UPRIGHT = {
    "as-stored": [[1, 2, 3], [4, 5, 6]],
    "mirror": [[3, 2, 1], [6, 5, 4]],
    "turn-180": [[6, 5, 4], [3, 2, 1]],
    "flip": [[4, 5, 6], [1, 2, 3]],
    "mirror-turn-270": [[1, 4], [2, 5], [3, 6]],
    "turn-90": [[4, 1], [5, 2], [6, 3]],
    "mirror-turn-90": [[6, 3], [5, 2], [4, 1]],
    "turn-270": [[3, 6], [2, 5], [1, 4]],
}
"""`STORED` in viewing orientation, derived by hand from TIFF 6.0, page 36, which says where row 0
and column 0 of the stored picture are."""


@pytest.mark.parametrize("word", get_args(Orientation))
def test_every_orientation(word: Orientation) -> None:
    number = orientation_number(word)
    assert orientation_word(number) == word
    picture = upright(STORED.expand(3, 2, 3), number)
    assert picture.is_contiguous()
    assert picture[1].tolist() == UPRIGHT[word]
    assert swaps_axes(number) == (picture.shape[-1] == 2)
