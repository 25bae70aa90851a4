"""Colour spaces, by OpenColorIO: one config for everything that a process reads and writes."""

import difflib
import functools

import numpy as np
import PyOpenColorIO as ocio
import torch
from torch import Tensor

from unfade.errors import ProjectError
from unfade.film.working_space import PINNED_CONFIG, WORKING_SPACE

_WORKING_ALIAS = "g24_rec709"
"""Of the working space in the ACES configs, whose older versions have another name for it."""

_ALIASES = {"gamma 2.4 rec.709": _WORKING_ALIAS, WORKING_SPACE.lower(): _WORKING_ALIAS}
"""Names that the config may not know, in lower case."""

_DISPLAY_ALIAS = "rec1886_rec709_display"
"""Of the display whose signal is the working space, in all ACES configs."""

_SCENE_LIGHT = ("scene-linear", "log")
"""Encodings of OpenColorIO that a view takes to a display."""

_current = PINNED_CONFIG
_view: str | None = None


def use_config(name: str, view: str | None = None) -> None:
    """Makes a config that of every colour space from now on.

    Args:
        name: a file, or ``ocio://...`` for one that is built into OpenColorIO.
        view: of its Rec.1886 Rec.709 display, by which scene-linear and log pictures come into the
            working space and go out again; none for the curve of the working space alone.

    Raises:
        ProjectError: it cannot be read, has no working space, or has no such view.
    """
    global _current, _view
    try:
        config = _load(name)
    except (ocio.Exception, ocio.ExceptionMissingFile) as error:
        raise ProjectError(
            f"{name}: cannot be used as OpenColorIO config ({str(error).strip()}); correct "
            "film.ocio or the environment variable OCIO"
        ) from error
    if _find(config, WORKING_SPACE) is None:
        raise ProjectError(
            f"{name}: has no colour space '{WORKING_SPACE}' or '{_WORKING_ALIAS}', in which Unfade "
            "computes; add it, or use another config"
        )
    if view is not None:
        _check_view(config, name, view)
    _current, _view = name, view


def config_in_use() -> str:
    """What `use_config` was given last, else the pinned config."""
    return _current


def check_colorspace(name: str) -> str:
    """The full name of a colour space that may be named by an alias or a role, in any case.

    Raises:
        ProjectError: the config has no such space, or it holds data and no colour.
    """
    space = _find(_load(_current), name)
    if space is None:
        spellings = _spellings(_current)
        nearest = difflib.get_close_matches(name.lower(), spellings, n=9, cutoff=0.0)
        full_names = list(dict.fromkeys(spellings[spelling] for spelling in nearest))
        names = ", ".join(f"'{full_name}'" for full_name in full_names[:3])
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
    return _find(_load(_current), name) is not None


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
    _processor(_current, _view, source, target).applyRGB(interleaved)
    return torch.from_numpy(interleaved).permute(2, 0, 1).contiguous()


@functools.cache
def _load(config: str) -> ocio.Config:
    return ocio.Config.CreateFromFile(config)


def _find(config: ocio.Config, name: str) -> ocio.ColorSpace | None:
    alias = _ALIASES.get(name.lower(), name)
    return config.getColorSpace(name) or config.getColorSpace(alias)


def _check_view(config: ocio.Config, name: str, view: str) -> None:
    """
    Raises:
        ProjectError: the config has no such view of the display of the working space.
    """
    display = _find(config, _DISPLAY_ALIAS)
    views = list(config.getViews(display.getName())) if display else []
    if view not in views:
        nearest = difflib.get_close_matches(view, views, n=3, cutoff=0.0)
        names = ", ".join(f"'{one}'" for one in nearest) or "none"
        raise ProjectError(
            f"{name}: has no view '{view}' of a Rec.1886 Rec.709 display; the nearest valid names "
            f"for film.view are {names}"
        )


@functools.cache
def _processor(config: str, view: str | None, source: str, target: str) -> ocio.CPUProcessor:
    """Lossless: the fast approximations of powers cost accuracy in the darks."""
    loaded = _load(config)
    return loaded.getProcessor(_transform(loaded, view, source, target)).getOptimizedCPUProcessor(
        ocio.BIT_DEPTH_F32, ocio.BIT_DEPTH_F32, ocio.OPTIMIZATION_LOSSLESS
    )


def _transform(config: ocio.Config, view: str | None, source: str, target: str) -> ocio.Transform:
    """From one colour space to another; scene light to and from the working space by the view."""
    if view is not None:
        working, display = _name_of(config, WORKING_SPACE), _name_of(config, _DISPLAY_ALIAS)
        if target == working and _is_scene_light(config, source):
            return ocio.DisplayViewTransform(src=source, display=display, view=view)
        if source == working and _is_scene_light(config, target):
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


def _is_scene_light(config: ocio.Config, name: str) -> bool:
    return config.getColorSpace(name).getEncoding() in _SCENE_LIGHT


@functools.cache
def _spellings(config: str) -> dict[str, str]:
    """Every name and alias in lower case, with the full name that it stands for."""
    spellings: dict[str, str] = {}
    for space in _load(config).getColorSpaces():
        if not space.isData():
            for spelling in (space.getName(), *space.getAliases()):
                spellings[spelling.lower()] = space.getName()
    return spellings
