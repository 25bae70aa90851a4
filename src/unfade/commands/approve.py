"""The verb by which a person decides on a rendering."""

from typing import Annotated

import typer

from unfade.commands.console import tell
from unfade.commands.parameters import ProjectFile


def approve(
    project_file: ProjectFile,
    by: Annotated[str, typer.Option(help="Name of the person who decides; it goes on record.")],
    note: Annotated[str, typer.Option(help="A remark; it goes on record.")] = "",
    reject: Annotated[bool, typer.Option("--reject", help="Reject instead.")] = False,
) -> None:
    """Record that a person approves the masters and the report, or rejects them."""
    from unfade import api
    from unfade.film.wording import counted

    decision = api.open(project_file).approve(by, note=note, reject=reject)
    tell(
        f"{decision.in_words()}\n"
        f"  version {decision.version}, {counted(decision.frames, 'master')}, model "
        f"{decision.model_id}, verdict {decision.verdict}\n"
        f"to deliver with this decision: unfade run {project_file}"
    )
