"""The film whose files `fuzz.py` makes hostile, and what its targets share."""

import shutil
from pathlib import Path

from fault_film import make_film, run

from unfade.film.alignment import Alignments
from unfade.film.approval import Approvals
from unfade.film.balance import FilmBalance
from unfade.film.bookmark import Bookmarks
from unfade.film.clip import Clips
from unfade.film.delivery import Delivery
from unfade.film.dismissal import Dismissals
from unfade.film.improvement import Improvement
from unfade.film.match import MatchRecord
from unfade.film.model import LossCurve, TrainedModel, TrainingStop
from unfade.film.noun import Artefact
from unfade.film.pair import PairList
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.target import Targets
from unfade.film.used_frames import UsedFrames
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

ARTEFACTS: tuple[type[Artefact], ...] = (
    Alignments, Clips, Delivery, FilmBalance, Improvement, LossCurve, MatchRecord, PairList,
    Rendering, Report, Targets, TrainedModel, TrainingStop, UsedFrames,
)  # fmt: skip
PEOPLE: tuple[type[Artefact], ...] = (Approvals, Bookmarks, Dismissals)

BAG = Path("08-deliver/faults-v001")


class RuleBreak(Exception):
    """A reader did what no reader may do."""


def finished_film(folder: Path) -> Path:
    """A small film that has passed through all stages, made once for a folder."""
    film = folder / "film"
    if not (film / BAG).is_dir():
        shutil.rmtree(film, ignore_errors=True)
        make_film(film)
        assert run(film).status == 0
    return film


def place(path: Path, data: bytes) -> Path:
    """Writes a hostile file, as a new one: files of the film may be linked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    return path


def job_of(film: Path) -> Job:
    return Job(load_project(film / "film.toml"), film, SilentProgress())
