"""Control points on the page of pairs, without a browser: previews, refusals, what is written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import unfade
from unfade import media
from unfade.film.alignment import Alignments
from unfade.project.file import load_project
from unfade.studio.films import place_of
from unfade.studio.pair_board import changed_points, records_of, tiles_of
from unfade.studio.pair_laying import laying

from ..fixtures import flat
from .client import PairsPage

CORNERS = [(10.0, 10.0), (86.0, 12.0), (84.0, 60.0), (12.0, 62.0), (48.0, 30.0)]
"""Details of the reference, in pixels."""


def shifted(count: int, right: float = 0.0, down: float = 0.0) -> list[list[float]]:
    """Control points by which the reference lies further right and down."""
    return [[x + right, y + down, x, y] for x, y in CORNERS[:count]]


def turned(count: int) -> list[list[float]]:
    """Control points that turn the reference upside down."""
    return [[96 - x, 72 - y, x, y] for x, y in CORNERS[:count]]


@pytest.fixture(scope="module")
def aligned(shared_folder: Path, write_small_film: Callable[[Path], None]) -> Path:
    """A small film that has been aligned: frame 3 by five control points that lie a little off."""
    folder = shared_folder / "placed"
    write_small_film(folder)
    points = json.dumps(shifted(5, 3.0, -2.0))
    entry = f'[[pair]]\nsource = 3\nreference = 3\npoints = {points}\nnote = "mine" # by eye\n'
    with (folder / "film.toml").open("a") as file:
        file.write(entry)
    unfade.open(folder).run(last="align")
    return folder


@pytest.fixture
def film(tmp_path: Path, aligned: Path) -> Path:
    shutil.copytree(aligned, tmp_path / "opened/reel")
    return tmp_path / "opened/reel/film.toml"


PAIR = {"source": 5, "reference": 5, "of": "dvd"}


def laid(page: PairsPage, points: list[list[float]]) -> np.ndarray:
    query = {**PAIR, "points": json.dumps(points), "side": "laid", "width": 960}
    return page.picture(**query).astype(int)


def test_the_preview_lays_the_reference_by_its_points(film: Path) -> None:
    page = PairsPage(film)
    straight = laid(page, shifted(4))
    for count in (1, 2, 3, 4, 5):
        moved = laid(page, shifted(count, 8.0, 4.0))
        assert np.abs(moved[6:-2, 10:-2] - straight[2:-6, 2:-10]).mean() < 3
    upside_down = laid(page, turned(5))
    assert np.abs(upside_down - straight[::-1, ::-1]).mean() < 3


@pytest.mark.parametrize("points", [shifted(5, 3.0, -2.0), shifted(3, 1.5), turned(4)])
def test_the_preview_agrees_with_align(film: Path, points: list[list[float]]) -> None:
    """Within a pixel at the corners, of which align's own run is the measure."""
    text = film.read_text()
    start = text.index("points = ")
    changed = f"points = {json.dumps(points)}\n"
    film.write_text(text[:start] + changed + text[text.index('note = "mine"') :])
    unfade.open(film.parent).run(last="align")
    job = place_of(film.parents[1], film).job()
    (done,) = [one for one in job.load(Alignments).admitted if one.pair.source == 3]
    assert done.kind == "points"
    preview = laying(records_of(job), done.pair, job.project.pair[2].points, (72, 96))
    corners = np.array([[[0, 0], [95, 0], [95, 71], [0, 71]]], np.float64)
    here, there = (
        cv2.perspectiveTransform(corners, np.array(matrix))
        for matrix in (preview.matrix, done.matrix)
    )
    assert np.abs(here - there).max() < 1.0
    assert preview.own == done


