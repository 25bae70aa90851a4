"""The parts of one picture, shared out among the cores."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import torch

T = TypeVar("T")


def on_all_cores(function: Callable[..., T], *parts: Iterable[Any]) -> list[T]:
    """What a function makes of each part, in their order; several iterables are taken side by side.

    The cores take parts in turn, each alone: steps are too small to share, and what a part needs
    stays in the core's cache. To threads that are made later torch gives one core too.
    """
    cores = torch.get_num_threads()
    with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return list(pool.map(function, *parts))
