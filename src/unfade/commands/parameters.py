"""Arguments and options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from unfade.project.paths import folder_path, project_path

ProjectFile = Annotated[
    Path,
    typer.Argument(
        parser=project_path, metavar="FILM.TOML", help="The project file, or its folder."
    ),
]
NewFolder = Annotated[
    Path,
    typer.Argument(parser=folder_path, metavar="FOLDER", help="The folder to make."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the verdict and errors.")]
SourceFrame = Annotated[int, typer.Argument(help="A frame number of the scan.")]
