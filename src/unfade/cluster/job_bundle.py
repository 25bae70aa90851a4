"""A job bundle as Open Job Description 2023-09 and Deadline Cloud define it, made from facts.

Source: the specification at github.com/OpenJobDescription/openjd-specifications; for the values of
parameters and the references to assets, the developer guide of AWS Deadline Cloud.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unfade import __version__
from unfade.film.time import FrameRange

_MAX_NAME_LENGTH = 128
"""Characters of a job's name, by the specification."""

_FILM, _UNFADE = "{{Param.Film}}", "{{Param.Unfade}}"
"""References to the two parameters of the job."""

_FRAMES = "{{Task.Param.First}}-{{Task.Param.Last}}"
"""References to the first and the last frame of a task."""


@dataclass(frozen=True)
class RenderJob:
    """What a job needs to know: the film's title, the absolute path of its project file, the range
    of frames of each task, in order, and the files and folders outside the work directory that the
    stages read."""

    title: str
    project_file: Path
    tasks: Sequence[FrameRange]
    files: Sequence[str] = ()
    folders: Sequence[str] = ()


def bundle(job: RenderJob) -> dict[str, dict[str, Any]]:
    """The files of a job bundle by their names, as values of JSON."""
    return {
        "template.json": _template(job),
        "parameter_values.json": {
            "parameterValues": [{"name": "Film", "value": str(job.project_file)}]
        },
        "asset_references.json": {"assetReferences": _assets(job)},
    }


def _template(job: RenderJob) -> dict[str, Any]:
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": f"Unfade: {_literal(job.title)}"[:_MAX_NAME_LENGTH],
        "description": f"Recovers the colour of a film. Written by Unfade {__version__}.",
        "parameterDefinitions": [
            {
                "name": "Film",
                "type": "PATH",
                "objectType": "FILE",
                "dataFlow": "IN",
                "description": "The project file, film.toml; its folder is written to.",
            },
            {
                "name": "Unfade",
                "type": "STRING",
                "default": "unfade",
                "description": "The program on the machines that do the work: a name or a path.",
            },
        ],
        "steps": [
            _step("Prepare", ["run", _FILM, "--to", "train"]),
            _step("Render", ["render", _FILM, "--frames", _FRAMES], after="Prepare")
            | {"parameterSpace": _tasks(job.tasks)},
            _step("Finish", ["run", _FILM], after="Render"),
        ],
    }


def _literal(title: str) -> str:
    """A title as a part of a name: on one line, and without the doubled braces of a reference."""
    return re.sub(r"([{}])(?=\1)", r"\1 ", " ".join(title.split()))


def _step(name: str, arguments: list[str], after: str | None = None) -> dict[str, Any]:
    action = {"command": _UNFADE, "args": arguments}
    step: dict[str, Any] = {"name": name, "script": {"actions": {"onRun": action}}}
    return step | ({"dependencies": [{"dependsOn": after}]} if after else {})


def _tasks(tasks: Sequence[FrameRange]) -> dict[str, Any]:
    """The space of tasks: first and last frames, which go together in pairs.

    It is no CHUNK[INT], because such chunks need not have the size that is asked for: openjd cuts
    250 frames in parts of 100 into 84, 83 and 83, which are no units of work.
    """
    ends = {"First": [one.first for one in tasks], "Last": [one.last for one in tasks]}
    return {
        "taskParameterDefinitions": [
            {"name": name, "type": "INT", "range": range_expression(numbers)}
            for name, numbers in ends.items()
        ],
        "combination": "(First, Last)",
    }


def range_expression(numbers: Sequence[int]) -> str:
    """Ascending numbers as an integer range expression: ``"1-1701:100,1750"``."""
    parts, start = [], 0
    while start < len(numbers):
        step = numbers[start + 1] - numbers[start] if start + 1 < len(numbers) else 0
        end = start
        while end + 1 < len(numbers) and numbers[end + 1] - numbers[end] == step:
            end += 1
        first, last = numbers[start], numbers[end]
        parts.append(f"{first}-{last}:{step}" if last > first else f"{first}")
        start = end + 1
    return ",".join(parts)


def _assets(job: RenderJob) -> dict[str, Any]:
    """What job attachments would copy: all that is read, and the work directory, in which results
    of earlier stages may lie and all results are written."""
    work = str(job.project_file.parent)
    return {
        "inputs": {"filenames": [*job.files], "directories": [work, *job.folders]},
        "outputs": {"directories": [work]},
        "referencedPaths": [],
    }
