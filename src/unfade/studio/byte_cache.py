"""A cache of bounded size for pictures, which several threads use."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Kept = TypeVar("Kept")

_STRIPES = 16
"""Locks over all keys: a picture is made once if asked for twice, and others seldom wait."""


class ByteCache(Generic[Kept]):
    """Keeps what was used last, up to a number of bytes."""

    def __init__(self, max_bytes: int, size: Callable[[Kept], int]) -> None:
        """`size` gives the bytes of a value."""
        self._max_bytes, self._size = max_bytes, size
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        self._stripes = [Lock() for _ in range(_STRIPES)]

    @property
    def bytes_held(self) -> int:
        """Bytes of all values."""
        return self._bytes

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The value of a key, made if it is not there."""
        with self._stripes[hash(key) % _STRIPES]:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            value = make()
            with self._lock:
                self._kept[key] = value
                self._bytes += self._size(value)
                while self._bytes > self._max_bytes:
                    self._bytes -= self._size(self._kept.popitem(last=False)[1])
            return value
