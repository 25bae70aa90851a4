"""How a piece of work tells a person how far it is."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """Tells a person how far a piece of work is."""

    def track(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """`items`, one by one, counted on a bar called `label` that ends at `total`.

        `total` may be an estimate, and is 0 where nobody knows.
        """
        ...

    def say(self, message: str) -> None:
        """A line that stays."""
        ...


Track = Callable[[Iterable[Any], str, int], Iterator[Any]]
"""What `Progress.track` is, for pure functions that take long."""


def untracked(items: Iterable[Any], label: str, total: int) -> Iterator[Any]:
    """A `Track` that tells nobody."""
    return iter(items)
