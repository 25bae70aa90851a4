"""Versions of Unfade and of the libraries on which figures may depend."""

from importlib import metadata

import unfade

LIBRARIES = ("torch", "opencolorio", "openimageio", "av", "opencv-python-headless")
"""Names of the packages."""


def versions() -> dict[str, str]:
    """The version of Unfade, then those of the libraries, by name."""
    return {"unfade": unfade.__version__} | {name: metadata.version(name) for name in LIBRARIES}
