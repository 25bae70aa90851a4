"""Freshness of stages: their receipts compared with film.toml, elements, artefacts and files.

A file whose size and time of change are as recorded is not read.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress
from operator import ne
from pathlib import Path, PurePath
from typing import Any, Literal

from unfade.errors import WorkError
from unfade.film.delivery import Delivery
from unfade.film.noun import paused_garbage_collection
from unfade.film.stage_names import folder_name
from unfade.film.wording import counted
from unfade.film.working_space import PINNED_CONFIG
from unfade.pipeline.stages import STAGES, TARGETS_OF, Stage
from unfade.project.paths import film_name
from unfade.project.settings import Project
from unfade.work.elements import Element, scan_element
from unfade.work.job import Job
from unfade.work.listing import FileFacts, LinkedFacts, file_facts, files_like
from unfade.work.receipt import UNFINISHED, Cost, Outputs, Receipt
from unfade.work.record_files import read_record

COLOR_FACTS = "the OpenColorIO config or view"
"""The name in a receipt of a config or view that is not Unfade's own."""


@dataclass(frozen=True)
class Freshness:
    """The state of a stage's results, the reason if they are not fresh, and what its last run
    cost, if that is on record."""

    state: Literal["fresh", "stale", "missing"]
    reason: str = ""
    cost: Cost | None = None


def freshness(
    stage: Stage,
    job: Job,
    elements: "ElementCache | None" = None,
    linked: LinkedFacts | None = None,
) -> Freshness:
    """The state of a stage: fresh if running it again would give the same results.

    Args:
        stage: the stage.
        job: the project and its work directory.
        elements: the elements that were scanned before, to scan each only once.
        linked: facts of the files of stages that were looked at a moment before, of which this one
            may have links; those of this stage are added.
    """
    folder = job.root / folder_name(stage.name)
    try:
        receipt = receipt_in(folder)
    except FileNotFoundError:
        return Freshness("missing", "was not run, or not to its end")
    except (OSError, ValueError) as error:
        return Freshness("stale", f"its receipt cannot be used: {error}")
    for change in _changes(stage, job, receipt, elements or ElementCache(job), linked):
        return Freshness("stale", change, receipt.cost)
    return Freshness("fresh", cost=receipt.cost)


def status(job: Job, *, saves_digests: bool = True) -> list[tuple[Stage, Freshness]]:
    """The freshness of every stage; a stage after one that is not fresh is stale.

    Args:
        job: the project and its work directory.
        saves_digests: whether digests of files that were read are stored in the work directory.
    """
    result: list[tuple[Stage, Freshness]] = []
    elements = ElementCache(job)
    linked: LinkedFacts = defaultdict(dict)
    with paused_garbage_collection():
        for stage in STAGES:
            current = freshness(stage, job, elements, linked)
            earlier = [other.name for other, state in result if state.state != "fresh"]
            if current.state == "fresh" and earlier:
                current = Freshness("stale", f"{earlier[0]} comes before it", current.cost)
            result.append((stage, current))
    if saves_digests:
        with suppress(WorkError):
            job.save_digests()
    return result


def receipt_in(folder: Path) -> Receipt:
    """The receipt in the folder of a stage.

    Raises:
        OSError: there is none, or it cannot be read.
        ValueError: it is damaged, or has another schema.
    """
    return Receipt.from_json(read_record(folder / Receipt.PATH))


