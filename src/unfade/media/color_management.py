"""Colour spaces, by OpenColorIO with its built-in ACES studio config."""

import difflib
import functools

import numpy as np
import PyOpenColorIO as ocio
import torch
from torch import Tensor

from unfade.errors import ProjectError
from unfade.film.project import WORKING_SPACE

CONFIG = "ocio://studio-config-v4.0.0_aces-v2.0_ocio-v2.5"
"""Pinned: in another config the same name may mean other numbers."""

_ALIASES = {"gamma 2.4 rec.709": WORKING_SPACE}
"""Names that people write and the config does not know, in lower case."""


def check_colorspace(name: str) -> str:
    """The full name of a colour space that may be named by an alias or a role, in any case.

    Raises:
        ProjectError: the config has no such space, or it holds data and no colour.
    """
    space = _config().getColorSpace(_ALIASES.get(name.lower(), name))
    if space is None:
        nearest = difflib.get_close_matches(name.lower(), _spellings(), n=3, cutoff=0.0)
        names = ", ".join(f"'{_spellings()[spelling]}'" for spelling in nearest)
        raise ProjectError(
            f"there is no colour space '{name}'; the nearest valid names are {names}"
        )
    if space.isData():
        raise ProjectError(
            f"colour space '{name}' is for data; name the space that the picture is in"
        )
    full_name: str = space.getName()
    return full_name


def is_colorspace(name: str) -> bool:
    """Whether `check_colorspace` knows the name."""
    return _config().getColorSpace(_ALIASES.get(name.lower(), name)) is not None


def is_aces(name: str) -> bool:
    """Whether a colour space is ACES2065-1, linear light of the primaries AP0."""
    return is_colorspace("lin_ap0") and check_colorspace(name) == check_colorspace("lin_ap0")


def to_space(pixels: Tensor, source: str, target: str) -> Tensor:
    """Pixels of one colour space in another.

    Args:
        pixels: (3, H, W) float32 in the space `source`; it is not changed.
        source: an OpenColorIO name or alias.
        target: likewise.

    Returns:
        (3, H, W) float32; `pixels` itself where both spaces are the same.

    Raises:
        ProjectError: one of the spaces is unknown.
    """
    source, target = check_colorspace(source), check_colorspace(target)
    if source == target:
        return pixels
    interleaved = np.array(pixels.permute(1, 2, 0).numpy(), dtype=np.float32, order="C", copy=True)
    _processor(source, target).applyRGB(interleaved)
    return torch.from_numpy(interleaved).permute(2, 0, 1).contiguous()


@functools.cache
def _config() -> ocio.Config:
    return ocio.Config.CreateFromFile(CONFIG)


@functools.cache
def _processor(source: str, target: str) -> ocio.CPUProcessor:
    """Lossless: the fast approximations of powers cost accuracy in the darks."""
    return (
        _config()
        .getProcessor(source, target)
        .getOptimizedCPUProcessor(
            ocio.BIT_DEPTH_F32, ocio.BIT_DEPTH_F32, ocio.OPTIMIZATION_LOSSLESS
        )
    )


@functools.cache
def _spellings() -> dict[str, str]:
    """Every name and alias in lower case, with the full name that it stands for."""
    spellings = dict(_ALIASES)
    for space in _config().getColorSpaces():
        if not space.isData():
            for spelling in (space.getName(), *space.getAliases()):
                spellings[spelling.lower()] = space.getName()
    return spellings
