"""`unfade merge`: the colour of a version rendered elsewhere on the luma of the original."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unfade.commands.console import progress, tell
from unfade.commands.parameters import Quiet
from unfade.film.wording import counted
from unfade.project.paths import folder_path

if TYPE_CHECKING:
    from unfade.project.settings import ClipSection


def merge(
    original: Annotated[str, typer.Argument(help="The scan: a movie, or reel.%06d.dpx.")],
    recovered: Annotated[
        str, typer.Argument(help="The same frames in colour; also a folder of shots.")
    ],
    out: Annotated[
        Path,
        typer.Option(parser=folder_path, metavar="FOLDER", help="A new folder for the masters."),
    ],
    colorspace: Annotated[str, typer.Option(help="Colour space of the masters.")] = "ACES2065-1",
    original_colorspace: Annotated[str, typer.Option(help="Colour space of the scan.")] = "auto",
    recovered_colorspace: Annotated[
        str, typer.Option(help="Colour space of the version in colour.")
    ] = "auto",
    first: Annotated[int | None, typer.Option(help="First frame, numbered as in the scan.")] = None,
    last: Annotated[int | None, typer.Option(help="Last frame, numbered as in the scan.")] = None,
    quiet: Quiet = False,
) -> None:
    """Put the colour of a version rendered elsewhere on the luma of the original."""
    from unfade.media import check_config
    from unfade.merge.merge import merge as merge_clips
    from unfade.project.color_config import ColorManagement, color_config
    from unfade.project.file import section_of_options
    from unfade.project.settings import RenderSection

    scan = _clip_section("original", original, original_colorspace, first=first, last=last)
    coloured = _clip_section("recovered", recovered, recovered_colorspace)
    settings = section_of_options(
        RenderSection, {"colorspace": "--colorspace"}, colorspace=colorspace
    )
    colors = ColorManagement(color_config())
    check_config(colors)
    with progress(quiet) as display:
        masters = merge_clips(scan, coloured, out, settings, display, colors)
    tell(f"{out}: {counted(len(masters), 'master')} written")


def _clip_section(name: str, path: str, colorspace: str, **frames: int | None) -> "ClipSection":
    """The section of the clip that the argument `name` gives the path of.

    Raises:
        ProjectError: a value is not valid; the message names the argument or option.
    """
    from unfade.project.file import section_of_options
    from unfade.project.settings import ClipSection

    options = {"path": name.upper(), "colorspace": f"--{name}-colorspace"}
    options |= {key: f"--{key}" for key in frames}
    return section_of_options(ClipSection, options, path=path, colorspace=colorspace, **frames)
