"""What a stage reads its row names: artefacts, sections of film.toml, and files of other stages.

By what their modules say, which knows every branch; and by a small film that is run with spies,
which knows what is handed on.
"""

import ast
import fnmatch
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import bagit
import numpy as np
import pytest
import torch
from torch.nn import functional

import unfade
from unfade import media
from unfade.deliver import bag
from unfade.deliver import stage as deliver_stage
from unfade.film.noun import Artefact
from unfade.film.stage_names import folder_name
from unfade.media.movies import ffv1
from unfade.media.movies import index as movie_index
from unfade.media.movies import reader as movies
from unfade.media.movies import survey as movie_survey
from unfade.media.stills import reader as stills
from unfade.media.stills import tags
from unfade.media.stills.files import OpenStill
from unfade.model import files
from unfade.pipeline import run as pipeline
from unfade.pipeline.stages import STAGES, Stage
from unfade.project.color_config import PINNED
from unfade.project.file import parse_project
from unfade.project.settings import ClipSection, Project
from unfade.work import elements as element
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

PACKAGE = Path(unfade.__file__).parent
WHOLE = tuple(name for name in Project.model_fields if name != "deliver")
"""Sections that one reads who reads a project as a whole, such as the settings of a bag."""


def own(stage: Stage, kind: type[Artefact]) -> bool:
    return kind.PATH.startswith(folder_name(stage.name))


def declared(stage: Stage, section: str) -> bool:
    """Whether a row names a section or key, or one that it is part of, or all keys of it."""
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
    """A section of film.toml, or all of it, that writes down which values are asked for."""

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
    """A job that writes down what is loaded of it. `read` is of artefacts and of sections."""

    loaded: set[type[Artefact]]

    def load(self, kind: type[Any]) -> Any:
        self.loaded.add(kind)
        return super().load(kind)


TOML = """
[film]
title = "Painted"
[source]
path = "scan/s.%04d.exr"
live_area = [0, 0, 96, 72]
[reference]
path = "dvd/d.%04d.exr"
name = "dvd"
live_area = [0, 0, 96, 72]
[[pair]]
source = 2
reference = "painted/2.exr"
aligned = true
[[pair]]
source = 4
reference = 4
aligned = true
role = "holdout"
[train]
size = "small"
steps = 4
batch = 64
checkpoint = 2
shot_models = "off"
[render]
first = 2
last = 5
[deliver]
movie = "h264"
"""


@pytest.fixture(scope="module")
def film(shared_folder: Path) -> Path:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 9, 12, generator=generator)
    scene = functional.interpolate(coarse, size=(72, 96), mode="bicubic")[0].clamp(0.05, 0.95)
    for name in ("scan", "dvd", "painted"):
        (shared_folder / name).mkdir()
    for frame in range(1, 7):
        true_rgb = torch.roll(scene, 3 * frame, dims=2)
        faded_rgb = true_rgb * torch.tensor([1.0, 0.7, 0.75])[:, None, None]
        media.write_exr(shared_folder / f"scan/s.{frame:04d}.exr", faded_rgb, colorspace="ACEScg")
        media.write_exr(shared_folder / f"dvd/d.{frame:04d}.exr", true_rgb, colorspace="ACEScg")
    media.write_exr(shared_folder / "painted/2.exr", true_rgb, colorspace="ACEScg")
    return shared_folder


MASTERS_READ: list[tuple[str, str, str]] = []
"""Of each time that a file of masters was read whole: the stage, how, and its name."""


@pytest.fixture(scope="module")
def reads(film: Path) -> dict[str, tuple[set[type[Artefact]], set[str], set[str]]]:
    """What each stage reads of a small film: artefacts, sections and files, by its name."""
    found = {}
    MASTERS_READ.clear()
    place = film / "film.toml"
    project = parse_project(TOML, place)
    with pytest.MonkeyPatch.context() as patch:
        opened: set[Path] = set()
        spy_on_files(patch, opened)
        now: list[str] = []
        spy_on_whole_reads(patch, now)
        for stage in STAGES:
            now[:] = [stage.name]
            sections: set[str] = set()
            opened.clear()
            spied = cast(Project, Spied(project, "", sections))
            job = SpyJob(spied, film, SilentProgress())
            object.__setattr__(job, "loaded", set())
            assert job.colors == PINNED
            sections.clear()
            pipeline.entry(stage.name)(job)
            inside = {path for path in opened if path.is_relative_to(film)}
            names = {path.relative_to(film).as_posix() for path in inside}
            found[stage.name] = (set(job.loaded), set(sections), names)
    return found


def spy_on_files(patch: pytest.MonkeyPatch, opened: set[Path]) -> None:
    """Where pictures, arrays, networks and what a bag packs are opened."""

    def spied(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *arguments: Any, **named: Any) -> Any:
            opened.add(Path(path))
            return function(path, *arguments, **named)

        return call

    for module in (stills, tags):
        patch.setattr(module, "open_still", spied(module.open_still))
    for module in (movies, movie_survey, movie_index, ffv1):
        patch.setattr(module, "open_movie", spied(module.open_movie))
    patch.setattr(np, "load", spied(np.load))
    patch.setattr(files, "load_tensors", spied(files.load_tensors))
    patch.setattr(deliver_stage, "place_file", spied(deliver_stage.place_file))
    patch.setattr(deliver_stage, "copy_file", spied(deliver_stage.copy_file))
    patch.setattr(deliver_stage, "_write_page", spied(deliver_stage._write_page))


