"""The device on which networks run.

Closed form, filters and features use OpenCV and SciPy and stay on the CPU. A caller of a network
moves pixels to its device and the result back.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import torch

from unfade.work.cores import on_all_cores

T = TypeVar("T")
R = TypeVar("R")


def network_device() -> torch.device:
    """The accelerator if torch finds one (CUDA, ROCm, MPS, XPU), else the CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def map_networks(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The results of a function that runs networks, for each item, in order.

    Calls run on all cores, or one after the other if networks run on an accelerator.
    """
    if network_device().type == "cpu":
        return on_all_cores(function, items)
    return map(function, items)
