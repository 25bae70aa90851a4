"""`unfade pairs`: shows the pairs of a film, and changes them in film.toml."""

import os
from pathlib import Path
from typing import Annotated

import typer

from unfade.commands.console import SilentProgress, progress, show
from unfade.commands.pair_table import pair_table
from unfade.commands.parameters import ProjectFile, SourceFrame
from unfade.errors import MissingFactError, ProjectError
from unfade.film.clip import Clip, Clips
from unfade.pipeline import run as pipeline
from unfade.project.edit import with_pair, without_pair
from unfade.project.file import (
    folder_path,
    load_project,
    parse_project,
    project_file_text,
    section_of_options,
)
from unfade.project.settings import PairSection, Project
from unfade.work.job import Job
from unfade.work.pair_records import PairRecords
from unfade.work.why import explain_frame
from unfade.work.writing import write_text

app = typer.Typer(
    help="See which frames are pairs and why, and overrule the choice in film.toml.",
    no_args_is_help=True,
)

_MAX_FRAME_DIGITS = 100
"""Digits of a frame number; a longer argument is taken for the name of a picture, because Python
refuses to convert numbers of thousands of digits."""

_ADD_OPTIONS = {
    "source": "SOURCE",
    "reference": "REFERENCE",
    "of": "--of",
    "colorspace": "--colorspace",
    "note": "--note",
}
"""The arguments and options of `add` by the key of [[pair]] that they set, for messages."""

Kind = Annotated[
    str | None,
    typer.Option(help="direct or constructed; when absent, constructed for pictures."),
]
Aligned = Annotated[
    bool,
    typer.Option("--aligned", help="Trust that the reference lies on the scan; do not search."),
]
PictureColorspace = Annotated[
    str | None, typer.Option(help="Colour space of a picture whose file does not name it.")
]


@app.command("list")
def list_pairs(project_file: ProjectFile) -> None:
    """Show all pairs, admitted and rejected, with what was measured of them."""
    job = _job(project_file, load_project(project_file))
    show(pair_table(PairRecords.of(job)))
    _print_stale_stages(job)


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
    role: Annotated[str, typer.Option(help="train or holdout.")] = "train",
    kind: Kind = None,
    aligned: Aligned = False,
    colorspace: PictureColorspace = None,
    note: Annotated[str, typer.Option(help="The reason; it goes on record.")] = "",
) -> None:
    """Fix a pair: it overrules every choice of the machine."""
    is_picture = not (reference.isdecimal() and len(reference) <= _MAX_FRAME_DIGITS)
    kind = kind or ("constructed" if is_picture else "direct")
    _check_choice("role", role, ("train", "holdout"))
    _check_choice("kind", kind, ("direct", "constructed"))
    if is_picture and not os.path.exists(reference):
        raise ProjectError(
            f"{reference}: is not there; name a picture, or a frame number of the reference"
        )
    section = section_of_options(
        PairSection,
        _ADD_OPTIONS,
        source=source,
        reference=_relative(project_file, reference) if is_picture else int(reference),
        of=of,
        kind=kind,
        role=role,
        aligned=aligned,
        colorspace=colorspace,
        note=note,
    )
    _write_pair(project_file, section, is_picture)


