"""The pipeline: its stages in order, what each depends on, and what is fresh.

A stage is run when there is no receipt of it, or when a setting, an artefact or an element that
it was made from is no longer what the receipt says. Stages are imported when they are run, so
that finding nothing to do takes no time.
"""

import importlib
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.balance import FilmBalance
from unfade.film.clip import Clips
from unfade.film.color_config import PINNED_CONFIG
from unfade.film.element import digest, fingerprint
from unfade.film.model import LossCurve, TrainedModel
from unfade.film.noun import Artefact
from unfade.film.pair import PairList
from unfade.film.project import Project
from unfade.film.receipt import Receipt
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.target import Targets
from unfade.film.work import STAGE_NAMES, Job, clear_partials, folder_name, write_text

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


def source_paths(job: Job) -> list[str]:
    """The scan."""
    return [job.project.source.path]


def clip_paths(job: Job) -> list[str]:
    """The scan, and the references."""
    return source_paths(job) + [clip.path for clip in job.project.reference]


def pair_paths(job: Job) -> list[str]:
    """The scan, the references that pairs or their alternates are of, and the pictures of pairs."""
    try:
        choice = job.load(PairList)
        used = {pair.of for pair in (*choice.pairs, *choice.alternates)}
    except WorkError:
        used = {clip.name for clip in job.project.reference}
    references = [clip.path for clip in job.project.reference if clip.name in used]
    pictures = [pair.reference for pair in job.project.pair if isinstance(pair.reference, str)]
    return source_paths(job) + references + pictures


def earlier_model_paths(job: Job) -> list[str]:
    """The model that training starts from, if one is named."""
    start_from = job.project.train.start_from
    return [start_from] if start_from else []


@dataclass(frozen=True)
class Stage:
    """A stage and what it depends on.

    `sections` are those of film.toml, or keys of them, `needs` the artefacts of earlier stages,
    `elements` the files of film.toml that it or an earlier stage reads. A new `revision` makes
    older results stale.
    """

    name: str
    does: str
    sections: tuple[str, ...]
    needs: tuple[type[Artefact], ...]
    elements: Callable[[Job], list[str]] = lambda job: []
    revision: int = 1


STAGES = (
    Stage("ingest", "Probe and conform", ("source", "reference"), (), clip_paths, 2),
    Stage(
        "curate",
        "Find shots, choose pairs",
        ("pair", "curate", "ingest.balance"),
        (Clips,),
        clip_paths,
        3,
    ),
    Stage("align", "Lay references on the source", ("align",), (Clips, PairList), pair_paths, 3),
    Stage(
        "target",
        "Build ground truth",
        ("target",),
        (Clips, PairList, Alignments),
        pair_paths,
        2,
    ),
    Stage(
        "train",
        "Learn the film's colour",
        ("train",),
        (FilmBalance, Targets),
        earlier_model_paths,
        3,
    ),
    Stage(
        "render",
        "Write the masters",
        ("film", "render", "deliver.institution", "deliver.restorationist"),
        (Clips, PairList, Alignments, TrainedModel),
        source_paths,
    ),
    Stage(
        "validate",
        "Measure on held-out frames",
        ("film", "validate"),
        (Clips, PairList, Alignments, Targets, TrainedModel, LossCurve, Rendering),
        source_paths,
    ),
    Stage(
        "deliver",
        "Pack masters and record",
        ("film", "deliver"),
        (Clips, Rendering, Report),
        source_paths,
    ),
)


@dataclass(frozen=True)
class Freshness:
    """Whether a stage has to be run, and why."""

    state: Literal["fresh", "stale", "missing"]
    why: str = ""