def test_what_the_engine_refuses_is_refused_with_its_sentence(film: Path) -> None:
    page, before = PairsPage(film), film.read_text()
    line = [[10.0 * k, 10.0 * k, 10.0 * k, 5.0] for k in range(1, 4)]
    mirrored = [[96 - x, y, x, y] for x, y in CORNERS[:4]]
    folded = [[44, 10, 10, 30], [50, 10, 86, 30], [90, 60, 86, 60], [5, 60, 10, 60]]
    for points, words in (
        (line, "the three points lie on a line in the scan; move one off it"),
        (mirrored, "the points mirror the reference"),
        ([[1.0, 2.0, 3.0, 4.0]] * 2, "points 1 and 2 are equal in the scan"),
        ([[97.0, 5.0, 5.0, 5.0]], "point 1 is at 97, 5 in the scan, which is 96 x 72 pixels"),
        (folded, "fold the picture"),
        (shifted(1) * 33, "there are 33 points, above 32"),
        ([[-1.0, 5.0, 5.0, 5.0]], "four numbers from 0 to 100,000"),
        ([[1.0, 5.0]], "four numbers"),
        ("many", "four numbers"),
    ):
        for what in ("picture", "judgement"):
            query = {**PAIR, "points": json.dumps(points), "side": "laid", "width": 320}
            answer = page.client.get(f"{page.address}/{what}", params=query)
            assert answer.status_code == 409
            assert words in answer.json()["error"]
        status, answer = page.choose("points", 5, reference=5, of="dvd", points=points)
        assert status == 409
        assert words in answer["error"]
    query = {**PAIR, "points": "[" * 9_000, "width": 320}
    assert page.client.get(f"{page.address}/picture", params=query).status_code == 409
    assert film.read_text() == before


def test_the_judgement_says_what_align_would_remark(film: Path) -> None:
    page = PairsPage(film)

    def sentences(points: list[list[float]]) -> str:
        return " ".join(page.get("judgement", **PAIR, points=json.dumps(points))["sentences"])

    assert "It lies by 5 control points, their residual 0.00 px" in sentences(shifted(5))
    assert "The control points overrule the machine, because" in sentences(turned(5))
    tiny = [[40.0, 40.0, 5.0, 5.0], [43.0, 40.0, 90.0, 5.0]]
    assert "would reject it: the reference covers" in sentences(tiny)


def test_points_are_written_into_the_entry_and_undone(film: Path) -> None:
    page, before = PairsPage(film), film.read_text()
    points = shifted(5, 3.0, -2.0)
    points[1][0] = 90.5
    status, answer = page.choose("points", 3, reference=3, of="dvd", points=points)
    assert status == 200, answer
    assert answer["said"] == "source frame 3 is placed by 5 control points"
    pair = load_project(film).pair[2]
    assert [list(one) for one in pair.points] == points
    assert pair.note == "mine"
    assert "# by eye" in film.read_text()
    assert "5 control points" in page.text
    assert "changed; needs a run" in page.text
    page.client.post(f"{page.address}/undo", json={"seen": page.seen})
    assert film.read_text() == before
    assert "changed; needs a run" not in page.text


def test_no_points_leave_the_pair_to_the_search(film: Path) -> None:
    page = PairsPage(film)
    assert page.choose("points", 3, reference=3, of="dvd", points=[])[0] == 200
    assert load_project(film).pair[2].points == ()
    assert "points" not in film.read_text()


def test_points_replace_the_word_that_a_pair_is_aligned(film: Path) -> None:
    page = PairsPage(film)
    assert page.choose("points", 2, points=shifted(4, 1.0))[0] == 200
    pair = load_project(film).pair[0]
    assert (pair.reference, pair.aligned, len(pair.points)) == ("painted/2.exr", False, 4)


def test_a_nudge_takes_the_points_away_and_says_so(film: Path) -> None:
    page = PairsPage(film)
    _, answer = page.choose("nudge", 3, steps=1)
    assert answer["said"].endswith(
        "; its control points were removed, because it lies otherwise now"
    )
    assert load_project(film).pair[2].points == ()


def test_a_pair_is_added_with_points(film: Path) -> None:
    page = PairsPage(film)
    points = shifted(3, 2.0)
    assert page.choose("add", 5, reference=6, of="dvd", note="n", points=points)[0] == 200
    pair = load_project(film).pair[3]
    assert (pair.source, pair.reference, pair.note, len(pair.points)) == (5, 6, "n", 3)


