"""What the verbs of constructed frames do; `construct` declares their arguments and options."""

import os
from collections.abc import Sequence
from math import floor
from pathlib import Path

from unfade import media
from unfade.color.srgb import srgb_colour
from unfade.commands.console import progress, tell
from unfade.construct.assumptions import check_has_points
from unfade.construct.constructed_files import save, write_sheet
from unfade.construct.constructed_pairs import check_no_other_pair
from unfade.construct.frame import construct, contradiction_in_words, film_start, read_faded
from unfade.construct.places import surroundings
from unfade.construct.records import (
    construction_digest,
    construction_file,
    construction_of,
    frames_stating,
    keep_colour,
    read_construction,
    read_palette,
)
from unfade.errors import ProjectError
from unfade.film.construction import (
    MAX_WORDS,
    PALETTE_FILE,
    Construction,
    FocalPoint,
    construct_path,
    is_hex,
)
from unfade.film.wording import counted
from unfade.pipeline import run as pipeline
from unfade.project.file import load_project, section_of_options
from unfade.work.job import Job
from unfade.work.pair_edits import check_whole_frame
from unfade.work.people_records import one_line
from unfade.work.progress import SilentProgress

_POINT_PARTS = 4

_POINT_OPTIONS = dict.fromkeys(("at", "colour", "source"), "--point")
"""The option by the key of a point that it sets, for messages."""


def construct_frame(
    project_file: Path, frame: int, points: Sequence[str], author: str, proposals: int
) -> None:
    """Solves a frame from its points and more of them, "X,Y,COLOUR,SOURCE", writes its files and
    its pair, and prints what there is to know, with a number of places for more points."""
    with progress(quiet=False) as display:
        job = Job(load_project(project_file), project_file.absolute().parent, display)
        pipeline.run(job, last="ingest")
    check_whole_frame(job.clips().source, frame)
    seen = construction_digest(job.root, frame)
    construction = _with_points(job, frame, points, author)
    start, faded = film_start(job), read_faded(job, frame)
    solved = construct(job, faded, start, construction, read_palette(job.root))
    if solved.points:
        save(job, project_file, solved, construction, seen)
    else:
        write_sheet(job, solved)
    tell(f"estimated losses of the film's dyes: {start.balance.in_words()}")
    for one in solved.left_out:
        tell(contradiction_in_words(solved, one, one.index + 1))
    sheet = job.root / construct_path(frame, ".png")
    tell(f"{sheet}: written; the frame with its {counted(len(solved.points), 'point')}")
    if solved.points:
        tell(f"{sheet.with_suffix('.exr')}: written")
        tell(
            f"{project_file}: source frame {frame} is a pair of kind 'constructed'; now: unfade "
            f"run {project_file}"
        )
    for index, place in enumerate(solved.proposals(proposals)):
        lead = "a colour would help most at" if index == 0 else "then at"
        tell(f"{lead} {int(place.x)},{int(place.y)} (uncertain by {place.deviation:.3f} of chroma)")


def keep_palette_colour(
    project_file: Path, name: str, colour: str, source: str, at: str | None
) -> None:
    """Keeps a colour by name, ``"#6b8f3a"`` or that at a place of a picture, and says which frames
    have to be constructed anew, because it was another one."""
    load_project(project_file)  # The palette lies beside it.
    folder = project_file.absolute().parent
    colour = _sampled(project_file, colour, at)
    known = read_palette(folder).named(name)
    entry = keep_colour(folder, name, colour, source)
    if known in (None, entry):
        return tell(f"{folder / PALETTE_FILE}: '{name}' is {entry.colour}")
    tell(f"{folder / PALETTE_FILE}: '{name}' is {entry.colour}; it was {known.colour}")
    for frame in frames_stating(folder, name):
        tell(f"frame {frame} states it; now: unfade construct {project_file} {frame}")


def _with_points(job: Job, frame: int, texts: Sequence[str], author: str) -> Construction:
    """The construction of a frame with more points. One that it has is not added again: the command
    may have been killed, and repeated."""
    construction = read_construction(job.root, frame)
    if texts or construction.point:
        check_no_other_pair(job, frame)
    if not texts:
        check_has_points(job, frame)
        return construction
    author = one_line("--author", author, MAX_WORDS)
    by, points = construction.author or author, [*construction.point]
    for text in texts:
        point = _parsed_point(text, "" if author == by else author)
        points += [] if point in points else [point]
    fields = {"author": by, "point": [one.model_dump() for one in points]}
    return construction_of(construction_file(job.root, frame), construction.model_dump() | fields)


def _parsed_point(text: str, author: str) -> FocalPoint:
    parts = [part.strip() for part in text.split(",", _POINT_PARTS - 1)]
    try:
        x, y, colour, source = float(parts[0]), float(parts[1]), parts[2], parts[3]
    except (ValueError, IndexError) as error:
        raise ProjectError(
            f"--point {text}: is not a place, a colour and a source; write it as "
            "812,300,#6b8f3a,lobby card"
        ) from error
    return section_of_options(
        FocalPoint, _POINT_OPTIONS, at=((x, y),), colour=colour, source=source, author=author
    )


def _sampled(project_file: Path, colour: str, at: str | None) -> str:
    """The sRGB colour that is stated, or that a picture file shows at a place."""
    if is_hex(colour):
        if at is not None:
            raise ProjectError(f"--at: {colour} is no picture; leave --at out")
        return colour
    if colour.startswith("#") and not os.path.exists(colour):
        raise ProjectError(f"{colour}: is no colour; write it with six digits, as #6b8f3a")
    try:
        column, row = (floor(float(part)) for part in (at or "").split(","))
    except (ValueError, OverflowError) as error:
        raise ProjectError(
            f"--at: does not say where {colour} shows the colour; write it as --at 812,300"
        ) from error
    job = Job(load_project(project_file), project_file.absolute().parent, SilentProgress())
    rgb = media.read_picture(colour, colors=job.colors)
    if not (0 <= column < rgb.shape[2] and 0 <= row < rgb.shape[1]):
        raise ProjectError(
            f"{colour}: has {rgb.shape[2]} x {rgb.shape[1]} pixels, and {column},{row} is none of "
            "them; name a place in it"
        )
    return srgb_colour(surroundings(rgb, column, row).mean(dim=1))