def freshness(stage: Stage, job: Job) -> Freshness:
    """Whether what a stage left is what it would leave now."""
    folder = job.root / folder_name(stage.name)
    try:
        receipt = Receipt.from_json((folder / Receipt.PLACE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Freshness("missing", "was not run, or not to its end")
    except (OSError, ValueError) as error:
        return Freshness("stale", f"its receipt is damaged: {error}")
    for why in _changes(stage, job, receipt, folder):
        return Freshness("stale", why)
    return Freshness("fresh")


def status(job: Job) -> list[tuple[Stage, Freshness]]:
    """Every stage; one that follows a stage that is not fresh is not fresh either."""
    found: list[tuple[Stage, Freshness]] = []
    for stage in STAGES:
        state = freshness(stage, job)
        earlier = [other.name for other, seen in found if seen.state != "fresh"]
        if state.state == "fresh" and earlier:
            state = Freshness("stale", f"{earlier[0]} comes before it")
        found.append((stage, state))
    return found


def run(job: Job, first: str | None = None, last: str | None = None) -> list[str]:
    """Runs what is not fresh, in order.

    Args:
        job: the project and its work directory.
        first: a stage to run again even if it is fresh; those before it must be.
        last: the stage to stop after.

    Returns:
        The names of the stages that were run.

    Raises:
        UnfadeError: what a stage could not do.
    """
    start = STAGE_NAMES.index(first) if first else 0
    end = STAGE_NAMES.index(last) if last else len(STAGES) - 1
    if start > end:
        raise WorkError(f"'{first}' comes after '{last}'; swap --from and --to")
    done = []
    for number, stage in enumerate(STAGES[: end + 1]):
        state = freshness(stage, job)
        if number < start and state.state != "fresh":
            raise WorkError(
                f"{job.root}: {stage.name} is {state.state} ({state.why}); "
                f"run 'unfade run' with --to {STAGE_NAMES[start - 1]} first"
            )
        if state.state != "fresh" or stage.name == first:
            job.progress.say(f"{number + 1}/{len(STAGES)} {stage.name}: {stage.does.lower()}")
            run_stage(stage, job)
            done.append(stage.name)
    return done


def run_stage(stage: Stage, job: Job) -> None:
    """Runs one stage and leaves its receipt."""
    folder = job.folder(stage.name)
    (folder / Receipt.PLACE).unlink(missing_ok=True)
    clear_partials(folder)
    settings, inputs = _settings(stage, job.project), _inputs(stage, job)
    importlib.import_module("unfade.media").use_config(job.color_config(), job.project.film.view)
    entry(stage.name)(job)
    receipt = Receipt(
        stage=stage.name,
        revision=stage.revision,
        settings=settings,
        inputs=inputs,
        outputs=_outputs(folder),
        versions={name: metadata.version(name) for name in SOFTWARE}
        | {"python": platform.python_version(), "platform": sys.platform},
    )
    write_text(folder / Receipt.PLACE, receipt.to_json())


def entry(name: str) -> Callable[[Job], None]:
    """What runs a stage, imported now and not before."""
    run_it: Callable[[Job], None] = importlib.import_module(f"unfade.{name}.stage").run
    return run_it


def _changes(stage: Stage, job: Job, receipt: Receipt, folder: Path) -> Iterator[str]:
    """In plain words, what is not as the receipt says."""
    if receipt.revision != stage.revision:
        yield f"this version of Unfade does it differently (revision {stage.revision})"
    settings = _settings(stage, job.project)
    for key in sorted(settings.keys() | receipt.settings.keys()):
        was, now = receipt.settings.get(key, "absent"), settings.get(key, "absent")
        if was != now:
            yield f"{key} was {was}, is {now}"
    inputs = _inputs(stage, job)
    for key in sorted(inputs.keys() | receipt.inputs.keys()):
        if receipt.inputs.get(key) != inputs.get(key):
            yield f"{key} has changed"
    outputs = _outputs(folder)
    for name, about in receipt.outputs.items():
        if name not in outputs:
            yield f"{folder.name}/{name} is gone"
        elif outputs[name] != about:
            yield f"{folder.name}/{name} was changed"


def _settings(stage: Stage, project: Project) -> dict[str, str]:
    sections = project.model_dump(mode="json", by_alias=True)
    return dict(item for name in stage.sections for item in _flat(name, _at(sections, name)))


def _at(sections: dict[str, Any], name: str) -> Any:
    """A section, or a key of one: ``"deliver"``, ``"deliver.institution"``."""
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


def _inputs(stage: Stage, job: Job) -> dict[str, str]:
    """Digests of what a stage reads: artefacts and elements that are there, and how colour spaces
    are read if not as Unfade does by itself."""
    digests = {}
    for need in stage.needs:
        place = job.root / need.PLACE
        if place.exists():
            digests[need.PLACE] = _short_digest(place)
    for path in stage.elements(job):
        digests[path] = fingerprint(job.resolve(path))
    color_facts = job.color_facts()
    if color_facts != PINNED_CONFIG:
        digests["the OpenColorIO config or view"] = color_facts
    return digests


def _outputs(folder: Path) -> dict[str, str]:
    """Every file in a stage's folder but its receipt: of artefacts a digest, of others the size.

    Times of change do not count, so that a project may be copied.
    """
    return {
        path.relative_to(folder).as_posix(): _short_digest(path)
        if path.suffix == ".json"
        else f"{path.stat().st_size} bytes"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != Receipt.PLACE
    }


def _short_digest(path: Path) -> str:
    return digest(path)[:16]
