"""The verbs of constructed frames: `construct` solves one, `palette` keeps the film's colours."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unfade.commands.console import progress, tell
from unfade.commands.parameters import ProjectFile, SourceFrame
from unfade.errors import ProjectError
from unfade.film.wording import counted

if TYPE_CHECKING:
    # pydantic, which they import, doubles the time of --help.
    from unfade.film.construction import Construction, FocalPoint
    from unfade.work.job import Job

_POINT_PARTS = 4


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
    from unfade.pipeline import run as pipeline
    from unfade.project.file import load_project
    from unfade.work.job import Job
    from unfade.work.pair_edits import check_whole_frame

    with progress(quiet=False) as display:
        job = Job(load_project(project_file), project_file.absolute().parent, display)
        pipeline.run(job, last="ingest")
    check_whole_frame(job.clips().source, frame)
    _construct(job, project_file, _with_points(job, frame, point or [], author), propose)


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
    from unfade.construct.records import keep_colour
    from unfade.film.construction import PALETTE_FILE, is_hex

    folder = project_file.absolute().parent
    if not is_hex(colour):
        colour = _measured(project_file, colour, at)
    elif at is not None:
        raise ProjectError(f"--at: {colour} is no picture; leave --at out")
    entry = keep_colour(folder, name, colour, source)
    tell(f"{folder / PALETTE_FILE}: '{name}' is {entry.colour}")


def _check_is_no_other_pair(job: "Job", frame: int) -> None:
    """
    Raises:
        ProjectError: film.toml has a pair at the frame whose picture is not the constructed one.
    """
    from unfade.construct.constructed_pairs import other_pair

    if pair := other_pair(job, frame):
        raise ProjectError(
            f"{job.project_file}: source frame {frame} is a pair with {pair.reference}, which "
            f"the constructed frame would replace; choose another frame, or run 'unfade pairs "
            f"drop {job.project_file} {frame}' first"
        )


def _with_points(job: "Job", frame: int, texts: Sequence[str], author: str) -> "Construction":
    """The construction of a frame with more points, which are written to its file."""
    from unfade.construct.records import (
        construction_digest,
        read_construction,
        read_palette,
        replace_construction,
    )
    from unfade.construct.stated import stated_points

    seen = construction_digest(job.root, frame)
    construction = read_construction(job.root, frame)
    if texts or construction.point:
        _check_is_no_other_pair(job, frame)
    if not texts:
        return construction
    added = tuple(_parsed_point(text, author) for text in texts)
    construction = construction.model_copy(
        update={
            "point": (*construction.point, *added),
            "author": construction.author or author,
        }
    )
    stated_points(construction, read_palette(job.root), job.clips().source.live_area, job.root)
    replace_construction(job.root, construction, seen)
    return construction


def _parsed_point(text: str, author: str) -> "FocalPoint":
    from unfade.film.construction import FocalPoint

    parts = text.split(",", _POINT_PARTS - 1)
    try:
        x, y, colour, source = (*parts[:2], *(part.strip() for part in parts[2:]))
        return FocalPoint(at=((float(x), float(y)),), colour=colour, source=source, author=author)
    except ValueError as error:
        raise ProjectError(
            f"--point {text}: is not a place, a colour and a source; write it as "
            "812,300,#6b8f3a,lobby card"
        ) from error


def _construct(
    job: "Job", project_file: Path, construction: "Construction", proposals: int
) -> None:
    """Solves a frame, writes its pictures and its pair, and prints what there is to know."""
    from unfade.construct.constructed_files import add_pair, write_constructed, write_sheet
    from unfade.construct.frame import construct, contradictions, film_start, read_faded
    from unfade.construct.records import read_palette

    start = film_start(job)
    faded = read_faded(job, construction.frame)
    solved = construct(job, faded, start, construction, read_palette(job.root))
    picture = write_constructed(job, solved) if solved.points else None
    sheet = picture.with_suffix(".png") if picture else write_sheet(job, solved)
    tell(f"estimated losses of the film's dyes: {start.balance.in_words()}")
    for sentence in contradictions(solved):
        tell(sentence)
    tell(f"{sheet}: written; the frame with its {counted(len(solved.points), 'point')}")
    if picture:
        tell(f"{picture}: written")
        add_pair(project_file, solved)
        tell(
            f"{project_file}: source frame {solved.number} is a pair of kind 'constructed'; now: "
            f"unfade run {project_file}"
        )
    for index, place in enumerate(solved.proposals(proposals)):
        lead = "a colour would help most at" if index == 0 else "then at"
        tell(f"{lead} {place.x:.0f},{place.y:.0f} (uncertain by {place.deviation:.3f} of chroma)")


def _measured(project_file: Path, picture: str, at: str | None) -> str:
    """The sRGB colour at a place of a picture file."""
    from unfade import media
    from unfade.construct.palettes import srgb_colour
    from unfade.construct.places import surroundings
    from unfade.project.file import load_project
    from unfade.work.job import Job
    from unfade.work.progress import SilentProgress

    try:
        column, row = (int(float(part)) for part in (at or "").split(","))
    except (ValueError, OverflowError) as error:
        raise ProjectError(
            f"--at: does not say where {picture} shows the colour; write it as --at 812,300"
        ) from error
    job = Job(load_project(project_file), project_file.absolute().parent, SilentProgress())
    rgb = media.read_picture(picture, colors=job.colors)
    if not (0 <= column < rgb.shape[2] and 0 <= row < rgb.shape[1]):
        raise ProjectError(
            f"{picture}: has {rgb.shape[2]} x {rgb.shape[1]} pixels, and {column},{row} is none of "
            "them; name a place in it"
        )
    return srgb_colour(surroundings(rgb, column, row).mean(dim=1))
