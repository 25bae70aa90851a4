"""Every stage declares what it reads: artefacts, sections of film.toml, files of other stages.

One group of tests parses the modules of a stage, which covers every branch. The other runs a small
film with spies, which covers values that are passed on to other modules.
"""

import ast
import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, cast

import bagit
import numpy as np
import pytest
import torch

import unfade
from unfade import media
from unfade.deliver import bag, review
from unfade.deliver import stage as deliver_stage
from unfade.film.model import TrainedModel
from unfade.film.noun import Artefact
from unfade.film.report import Report
from unfade.film.stage_names import folder_name
from unfade.media import scene_pictures
from unfade.media.movies.decoder import Decoder
from unfade.media.stills import reader as stills
from unfade.media.stills import tags
from unfade.media.stills.files import OpenStill
from unfade.model import files
from unfade.pipeline import run as pipeline
from unfade.pipeline.stages import STAGES, Stage
from unfade.project.color_config import PINNED
from unfade.project.file import load_project
from unfade.project.settings import ClipSection, Project
from unfade.work import digest_cache
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

PACKAGE = Path(unfade.__file__).parent
WHOLE = tuple(name for name in Project.model_fields if name != "deliver")
"""The sections that count as read if a stage reads the whole project, as the bag's settings do."""


def own(stage: Stage, kind: type[Artefact]) -> bool:
    return kind.PATH.startswith(folder_name(stage.name))


def declared(stage: Stage, section: str) -> bool:
    """Whether a stage declares a section or key, or the section that contains it."""
    section = section.replace("validate_", "validate")
    return any(section == name or section.startswith(f"{name}.") for name in stage.sections)


def modules(stage: Stage) -> Iterator[ast.AST]:
    for path in (PACKAGE / stage.name).rglob("*.py"):
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def dotted(node: ast.expr) -> str:
    return (
        f"{dotted(node.value)}.{node.attr}"
        if isinstance(node, ast.Attribute)
        else (node.id if isinstance(node, ast.Name) else "?")
    )


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_modules_load_what_the_row_names(stage: Stage) -> None:
    named = {need.__name__ for need in stage.needs} | {"Receipt"}
    loaded = set()
    for node in modules(stage):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "load" and dotted(node.func.value) == "job":
                loaded |= {argument.id for argument in node.args if isinstance(argument, ast.Name)}
            elif dotted(node.func) == "job.clips":
                loaded.add("Clips")
        elif isinstance(node, ast.Attribute) and node.attr == "PATH":
            loaded.add(dotted(node.value))
    kinds = {kind.__name__: kind for kind in all_kinds()}
    foreign = {name for name in loaded if name in kinds and not own(stage, kinds[name])}
    assert foreign <= named, f"{stage.name} reads {foreign - named}, which its row does not name"


def all_kinds() -> list[type[Artefact]]:
    found = [need for stage in STAGES for need in stage.needs]
    return list(dict.fromkeys([*found, *Artefact.__subclasses__()]))


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_modules_read_the_sections_that_the_row_names(stage: Stage) -> None:
    for node in modules(stage):
        text = dotted(node) if isinstance(node, ast.Attribute) else ""
        for start in ("job.project.", "project.", "delivered.project."):
            if text.startswith(start):
                read = text.removeprefix(start)
                if read.split(".")[0] in Project.model_fields and "." in read:
                    assert declared(stage, read), f"{stage.name} reads {text}"


class Spied:
    """A section of film.toml, or the whole project, that records which values are read."""

    def __init__(self, values: Any, name: str, read: set[str]) -> None:
        self._values, self._name, self._read = values, name, read

    def __getattr__(self, key: str) -> Any:
        found = getattr(self._values, key)
        fields = type(self._values).model_fields
        if key not in fields:
            if key.startswith("model_dump"):
                self._read.add(self._name)
            return found
        name = f"{self._name}.{key}" if self._name else key
        if hasattr(type(found), "model_fields"):
            return Spied(found, name, self._read)
        self._read.add(name)
        return found


class SpyJob(Job):
    """A job that records which artefacts are loaded."""

    loaded: set[type[Artefact]]

    def load(self, kind: type[Any]) -> Any:
        self.loaded.add(kind)
        return super().load(kind)


@pytest.fixture(scope="module")
def film(shared_folder: Path, write_small_film: Callable[[Path], None]) -> Path:
    write_small_film(shared_folder)
    return shared_folder


