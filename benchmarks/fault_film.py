"""A small film that passes through all stages in seconds, and what is left of it after a fault."""

import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from unfade import media
from unfade.film.rendering import Rendering

FRAMES = range(1, 7)
SIZE_PX = (72, 96)
"""Height and width of the scan."""

WHOLE_RUN = ("run", "film.toml", "--quiet")
"""Arguments of a whole run in the folder of a film."""

POLL_S = 0.005
"""Seconds between two looks at a run that is to be interrupted."""

PATIENCE_S = 120
"""Longest wait for a command; a command that takes longer hangs."""

FILM = """[film]
title = "Faults"

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

[deliver]
movie = "h264"
"""


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit status, and its lines on standard error. None: it hung."""

    status: int | None
    lines: tuple[str, ...]

    @property
    def said(self) -> str:
        """The last line that is not about progress."""
        spoken = [line for line in self.lines if line.startswith("unfade: ")]
        return spoken[-1] if spoken else (self.lines[-1] if self.lines else "")


def make_film(folder: Path) -> None:
    """Writes film.toml and six frames of a scan, a reference and a painted picture."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 9, 12, generator=generator)
    scene = functional.interpolate(coarse, size=SIZE_PX, mode="bicubic")[0].clamp(0.05, 0.95)
    for name in ("scan", "dvd", "painted"):
        (folder / name).mkdir(parents=True)
    for frame in FRAMES:
        true_rgb = torch.roll(scene, 3 * frame, dims=2)
        faded_rgb = true_rgb * torch.tensor([1.0, 0.7, 0.75])[:, None, None]
        media.write_exr(folder / f"scan/s.{frame:04d}.exr", faded_rgb, colorspace="ACEScg")
        media.write_exr(folder / f"dvd/d.{frame:04d}.exr", true_rgb, colorspace="ACEScg")
        if frame == 2:
            media.write_exr(folder / "painted/2.exr", true_rgb, colorspace="ACEScg")
    (folder / "film.toml").write_text(FILM, encoding="utf-8")


def copy_film(film: Path, copy: Path) -> None:
    """Copies a film with the times of its files, so that finished stages stay fresh."""
    shutil.copytree(film, copy, symlinks=True)


def run(
    folder: Path,
    *arguments: str,
    environment: dict[str, str] | None = None,
    limits: Sequence[tuple[int, int]] = (),
) -> Outcome:
    """Runs a command on the film in a folder, to its end.

    Args:
        folder: of the film, which is also the working directory.
        arguments: of the command; those of a whole run if there are none.
        environment: variables that are set besides.
        limits: pairs of a limit of the system, such as `resource.RLIMIT_FSIZE`, and its value.
    """

    def set_limits() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        for kind, value in limits:
            resource.setrlimit(kind, (value, value))

    return _outcome(
        _started(
            folder,
            arguments or WHOLE_RUN,
            env=os.environ | (environment or {}),
            preexec_fn=set_limits,
        )
    )


def interrupted(folder: Path, is_time: Callable[[Path], bool], number: int) -> Outcome:
    """Starts a whole run and sends a signal when it is time, or lets it end."""
    process = _started(folder, WHOLE_RUN)
    while process.poll() is None and not is_time(folder):
        time.sleep(POLL_S)
    if process.poll() is None:
        os.kill(process.pid, number)
    return _outcome(process)


def _started(folder: Path, arguments: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    """Starts a command in the folder of a film; `options` are those of `subprocess.Popen`."""
    return subprocess.Popen(
        [sys.executable, "-m", "unfade", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **options,
    )


def _outcome(process: "subprocess.Popen[bytes]") -> Outcome:
    """How a process ends; one that hangs is killed."""
    try:
        error, status = process.communicate(timeout=PATIENCE_S)[1], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        error, status = process.communicate()[1], None
    return Outcome(status, tuple(error.decode("utf-8", "replace").splitlines()))


def problem(outcome: Outcome, expected: set[int]) -> str:
    """What is wrong with how a command ended; empty if nothing is."""
    if outcome.status is None:
        return "it hung"
    if outcome.status not in expected:
        return f"exit status {outcome.status}"
    if any(line.startswith("Traceback") for line in outcome.lines):
        return "a traceback"
    spoken = [line for line in outcome.lines if line.startswith("unfade: ")]
    if outcome.status == 2 and len(spoken) != 1:
        return f"{len(spoken)} sentences"
    return ""


def pixel_digest(folder: Path) -> str:
    """SHA-256 over the pixels of all masters; empty without a rendering."""
    path = folder / Rendering.PATH
    if not path.exists():
        return ""
    rendering = Rendering.from_json(path.read_text(encoding="utf-8"))
    digest = hashlib.sha256()
    for frame in rendering.frames:
        picture = media.read_picture(folder / "06-render" / frame.file, rendering.colorspace)
        digest.update(f"{frame.frame}".encode() + picture.numpy().tobytes())
    return digest.hexdigest()


def leftovers(folder: Path) -> list[str]:
    """Names of parts of files, which no run should leave."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(".*.partial*"))