class ElementCache:
    """The elements of a film, each scanned once a run.

    An element that changes during a run is noticed by the next run.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._elements: dict[tuple[str, str], Element | None] = {}

    def element(self, role: str, path: str) -> Element | None:
        """The element behind a path; None if there is no file."""
        if (role, path) not in self._elements:
            job = self._job
            found = scan_element(job.resolve(path), role, job.digests, job.progress.track)
            self._elements[role, path] = found
        return self._elements[role, path]


def _changes(
    stage: Stage,
    job: Job,
    receipt: Receipt,
    elements: ElementCache,
    linked: LinkedFacts | None = None,
) -> Iterator[str]:
    """Every difference between a receipt and the present state, in words; `linked` is that of
    `freshness`."""
    if receipt.revision != stage.revision:
        yield f"this version of Unfade does it differently (revision {stage.revision})"
    present = settings(stage, job.project)
    for key in sorted(present.keys() | receipt.settings.keys()):
        was, now = receipt.settings.get(key, "absent"), present.get(key, "absent")
        if was != now:
            yield f"{key} was {was or 'empty'}, is {now or 'empty'}"
    digests = inputs(stage, job, elements)
    for key in sorted(digests.keys() | receipt.inputs.keys()):
        if receipt.inputs.get(key) != digests.get(key):
            unused = (
                digests.get(key) is None
                and key not in (*stage.elements(job), COLOR_FACTS)
                and "/" not in key
            )
            change = _input_change(key, receipt.inputs.get(key), digests.get(key))
            yield f"{key} is no longer used" if unused else change
    yield from _output_changes(stage, job, receipt, linked)


def _input_change(key: str, was: str | None, now: str | None) -> str:
    be, have = ("are", "have") if key.startswith(TARGETS_OF) else ("is", "has")
    if now is None and key != COLOR_FACTS:
        return f"{key} {be} gone"
    if was is None and key != COLOR_FACTS:
        return f"{key} {be} new"
    files = [text.split(" files, ")[0] for text in (was or "", now or "")]
    if was and now and " files, " in now and files[0] != files[1]:
        return f"{key} has {counted(int(files[1]), 'file')}, had {files[0]}"
    return f"{key} {have} changed"


def _output_changes(
    stage: Stage, job: Job, receipt: Receipt, linked: LinkedFacts | None
) -> Iterator[str]:
    folder = job.root / folder_name(stage.name)
    files = _output_files(stage, job, linked)
    unfinished = (folder / UNFINISHED).exists()
    recorded = receipt.outputs
    facts = [*zip(recorded.sizes, recorded.mtimes_ns, strict=True)]
    present_facts = [*map(files.get, recorded.names)]
    compared = zip(recorded.names, facts, present_facts, strict=True)
    for name, was, present in compress(compared, map(ne, facts, present_facts)):
        if present is None:
            yield f"{folder.name}/{name} is gone"
            continue
        sha256 = recorded.sha256.get(name)
        is_same = sha256 is not None and job.digest(folder / name) == sha256
        if present.size != was[0] or (not is_same and sha256 is not None):
            yield f"{folder.name}/{name} was changed"
        elif unfinished and not is_same:
            yield "was started again, but did not finish"
    if unfinished and files.keys() - set(recorded.names):
        yield "was started again, but did not finish"


def settings(stage: Stage, project: Project) -> dict[str, str]:
    """The values of film.toml that a stage depends on, by dotted key.

    Of paths only the last part counts, because files may be moved.
    """
    sections = project.model_dump(mode="json", by_alias=True)
    for section, key in (
        (sections["film"], "ocio"),
        (sections["source"], "path"),
        (sections["train"], "start_from"),
        (sections["deliver"], "c2pa_certificate"),
        (sections["deliver"], "c2pa_key"),
        *((one, "path") for one in sections["reference"]),
        *((one, "reference") for one in sections["pair"]),
    ):
        if isinstance(section[key], str):
            section[key] = PurePath(section[key]).name
    if series := sections["film"]["series"]:
        sections["film"]["series"] = [film_name(path) for path in series]
    points = {
        f"pair.points of source frame {one['source']}": str(points)
        for one in sections["pair"]
        if (points := one.pop("points"))
    }
    names = [name for name in stage.sections if name != "pair.points"]
    values = dict(item for name in names for item in _flatten(name, _value(sections, name)))
    return values | (points if "pair.points" in stage.sections else {})


def _value(sections: dict[str, Any], name: str) -> Any:
    """The value of a section or of a key in one: ``"deliver"``, ``"film.title"``."""
    section, _, key = name.partition(".")
    return sections[section][key] if key else sections[section]


def _flatten(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Dotted keys with their values: ``("render.version", "1")`` for ``{"version": 1}``."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flatten(f"{key}.{name}", inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, inner in enumerate(value, start=1):
            yield from _flatten(f"{key} {number}", inner)
    elif value is not None:
        yield key, str(value)


def inputs(stage: Stage, job: Job, elements: ElementCache) -> dict[str, str]:
    """Digests of the artefacts, files and elements that a stage reads and that exist.

    A colour config or view that is not Unfade's own is one more input.
    """
    patterns = (*(need.PATH for need in stage.needs), *stage.files)
    digests = {
        name: job.digests.of(name, f"{job.root}/{name}")[:16]
        for pattern in patterns
        for name in files_like(job.root, pattern)
    }
    for role, named in stage.elements(job).items():
        if (element := elements.element(role, named)) is not None:
            digests[role] = str(element)
    color_facts = job.color_facts()
    if color_facts != PINNED_CONFIG:
        digests[COLOR_FACTS] = color_facts
    return digests


def _output_files(
    stage: Stage, job: Job, linked: LinkedFacts | None = None
) -> dict[str, FileFacts]:
    """Every output file of a stage by its path in the stage's folder, in no order, without its
    receipt and hidden files.

    Of several bags only the last one delivered is an output. Its masters are links to those of
    render, so that `linked`, the facts of these, saves a third of the time.
    """
    folder = job.root / folder_name(stage.name)
    files = file_facts(folder, linked=linked)
    if stage.name == "deliver":
        with suppress(WorkError):
            bag = job.load(Delivery).bag
            files |= file_facts(folder, f"{bag}/", deep=True, linked=linked)
    files.pop(Receipt.PATH, None)
    return files


def outputs(stage: Stage, job: Job) -> Outputs:
    """The output files of a stage. JSON files get a digest; that of masters is in `Rendering`."""
    folder = job.root / folder_name(stage.name)
    files = sorted(_output_files(stage, job).items())
    return Outputs(
        names=tuple(name for name, _ in files),
        sizes=tuple(facts.size for _, facts in files),
        mtimes_ns=tuple(facts.mtime_ns for _, facts in files),
        sha256={name: job.digest(folder / name) for name, _ in files if name.endswith(".json")},
    )
