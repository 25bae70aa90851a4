"""Copies in pages of their own."""

import pytest
import torch

from unfade.train.data.pages import copied_apart


@pytest.mark.parametrize("shape", [(3, 5), (1,), (0, 4)])
def test_a_copy_apart_has_the_same_values_and_can_be_changed(shape: tuple[int, ...]) -> None:
    values = torch.rand(shape)
    copy = copied_apart(values)
    torch.testing.assert_close(copy, values, rtol=0, atol=0)
    copy += 1
    torch.testing.assert_close(copy, values + 1, rtol=0, atol=0)
