"""What is fresh: receipts held against film.toml, elements, artefacts and files.

Where nothing was written since, sizes and times of change are all that is asked for.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from unfade.errors import WorkError
from unfade.film.delivery import Delivery
from unfade.film.stage_names import folder_name
from unfade.film.working_space import PINNED_CONFIG
from unfade.pipeline.stages import STAGES, Stage
from unfade.project.settings import Project
from unfade.work.elements import Element
from unfade.work.job import Job
from unfade.work.receipt import Output, Receipt

UNFINISHED = ".unfinished"
"""In the folder of a stage from its start to its end. After a kill its receipt counts only if the
files are, to their times of change, those that the receipt names."""

COLOR_FACTS = "the OpenColorIO config or view"
"""What a receipt calls the reading of colour spaces, where it is not Unfade's own."""


@dataclass(frozen=True)
class Freshness:
    """Whether a stage has to be run, and why."""

    state: Literal["fresh", "stale", "missing"]
    reason: str = ""


def freshness(stage: Stage, job: Job, seen: "ElementCache | None" = None) -> Freshness:
    """Whether what a stage left is what it would leave now.

    Args:
        stage: which.
        job: the project and its work directory.
        seen: elements that were looked at before.
    """
    folder = job.root / folder_name(stage.name)
    try:
        receipt = receipt_in(folder)
    except FileNotFoundError:
        return Freshness("missing", "was not run, or not to its end")
    except (OSError, ValueError) as error:
        return Freshness("stale", f"its receipt cannot be used: {error}")
    for why in _changes(stage, job, receipt, seen or ElementCache(job)):
        return Freshness("stale", why)
    return Freshness("fresh")


def status(job: Job) -> list[tuple[Stage, Freshness]]:
    """Every stage; one that follows a stage that is not fresh is not fresh either."""
    found: list[tuple[Stage, Freshness]] = []
    seen = ElementCache(job)
    for stage in STAGES:
        state = freshness(stage, job, seen)
        earlier = [other.name for other, seen_state in found if seen_state.state != "fresh"]
        if state.state == "fresh" and earlier:
            state = Freshness("stale", f"{earlier[0]} comes before it")
        found.append((stage, state))
    with suppress(WorkError):
        job.save_digests()
    return found


def receipt_in(folder: Path) -> Receipt:
    """The receipt in the folder of a stage.

    Raises:
        OSError: there is none.
        ValueError: it is damaged, or of another version.
    """
    return Receipt.from_json((folder / Receipt.PATH).read_text(encoding="utf-8"))


