"""The verbs of constructed frames: `construct` solves one, `palette` keeps the film's colours."""

from typing import Annotated

import typer

from unfade.commands.parameters import ProjectFile, SourceFrame


def construct(
    project_file: ProjectFile,
    frame: SourceFrame,
    point: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y,COLOUR,SOURCE",
            help="A colour that you know: its place in pixels of the scan, the colour as #6b8f3a "
            "or a name of the palette, and where you know it from; repeat the option.",
        ),
    ] = None,
    author: Annotated[str, typer.Option(help="Who states the colours.")] = "",
    propose: Annotated[
        int, typer.Option(min=0, max=40, help="Number of places to propose for more points.")
    ] = 5,
) -> None:
    """Construct the colour of a frame that no copy has, from points whose colour you know."""
    from unfade.commands import construct_verbs

    construct_verbs.construct_frame(project_file, frame, point or [], author, propose)


def palette(
    project_file: ProjectFile,
    name: Annotated[str, typer.Argument(help="Name of the colour, such as uniform.")],
    colour: Annotated[
        str, typer.Argument(metavar="COLOUR|PICTURE", help="#6b8f3a, or a picture that shows it.")
    ],
    source: Annotated[str, typer.Option(help="Where the colour is known from.")],
    at: Annotated[
        str | None,
        typer.Option(metavar="X,Y", help="The place in the picture, in pixels from its corner."),
    ] = None,
) -> None:
    """Keep a colour of the film by name, stated or measured in a picture."""
    from unfade.commands import construct_verbs

    construct_verbs.keep_palette_colour(project_file, name, colour, source, at)
