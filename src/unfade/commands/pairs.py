"""`unfade pairs`: what people see and change of the choice of pairs."""

import os
from pathlib import Path
from typing import Annotated

import typer

from unfade.commands.console import Silence, progress, show
from unfade.commands.pair_table import pair_table
from unfade.errors import ProjectError, UnsaidFactError
from unfade.film.clip import Clip, Clips
from unfade.pipeline import run as pipeline
from unfade.project.edit import with_pair, without_pair
from unfade.project.file import (
    folder_place,
    load_project,
    parse_project,
    project_file_text,
    project_place,
    section_of_options,
)
from unfade.project.settings import PairSection, Project
from unfade.work.job import Job
from unfade.work.pair_records import Records
from unfade.work.why import why
from unfade.work.writing import write_text

app = typer.Typer(
    help="See which frames are pairs and why, and overrule the choice in film.toml.",
    no_args_is_help=True,
)

ProjectFile = Annotated[
    Path,
    typer.Argument(
        parser=project_place, metavar="FILM.TOML", help="The project file, or its folder."
    ),
]
Source = Annotated[int, typer.Argument(help="A frame number of the scan.")]

_DIGITS = 100
"""Of a number; what has more is taken for a name."""


@app.command("list")
def list_pairs(project_file: ProjectFile) -> None:
    """Show all pairs, admitted and rejected, with what was measured of them."""
    job = _job(project_file, load_project(project_file))
    show(pair_table(Records.of(job)))
    _tell_stale(job)


@app.command()
def add(
    project_file: ProjectFile,
    source: Source,
    reference: Annotated[
        str, typer.Argument(help="A frame number of the reference, or a picture.")
    ],
    of: Annotated[
        str | None, typer.Option(help="Of which reference, where there are several.")
    ] = None,
    role: Annotated[str, typer.Option(help="train or holdout.")] = "train",
    kind: Annotated[
        str | None,
        typer.Option(help="direct, or constructed by a person, which pictures are unless said."),
    ] = None,
    aligned: Annotated[
        bool, typer.Option("--aligned", help="Do not search, trust that it lies as it should.")
    ] = False,
    colorspace: Annotated[
        str | None, typer.Option(help="Of a picture, where its file does not say it.")
    ] = None,
    note: Annotated[str, typer.Option(help="Why; it goes on record.")] = "",
) -> None:
    """Fix a pair: it goes before every choice of the machine."""
    picture = not (reference.isdecimal() and len(reference) <= _DIGITS)
    kind = kind or ("constructed" if picture else "direct")
    _check_words(role, kind)
    if picture and not os.path.exists(reference):
        raise ProjectError(
            f"{reference}: is not there; name a picture, or a frame number of the reference"
        )
    section = section_of_options(
        PairSection,
        {
            "source": "SOURCE",
            "reference": "REFERENCE",
            "of": "--of",
            "colorspace": "--colorspace",
            "note": "--note",
        },
        source=source,
        reference=_seen_from(project_file, reference) if picture else int(reference),
        of=of,
        kind=kind,
        role=role,
        aligned=aligned,
        colorspace=colorspace,
        note=note,
    )
    text = with_pair(_text(project_file), section)
    job = _job(project_file, parse_project(text, project_file))
    _check_frames(job, source, section)
    about = f" ({_recognised(job, section)})" if picture else ""
    write_text(project_file, text)
    print(
        f"{project_file}: source frame {source} is a pair of kind '{kind}'{about}; "
        f"now: unfade run {project_file}"
    )


@app.command()
def export(
    project_file: ProjectFile,
    frames: Annotated[
        list[int], typer.Argument(metavar="FRAME...", help="Frame numbers of the scan.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(parser=folder_place, metavar="FOLDER", help="Else 'paint' beside film.toml."),
    ] = None,
) -> None:
    """Write frames of the scan as pictures to paint on."""
    from unfade.commands.pair_export import OVERLAY, PAINT_FOLDER, export_frames

    project = load_project(project_file)
    job = Job(project, project_file.absolute().parent, progress(quiet=False))
    pipeline.run(job, last="ingest")
    _use_config(job)
    for frame in frames:
        _check_frame(job.clips().source, frame)
    for place in export_frames(job, frames, out or project_file.parent / PAINT_FOLDER):
        what = "a layer that shades what is no picture" if place.name == OVERLAY else "16 bits"
        print(f"{place}: written ({what})")
    print(
        "Paint on them without changing size or colour space, save as PNG or TIFF of 16 bits, "
        f"then: unfade pairs add {project_file} FRAME PICTURE"
    )


@app.command()
def drop(project_file: ProjectFile, source: Source) -> None:
    """Take a frame out: it is no pair, whoever chose it."""
    job = _job(project_file, load_project(project_file))
    _check_frames(job, source)
    remember = bool(job.project.reference)
    text = without_pair(_text(project_file), source, remember=remember)
    parse_project(text, project_file)
    write_text(project_file, text)
    print(f"{project_file}: source frame {source} is no pair; now: unfade run {project_file}")


@app.command("why")
def tell_why(project_file: ProjectFile, source: Source) -> None:
    """Say why a frame is a pair or is not, and which sheets show it."""
    job = _job(project_file, load_project(project_file))
    records = Records.of(job)
    _check_frames(job, source)
    for sentence in why(records, source):
        print(sentence)
    _tell_stale(job)


def _check_words(role: str, kind: str) -> None:
    """
    Raises:
        ProjectError: there is no such role or kind.
    """
    for name, value, known in (
        ("role", role, ("train", "holdout")),
        ("kind", kind, ("direct", "constructed")),
    ):
        if value not in known:
            raise ProjectError(f"there is no {name} '{value}'; use {' or '.join(known)}")


def _job(project_file: Path, project: Project) -> Job:
    return Job(project, project_file.absolute().parent, Silence())


def _use_config(job: Job) -> None:
    from unfade.media import use_config

    use_config(job.color_config(), job.project.film.view)


def _recognised(job: Job, section: PairSection) -> str:
    """How a picture will be laid, as far as ingest has found what it is laid on."""
    from unfade.commands.pair_export import recognised
    from unfade.media import read_picture

    _use_config(job)
    picture = str(section.reference)
    try:
        if (job.root / Clips.PLACE).exists():
            return recognised(job, section.source, picture, section.colorspace)
        read_picture(job.resolve(picture), section.colorspace)
    except UnsaidFactError as error:
        raise ProjectError(
            f"{picture}: does not name a colour space that there is ({error.known}); name one with "
            "--colorspace, or convert it to sRGB"
        ) from error
    return "how it lies is found when the scan has been read"


def _text(project_file: Path) -> str:
    """The text of a project file that can be used."""
    text = project_file_text(project_file)
    parse_project(text, project_file)
    return text


def _check_frames(job: Job, source: int, section: PairSection | None = None) -> None:
    """As far as ingest has found which frames there are."""
    if not (job.root / Clips.PLACE).exists():
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


def _seen_from(project_file: Path, path: str) -> str:
    """A path, relative to where one is, as film.toml names it: relative to its folder.

    What lies elsewhere stays absolute where it was given so.
    """
    folder = project_file.absolute().parent
    if os.path.isabs(path) and not Path(path).is_relative_to(folder):
        return path
    return Path(os.path.relpath(path, folder)).as_posix()


def _tell_stale(job: Job) -> None:
    """Says where the records are older than film.toml."""
    for stage in pipeline.STAGES:
        if stage.name in ("curate", "align"):
            found = pipeline.freshness(stage, job)
            if found.state == "stale":
                print(f"{stage.name} is stale ({found.why}); 'unfade run' brings it up to date")
