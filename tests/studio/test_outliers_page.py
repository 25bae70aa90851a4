"""The page of outliers: the queue, decisions in film.toml and on record, rounds."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
import torch

from unfade.drawing import sheets
from unfade.film.clip import Area
from unfade.film.dismissal import Dismissals
from unfade.film.improvement import Improvement, Round
from unfade.film.outlier import Mend, OutlierRun
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.project.file import load_project
from unfade.studio.films import place_of
from unfade.studio.outlier_queue import decide
from unfade.validate.outliers.review import OutlierCase
from unfade.validate.outliers.sheet import outlier_sheet, with_rows

from ..fixtures import make_dismissal, make_outlier, make_rendered_frame, make_rendering
from .running import RunningStudio

TEXT = """# keep this comment
[film]
title = "Reel"
[source]
path = "scan.%04d.exr"
[reference]
path = "dvd.mpg"
name = "dvd"
[curate]
add = [3]  # by hand
"""
MILD = make_outlier(first=30, last=31, worst=30, score=3.0, row=1)
STRONG = make_outlier(
    first=10, last=12, worst=11, score=9.0, row=0, mend=Mend(source=11, reference=20, of="dvd")
)
CROP = make_outlier(kind="crop", first=40, last=40, worst=40, score=4.0, mend=None)


@pytest.fixture
def film(studio: RunningStudio) -> Path:
    folder = studio.new_folder()
    for name in ("06-render", "07-validate", "09-improve"):
        (folder / name).mkdir(parents=True)
    (folder / "film.toml").write_text(TEXT)
    report = Report(verdict="review", measures=(), outliers=(MILD, STRONG, CROP))
    (folder / Report.PATH).write_text(report.to_json())
    rendering = make_rendering([make_rendered_frame(10)])
    (folder / Rendering.PATH).write_text(rendering.to_json())
    rounds = (
        Round(number=0, pairs=8, held_out=1.5, by_shot={1: 1.5}),
        Round(number=1, pairs=10, held_out=1.25, by_shot={1: 1.25}, verdict="accept"),
    )
    (folder / Improvement.PATH).write_text(Improvement(rounds=rounds, ended="enough").to_json())
    return folder


def page_of(studio: RunningStudio, film: Path) -> str:
    return studio.get(f"{studio.film(film)}/outliers").text


def digest_in(page: str) -> str:
    found = re.search(r'"digest": "([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def test_the_queue_is_in_the_order_of_weight(studio: RunningStudio, film: Path) -> None:
    page = page_of(studio, film)
    order = re.findall(r'data-outlier="([^"]+)"', page)
    assert order == ["10-12-wrong-colour", "40-40-crop", "30-31-wrong-colour"]
    assert "frame 11</a> with frame 20 of dvd" in page
    assert f"{studio.film(film)}/viewer?frame=11" in page
    assert "1.250" in page
    assert "They ended because enough." in page
    assert "pairs/picture?source=11&amp;reference=20&amp;of=dvd" in page


def test_an_accepted_pair_is_in_film_toml_and_can_be_taken_back(
    studio: RunningStudio, film: Path
) -> None:
    address, digest = f"{studio.film(film)}/outliers", digest_in(page_of(studio, film))
    facts = {"outlier": "10-12-wrong-colour", "digest": digest}
    assert studio.post(f"{address}/accept", **facts).status == 200
    text = (film / "film.toml").read_text()
    assert load_project(film / "film.toml").curate.add == (3, 11)
    assert "# keep this comment" in text
    assert "# by hand" in text
    page = page_of(studio, film)
    assert "Accepted: frame 11" in page
    facts["digest"] = digest_in(page)
    assert studio.post(f"{address}/take-back", **facts).status == 200
    assert load_project(film / "film.toml").curate.add == (3,)


def test_an_accepted_pair_is_undone_among_the_choices_about_pairs(
    studio: RunningStudio, film: Path
) -> None:
    facts = {"outlier": "10-12-wrong-colour", "digest": digest_in(page_of(studio, film))}
    assert studio.post(f"{studio.film(film)}/outliers/accept", **facts).status == 200
    seen = digest_in(page_of(studio, film))
    undone = studio.post(f"{studio.film(film)}/pairs/undo", seen=seen)
    assert undone.status == 200
    assert (film / "film.toml").read_text() == TEXT


def test_a_film_toml_that_was_changed_meanwhile_is_never_overwritten(
    studio: RunningStudio, film: Path
) -> None:
    digest = digest_in(page_of(studio, film))
    changed = TEXT.replace("add = [3]", "add = [3, 5]")
    (film / "film.toml").write_text(changed)
    facts = {"outlier": "10-12-wrong-colour", "digest": digest}
    refused = studio.post(f"{studio.film(film)}/outliers/accept", **facts)
    assert refused.status == 409
    assert "was changed elsewhere" in refused.error
    assert (film / "film.toml").read_text() == changed


def test_an_outlier_without_a_mend_cannot_be_accepted(studio: RunningStudio, film: Path) -> None:
    facts = {"outlier": "40-40-crop", "digest": digest_in(page_of(studio, film))}
    refused = studio.post(f"{studio.film(film)}/outliers/accept", **facts)
    assert (refused.status, (film / "film.toml").read_text()) == (409, TEXT)


def test_a_dismissal_is_on_record_and_can_be_withdrawn(studio: RunningStudio, film: Path) -> None:
    address = f"{studio.film(film)}/outliers"
    facts = {"outlier": "40-40-crop", "by": "Ada  Byron", "reason": "a <b>gate</b> mask"}
    assert studio.post(f"{address}/dismiss", **facts).status == 200
    (entry,) = Dismissals.from_json((film / Dismissals.PATH).read_text()).entries
    assert (entry.by, entry.reason, entry.model_id) == ("Ada Byron", "a <b>gate</b> mask", "0" * 12)
    page = page_of(studio, film)
    assert "a &lt;b&gt;gate&lt;/b&gt; mask" in page
    assert "2 open, 0 accepted, 1 dismissed" in page
    assert studio.post(f"{address}/reopen", **facts).status == 200
    assert "3 open, 0 accepted, 0 dismissed" in page_of(studio, film)
    assert len(Dismissals.from_json((film / Dismissals.PATH).read_text()).entries) == 2


def test_a_dismissal_loads_no_records_of_frames(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a long film take 0.4 GB."""
    monkeypatch.setattr(Rendering, "from_json", None)
    decide(place_of(film.parent, film / "film.toml"), "40-40-crop", "Ada", "a mask")
    assert (film / Dismissals.PATH).exists()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"by": " ", "reason": "right"}, "the name is empty"),
        ({"by": "Ada", "reason": ""}, "the reason is empty"),
        ({"by": "Ada", "reason": "a\x07"}, "control character"),
        ({"by": "A" * 201, "reason": "right"}, "shorten it to 200"),
        ({"by": "Ada", "reason": "right", "outlier": "1-2-seam"}, "not in the report any more"),
    ],
)
def test_a_dismissal_needs_a_name_and_a_reason(
    studio: RunningStudio, film: Path, facts: dict[str, str], words: str
) -> None:
    command = {"outlier": "40-40-crop", **facts}
    refused = studio.post(f"{studio.film(film)}/outliers/dismiss", **command)
    assert refused.status == 409
    assert words in refused.error
    assert not (film / Dismissals.PATH).exists()


