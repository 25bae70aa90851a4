"""`unfade pairs`: shows the pairs of a film, and changes them in film.toml.

A verb imports its implementation when it is called, so that the help starts fast.
"""

from pathlib import Path
from typing import Annotated

import typer

from unfade.commands.parameters import ProjectFile, SourceFrame
from unfade.project.paths import folder_path

app = typer.Typer(
    help="See which frames are pairs and why, and overrule the choice in film.toml.",
    no_args_is_help=True,
)

Kind = Annotated[
    str | None,
    typer.Option(help="direct or constructed; when absent, constructed for pictures."),
]
Aligned = Annotated[
    bool,
    typer.Option("--aligned", help="Trust that the reference lies on the scan; do not search."),
]
Points = Annotated[
    list[str] | None,
    typer.Option(
        "--point",
        metavar="SX,SY,RX,RY",
        help="A detail in pixels from the top left of the scan and of the reference; repeat it.",
    ),
]
PictureColorspace = Annotated[
    str | None, typer.Option(help="Colour space of a picture whose file does not name it.")
]


@app.command("list")
def list_pairs(project_file: ProjectFile) -> None:
    """Show all pairs, admitted and rejected, with their measurements."""
    from unfade.commands import pair_verbs

    pair_verbs.show_pairs(project_file)


@app.command()
def add(
    project_file: ProjectFile,
    source: SourceFrame,
    reference: Annotated[
        str, typer.Argument(help="A frame number of the reference, or a picture.")
    ],
    of: Annotated[
        str | None, typer.Option(help="Name of the reference, where there are several.")
    ] = None,
    role: Annotated[str, typer.Option(help="train, holdout or test.")] = "train",
    kind: Kind = None,
    aligned: Aligned = False,
    point: Points = None,
    colorspace: PictureColorspace = None,
    note: Annotated[str, typer.Option(help="The reason; it goes on record.")] = "",
) -> None:
    """Fix a pair: it overrules every choice of the machine."""
    from unfade.commands import pair_verbs

    pair_verbs.add_pair(
        project_file,
        reference,
        role=role,
        kind=kind,
        source=source,
        of=of,
        aligned=aligned,
        points=point or (),
        colorspace=colorspace,
        note=note,
    )


@app.command()
def export(
    project_file: ProjectFile,
    frames: Annotated[
        list[int], typer.Argument(metavar="FRAME...", help="Frame numbers of the scan.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            parser=folder_path,
            metavar="FOLDER",
            help="Where to write them; when absent, 'paint' beside film.toml.",
        ),
    ] = None,
) -> None:
    """Write frames of the scan as pictures to paint on."""
    from unfade.commands import pair_verbs

    pair_verbs.export_frames(project_file, frames, out)


@app.command()
def drop(project_file: ProjectFile, source: SourceFrame) -> None:
    """Remove the pair at a frame, whoever chose it, and exclude the frame from the choice."""
    from unfade.commands import pair_verbs

    pair_verbs.drop_pair(project_file, source)


@app.command("why")
def explain(project_file: ProjectFile, source: SourceFrame) -> None:
    """Say why a frame is a pair or is not, and which sheets show it."""
    from unfade.commands import pair_verbs

    pair_verbs.explain_choice(project_file, source)