def _write_pair(project_file: Path, section: PairSection, is_picture: bool) -> None:
    """Writes a [[pair]] to film.toml after checking its frames and its picture."""
    text = with_pair(_text(project_file), section)
    job = _job(project_file, parse_project(text, project_file))
    _check_frames(job, section.source, section)
    placement = f" ({_describe_placement(job, section)})" if is_picture else ""
    write_text(project_file, text)
    print(
        f"{project_file}: source frame {section.source} is a pair of kind '{section.kind}'"
        f"{placement}; now: unfade run {project_file}"
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
    from unfade.commands.pair_export import OVERLAY, PAINT_FOLDER, export_frames

    project = load_project(project_file)
    job = Job(project, project_file.absolute().parent, progress(quiet=False))
    pipeline.run(job, last="ingest")
    for frame in frames:
        _check_frame(job.clips().source, frame)
    for path in export_frames(job, frames, out or project_file.parent / PAINT_FOLDER):
        what = "a layer that shades the outside of the live area"
        print(f"{path}: written ({what if path.name == OVERLAY else '16 bits'})")
    print(
        "Paint on them without changing size or colour space, save as PNG or TIFF of 16 bits, "
        f"then: unfade pairs add {project_file} FRAME PICTURE"
    )


@app.command()
def drop(project_file: ProjectFile, source: SourceFrame) -> None:
    """Remove the pair at a frame, whoever chose it, and exclude the frame from the choice."""
    job = _job(project_file, load_project(project_file))
    _check_frames(job, source)
    machine_chooses = bool(job.project.reference)
    text = without_pair(_text(project_file), source, exclude_frame=machine_chooses)
    parse_project(text, project_file)
    write_text(project_file, text)
    print(f"{project_file}: source frame {source} is no pair; now: unfade run {project_file}")


@app.command("why")
def explain(project_file: ProjectFile, source: SourceFrame) -> None:
    """Say why a frame is a pair or is not, and which sheets show it."""
    job = _job(project_file, load_project(project_file))
    records = PairRecords.of(job)
    _check_frames(job, source)
    for sentence in explain_frame(records, source):
        print(sentence)
    _print_stale_stages(job)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """
    Raises:
        ProjectError: the value is not among the choices.
    """
    if value not in choices:
        raise ProjectError(f"there is no {name} '{value}'; use {' or '.join(choices)}")


def _job(project_file: Path, project: Project) -> Job:
    return Job(project, project_file.absolute().parent, SilentProgress())


def _describe_placement(job: Job, section: PairSection) -> str:
    """How align will lay a picture on the scan, in words.

    Before ingest has run, the scan's size is unknown, and the picture is only read as a check.

    Raises:
        MediaError: the picture cannot be read.
        ProjectError: it names an unknown colour space, or nothing has been painted on it.
    """
    from unfade.commands.pair_export import describe_placement
    from unfade.media import check_config, read_picture

    check_config(job.colors)
    picture = str(section.reference)
    try:
        if (job.root / Clips.PATH).exists():
            return describe_placement(job, section.source, picture, section.colorspace)
        read_picture(job.resolve(picture), section.colorspace, colors=job.colors)
    except MissingFactError as error:
        raise ProjectError(
            f"{picture}: does not name a known colour space ({error.known}); name one with "
            "--colorspace, or convert it to sRGB"
        ) from error
    return "its place on the scan is found when the scan has been read"


def _text(project_file: Path) -> str:
    """The text of a valid project file."""
    text = project_file_text(project_file)
    parse_project(text, project_file)
    return text


def _check_frames(job: Job, source: int, section: PairSection | None = None) -> None:
    """Checks that the frames of a pair exist; before ingest nothing is checked.

    Raises:
        ProjectError: the scan or the reference has no such frame.
    """
    if not (job.root / Clips.PATH).exists():
        return
    clips = job.clips()
    _check_frame(clips.source, source)
    if section is not None and isinstance(section.reference, int):
        name = job.project.reference_of(section)
        if name in clips.references:
            _check_frame(clips.references[name], section.reference)


def _check_frame(clip: Clip, frame: int) -> None:
    if frame not in clip.frames:
        raise ProjectError(
            f"{clip.path}: has no frame {frame}; choose one of {clip.frames.first} to "
            f"{clip.frames.last}"
        )


def _relative(project_file: Path, path: str) -> str:
    """A path given on the command line as film.toml stores it: relative to the folder of film.toml.

    An absolute path outside that folder stays absolute.
    """
    folder = project_file.absolute().parent
    if os.path.isabs(path) and not Path(path).is_relative_to(folder):
        return path
    return Path(os.path.relpath(path, folder)).as_posix()


def _print_stale_stages(job: Job) -> None:
    """Warns when the records of pairs are older than film.toml."""
    for stage in pipeline.STAGES:
        if stage.name in ("curate", "align"):
            freshness = pipeline.freshness(stage, job)
            if freshness.state == "stale":
                print(
                    f"{stage.name} is stale ({freshness.reason}); 'unfade run' brings it up to date"
                )
