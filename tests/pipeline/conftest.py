"""A small project whose stages are replaced by fakes, and a film after a whole run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from unfade.film.stage_names import folder_name
from unfade.pipeline import preflight
from unfade.pipeline import run as pipeline
from unfade.project.settings import FilmSection, Project, ReferenceSection, SourceSection
from unfade.work.job import Job
from unfade.work.progress import SilentProgress


@pytest.fixture(scope="module")
def finished_film(shared_folder: Path, copy_small_film: Callable[[Path, str], Path]) -> Path:
    """The folder of a film after a whole run."""
    return copy_small_film(shared_folder / "film", "deliver")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces the stages by fakes that write empty artefacts; returns the names as they run.

    The model that training starts from is not read, because it may be a fake, too."""
    names: list[str] = []
    paths = {need.PATH for stage in pipeline.STAGES for need in stage.needs}

    def stage_function(name: str) -> Callable[[Job], None]:
        def run(job: Job) -> None:
            names.append(name)
            for path in paths:
                if path.startswith(folder_name(name)):
                    job.folder(name)
                    (job.root / path).write_text(f"{job.project.render.version}")

        return run

    monkeypatch.setattr(pipeline, "stage_function", stage_function)
    monkeypatch.setattr(preflight, "_check_earlier_model", lambda job: None)
    return names


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "scan.0001.dpx").write_text("frame")
    (tmp_path / "dvd.mpg").write_text("movie")
    project = Project(
        film=FilmSection(title="Reel"),
        source=SourceSection(path="scan.%04d.dpx"),
        reference=(ReferenceSection(path="dvd.mpg", name="dvd"),),
    )
    return Job(project, tmp_path, SilentProgress())
