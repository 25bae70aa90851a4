"""The verb that writes the LUT of a film."""

from pathlib import Path
from typing import Annotated

import typer

from unfade.commands.console import tell
from unfade.commands.parameters import ProjectFile


def lut(
    project_file: ProjectFile,
    output: Annotated[Path, typer.Argument(metavar="FILE", help="A .cube or a .clf to write.")],
    shot: Annotated[int | None, typer.Option(help="The LUT of this shot, not the film's.")] = None,
    nodes: Annotated[
        int | None, typer.Option(help="Nodes along each axis of a .cube: 33 or 65.")
    ] = None,
) -> None:
    """Write the LUT baseline for other programs, as .cube or CLF."""
    from unfade import api

    api.open(project_file).write_lut(output, shot=shot, nodes=nodes)
    tell(f"{output}: written")
