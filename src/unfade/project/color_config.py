"""Which OpenColorIO config the colour spaces of a film are named by."""

import os
from pathlib import PurePath

from unfade.film.working_space import PINNED_CONFIG

_BUILT_IN = "ocio://"


def color_config(asked: str | None = None) -> str:
    """What is asked for, or what the environment variable OCIO names, or the pinned config."""
    return asked or os.environ.get("OCIO") or PINNED_CONFIG


def is_file(config: str) -> bool:
    """Whether a config is a file, and not built into OpenColorIO."""
    return not config.startswith(_BUILT_IN)


def config_to_share(config: str) -> str:
    """A config without the folder that it lies in."""
    return PurePath(config).name if is_file(config) else config
