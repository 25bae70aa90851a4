"""Settings of all tests: one thread each, no deadlines, shared folders removed at the end.

Small tensors gain nothing from more threads, and parallel tests would slow each other down.
"""

import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from unfade.film.stage_names import STAGE_NAMES, folder_name

from .browser import find_browser

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets its background jobs, and so what the tests start, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("no test is timed", deadline=None)
settings.load_profile("no test is timed")


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for all tests of a module, removed after the last of them to save disk space."""
    folder = tmp_path_factory.mktemp("shared")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless browser."""
    path = find_browser()
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        # Root in a container has no sandbox; the pages are the tests' own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


SMALL_FILM = """
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


@pytest.fixture(scope="session")
def write_small_film() -> Callable[[Path], None]:
    """Writes film.toml and its elements to a folder: six frames, 96 x 72 pixels, that pass through
    all stages in a few seconds. One pair has a painted picture, the hold-out pair a reference."""

    def write(folder: Path) -> None:
        import torch
        from torch.nn import functional

        from unfade import media

        generator = torch.Generator().manual_seed(0)
        coarse = torch.rand(1, 3, 9, 12, generator=generator)
        scene = functional.interpolate(coarse, size=(72, 96), mode="bicubic")[0].clamp(0.05, 0.95)
        for name in ("scan", "dvd", "painted"):
            (folder / name).mkdir(parents=True)
        for frame in range(1, 7):
            true_rgb = torch.roll(scene, 3 * frame, dims=2)
            faded_rgb = true_rgb * torch.tensor([1.0, 0.7, 0.75])[:, None, None]
            media.write_exr(folder / f"scan/s.{frame:04d}.exr", faded_rgb, colorspace="ACEScg")
            media.write_exr(folder / f"dvd/d.{frame:04d}.exr", true_rgb, colorspace="ACEScg")
        media.write_exr(folder / "painted/2.exr", true_rgb, colorspace="ACEScg")
        (folder / "film.toml").write_text(SMALL_FILM)

    return write


@pytest.fixture(scope="session")
def finished_small_film(
    tmp_path_factory: pytest.TempPathFactory, write_small_film: Callable[[Path], None]
) -> Path:
    """The folder of the small film after all stages, made once for all workers. Nobody changes it;
    `copy_small_film` copies it."""
    import unfade

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "small-film"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "film.toml").exists():
            write_small_film(folder)
        unfade.open(folder).run()
    return folder


@pytest.fixture(scope="session")
def copy_small_film(finished_small_film: Path) -> Callable[[Path, str], Path]:
    """Copies the small film to a new folder, as it is after a stage, with the times of its files;
    returns the folder."""

    def copy(folder: Path, last: str) -> Path:
        shutil.copytree(finished_small_film, folder)
        for name in STAGE_NAMES[STAGE_NAMES.index(last) + 1 :]:
            shutil.rmtree(folder / folder_name(name))
        return folder

    return copy


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Runs the command line in this process; returns its exit status and what it printed."""

    def run(*arguments: object) -> tuple[int, str]:
        from unfade.commands import app

        monkeypatch.setattr(sys, "argv", ["unfade", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            app.main()
        output = capsys.readouterr()
        return int(caught.value.code or 0), output.out + output.err

    return run


@pytest.fixture
def set_cores(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the number of cores that this process may use, for one test."""

    def set_count(count: int) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(count), raising=False)

    return set_count
