"""Snapshots of film.toml and of stages: kept, undone, interrupted, and edited meanwhile."""

from pathlib import Path

import pytest

from unfade.errors import ProjectError
from unfade.improve.snapshot import EDIT, SNAPSHOT, Snapshot
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


def test_a_round_is_undone_with_the_times_of_its_files(root: Path) -> None:
    before = contents(root)
    times = {name: (root / name / "artefact.json").stat().st_mtime_ns for name in FOLDERS}
    one = snapshot(root)
    one.take(BEFORE, AFTER)
    assert (root / "film.toml").read_text() == AFTER
    run_stages(root)
    one.undo_round()
    assert contents(root) == before
    assert times == {name: (root / name / "artefact.json").stat().st_mtime_ns for name in FOLDERS}
    assert not (root / SNAPSHOT).exists()


def test_a_round_is_kept(root: Path) -> None:
    one = snapshot(root)
    one.take(BEFORE, AFTER)
    run_stages(root)
    after = contents(root)
    one.keep_round()
    one.undo_round()
    assert contents(root) == after


def test_an_interrupted_round_is_undone_by_the_next_run(root: Path) -> None:
    before = contents(root)
    snapshot(root).take(BEFORE, AFTER)
    run_stages(root)
    snapshot(root).undo_round()
    assert contents(root) == before


def test_an_incomplete_snapshot_changes_nothing(root: Path) -> None:
    before = contents(root)
    snapshot(root).take(BEFORE, BEFORE)
    (root / SNAPSHOT / EDIT).unlink()
    snapshot(root).undo_round()
    assert contents(root) == before
    assert not (root / SNAPSHOT).exists()


def test_an_edit_while_the_snapshot_is_taken_is_not_overwritten(root: Path) -> None:
    write_text(root / "film.toml", BEFORE + "# mine\n")
    with pytest.raises(ProjectError, match="was changed while a round of improvement was prepared"):
        snapshot(root).take(BEFORE, AFTER)
    assert (root / "film.toml").read_text() == BEFORE + "# mine\n"
    assert snapshot(root).undo_round() is False


def test_a_kept_round_that_was_killed_while_it_was_forgotten_stays(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = snapshot(root)
    one.take(BEFORE, AFTER)
    run_stages(root)
    after = contents(root)
    monkeypatch.setattr("shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        one.keep_round()
    monkeypatch.undo()
    assert snapshot(root).undo_round() is False
    assert contents(root) == after


def killed(*folder: object, **options: object) -> None:
    raise KeyboardInterrupt


def test_an_edit_by_a_person_is_not_overwritten(root: Path) -> None:
    one = snapshot(root)
    one.take(BEFORE, AFTER)
    write_text(root / "film.toml", AFTER + "# mine\n")
    with pytest.raises(ProjectError, match="was changed while a round of improvement ran"):
        one.undo_round()
    assert (root / "film.toml").read_text() == AFTER + "# mine\n"
