"""A film rendered by workers, or in ranges by several commands, has the masters of one process."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import unfade
from unfade.errors import ProjectError, WorkError
from unfade.film.rendering import Rendering
from unfade.work import digest_cache, units
from unfade.work.digest_cache import digest
from unfade.work.lock import lock_frames
from unfade.work.units import UNITS_FOLDER

Copy = Callable[[Path, str], Path]


def masters(film: Path) -> dict[str, str]:
    folder = film / "06-render"
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.exr")
    }


def recorded(film: Path) -> dict[str, str]:
    rendering = json.loads((film / Rendering.PATH).read_text())
    return {frame["file"]: frame["sha256"] for frame in rendering["frames"]}


def measures(film: Path) -> object:
    return json.loads((film / "07-validate/report.json").read_text())["measures"]


def test_two_workers_give_the_same_bytes(
    tmp_path: Path,
    write_small_film: Callable[[Path], None],
    finished_small_film: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each frame is a unit, so that both workers work in every stage."""
    monkeypatch.setattr(units, "FRAMES_A_UNIT", 1)
    film = tmp_path / "Film mit Lücken, 映画"
    write_small_film(film)
    unfade.open(film).run(workers=2)
    assert masters(film) == masters(finished_small_film) == recorded(film)
    assert measures(film) == measures(finished_small_film)
    assert not list(film.rglob(UNITS_FOLDER))


def test_ranges_of_frames_end_in_the_same_masters(
    tmp_path: Path,
    copy_small_film: Copy,
    finished_small_film: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film = unfade.open(copy_small_film(tmp_path / "film", "train"))
    assert film.render_frames(4, 9) == 2
    assert film.render_frames(2, 3) == 2
    rendered = {path: path.stat().st_mtime_ns for path in film.folder.glob("06-render/*.exr")}
    assert not (film.folder / Rendering.PATH).exists()
    hashed = []
    monkeypatch.setattr(digest_cache, "digest", lambda path: hashed.append(path) or digest(path))
    film.run(last="render")
    assert film.folder / Rendering.PATH in hashed
    assert rendered.keys().isdisjoint(hashed)
    film.run()
    assert masters(film.folder) == masters(finished_small_film) == recorded(film.folder)
    assert {path: path.stat().st_mtime_ns for path in rendered} == rendered
    assert film.render_frames(2, 3) == 0


def test_frames_of_other_settings_are_rendered_anew(tmp_path: Path, copy_small_film: Copy) -> None:
    film = copy_small_film(tmp_path / "film", "train")
    unfade.open(film).render_frames(2, 3)
    before = masters(film)
    text = (film / "film.toml").read_text()
    (film / "film.toml").write_text(text.replace("[render]", '[render]\ncompression = "dwaa"'))
    unfade.open(film).render_frames(3, 3)
    after = masters(film)
    assert after.keys() < before.keys()
    assert after.items().isdisjoint(before.items())


def test_a_master_that_was_changed_is_rendered_again(
    tmp_path: Path, copy_small_film: Copy, finished_small_film: Path
) -> None:
    film = unfade.open(copy_small_film(tmp_path / "film", "train"))
    film.render_frames(2, 5)
    changed = sorted(film.folder.glob("06-render/*.exr"))[0]
    changed.write_bytes(b"not a master")
    film.run()
    assert masters(film.folder) == masters(finished_small_film)


def test_frames_need_the_stages_before_and_a_range_of_the_film(
    tmp_path: Path, copy_small_film: Copy, run: Callable[..., tuple[int, str]]
) -> None:
    film = copy_small_film(tmp_path / "film", "train")
    with pytest.raises(ProjectError, match="no frame of 6 to 8 is to be rendered"):
        unfade.open(film).render_frames(6, 8)
    with pytest.raises(ProjectError, match="no frame of 5 to 4 is to be rendered"):
        unfade.open(film).render_frames(5, 4)
    with pytest.raises(WorkError, match="film: frames -1 to 4 are no range; name two numbers"):
        unfade.open(film).render_frames(-1, 4)
    assert run("render", film, "--frames", "8-6")[0] == 2
    status, said = run("render", film, "--frames", "all")
    assert (status, "write the first and the last as '1001-1100'" in said) == (2, True)
    assert run("render", film, "--frames", "3", "--quiet") == (0, "")
    shutil.rmtree(film / "05-train")
    with pytest.raises(WorkError, match=r"train is missing .* first run 'unfade run --to train"):
        unfade.open(film).render_frames(2, 3)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_workers_end_with_their_run(
    tmp_path: Path,
    write_small_film: Callable[[Path], None],
    finished_small_film: Path,
    number: int,
    status: int,
) -> None:
    """Ctrl-C reaches all processes, a kill only the run itself; then the film is finished."""
    film = tmp_path / "film"
    write_small_film(film)
    command = [sys.executable, "-m", "unfade", "run", str(film), "--workers", "2", "--quiet"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    wait_for(lambda: any(film.rglob(f"{UNITS_FOLDER}/*.safetensors")) or process.poll())
    os.killpg(process.pid, number) if number == signal.SIGINT else process.kill()
    said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == status
    if number == signal.SIGINT:
        # libpng complains if a picture was being written.
        *others, last = said.splitlines()
        assert last == "unfade: stopped; the same command goes on from here"
        assert all(line.startswith("libpng error") for line in others), said
    wait_for(lambda: not processes_of(process.pid))
    unfade.open(film).run(last="render")
    assert masters(film) == masters(finished_small_film)


def processes_of(session: int) -> list[int]:
    """The processes of a session that still run."""
    found = subprocess.run(
        ["ps", "-o", "pid=,stat=", "-s", str(session)], capture_output=True, text=True, check=False
    )
    lines = [line.split() for line in found.stdout.splitlines()]
    return [int(number) for number, state in lines if not state.startswith("Z")]


def wait_for(is_true: Callable[[], object], timeout_s: float = 90.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < until_s
        time.sleep(0.05)


def test_other_settings_are_refused_while_frames_are_at_work(
    tmp_path: Path, copy_small_film: Copy
) -> None:
    film = copy_small_film(tmp_path / "film", "train")
    unfade.open(film).render_frames(2, 2)
    text = (film / "film.toml").read_text()
    (film / "film.toml").write_text(text.replace("[render]", '[render]\ncompression = "dwaa"'))
    before = masters(film)
    with lock_frames(film, 3, 4, print, lambda check_alone: None):
        with pytest.raises(WorkError, match="frames 3 to 4 are in use by process"):
            unfade.open(film).render_frames(5, 5)
        assert masters(film) == before
    unfade.open(film).render_frames(5, 5)
    assert masters(film).items().isdisjoint(before.items())
