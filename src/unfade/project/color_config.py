"""The OpenColorIO config that defines the colour spaces of a film."""

import os
from dataclasses import dataclass
from pathlib import PurePath

from unfade.film.working_space import PINNED_CONFIG

_BUILT_IN = "ocio://"


@dataclass(frozen=True)
class ColorManagement:
    """What the colour space names of a film mean.

    Attributes:
        config: the absolute path of an OpenColorIO config, or ``ocio://...`` for a built-in one.
        view: the view of its Rec.1886 Rec.709 display by which scene-linear and log pictures enter
            and leave the working space; none for the curve of the working space alone.
        fingerprint: the SHA-256 of the file, empty for a built-in config. Processors are kept by
            it, because a file may change under its path.
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
    """A config without its folder."""
    return PurePath(config).name if is_file(config) else config
