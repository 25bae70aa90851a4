"""Names of clips, and of what is delivered."""

import re
from pathlib import PurePath

from unfade.film.rendering import SUFFIXES, MasterFormat
from unfade.film.shot import Shot

_FRAME_NUMBER = re.compile(r"%0?\d*d|#+")
GREATEST_NAME = 30
"""Letters of the name of a reference."""


def clip_name(path: str) -> str:
    """A short name for a clip, from its file: ``"dvd/title01.mkv"`` is ``"title01"``, and
    ``"print/%06d.dpx"`` is ``"print"``."""
    words = list(reversed(PurePath(path).parts))
    if words:
        words[0] = _FRAME_NUMBER.sub("", words[0])
    if words and "." in words[0]:
        words[0] = words[0].rpartition(".")[0]
    names = (re.sub(r"\W+", "-", word).strip("-_")[:GREATEST_NAME] for word in words)
    return next((name for name in names if name), "reference")


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