def test_another_frame_than_that_of_film_toml_becomes_the_pair(film: Path) -> None:
    """As with a pair that the machine rejected."""
    page = PairsPage(film)
    assert page.choose("points", 3, reference=4, of="dvd", points=shifted(3))[0] == 200
    (pair,) = [one for one in load_project(film).pair if one.source == 3]
    assert (pair.reference, len(pair.points)) == (4, 3)


@pytest.mark.parametrize(
    ("reference", "of", "words"),
    [
        (-1, "dvd", "reference"),
        (10**30, "dvd", "reference"),
        (99, "dvd", "has no frame 99"),
        (4, "nix", "there is no reference 'nix'; choose dvd"),
    ],
)
def test_a_frame_that_does_not_exist_is_refused(
    film: Path, reference: int, of: str, words: str
) -> None:
    page, before = PairsPage(film), film.read_text()
    status, answer = page.choose("points", 3, reference=reference, of=of, points=shifted(3))
    assert status == 409
    assert words in answer["error"]
    assert film.read_text() == before


def test_the_remark_of_the_last_run_is_on_the_page(film: Path) -> None:
    job = place_of(film.parents[1], film).job()
    alignments = job.load(Alignments)
    told = [
        one.model_copy(update={"overruled": "the sky is flat"}) if one.kind == "points" else one
        for one in alignments.admitted
    ]
    job.save(alignments.model_copy(update={"admitted": tuple(told)}))
    (tile,) = [one for one in tiles_of(job.project, records_of(job)) if one.source == 3]
    assert tile.overruled == "the sky is flat"
    text = PairsPage(film).text
    assert "although the sky is flat" in text


def test_points_changed_since_the_run_are_known(film: Path) -> None:
    job = place_of(film.parents[1], film).job()
    assert changed_points(job) == set()
    film.write_text(film.read_text().replace("[13.0, 8.0", "[13.5, 8.0"))
    assert changed_points(place_of(film.parents[1], film).job()) == {3}


def test_the_facts_say_where_the_shown_parts_lie(film: Path) -> None:
    areas = PairsPage(film).get("facts", **PAIR)["areas"]
    whole = {"x": 0, "y": 0, "width": 96, "height": 72, "across": 96, "down": 72}
    assert areas == {"source": whole, "reference": whole}


def test_a_pair_is_judged_before_it_is_aligned(film: Path) -> None:
    """Similarity and residual, or the reason of a rejection."""
    page = PairsPage(film)
    good, poor = (
        page.get("judgement", source=5, reference=reference, of="dvd")["sentences"]
        for reference in (5, 1)
    )
    assert float(good[0].split(" is ")[1].split()[0]) > 0.9
    assert float(poor[0].split(" is ")[1].split()[0]) < float(good[0].split(" is ")[1].split()[0])
    assert all("first measurement" in sentences[1] for sentences in (good, poor))


def test_a_picture_without_a_registration_is_rejected_with_the_words_of_align(film: Path) -> None:
    picture = flat((0.3, 0.3, 0.3), 72, 96)
    media.write_exr(film.parent / "painted/flat.exr", picture, colorspace="ACEScg")
    told = PairsPage(film).get("judgement", source=5, painted="reel/painted/flat.exr")
    assert told["sentences"] == [
        "A first measurement would reject it: only 0 feature matches are inliers."
    ]


def test_the_similarity_is_that_of_curate(film: Path) -> None:
    page, records = PairsPage(film), records_of(place_of(film.parents[1], film).job())
    assert records.matches is not None
    column = records.matches.references["dvd"]
    for frame in (2, 5):
        index = frame - records.matches.frames.first
        query = {"source": frame, "reference": column.reference[index], "of": "dvd"}
        told = page.get("judgement", **query)["sentences"][0]
        assert float(told.split(" is ")[1].split()[0]) == pytest.approx(
            column.similarity[index], abs=0.01
        )