@pytest.mark.parametrize(
    ("facts", "is_dismissed"),
    [
        ({}, True),
        ({"first": 11, "last": 11}, True),
        ({"last": 13}, False),
        ({"shot": 2}, False),
        ({"kind": "seam"}, False),
    ],
)
def test_a_dismissal_holds_for_its_frames_and_kind(
    facts: dict[str, object], is_dismissed: bool
) -> None:
    run: OutlierRun = STRONG.model_copy(update=facts)
    dismissal = make_dismissal()
    assert (Dismissals(entries=(dismissal,)).of(run) is not None) is is_dismissed
    withdrawn = Dismissals(entries=(dismissal, make_dismissal(withdrawn=True)))
    assert withdrawn.of(run) is None


def test_the_page_finds_the_rows_of_the_sheet() -> None:
    """The numbers of the page are those of the sheet, whose rows have equal heights."""
    script = files("unfade.studio").joinpath("static/outliers.js").read_text(encoding="utf-8")
    margin, gap, top = (
        int(re.search(rf"const {name} = (\d+);", script)[1])  # type: ignore[index]
        for name in ("MARGIN", "GAP", "TOP")
    )
    assert (margin, gap) == (sheets.MARGIN_PX, sheets.GAP_PX)
    assert top == sheets.MARGIN_PX + sheets.LINE_SPACING_PX
    levels = (0.9, 0.6, 0.8)
    cases = [
        OutlierCase(one, None, (torch.full((3, 72, 96), level),) * 3)
        for one, level in zip((MILD, STRONG, CROP), levels, strict=True)
    ]
    assert [run.row for run in with_rows([cases[0], OutlierCase(MILD, None, ()), cases[1]])] == [
        0,
        None,
        1,
    ]
    sheet = outlier_sheet(cases, Area(x=0, y=0, width=96, height=72))
    height = (sheet.shape[1] - top - margin + gap) / len(cases) - gap
    assert height == int(height)
    for row, level in enumerate(levels):
        start = int(top + row * (height + gap))
        strip = sheet[0, start : start + int(height), -margin - 2]
        assert torch.allclose(strip, torch.full_like(strip, level), atol=1e-3)
