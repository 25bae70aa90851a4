"""The shapes of the tensors in model and baseline files, which may come from a stranger."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from unfade.model.closed_form.general_law import ERROR_DISTANCES
from unfade.model.closed_form.unevenness import POSITION_TERMS
from unfade.model.uncertainty import ERROR_TERMS

_LUT_NODES = range(2, 130)
"""Nodes along each axis of a LUT: what OpenColorIO takes."""

_ANY_COUNT = -1
"""A size, in a shape, that depends on the film; no tensor has it."""

_KINDS: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"(report\.)?grain|axes\.turn|general\.matrix", (3, 3)),
    (r"axes\.move|general\.offset|general\.distance\.(low|high)\.(film|\d{1,9})", (3, 1)),
    (r"grading\.\d{1,9}", (2, 3)),
    (r"paired", (_ANY_COUNT,)),
    (r"uneven\.placed\.\d{1,9}", (2, POSITION_TERMS)),
    (r"general\.log_map", (3, 4)),
    (r"general\.to_cbcr", (2, 4)),
    (r"general\.share", ()),
    (r"general\.(lut_)?errors", (len(ERROR_DISTANCES),)),
    (r"error\.weights", (ERROR_TERMS,)),
)
"""Names of tensors, and their shape."""

_LUTS = (
    (r"(report\.)?lut\.(film|shot\.\d{1,9})|spread\.(film|shot\.\d{1,9})", 2),
    (r"uneven\.(lut|spread)\.\d{1,9}|general\.deviation", 2),
    (r"general\.distance\.nodes\.(film|\d{1,9})", 1),
)
"""Names of LUTs, and their number of values at a node."""

_NETWORKS = re.compile(r"residual\..*|own\.\d{1,9}\..*")
"""Names of the tensors of networks, which check their shapes themselves."""


def check_shapes(tensors: Mapping[str, Tensor]) -> None:
    """
    Raises:
        ValueError: a tensor is none of a model, or has another shape or kind of number than its
            name asks for.
    """
    for name, tensor in tensors.items():
        if _NETWORKS.fullmatch(name):
            continue
        if not _fits(name, tensor):
            shape = " x ".join(map(str, tensor.shape))
            raise ValueError(f"'{name:.100}' is {shape or 'one number'} of {tensor.dtype}")


def _fits(name: str, tensor: Tensor) -> bool:
    shape = tuple(tensor.shape)
    if tensor.dtype != torch.float32 and name != "paired":
        return False
    for pattern, count in _LUTS:
        if re.fullmatch(pattern, name):
            nodes = shape[1] if len(shape) == 4 else 0
            return nodes in _LUT_NODES and shape == (count, nodes, nodes, nodes)
    for pattern, expected in _KINDS:
        if re.fullmatch(pattern, name):
            return len(shape) == len(expected) and all(
                one in (size, _ANY_COUNT) for one, size in zip(expected, shape, strict=True)
            )
    return False
