"""Snapshots of film.toml and of stages: kept, undone, interrupted, and edited meanwhile."""

from pathlib import Path

import pytest

from unfade.errors import ProjectError
from unfade.improve.snapshot import EDIT, SNAPSHOT, STAGES, Snapshot
from unfade.work.writing import write_text

BEFORE, AFTER = 'title = "Film"\n', 'title = "Film"\nadd = [1]\n'
FOLDERS = ("02-curate", "03-align", "04-target", "05-train")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
        write_text(tmp_path / name / "artefact.json", name)
    write_text(tmp_path / "film.toml", BEFORE)
    return tmp_path


def snapshot(root: Path) -> Snapshot:
    return Snapshot(root, root / "film.toml")


def run_stages(root: Path) -> None:
    for name in FOLDERS:
        write_text(root / name / "artefact.json", "new")
        write_text(root / name / "more.json", "new")


def contents(root: Path) -> dict[str, str]:
    files = [path for name in FOLDERS for path in sorted((root / name).iterdir())]
    return {str(path.relative_to(root)): path.read_text() for path in [root / "film.toml", *files]}


def test_the_snapshot_is_of_the_stages_of_a_round() -> None:
    assert STAGES == ("curate", "align", "target", "train")


def test_a_round_is_undone_with_the_times_of_its_files(root: Path) -> None:
    before = contents(root)
    times = {name: (root / name / "artefact.json").stat().st_mtime_ns for name in FOLDERS}
    one = snapshot(root)
    one.take(AFTER)
    assert (root / "film.toml").read_text() == AFTER
    run_stages(root)
    one.undo_round()
    assert contents(root) == before
    assert times == {name: (root / name / "artefact.json").stat().st_mtime_ns for name in FOLDERS}
    assert not (root / SNAPSHOT).exists()


def test_a_round_is_kept(root: Path) -> None:
    one = snapshot(root)
    one.take(AFTER)
    run_stages(root)
    after = contents(root)
    one.keep_round()
    one.undo_round()
    assert contents(root) == after


def test_an_interrupted_round_is_undone_by_the_next_run(root: Path) -> None:
    before = contents(root)
    snapshot(root).take(AFTER)
    run_stages(root)
    snapshot(root).undo_round()
    assert contents(root) == before


def test_an_incomplete_snapshot_changes_nothing(root: Path) -> None:
    before = contents(root)
    snapshot(root).take(BEFORE)
    (root / SNAPSHOT / EDIT).unlink()
    snapshot(root).undo_round()
    assert contents(root) == before
    assert not (root / SNAPSHOT).exists()


def test_an_edit_by_a_person_is_not_overwritten(root: Path) -> None:
    one = snapshot(root)
    one.take(AFTER)
    write_text(root / "film.toml", AFTER + "# mine\n")
    with pytest.raises(ProjectError, match="was changed while a round of improvement ran"):
        one.undo_round()
    assert (root / "film.toml").read_text() == AFTER + "# mine\n"