def test_the_spies_see_every_movie_and_every_header(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "dvd.mkv"
    with media.MovieWriter(place, codec="ffv1", width=32, height=24, rate=Fraction(25)) as movie:
        movie.write(torch.full((3, 24, 32), 0.5))
    opened: set[Path] = set()
    spy_on_files(monkeypatch, opened)
    clip = media.probe(str(place), ClipSection(path="x", matrix="bt709", range="limited"))
    assert opened == {place}
    opened.clear()
    assert len(list(media.read(clip, [0]))) == 1
    assert opened == {place}
    opened.clear()
    scan = str(film / "scan/s.%04d.exr")
    media.read_tags(media.probe(scan, ClipSection(path="x", last=1)), 1)
    assert opened == {film / "scan/s.0001.exr"}


def test_every_door_to_a_file_is_watched() -> None:
    """Modules that open stills or movies by another name than those that are spied on."""
    watched = (stills, tags, movies, movie_survey, movie_index, ffv1)
    doors = {module.__name__ for module in watched}
    opening = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in (PACKAGE / "media").rglob("*.py")
        if re.search(r"import .*\b(open_still|open_movie)\b", path.read_text(encoding="utf-8"))
    }
    assert opening == doors


def spy_on_whole_reads(patch: pytest.MonkeyPatch, now: list[str]) -> None:
    """Where the bytes of a file are read from the first to the last; `now` is the stage at work."""

    def spied(how: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Any, *arguments: Any) -> Any:
            path = file.path if isinstance(file, OpenStill) else file
            if re.search(r"_v001_[0-9a-f]{12}\.\d{7}\.exr", str(path)):
                MASTERS_READ.append((now[0], how, Path(path).name))
            return function(file, *arguments)

        return call

    patch.setattr(OpenStill, "read", spied("decoded", OpenStill.read))
    hashed = spied("hashed", element.digest)
    for module in (element, deliver_stage, bag):
        patch.setattr(module, "digest", hashed)
    validated = bagit._calculate_file_hashes
    patch.setattr(bagit, "_calculate_file_hashes", spied("hashed", validated))


def test_a_master_is_read_four_times_in_a_whole_run(reads: dict[str, Any], film: Path) -> None:
    """Hashed when it is written and when the bag is validated, decoded by validate and for the
    review movies."""
    names = {path.name for path in (film / "06-render").glob("*.exr")}
    assert len(names) == 4
    for name in names:
        assert [(stage, how) for stage, how, read in MASTERS_READ if read == name] == [
            ("render", "hashed"),
            ("validate", "decoded"),
            ("deliver", "decoded"),
            ("deliver", "hashed"),
        ]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_run_loads_what_the_row_names(stage: Stage, reads: dict[str, Any]) -> None:
    loaded, _, _ = reads[stage.name]
    assert {kind for kind in loaded if not own(stage, kind)} <= set(stage.needs)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_run_reads_the_sections_that_the_row_names(stage: Stage, reads: dict[str, Any]) -> None:
    """Paths of elements are declared as elements. A project that is read whole must be named
    whole."""
    _, sections, _ = reads[stage.name]
    paths = {"source.path", "train.start_from", "film.ocio", "film.view", "reference", "pair"}
    for section in sections - (paths if stage.name != "deliver" else set()):
        whole = () if section else [name for name in WHOLE if not shown_or_path(stage, name)]
        assert not whole, f"{stage.name} reads all of film.toml, but its row lacks {whole}"
        assert not section or declared(stage, section), f"{stage.name} reads {section}"


def shown_or_path(stage: Stage, name: str) -> bool:
    """The report names no paths of elements: it has their facts from `Clips`."""
    paths_only = stage.name == "validate" and name in ("source", "reference", "pair")
    return paths_only or declared(stage, name)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_run_opens_the_files_that_the_row_names(
    stage: Stage, reads: dict[str, Any], film: Path
) -> None:
    """A file of another stage is named by the row, or an artefact that the row needs has its name
    and its digest; a file of the user is an element."""
    _, _, opened = reads[stage.name]
    records = [(film / need.PATH).read_text() for need in stage.needs if not own(stage, need)]
    job = Job(parse_project(TOML, film / "film.toml"), film, SilentProgress())
    elements = {Path(path).parent.as_posix() for path in stage.elements(job).values()}
    places = {need.PATH for need in stage.needs}
    for name in opened:
        folder = Path(name).parent.as_posix()
        if folder == folder_name(stage.name) or folder.startswith(f"{folder_name(stage.name)}/"):
            continue
        known = any(Path(name).name in record for record in records)
        assert (
            folder in elements
            or name in places
            or known
            or any(fnmatch.fnmatch(name, pattern) for pattern in stage.files)
        ), f"{stage.name} opens {name}, which its row does not name"
