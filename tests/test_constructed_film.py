"""A film with a constructed frame, from its points to its delivery."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import unfade
from unfade.errors import ProjectError
from unfade.film.assumptions import Assumptions
from unfade.film.provenance import Provenance
from unfade.film.report import Report
from unfade.pipeline.run import stage_function
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def film(shared_folder: Path, write_small_film: Callable[[Path], None]) -> Path:
    """The folder of a film with a painted training pair and a direct hold-out pair."""
    folder = shared_folder / "film"
    write_small_film(folder)
    return folder


def test_points_of_a_constructed_frame_reach_report_and_delivery(film: Path, run: Run) -> None:
    project = film / "film.toml"
    for point in ("20,20,#8a7a6c,lobby card", "60,50,#5f6b7a,memory"):
        status, text = run("construct", project, 6, "--point", point, "--author", "Ada")
        assert status == 0, text
    status, text = run("run", project, "--quiet")
    assert status == 0, text
    page = (film / "07-validate/report.html").read_text(encoding="utf-8")
    text = (film / "construct/0000006.json").read_text(encoding="utf-8")
    words = Assumptions.from_json(text).in_words()
    assert words
    assert all(f"Frame 6: {one}." in page for one in words)
    assert len(re.findall('alt="Points of constructed frame 6', page)) == 1
    assert "2 training pairs (1 direct, 1 constructed), 1 hold-out pair, 0 test pairs." in page
    report = Report.from_json((film / Report.PATH).read_text(encoding="utf-8"))
    assert "held_out_constructed_frames" not in {one.name for one in report.measures}
    (bag,) = (film / "08-deliver").glob("*/data")
    record = Provenance.from_json((bag / "provenance.json").read_text(encoding="utf-8"))
    points = {
        one.source.frame: [point.source for point in one.focal_points] for one in record.pairs
    }
    assert points == {2: [], 4: [], 6: ["lobby card", "memory"]}
    status, text = run("verify", bag.parent)
    assert status == 0, text
    assert {stage.state for stage in unfade.open(film).status()} == {"fresh"}


def test_a_frame_constructed_anew_during_a_run_ends_it(film: Path, run: Run) -> None:
    """What taught is no longer there to be shown; the next run learns from the new one."""
    before = {path: path.read_bytes() for path in (film / "construct").iterdir()}
    assert run("construct", film, 6, "--point", "70,20,#204080,poster")[0] == 0
    job = Job(load_project(film / "film.toml"), film, SilentProgress())
    for stage in ("validate", "deliver"):
        with pytest.raises(ProjectError, match="frame 6 was constructed anew after the run had"):
            stage_function(stage)(job)
    for path, content in before.items():
        path.write_bytes(content)


def test_a_point_edited_after_the_run_is_named_before_the_next(film: Path, run: Run) -> None:
    path = film / "construct/0000006.toml"
    path.write_text(path.read_text().replace("lobby card", "poster"))
    state = {stage.name: stage.reason for stage in unfade.open(film).status()}
    assert state["validate"] == "the points file of constructed frame 6 has changed"
    status, text = run("run", film / "film.toml", "--quiet")
    assert status == 2
    assert "its points or the palette were changed after frame 6 was constructed; run" in text
