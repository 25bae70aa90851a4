"""The page of the report: the report in a box, its files, decision, delivery and verification."""

from pathlib import Path

import pytest

from unfade.film.approval import Approvals
from unfade.film.delivery import Delivery
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.studio.films import place_of
from unfade.work.bookmarks import add_bookmark
from unfade.work.digest_cache import digest
from unfade.work.dismissals import add_dismissal

from ..fixtures import make_bookmark, make_dismissal, make_rendered_frame, make_rendering
from .running import RunningStudio


@pytest.fixture
def film(studio: RunningStudio) -> Path:
    folder = studio.new_folder()
    for name in ("06-render", "07-validate/inner", "08-deliver"):
        (folder / name).mkdir(parents=True)
    (folder / "film.toml").write_text('[film]\ntitle = "Reel"\n[source]\npath = "scan.%04d.exr"\n')
    report = Report(verdict="review", reasons=("look <i>here</i>",), measures=())
    (folder / Report.PATH).write_text(report.to_json())
    (folder / Rendering.PATH).write_text(make_rendering([make_rendered_frame(1)]).to_json())
    (folder / "07-validate/report.html").write_text("<script>parent.stolen = 1</script>")
    (folder / "07-validate/other.html").write_text("<script>1</script>")
    (folder / "07-validate/split-000001.png").write_bytes(b"\x89PNG")
    return folder


def test_the_report_is_in_a_box_without_rights(studio: RunningStudio, film: Path) -> None:
    page = studio.get(f"{studio.film(film)}/report").text
    assert 'sandbox="allow-scripts"' in page
    assert "look &lt;i&gt;here&lt;/i&gt;" in page
    answer = studio.get(f"{studio.film(film)}/report/files/report.html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in policy


def test_only_files_of_validate_are_served(studio: RunningStudio, film: Path) -> None:
    (film / "07-validate/link.png").symlink_to(film / "film.toml")
    address = f"{studio.film(film)}/report/files"
    assert studio.get(f"{address}/split-000001.png").status == 200
    (film / "05-train").mkdir()
    (film / "05-train/report.html").write_text("<form></form>")
    assert studio.get(f"{studio.film(film)}/training/files/report.html").status == 404
    for name in (
        "other.html",
        "report.json",
        "link.png",
        "inner",
        "..%2ffilm.toml",
        "..%2f06-render%2frendering.json",
        "receipt.png",
        "",
    ):
        assert studio.get(f"{address}/{name}").status == 404, name


def test_notes_of_people_are_listed_and_escaped(studio: RunningStudio, film: Path) -> None:
    address = f"{studio.film(film)}/report"
    assert "Notes of people" not in studio.get(address).text
    place = place_of(studio.root, film / "film.toml")
    before = place.signature()
    add_bookmark(film, make_bookmark(note="<script>sky</script>\x1b[2J"))
    assert place.signature() != before, "the state of deliver is not looked at again"
    add_dismissal(film, make_dismissal(reason="a <b>gate</b>"))
    page = studio.get(address).text
    assert "Notes of people, which go into the delivery: 2" in page
    words = "frame 12, by Ada Byron on 2026-11-30: &lt;script&gt;sky&lt;/script&gt; [2J"
    assert f'viewer?frame=12">{words}</a>' in page
    assert "dismissed by Ada Byron on 2026-11-30: a &lt;b&gt;gate&lt;/b&gt;" in page


def test_a_decision_needs_the_report_that_was_seen(studio: RunningStudio, film: Path) -> None:
    address = f"{studio.film(film)}/report/decision"
    facts = {"decision": "approved", "by": "Ada", "note": ""}
    refused = studio.post(address, **facts, seen="0" * 64)
    assert "have changed since you looked" in refused.error
    refused = studio.post(address, **facts, seen=f"{digest(film / Report.PATH)} 1")
    assert "have changed since you looked" in refused.error, "somebody else has decided"
    seen = f"{digest(film / Report.PATH)} 0"
    refused = studio.post(address, **facts, seen=seen)
    assert "a decision is on masters and a report that belong together" in refused.error
    refused = studio.post(address, decision="maybe", by="Ada", seen=seen)
    assert refused.error == "there is no decision 'maybe'; load the page again"
    refused = studio.post(address, decision="approved", by=" ", seen=seen)
    assert "the name is empty" in refused.error
    refused = studio.post(address, **facts | {"note": "a\x07"}, seen=seen)
    assert refused.error == "the note holds a control character; leave it out"
    assert not (film / Approvals.PATH).exists()


def test_verify_runs_on_the_bag_of_the_film(studio: RunningStudio, film: Path) -> None:
    address = f"{studio.film(film)}/runs"
    refused = studio.post(address, verb="verify")
    assert "run 'unfade deliver' first" in refused.error
    record = Delivery(bag="bag", files=1, bytes=1, verdict="review").to_json()
    (film / Delivery.PATH).write_text(record.replace(': "bag"', ': "../../elsewhere/bag"'))
    refused = studio.post(address, verb="verify")
    assert "is damaged ('bag': Value error, it has to be the name of a file" in refused.error
    (film / Delivery.PATH).write_text(record)
    assert studio.post(address, verb="verify").status == 200
    records = (studio.root / ".unfade-studio").glob("*.json")
    assert any(str(film / "08-deliver/bag") in one.read_text() for one in records)
