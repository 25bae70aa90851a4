"""Packs dataclasses into values of JSON and arrays, as results of units have them."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, TypeAdapter

Arrays = dict[str, NDArray[Any]]
T = TypeVar("T")


def pack(value: Any, arrays: Arrays) -> Any:
    """A value as JSON has it; tensors, arrays and bytes go into `arrays`, and their names into the
    JSON.

    Args:
        value: a dataclass, a noun, a tuple or list of these, a tensor, an array, bytes, or a value
            of JSON.
        arrays: gets one entry for each of them.
    """
    if is_dataclass(value):
        return {one.name: pack(getattr(value, one.name), arrays) for one in fields(value)}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (tuple, list)):
        return [pack(one, arrays) for one in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bytes):
        value = np.frombuffer(value, np.uint8)
    if hasattr(value, "__array__"):
        name = str(len(arrays))
        arrays[name] = np.asarray(value)
        return {"array": name}
    return value


def unpack(kind: type[T], value: Any, arrays: Mapping[str, NDArray[Any]]) -> T:
    """The value of a type that `pack` has packed.

    Raises:
        ValueError: it is no such value.
        KeyError: a field or an array is missing.
    """
    unpacked: T = _unpacked(kind, value, arrays)
    return unpacked


def _unpacked(kind: Any, value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if value is None:
        return None
    if origin is types.UnionType:
        return _unpacked(next(one for one in inner if one is not type(None)), value, arrays)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(
            **{
                one.name: _unpacked(hints[one.name], value[one.name], arrays)
                for one in fields(kind)
            }
        )
    if origin in (tuple, list):
        return origin(_unpacked(inner[0], one, arrays) for one in value)
    if isinstance(value, dict) and value.keys() == {"array"}:
        return _of_array(kind, arrays[value["array"]])
    return TypeAdapter(kind).validate_python(value)


def _of_array(kind: Any, array: NDArray[Any]) -> Any:
    """Bytes, an array or a tensor, from an array."""
    if kind is bytes:
        return array.tobytes()
    if get_origin(kind) is np.ndarray:
        return array
    import torch

    return torch.from_numpy(array)