class ElementCache:
    """What lies behind the paths of film.toml, looked at once a run.

    A file that changes while a run works is found by the next one.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._found: dict[tuple[str, str], Element | None] = {}

    def element(self, role: str, path: str) -> Element | None:
        """What lies behind a path, none where there is no file."""
        if (role, path) not in self._found:
            self._found[role, path] = self._job.element(role, path)
        return self._found[role, path]


def _changes(stage: Stage, job: Job, receipt: Receipt, seen: ElementCache) -> Iterator[str]:
    """In plain words, what is not as the receipt says."""
    if receipt.revision != stage.revision:
        yield f"this version of Unfade does it differently (revision {stage.revision})"
    asked = settings(stage, job.project)
    for key in sorted(asked.keys() | receipt.settings.keys()):
        was, now = receipt.settings.get(key, "absent"), asked.get(key, "absent")
        if was != now:
            yield f"{key} was {was or 'empty'}, is {now or 'empty'}"
    read = inputs(stage, job, seen)
    for key in sorted(read.keys() | receipt.inputs.keys()):
        if receipt.inputs.get(key) != read.get(key):
            dropped = key not in (*stage.elements(job), COLOR_FACTS) and "/" not in key
            change = _input_change(key, receipt.inputs.get(key), read.get(key))
            yield f"{key} is no longer used" if dropped else change
    yield from _output_changes(stage, job, receipt)


def _input_change(key: str, was: str | None, now: str | None) -> str:
    if now is None and key != COLOR_FACTS:
        return f"{key} is gone"
    files = [text.split(" files, ")[0] for text in (was or "", now or "")]
    if was and now and " files, " in now and files[0] != files[1]:
        return f"{key} has {files[1]} files, had {files[0]}"
    return f"{key} has changed"


def _output_changes(stage: Stage, job: Job, receipt: Receipt) -> Iterator[str]:
    folder = job.root / folder_name(stage.name)
    there = {path.relative_to(folder).as_posix(): path for path in _output_files(stage, job)}
    unfinished = (folder / UNFINISHED).exists()
    for name, about in receipt.outputs.items():
        if name not in there:
            yield f"{folder.name}/{name} is gone"
            continue
        found = there[name].stat()
        if (found.st_size, found.st_mtime_ns) == (about.size, about.mtime_ns):
            continue
        is_same = about.sha256 is not None and job.digest(there[name]) == about.sha256
        if found.st_size != about.size or (not is_same and about.sha256 is not None):
            yield f"{folder.name}/{name} was changed"
        elif unfinished and not is_same:
            yield "was begun again, and not to its end"
    if unfinished and there.keys() - receipt.outputs.keys():
        yield "was begun again, and not to its end"


def settings(stage: Stage, project: Project) -> dict[str, str]:
    """What a stage depends on in film.toml; of paths the last part, as files may be moved."""
    sections = project.model_dump(mode="json", by_alias=True)
    for holder, key in (
        (sections["film"], "ocio"),
        (sections["source"], "path"),
        (sections["train"], "start_from"),
        *((one, "path") for one in sections["reference"]),
        *((one, "reference") for one in sections["pair"]),
    ):
        if isinstance(holder[key], str):
            holder[key] = PurePath(holder[key]).name
    return dict(item for name in stage.sections for item in _flat(name, _at(sections, name)))


def _at(sections: dict[str, Any], name: str) -> Any:
    """A section, or a key of one: ``"deliver"``, ``"film.title"``."""
    section, _, key = name.partition(".")
    return sections[section][key] if key else sections[section]


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """``{"version": 1}`` under ``"render"`` is ``("render.version", "1")``."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}", inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, inner in enumerate(value, start=1):
            yield from _flat(f"{key} {number}", inner)
    elif value is not None:
        yield key, str(value)


def inputs(stage: Stage, job: Job, seen: ElementCache) -> dict[str, str]:
    """Digests of what a stage reads: artefacts, files and elements that are there, and how colour
    spaces are read if not as Unfade does by itself."""
    patterns = (*(need.PATH for need in stage.needs), *stage.files)
    found = {
        place.relative_to(job.root).as_posix(): job.digest(place)[:16]
        for pattern in patterns
        for place in sorted(job.root.glob(pattern))
    }
    for role, path in stage.elements(job).items():
        if (element := seen.element(role, path)) is not None:
            found[role] = str(element)
    color_facts = job.color_facts()
    if color_facts != PINNED_CONFIG:
        found[COLOR_FACTS] = color_facts
    return found


def _output_files(stage: Stage, job: Job) -> list[Path]:
    """Every file that a stage left but its receipt; bags of other deliveries are no output."""
    folder = job.root / folder_name(stage.name)
    places = [*folder.glob("*")]
    if stage.name == "deliver":
        with suppress(WorkError):
            places += (folder / job.load(Delivery).bag).rglob("*")
    return sorted(
        path
        for path in places
        if path.is_file() and path.name != Receipt.PATH and not path.name.startswith(".")
    )


def outputs(stage: Stage, job: Job) -> dict[str, Output]:
    """What a stage left. Artefacts have a digest; masters have theirs in `Rendering`."""
    folder = job.root / folder_name(stage.name)
    found = {}
    for path in _output_files(stage, job):
        about = path.stat()
        found[path.relative_to(folder).as_posix()] = Output(
            size=about.st_size,
            mtime_ns=about.st_mtime_ns,
            sha256=job.digest(path) if path.suffix == ".json" else None,
        )
    return found
