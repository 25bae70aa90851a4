"""What is packed comes back as it was, bit by bit."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load, save
from torch import Tensor

from unfade.film.clip import Area
from unfade.work.packing import Arrays, pack, unpack


@dataclass(frozen=True)
class Inner:
    area: Area
    jpeg: bytes


@dataclass(frozen=True)
class Outer:
    name: str
    figure: float
    offset: tuple[float, float]
    inner: tuple[Inner, ...]
    plane: NDArray[np.float32]
    picture: Tensor
    skin: NDArray[np.float64] | None
    pair: Inner | None


def through_a_file(value: Outer) -> Outer:
    arrays: Arrays = {}
    packed = pack(value, arrays)
    return unpack(Outer, packed, load(save(arrays)))


def make(figure: float, skin: NDArray[np.float64] | None = None) -> Outer:
    inner = Inner(Area(x=1, y=2, width=3, height=4), b"\xff\xd8\x00jpeg")
    plane = np.arange(6, dtype=np.float32).reshape(2, 3) / 7
    picture = torch.rand(3, 2, 2)
    return Outer("s001", figure, (np.nan, 0.1), (inner, inner), plane, picture, skin, None)


def test_everything_comes_back() -> None:
    value = make(0.1 + 0.2, np.array([1 / 3]))
    found = through_a_file(value)
    assert (found.name, found.figure) == (value.name, value.figure)
    assert np.isnan(found.offset[0])
    assert found.offset[1] == 0.1
    assert found.inner == value.inner
    assert (found.plane.tobytes(), found.plane.dtype) == (value.plane.tobytes(), value.plane.dtype)
    assert torch.equal(found.picture, value.picture)
    assert found.skin is not None
    assert found.skin[0] == 1 / 3
    assert found.pair is None


def test_a_scalar_of_numpy_is_a_number() -> None:
    assert through_a_file(make(np.float32(0.1))).figure == float(np.float32(0.1))


def test_a_missing_field_or_array_is_an_error() -> None:
    arrays: Arrays = {}
    packed = pack(make(1.0), arrays)
    with pytest.raises(KeyError):
        unpack(Outer, packed, {})
    del packed["name"]
    with pytest.raises(KeyError):
        unpack(Outer, packed, arrays)
