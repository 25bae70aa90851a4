"""A person's decision: what it records, when it is refused, and when it is of older masters."""

import datetime
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bagit
import pytest

import unfade
from unfade.errors import ProjectError, WorkError
from unfade.film.approval import Approvals
from unfade.film.delivery import Delivery
from unfade.film.rendering import Rendering
from unfade.work.bookmarks import add_bookmark
from unfade.work.digest_cache import digest
from unfade.work.lock import lock_folder

from ..fixtures import make_bookmark

UNFADE = (sys.executable, "-m", "unfade")


@pytest.fixture
def folder(tmp_path: Path, copy_small_film: Callable[[Path, str], Path]) -> Path:
    """The folder of a film that was run up to its report."""
    return copy_small_film(tmp_path / "film", "validate")


def decisions(folder: Path) -> Approvals:
    return Approvals.from_json((folder / Approvals.PATH).read_text(encoding="utf-8"))


def rendering(folder: Path) -> Rendering:
    return Rendering.from_json((folder / Rendering.PATH).read_text(encoding="utf-8"))


def test_a_decision_records_who_when_and_what(folder: Path) -> None:
    film = unfade.open(folder)
    assert film.decision == "no person has decided on these masters"
    before = datetime.datetime.now().astimezone()
    film.approve(" Ada Byron ", note="skin is right")
    (one,) = decisions(folder).decisions
    assert (one.by, one.decision, one.note) == ("Ada Byron", "approved", "skin is right")
    age = datetime.datetime.fromisoformat(one.date) - before
    assert datetime.timedelta(seconds=-1) <= age < datetime.timedelta(minutes=1)
    masters = rendering(folder)
    assert (one.version, one.frames, one.model_id) == (1, 4, masters.model_id)
    assert one.masters_sha256 == masters.masters_sha256()
    assert one.report_sha256 == digest(folder / "07-validate/report.json")
    assert film.decision == f"approved by Ada Byron on {one.date[:10]}: skin is right"


def test_a_later_decision_counts_and_none_is_lost(folder: Path) -> None:
    film = unfade.open(folder)
    film.approve("Ada")
    film.approve("Grace", reject=True)
    assert [one.by for one in decisions(folder).decisions] == ["Ada", "Grace"]
    assert film.decision.startswith("rejected by Grace on ")


def test_a_delivery_says_who_decided_and_is_stale_after_another_decision(folder: Path) -> None:
    film = unfade.open(folder)
    film.approve("Ada Byron")
    add_bookmark(folder, make_bookmark())
    film.run(last="deliver")
    delivery = Delivery.from_json((folder / Delivery.PATH).read_text(encoding="utf-8"))
    bag = folder / "08-deliver" / delivery.bag
    words = film.decision
    assert delivery.decision == decisions(folder).decisions[-1]
    assert words in bagit.Bag(str(bag)).info["External-Description"]
    for name in ("validation-note.txt", "report.html"):
        assert words in " ".join((bag / "data" / name).read_text(encoding="utf-8").split())
    assert (bag / "data" / Approvals.PATH).read_text() == (folder / Approvals.PATH).read_text()
    assert "green sky" in (bag / "data/report.html").read_text(encoding="utf-8")
    assert film.status()[-1].state == "fresh"
    add_bookmark(folder, make_bookmark(note="wrong grain"))
    assert film.status()[-1].reason == "bookmarks.json has changed"
    film.approve("Grace", reject=True)
    assert film.status()[-1].state == "stale"
    film.run()
    assert "rejected by Grace" in (bag / "data/validation-note.txt").read_text(encoding="utf-8")


def test_a_decision_on_older_masters_is_shown_as_such(folder: Path) -> None:
    unfade.open(folder).approve("Ada Byron")
    project = folder / "film.toml"
    project.write_text(project.read_text().replace("last = 5", "last = 4"))
    film = unfade.open(folder)
    film.run(last="validate")
    assert film.decision.startswith(
        "no person has decided on these masters; older ones, version 1 by model "
    )
    assert "were approved by Ada Byron on " in film.decision


