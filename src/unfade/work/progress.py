"""The interface of progress displays."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """Shows a person how far the work is."""

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Iterates over `items`, and counts them on a bar with a label.

        `total` is the number of items; it may be an estimate, and is 0 if it is unknown.
        """
        ...

    def say(self, message: str) -> None:
        """Prints a line that stays."""
        ...


Track = Callable[[Iterable[Any], str, int], Iterator[Any]]
"""The type of `Progress.track`, for functions that show progress but print nothing."""


def untracked(items: Iterable[Any], label: str, total: int) -> Iterator[Any]:
    """A `Track` that shows nothing."""
    return iter(items)


class SilentProgress:
    """A `Progress` that shows nothing."""

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Iterates over `items`."""
        return iter(items)

    def say(self, message: str) -> None:
        """Prints nothing."""
