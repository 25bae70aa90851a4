import pytest
import torch

from unfade.color.kinds import COLOUR_KINDS, densest_window, kind_masks

from ..fixtures import flat

COLORCHECKER = {
    "dark skin": (115, 82, 68),
    "light skin": (194, 150, 130),
    "blue": (56, 61, 150),
    "red": (175, 54, 60),
    "neutral 5": (122, 122, 121),
    "black": (40, 40, 40),
}
"""sRGB codes of patches of the ColorChecker, as X-Rite publishes them."""


def kinds_of(rgb: tuple[float, ...]) -> set[str]:
    masks = kind_masks(flat(rgb, 4, 4))
    return {kind for kind in COLOUR_KINDS if masks[kind].all()}


@pytest.mark.parametrize(
    ("patch", "kinds"),
    [
        ("dark skin", {"skin"}),
        ("light skin", {"skin"}),
        ("blue", {"saturated"}),
        ("red", {"saturated"}),
        ("neutral 5", {"neutrals"}),
        ("black", {"shadows"}),
    ],
)
def test_patches_of_the_colorchecker_are_of_their_kind(patch: str, kinds: set[str]) -> None:
    assert kinds_of(tuple(code / 255 for code in COLORCHECKER[patch])) == kinds


def test_clipped_white_and_values_out_of_range_are_of_no_kind() -> None:
    assert kinds_of((1.0, 1.0, 1.0)) == set()
    assert kinds_of((4.0, 4.0, 4.0)) == set()
    assert kinds_of((-0.5, -0.5, -0.5)) == {"shadows"}


def test_the_densest_window_holds_the_most_of_a_mask() -> None:
    mask = torch.zeros(90, 160, dtype=torch.bool)
    mask[50:80, 100:150] = True
    mask[0:10, 0:10] = True
    lines, columns = densest_window(mask)
    assert (lines.stop - lines.start, columns.stop - columns.start) == (30, 53)
    assert mask[lines, columns].float().mean() > 0.8


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (32, 48)])
def test_a_window_lies_within_small_pictures(size: tuple[int, int]) -> None:
    lines, columns = densest_window(torch.ones(size, dtype=torch.bool))
    assert 0 <= lines.start < lines.stop <= size[0]
    assert 0 <= columns.start < columns.stop <= size[1]
