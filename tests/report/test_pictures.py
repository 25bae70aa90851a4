import base64

import cv2
import numpy as np
import pytest
import torch

from unfade.report.pictures import LARGE, encoded, encoded_within

from ..fixtures import flat


def test_a_picture_keeps_its_colours_and_its_size() -> None:
    one = encoded(flat((0.8, 0.2, 0.1), 30, 40))
    stored = cv2.imdecode(np.frombuffer(one.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert stored.shape == (30, 40, 3)
    assert stored[15, 20, ::-1] / 255 == pytest.approx([0.8, 0.2, 0.1], abs=0.02)
    assert base64.b64decode(one.uri.split(",")[1]) == one.jpeg


def test_chroma_has_full_resolution() -> None:
    stripes = torch.tensor([[0.8, 0.2], [0.3, 0.5], [0.2, 0.7]])[:, None, :].repeat(1, 16, 8)
    one = encoded(stripes, quality=95)
    stored = cv2.imdecode(np.frombuffer(one.jpeg, np.uint8), cv2.IMREAD_COLOR)[8, 7:9, ::-1] / 255
    assert np.abs(stored[0] - stored[1]).min() > 0.1


def test_a_picture_is_never_enlarged() -> None:
    assert encoded(flat((0.5,) * 3, 30, 40), width=960).width == 40


def test_pictures_take_few_enough_bytes_or_the_last_size() -> None:
    noise = torch.rand(3, 540, 960, generator=torch.Generator().manual_seed(0))
    best = encoded_within([noise, noise], LARGE, 1e9)
    smaller = encoded_within([noise, noise], LARGE, 500_000)
    assert best[0].width == 960
    assert sum(len(one.jpeg) for one in smaller) <= 500_000
    assert encoded_within([noise], LARGE, 1)[0].width == LARGE[-1][0]
