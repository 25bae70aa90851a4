"""Files of a stage's folder that pages show, and nothing else of the disk.

A film folder may come from a stranger: a page of it must not come from the studio's own address.
"""

import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse

from unfade.errors import UnfadeError
from unfade.film.stage_names import folder_name
from unfade.studio.films import FilmPlace
from unfade.work.job import AnArtefact, Job

REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; img-src data: blob:; media-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
"""What the report may do: run its own script on its own pictures. It has no origin, so that it
reaches neither the studio nor the network."""

REPORT_FILE = "report.html"
"""The report page in the folder of validate."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")

_CHANGED = "changed"
"""Query parameter with a file's time of change."""

_CACHED = "private, max-age=31536000, immutable"
"""Header of an answer whose address names the time of change, because it never changes."""


def usable(job: Job, kind: type[AnArtefact]) -> AnArtefact | None:
    """An artefact; None if it is missing or damaged, so that a page shows what there is."""
    try:
        return job.load_if_made(kind)
    except UnfadeError:
        return None


def stage_file(request: Request, place: FilmPlace, stage: str) -> FileResponse:
    """The answer with a picture that lies directly in the folder of a stage, or with the report,
    which may reach nothing.

    Args:
        request: its address ends with the name of the file, or with what `dated` made of it.
        place: the film.
        stage: its name.

    Raises:
        HTTPException: there is no such file, or it may not be shown.
    """
    name = request.path_params["name"]
    path = place.folder / folder_name(stage) / name
    is_report = (stage, name) == ("validate", REPORT_FILE)
    is_shown = is_report or path.suffix == ".png"
    if not is_shown or not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        raise HTTPException(404)
    headers = {"cache-control": _CACHED} if _CHANGED in request.query_params else {}
    if is_report:
        headers["content-security-policy"] = REPORT_POLICY
    return FileResponse(path, media_type="text/html" if is_report else "image/png", headers=headers)


def dated(path: Path) -> str:
    """The name of a file with its time of change, for an address that never means another file."""
    return f"{path.name}?{_CHANGED}={path.stat().st_mtime_ns}"