def test_the_same_masters_rendered_again_keep_their_decision(folder: Path) -> None:
    film = unfade.open(folder)
    film.approve("Ada Byron")
    film.run(first="render", last="validate")
    assert film.decision.startswith("approved by Ada Byron")


def test_stale_masters_are_not_decided_on(folder: Path) -> None:
    os.remove(folder / "07-validate/report.html")
    with pytest.raises(WorkError, match=r"validate is stale .*run 'unfade run' first"):
        unfade.open(folder).approve("Ada")
    assert not (folder / Approvals.PATH).exists()


def test_a_decision_needs_a_name(folder: Path) -> None:
    with pytest.raises(ProjectError, match="--by: is empty"):
        unfade.open(folder).approve("  ")


@pytest.mark.parametrize(
    ("by", "note", "words"),
    [
        ("Ada\x1b[2J", "", "--by: holds a control character; leave it out"),
        ("Ada\udcff", "", "--by: holds a control character"),
        ("Ada", "fine\x00", "--note: holds a control character"),
        ("A" * 201, "", "--by: has 201 characters; shorten it to 200"),
        ("Ada", "x" * 10_001, "--note: has 10,001 characters"),
    ],
)
def test_names_and_notes_are_a_line_of_text(folder: Path, by: str, note: str, words: str) -> None:
    with pytest.raises(ProjectError, match=words):
        unfade.open(folder).approve(by, note=note)
    assert not (folder / Approvals.PATH).exists()


def test_line_breaks_become_spaces_and_older_records_steer_no_terminal(folder: Path) -> None:
    film = unfade.open(folder)
    one = film.approve("Ada\nByron", note="good\tskin")
    assert (one.by, one.note) == ("Ada Byron", "good skin")
    spoofed = one.model_copy(update={"by": "Ada\x1b[2J\nGrace"})
    assert spoofed.in_words().startswith("approved by Ada [2J Grace on ")


def test_decisions_behind_a_link_and_in_a_folder(folder: Path, tmp_path: Path) -> None:
    """A link is replaced by a file, and what it led to stays; a folder is damage."""
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(Approvals().to_json(), encoding="utf-8")
    (folder / Approvals.PATH).symlink_to(elsewhere)
    unfade.open(folder).approve("Ada")
    assert elsewhere.read_text(encoding="utf-8") == Approvals().to_json()
    assert not (folder / Approvals.PATH).is_symlink()
    (folder / Approvals.PATH).unlink()
    (folder / Approvals.PATH).mkdir()
    with pytest.raises(WorkError, match=r"approvals\.json: is damaged"):
        unfade.open(folder).approve("Ada")


def test_nothing_is_decided_during_a_run(folder: Path) -> None:
    with lock_folder(folder, print), pytest.raises(WorkError):
        unfade.open(folder).approve("Ada")


def test_damaged_decisions_are_never_replaced(folder: Path) -> None:
    (folder / Approvals.PATH).write_text("{")
    with pytest.raises(WorkError, match=r"approvals\.json: is damaged"):
        unfade.open(folder).approve("Ada")
    assert (folder / Approvals.PATH).read_text() == "{"


def test_the_command_prints_the_decision_and_status_shows_it(folder: Path) -> None:
    command = [*UNFADE, "approve", folder, "--by", "Ada Byron", "--note", "for the festival"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, second, third = done.stdout.splitlines()
    assert first.startswith("approved by Ada Byron on ")
    assert first.endswith(": for the festival")
    assert second.startswith("  version 1, 4 masters, model ")
    assert third.startswith("to deliver with this decision: unfade run ")
    status = subprocess.run([*UNFADE, "status", folder], capture_output=True, text=True, check=True)
    assert status.stdout.splitlines()[-1] == first
