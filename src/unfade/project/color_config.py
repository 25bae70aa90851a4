"""The OpenColorIO config that defines the colour spaces of a film."""

import os
from pathlib import PurePath

from unfade.film.working_space import PINNED_CONFIG

_BUILT_IN = "ocio://"


def color_config(requested: str | None = None) -> str:
    """The requested config, or that of the environment variable OCIO, or the pinned config."""
    return requested or os.environ.get("OCIO") or PINNED_CONFIG


def is_file(config: str) -> bool:
    """Whether a config is a file, as opposed to one built into OpenColorIO."""
    return not config.startswith(_BUILT_IN)


def config_to_share(config: str) -> str:
    """The name of a config without its folder, so that records do not hold local paths."""
    return PurePath(config).name if is_file(config) else config
