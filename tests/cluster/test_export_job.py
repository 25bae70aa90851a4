"""`unfade export-job`: the bundle of a film, and the masters when openjd runs it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from unfade.film.clip import Clips
from unfade.film.damage import Damage, DamagedFrames
from unfade.film.pair import PairList
from unfade.film.stage_names import folder_name
from unfade.film.validation_range import validation_frames
from unfade.work import units
from unfade.work.units import FRAMES_A_UNIT

Command = Callable[..., tuple[int, str]]
Copy = Callable[[Path, str], Path]

BIN = Path(sys.executable).parent
ALLOWED_S = 300
"""Seconds for a step of the small film, which takes ten."""


def openjd(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    """Starts openjd, whose sessions lie in `cwd`."""
    return subprocess.Popen(
        [BIN / "openjd", *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"TMPDIR": str(cwd)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(*started: subprocess.Popen[str]) -> list[str]:
    """The output of processes, each of which succeeds."""
    outputs = [one.communicate(timeout=ALLOWED_S)[0] for one in started]
    for one, output in zip(started, outputs, strict=True):
        assert one.returncode == 0, output
    return outputs


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def ranges_of(folder: Path) -> list[str]:
    """The range expressions of the tasks that render: first frames, last frames."""
    (step,) = [one for one in read(folder, "template.json")["steps"] if one["name"] == "Render"]
    return [one["range"] for one in step["parameterSpace"]["taskParameterDefinitions"]]


def masters(film: Path) -> dict[str, str]:
    paths = sorted((film / folder_name("render")).glob("*.exr"))
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in paths}


def set_render(film: Path, lines: str) -> None:
    """Replaces the frames to render in the small film."""
    path = film / "film.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("first = 2\nlast = 5\n", lines), encoding="utf-8")


@pytest.fixture
def film(tmp_path: Path, write_small_film: Callable[[Path], None]) -> Path:
    """The folder of a film that no stage has seen yet."""
    folder = tmp_path / "film"
    write_small_film(folder)
    return folder


def test_openjd_ends_in_the_masters_of_an_undisturbed_run(
    tmp_path: Path,
    write_small_film: Callable[[Path], None],
    finished_small_film: Path,
    run: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film, job = tmp_path / "Reel 1 'süß' \"東京\" {{x}} $HOME", tmp_path / "job"
    write_small_film(film)
    monkeypatch.chdir(tmp_path)
    assert run("export-job", film.name, "job", "--frames-a-task", 2)[0] == 0
    finish(openjd("check", job / "template.json", cwd=tmp_path))

    values = [f"Film={film / 'film.toml'}", f"Unfade={BIN / 'unfade'}"]
    parameters = [word for value in values for word in ("-p", value)]
    step = ("run", job / "template.json", *parameters, "--no-run-dependencies", "--step")
    finish(openjd(*step, "Prepare", cwd=tmp_path))
    assert not masters(film)
    tasks = [("-tp", f"First={first}", "-tp", f"Last={first + 1}") for first in (2, 4)]
    finish(*(openjd(*step, "Render", *task, cwd=tmp_path) for task in tasks))
    expected = masters(finished_small_film)
    assert len(expected) == 4
    assert masters(film) == expected
    written = {path: path.stat().st_mtime_ns for path in film.rglob("06-render/*.exr")}

    finish(openjd(*step, "Finish", cwd=tmp_path))
    assert {path: path.stat().st_mtime_ns for path in film.rglob("06-render/*.exr")} == written
    assert masters(film) == expected
    assert (film / "07-validate/report.json").exists()
    assert next((film / folder_name("deliver")).rglob("bagit.txt"))
    assert run("run", film)[1].startswith("everything is fresh")


def test_a_scan_without_ingest_has_the_frames_of_its_files(film: Path, run: Command) -> None:
    set_render(film, "last = 4\n")
    status, output = run("export-job", film, film / "job")
    assert (status, output) == (0, f"{film / 'job'}: written; 1 task to render\n")
    assert ranges_of(film / "job") == ["1", "4"]
    path = str(film / "film.toml")
    values = read(film / "job", "parameter_values.json")["parameterValues"]
    assert values == [{"name": "Film", "value": path}]


def test_a_task_is_a_unit_of_work(film: Path, run: Command) -> None:
    assert f"; {FRAMES_A_UNIT} if left out" in run("export-job", "--help")[1]
    frame = film / "scan/s.0006.exr"
    for number in range(7, 251):
        (film / f"scan/s.{number:04d}.exr").hardlink_to(frame)
    set_render(film, "")
    run("export-job", film, film / "job")
    assert ranges_of(film / "job") == ["1-201:100", "100-200:100,250"]


def test_damaged_frames_that_are_skipped_are_in_no_task(
    tmp_path: Path, copy_small_film: Copy, run: Command
) -> None:
    film = copy_small_film(tmp_path / "film", "ingest")
    clips = Clips.from_json((film / Clips.PATH).read_text())
    damage = Damage(frames=(DamagedFrames(first=2, last=3, fault="missing"),), setting="skip")
    source = clips.source.model_copy(update={"damage": damage})
    (film / Clips.PATH).write_text(clips.model_copy(update={"source": source}).to_json())
    run("export-job", film, film / "job", "--frames-a-task", 1)
    assert ranges_of(film / "job") == ["4-5:1", "4-5:1"]


def test_the_validation_range_is_known_after_curate(
    tmp_path: Path, copy_small_film: Copy, run: Command
) -> None:
    film = copy_small_film(tmp_path / "film", "curate")
    set_render(film, 'range = "validation"\n')
    run("export-job", film, film / "job")
    shots = PairList.from_json((film / PairList.PATH).read_text()).shots
    frames = sorted(validation_frames(shots))
    assert ranges_of(film / "job") == [str(frames[0]), str(frames[-1])]

    shutil.rmtree(film / folder_name("curate"))
    status, output = run("export-job", film, film / "job2")
    assert status == 2
    assert output.endswith("is missing; run 'unfade curate' first\n")
    assert not (film / "job2").exists()


@pytest.mark.parametrize(
    ("old", "new"), [("scan/s.%04d.exr", "scan.mov"), ("[source]", '[source]\ndamaged = "skip"')]
)
def test_a_movie_and_damage_need_ingest(film: Path, run: Command, old: str, new: str) -> None:
    path = film / "film.toml"
    path.write_text(path.read_text().replace(old, new))
    status, output = run("export-job", film, film / "job")
    assert status == 2
    assert output == (
        f"unfade: {path}: the frames of its scan are known after ingest; run 'unfade ingest' "
        "first\n"
    )


def test_a_run_takes_over_what_the_tasks_did(
    tmp_path: Path, copy_small_film: Copy, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "FRAMES_A_UNIT", 2)
    film = copy_small_film(tmp_path / "film", "train")
    run("export-job", film, film / "job")
    assert ranges_of(film / "job") == ["2-4:2", "3-5:2"]
    for frames in ("2-3", "4-5"):
        assert run("render", film, "--frames", frames, "--quiet") == (0, "")
    monkeypatch.setattr("unfade.render.units.RenderPlan.between", None)
    assert run("run", film, "--to", "render", "--quiet") == (0, "")
    assert len(masters(film)) == 4


def test_files_of_others_are_left_alone(film: Path, run: Command) -> None:
    status, output = run("export-job", film, film / "scan")
    assert status == 2
    assert output == f"unfade: {film / 'scan'}: is not empty; name a new folder for the job\n"
    assert len([*(film / "scan").iterdir()]) == 6


def test_assets_are_the_work_directory_and_what_lies_outside(film: Path, run: Command) -> None:
    (film / "dvd").rename(film.parent / "dvd")
    (film / "painted/2.exr").rename(film.parent / "painted.exr")
    path = film / "film.toml"
    text = path.read_text().replace('"dvd/', '"../dvd/').replace("painted/2", "../painted")
    path.write_text(text)
    run("export-job", film, film / "job")
    assert read(film / "job", "asset_references.json") == {
        "assetReferences": {
            "inputs": {
                "filenames": [str(film.parent / "painted.exr")],
                "directories": [str(film), str(film.parent / "dvd")],
            },
            "outputs": {"directories": [str(film)]},
            "referencedPaths": [],
        }
    }