MASTERS_READ: list[tuple[str, str, str]] = []
"""The stage, the way and the file name of each time that a master was read from start to end."""


@dataclass(frozen=True)
class Reads:
    """The artefacts, the sections or keys of film.toml, and the files that a stage read."""

    artefacts: set[type[Artefact]]
    sections: set[str]
    files: set[str]


def spied_run(stage: Stage, film: Path, run: Callable[[Job], None]) -> Reads:
    """Runs a function in the place of a stage, and records what it reads."""
    sections: set[str] = set()
    opened: set[Path] = set()
    spied = cast(Project, Spied(load_project(film / "film.toml"), "", sections))
    job = SpyJob(spied, film, SilentProgress())
    object.__setattr__(job, "loaded", set())
    assert job.colors == PINNED
    sections.clear()
    with pytest.MonkeyPatch.context() as patch:
        spy_on_files(patch, opened)
        spy_on_whole_reads(patch, stage.name)
        run(job)
    inside = {path for path in opened if path.is_relative_to(film)}
    return Reads(job.loaded, sections, {path.relative_to(film).as_posix() for path in inside})


@pytest.fixture(scope="module")
def reads(film: Path) -> dict[str, Reads]:
    """What each stage reads, by its name."""
    MASTERS_READ.clear()
    return {
        stage.name: spied_run(stage, film, pipeline.stage_function(stage.name)) for stage in STAGES
    }


def spy_on_files(patch: pytest.MonkeyPatch, opened: set[Path]) -> None:
    """Spies on the functions that open pictures, arrays, networks and files for the bag."""

    def spied(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *arguments: Any, **named: Any) -> Any:
            opened.add(Path(path))
            return function(path, *arguments, **named)

        return call

    for module in (stills, tags, scene_pictures):
        patch.setattr(module, "open_still", spied(module.open_still))
    start = Decoder.__init__
    patch.setattr(Decoder, "__init__", lambda decoder, path: spied(partial(start, decoder))(path))
    patch.setattr(np, "load", spied(np.load))
    patch.setattr(files, "load_tensors", spied(files.load_tensors))
    patch.setattr(deliver_stage, "link_or_copy", spied(deliver_stage.link_or_copy))
    patch.setattr(deliver_stage, "copy_file", spied(deliver_stage.copy_file))
    patch.setattr(deliver_stage, "_write_page", spied(deliver_stage._write_page))


