"""Versions of the software that results depend on."""

import platform
import sys
from importlib import metadata

SOFTWARE = (
    "unfade",
    "torch",
    "numpy",
    "scipy",
    "opencv-python-headless",
    "openimageio",
    "opencolorio",
    "av",
)
"""Packages whose versions are recorded, because results may depend on them."""


def software_versions() -> dict[str, str]:
    """Versions by package, that of Python, and the kind of system."""
    versions = {name: metadata.version(name) for name in SOFTWARE}
    return versions | {"python": platform.python_version(), "platform": sys.platform}
