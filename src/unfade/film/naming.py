"""Names of what is delivered."""

import re

from unfade.film.rendering import SUFFIXES, MasterFormat
from unfade.film.shot import Shot


def slug(title: str) -> str:
    """A film's title as file names carry it: ``"Candy Candy"`` is ``"candy-candy"``."""
    return re.sub(r"[\W_]+", "-", title.lower()).strip("-") or "film"


def master_name(
    title: str, shot: Shot, version: int, model_id: str, frame: int, kind: MasterFormat = "exr"
) -> str:
    """``candy-candy_s003_v001_1f2e3d4c5b6a.0001245.exr``."""
    return f"{slug(title)}_{shot.name}_v{version:03d}_{model_id}.{frame:07d}{SUFFIXES[kind]}"


def bag_name(title: str, version: int) -> str:
    """``candy-candy-v001``."""
    return f"{slug(title)}-v{version:03d}"