def test_the_spies_see_every_movie_and_every_header(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dvd.mkv"
    with media.MovieWriter(path, codec="ffv1", width=32, height=24, rate=Fraction(25)) as movie:
        movie.write(torch.full((3, 24, 32), 0.5))
    opened: set[Path] = set()
    spy_on_files(monkeypatch, opened)
    clip = media.probe(str(path), ClipSection(path="x", matrix="bt709", range="limited"))
    assert opened == {path}
    opened.clear()
    assert len(list(media.read(clip, [0]))) == 1
    assert opened == {path}
    opened.clear()
    scan = str(film / "scan/s.%04d.exr")
    media.read_tags(media.probe(scan, ClipSection(path="x", last=1)), 1)
    assert opened == {film / "scan/s.0001.exr"}


def modules_that_import(name: str) -> set[str]:
    return {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if re.search(rf"import .*\b{name}\b", path.read_text(encoding="utf-8"))
    }


def test_every_door_to_a_file_is_watched() -> None:
    """No other module than those that are spied on opens stills, and movies are opened only by
    functions for `Decoder`."""
    watched = (stills, tags, scene_pictures)
    assert modules_that_import("open_still") == {module.__name__ for module in watched}
    rooms = "unfade.media.movies."
    opening = {f"{rooms}{name}" for name in ("decoding", "ffv1", "index")}
    assert modules_that_import("open_movie") == opening
    assert modules_that_import("(?:read_index|has_checksums)") == {f"{rooms}decoding"}
    assert modules_that_import("(?:header_and_frames|wanted_frames|packet_index)") == {
        f"{rooms}{name}" for name in ("reader", "survey")
    }


def spy_on_whole_reads(patch: pytest.MonkeyPatch, stage: str) -> None:
    """Spies on the functions that read a file from start to end; `stage` is the running one."""

    def spied(how: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Any, *arguments: Any) -> Any:
            path = file.path if isinstance(file, OpenStill) else file
            if re.search(r"_v001_[0-9a-f]{12}\.\d{7}\.exr", str(path)):
                MASTERS_READ.append((stage, how, Path(path).name))
            return function(file, *arguments)

        return call

    patch.setattr(OpenStill, "read", spied("decoded", OpenStill.read))
    hashed = spied("hashed", digest_cache.digest)
    for module in (digest_cache, deliver_stage, bag, review):
        patch.setattr(module, "digest", hashed)
    validated = bagit._calculate_file_hashes
    patch.setattr(bagit, "_calculate_file_hashes", spied("hashed", validated))


def test_a_master_is_read_four_times_in_a_whole_run(reads: dict[str, Reads], film: Path) -> None:
    """It is hashed when it is written and when the bag is validated, and decoded for validate and
    for the review movies; the worst frame of an outlier is decoded once more."""
    names = {path.name for path in (film / "06-render").glob("*.exr")}
    assert len(names) == 4
    report = Report.from_json((film / Report.PATH).read_text(encoding="utf-8"))
    worst = {f".{run.worst:07d}." for run in report.outliers}
    for name in names:
        again = [("validate", "decoded")] if any(one in name for one in worst) else []
        assert [(stage, how) for stage, how, read in MASTERS_READ if read == name] == [
            ("render", "hashed"),
            ("validate", "decoded"),
            *again,
            ("deliver", "decoded"),
            ("deliver", "hashed"),
        ]


def undeclared(stage: Stage, read: Reads, film: Path) -> list[str]:
    """What a stage read without declaring it."""
    artefacts = {kind for kind in read.artefacts if not own(stage, kind)} - set(stage.needs)
    return [
        *sorted(kind.__name__ for kind in artefacts),
        *sorted(undeclared_sections(stage, read.sections)),
        *sorted(name for name in read.files if not is_named(stage, name, film)),
    ]


def undeclared_sections(stage: Stage, sections: set[str]) -> set[str]:
    """Sections and keys that a stage read without declaring them. The empty name stands for the
    whole of film.toml. Paths of elements count as declared, because elements are."""
    paths = {"source.path", "train.start_from", "film.ocio", "film.view", "reference", "pair"}
    keys = sections - (paths if stage.name != "deliver" else set())
    whole = {name for name in WHOLE if "" in keys and not shown_or_path(stage, name)}
    return whole | {key for key in keys if key and not declared(stage, key)}


def shown_or_path(stage: Stage, name: str) -> bool:
    """Whether a section is declared, or holds a path that the report does not show."""
    paths_only = stage.name == "validate" and name in ("source", "reference", "pair")
    return paths_only or declared(stage, name)


def is_named(stage: Stage, name: str, film: Path) -> bool:
    """Whether a file is the stage's own, an element, declared by the stage, or named with its
    digest by a declared artefact."""
    folder = Path(name).parent.as_posix()
    if folder == folder_name(stage.name) or folder.startswith(f"{folder_name(stage.name)}/"):
        return True
    job = Job(load_project(film / "film.toml"), film, SilentProgress())
    elements = {Path(path).parent.as_posix() for path in stage.elements(job).values()}
    needed = (film / need.PATH for need in stage.needs if not own(stage, need))
    records = [path.read_text() for path in needed if path.exists()]
    return (
        folder in elements
        or name in {need.PATH for need in stage.needs}
        or any(Path(name).name in record for record in records)
        or any(fnmatch.fnmatch(name, pattern) for pattern in stage.files)
    )


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_reads_what_its_row_names(
    stage: Stage, reads: dict[str, Reads], film: Path
) -> None:
    assert undeclared(stage, reads[stage.name], film) == []


def test_planted_reads_are_found(reads: dict[str, Reads], film: Path) -> None:
    """An artefact, a key of film.toml and a file that align does not declare."""
    align = next(stage for stage in STAGES if stage.name == "align")

    def run(job: Job) -> None:
        job.load(TrainedModel)
        assert job.project.curate.pairs_per_shot == 4
        np.load(film / "01-ingest/source-proxy.npy")

    assert undeclared(align, spied_run(align, film, run), film) == [
        "TrainedModel",
        "curate.pairs_per_shot",
        "01-ingest/source-proxy.npy",
    ]


def test_film_toml_read_as_a_whole_is_found(film: Path) -> None:
    align = next(stage for stage in STAGES if stage.name == "align")
    read = spied_run(align, film, lambda job: job.project.model_dump() and None)
    assert {"curate", "train", "source"} <= set(undeclared(align, read, film))
