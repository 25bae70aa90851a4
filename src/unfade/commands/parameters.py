"""Arguments and options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from unfade.project.films import film_or_folder
from unfade.project.paths import find_project_file, folder_path

ProjectFile = Annotated[
    Path,
    typer.Argument(
        parser=find_project_file, metavar="FILM.TOML", help="The project file, or its folder."
    ),
]
ProjectFiles = Annotated[
    list[Path],
    typer.Argument(
        parser=film_or_folder,
        metavar="FILM.TOML...",
        help="The project file, or its folder; several, or a folder of films.",
    ),
]
NewFolder = Annotated[
    Path,
    typer.Argument(parser=folder_path, metavar="FOLDER", help="The folder to make."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only results and errors.")]
Events = Annotated[
    bool, typer.Option("--events", help="Print progress as lines of JSON, for other programs.")
]
SourceFrame = Annotated[int, typer.Argument(help="A frame number of the scan.")]
