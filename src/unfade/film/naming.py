"""Names of clips, masters and bags."""

import re
from pathlib import PurePath

from unfade.film.rendering import SUFFIXES, MasterFormat, MasterNaming
from unfade.film.shot import Shot
from unfade.film.time import FrameRange

_PLACEHOLDER = re.compile(r"%0?\d*d|#+")
MAX_NAME_LENGTH = 30
"""Characters of the name of a reference, so that tables and file names stay readable."""


def clip_name(path: str) -> str:
    """A short name for a clip, from its path: ``"title01"`` for ``"dvd/title01.mkv"``, and
    ``"print"`` for ``"print/%06d.dpx"``."""
    words = list(reversed(PurePath(path).parts))
    if words:
        words[0] = _PLACEHOLDER.sub("", words[0])
    if words and "." in words[0]:
        words[0] = words[0].rpartition(".")[0]
    names = (re.sub(r"\W+", "-", word).strip("-_")[:MAX_NAME_LENGTH] for word in words)
    return next((name for name in names if name), "reference")


def lut_title(film: str, shot: int | None = None) -> str:
    """The title of the LUT baseline of a film, or of one of its shots, given by its number."""
    of_shot = "" if shot is None else f" of shot {shot}"
    return f"{film}, LUT baseline{of_shot}"


def slug(title: str) -> str:
    """A film's title for file names: ``"candy-candy"`` for ``"Candy Candy"``."""
    return re.sub(r"[\W_]+", "-", title.lower()).strip("-") or "film"


def master_name(
    title: str,
    shot: Shot,
    version: int,
    model_id: str,
    frame: int,
    kind: MasterFormat = "exr",
    naming: MasterNaming = "shot",
) -> str:
    """The file name of a master: ``candy-candy_s003_v001_1f2e3d4c5b6a.0001245.exr``.

    With the naming "film" the shot is left out, and all masters form one sequence.
    """
    stem = f"{slug(title)}_{shot.name}" if naming == "shot" else slug(title)
    return f"{stem}_v{version:03d}_{model_id}.{frame:07d}{SUFFIXES[kind]}"


def bag_name(title: str, version: int, part: FrameRange | None = None, count: int = 0) -> str:
    """The name of a bag: ``candy-candy-v001``, or ``candy-candy-v001-frames-1001-1048`` for a part
    of the film; ``candy-candy-v001-54-frames-1001-1070`` if `count` frames of the part are
    rendered."""
    name = f"{slug(title)}-v{version:03d}"
    if part is None:
        return name
    some = f"-{count}" if 0 < count < len(part) else ""
    return f"{name}{some}-frames-{part.first}-{part.last}"
