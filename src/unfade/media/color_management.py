"""Converts between colour spaces, with OpenColorIO. Each function gets the config and the view."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import PyOpenColorIO as ocio

from unfade.errors import ProjectError
from unfade.film.working_space import WORKING_SPACE
from unfade.project.color_config import PINNED, ColorManagement

if TYPE_CHECKING:
    from torch import Tensor

_WORKING_ALIAS = "g24_rec709"
"""Alias of the working space in the ACES configs, because older ones have another name for it."""

_ALIASES = {"gamma 2.4 rec.709": _WORKING_ALIAS, WORKING_SPACE.lower(): _WORKING_ALIAS}
"""Aliases, in lower case, that some configs lack."""

_DISPLAY_ALIAS = "rec1886_rec709_display"
"""Alias, in all ACES configs, of the display whose signal is the working space."""

_OCIO_FAULTS = (ocio.Exception, ocio.ExceptionMissingFile, UnicodeDecodeError)
"""What OpenColorIO raises for a config, or for a LUT that it names."""

_SCENE_ENCODINGS = ("scene-linear", "log")
"""OpenColorIO encodings that go through a view to a display."""


def check_config(colors: ColorManagement) -> None:
    """
    Raises:
        ProjectError: the config cannot be read, lacks the working space, or lacks the view.
    """
    name, config = colors.config, _load(colors)
    if _find(config, WORKING_SPACE) is None:
        raise ProjectError(
            f"{name}: has no colour space '{WORKING_SPACE}' or '{_WORKING_ALIAS}', in which Unfade "
            "computes; add it, or use another config"
        )
    if colors.view is not None:
        _check_view(config, name, colors.view)


def check_colorspace(name: str, colors: ColorManagement = PINNED) -> str:
    """The full name of a colour space, from its name, alias or role in any case.

    Raises:
        ProjectError: the config has no such space, or it is for data that are not colours.
    """
    space = _find(_load(colors), name)
    if space is None:
        spellings = _spellings(colors)
        nearest = difflib.get_close_matches(name.lower(), spellings, n=9, cutoff=0.0)
        full_names = list(dict.fromkeys(spellings[spelling] for spelling in nearest))
        names = ", ".join(f"'{full_name}'" for full_name in full_names[:3])
        raise ProjectError(
            f"there is no colour space '{name}'; the nearest valid names are {names}"
        )
    if space.isData():
        raise ProjectError(
            f"the colour space '{name}' is for data; name the space that the picture is in"
        )
    full_name: str = space.getName()
    return full_name


def is_colorspace(name: str, colors: ColorManagement) -> bool:
    """Whether the config has a space of this name, alias or role."""
    return _find(_load(colors), name) is not None


def is_aces(name: str, colors: ColorManagement = PINNED) -> bool:
    """Whether a colour space is ACES2065-1: linear light, primaries AP0."""
    if not is_colorspace("lin_ap0", colors):
        return False
    return check_colorspace(name, colors) == check_colorspace("lin_ap0", colors)


def to_space(pixels: Tensor, source: str, target: str, colors: ColorManagement = PINNED) -> Tensor:
    """Converts pixels from one colour space to another.

    Args:
        pixels: (3, H, W) float32 in the space `source`; not changed in place.
        source: an OpenColorIO name or alias.
        target: an OpenColorIO name or alias.
        colors: the config and the view.

    Returns:
        (3, H, W) float32; `pixels` itself if the two spaces are the same.

    Raises:
        ProjectError: one of the spaces is unknown.
    """
    source, target = check_colorspace(source, colors), check_colorspace(target, colors)
    if source == target:
        return pixels
    import torch

    converted = np.array(pixels.numpy(), dtype=np.float32, order="C", copy=True)
    height, width = converted.shape[1:]
    image = ocio.PlanarImageDesc(*converted, width, height)
    _processor(colors, source, target).apply(image)
    return torch.from_numpy(converted)


def conversion(source: str, target: str, colors: ColorManagement = PINNED) -> ocio.GroupTransform:
    """The steps from one colour space to another, for other programs.

    Raises:
        ProjectError: one of the spaces is unknown.
    """
    group: ocio.GroupTransform = processor_between(source, target, colors).createGroupTransform()
    return group


def processor_between(source: str, target: str, colors: ColorManagement) -> ocio.Processor:
    """The conversion from one colour space to another, of which OpenColorIO makes one for the
    processor or for the GPU.

    Raises:
        ProjectError: one of the spaces is unknown.
    """
    source, target = check_colorspace(source, colors), check_colorspace(target, colors)
    config = _load(colors)
    with _config_faults(colors):
        return config.getProcessor(_transform(config, colors.view, source, target))


def is_scene_referred(name: str, colors: ColorManagement) -> bool:
    """Whether a colour space is of scene light, which only the film's view brings to a display.

    Raises:
        ProjectError: there is no such space.
    """
    return _is_scene_referred(_load(colors), check_colorspace(name, colors))


@functools.cache
def _load(colors: ColorManagement) -> ocio.Config:
    """
    Raises:
        ProjectError: the config cannot be read.
    """
    with _config_faults(colors):
        config = ocio.Config.CreateFromFile(colors.config)
        for space in config.getColorSpaces():  # Names that are no UTF-8 raise here.
            space.getName(), space.getEncoding(), list(space.getAliases())
        return config


@contextmanager
def _config_faults(colors: ColorManagement) -> Iterator[None]:
    """Turns errors of OpenColorIO, which quote bytes of the config, into a `ProjectError`."""
    try:
        yield
    except _OCIO_FAULTS as error:
        reason = "it is no text" if isinstance(error, UnicodeDecodeError) else str(error).strip()
        raise ProjectError(
            f"{colors.config}: cannot be used as OpenColorIO config ({reason}); "
            "correct 'film.ocio' or the environment variable OCIO"
        ) from error


def _find(config: ocio.Config, name: str) -> ocio.ColorSpace | None:
    alias = _ALIASES.get(name.lower(), name)
    return config.getColorSpace(name) or config.getColorSpace(alias)


def _check_view(config: ocio.Config, name: str, view: str) -> None:
    """
    Raises:
        ProjectError: the display of the working space has no such view in the config.
    """
    display = _find(config, _DISPLAY_ALIAS)
    views = list(config.getViews(display.getName())) if display else []
    if view not in views:
        nearest = difflib.get_close_matches(view, views, n=3, cutoff=0.0)
        names = ", ".join(f"'{one}'" for one in nearest) or "none"
        raise ProjectError(
            f"{name}: has no view '{view}' of a Rec.1886 Rec.709 display; the nearest valid names "
            f"for 'film.view' are {names}"
        )


@functools.cache
def _processor(colors: ColorManagement, source: str, target: str) -> ocio.CPUProcessor:
    """Without OpenColorIO's lossy optimisations, because fast approximations of powers are
    inaccurate in the darks."""
    config = _load(colors)
    with _config_faults(colors):
        processor = config.getProcessor(_transform(config, colors.view, source, target))
        return processor.getOptimizedCPUProcessor(
            ocio.BIT_DEPTH_F32, ocio.BIT_DEPTH_F32, ocio.OPTIMIZATION_LOSSLESS
        )


def _transform(config: ocio.Config, view: str | None, source: str, target: str) -> ocio.Transform:
    """Conversion between two colour spaces; between scene light and the working space it is the
    view."""
    if view is not None:
        working, display = _name_of(config, WORKING_SPACE), _name_of(config, _DISPLAY_ALIAS)
        if target == working and _is_scene_referred(config, source):
            return ocio.DisplayViewTransform(src=source, display=display, view=view)
        if source == working and _is_scene_referred(config, target):
            return ocio.DisplayViewTransform(
                src=target, display=display, view=view, direction=ocio.TRANSFORM_DIR_INVERSE
            )
    return ocio.ColorSpaceTransform(src=source, dst=target)


def _name_of(config: ocio.Config, spelling: str) -> str:
    """The full name of a space that the config is known to have."""
    space = _find(config, spelling)
    assert space is not None
    name: str = space.getName()
    return name


def _is_scene_referred(config: ocio.Config, name: str) -> bool:
    return config.getColorSpace(name).getEncoding() in _SCENE_ENCODINGS


@functools.cache
def _spellings(colors: ColorManagement) -> dict[str, str]:
    """All names and aliases in lower case, with the full name of each."""
    spellings: dict[str, str] = {}
    for space in _load(colors).getColorSpaces():
        if not space.isData():
            for spelling in (space.getName(), *space.getAliases()):
                spellings[spelling.lower()] = space.getName()
    return spellings
