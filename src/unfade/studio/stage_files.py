"""Files of a stage's folder that pages show, and nothing else of the disk."""

import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from unfade.film.stage_names import folder_name
from unfade.studio.films import FilmPlace

MEDIA_TYPES = {".png": "image/png", ".html": "text/html", ".json": "application/json"}
"""Kinds of files that are served, by suffix; the browser must not guess others."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")

_CACHED = "private, max-age=31536000, immutable"
"""Header of an answer whose address names the time of change, because it never changes."""


def stage_file(place: FilmPlace, stage: str, name: str, *, is_dated: bool = False) -> FileResponse:
    """The answer with a file that lies directly in the folder of a stage.

    Args:
        place: the film.
        stage: its name.
        name: of the file, as it was asked for.
        is_dated: whether the address names the file's time of change.

    Raises:
        HTTPException: there is no such file, or it may not be shown.
    """
    folder = place.folder / folder_name(stage)
    path = folder / name
    kind = MEDIA_TYPES.get(path.suffix)
    if kind is None or not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        raise HTTPException(404)
    headers = {"cache-control": _CACHED} if is_dated else None
    return FileResponse(path, media_type=kind, headers=headers)


def dated(path: Path) -> str:
    """The name of a file with its time of change, for an address that never means another file."""
    return f"{path.name}?changed={path.stat().st_mtime_ns}"
