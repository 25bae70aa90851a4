"""Small values that are kept while large ones come and go."""

import mmap

import numpy as np
import torch
from torch import Tensor


def copied_apart(values: Tensor) -> Tensor:
    """A copy in pages of its own. In the heap, between large values, it would keep the memory of
    these from being used again."""
    array = values.numpy()
    if not array.size:
        return values.clone()
    pages = mmap.mmap(-1, array.nbytes)
    copy = np.frombuffer(pages, array.dtype, array.size).reshape(array.shape)
    copy[...] = array
    return torch.from_numpy(copy)
