"""The OpenColorIO config that defines the colour spaces of a film."""

import os
from dataclasses import dataclass
from pathlib import PurePath

from unfade.film.working_space import PINNED_CONFIG

_BUILT_IN = "ocio://"


@dataclass(frozen=True)
class ColorManagement:
    """The definition of a film's colour spaces.

    Attributes:
        config: the absolute path of an OpenColorIO config, or ``ocio://...`` for a built-in one.
        view: the view of its Rec.1886 Rec.709 display by which scene-linear and log pictures enter
            and leave the working space; None for the curve of the working space alone.
        fingerprint: a digest of the config file; empty for a built-in config. It is part of the key
            of cached processors, because the file behind a path may change.
    """

    config: str = PINNED_CONFIG
    view: str | None = None
    fingerprint: str = ""


PINNED = ColorManagement()
"""Unfade's own config without a view, for pictures that belong to no film."""


def color_config(requested: str | None = None) -> str:
    """The requested config, or that of the environment variable OCIO, or the pinned config."""
    return requested or os.environ.get("OCIO") or PINNED_CONFIG


def is_file(config: str) -> bool:
    """Whether a config is a file and not built into OpenColorIO."""
    return not config.startswith(_BUILT_IN)


def config_to_share(config: str) -> str:
    """The name of a config without its folder, so that records do not hold local paths."""
    return PurePath(config).name if is_file(config) else config
