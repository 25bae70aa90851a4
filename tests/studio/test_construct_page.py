"""The page of constructions without a browser: what it shows, solves, saves and refuses."""

import io
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from starlette.testclient import TestClient

import unfade
from unfade import media
from unfade.color.srgb import working_rgb
from unfade.construct import constructed_files
from unfade.construct.assumptions import read_assumptions
from unfade.construct.records import keep_colour, read_construction, read_palette
from unfade.errors import WorkError
from unfade.film.construction import srgb_codes
from unfade.film.working_space import WORKING_SPACE
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

from .client import film_id, open_client

FRAME = 3
POINTS = (
    {"at": [[20, 20]], "colour": "#8a7a6c", "source": "lobby card"},
    {"at": [[60, 50], [66, 52]], "colour": "foliage"},
)


class ConstructPage:
    """The page of a film, without a browser."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.client: TestClient = open_client(folder.parent, read_only=read_only)
        self.address = f"/film/{film_id(self.client)}/construct"

    @property
    def seen(self) -> str:
        return str(self.get("frame", frame=FRAME)["seen"])

    def get(self, what: str, **query: object) -> dict[str, Any]:
        answer = self.client.get(f"{self.address}/{what}", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refusal(self, what: str, **query: object) -> str:
        answer = self.client.get(f"{self.address}/{what}", params=query)
        assert answer.status_code == 409
        return str(answer.json()["error"])

    def picture(self, **query: object) -> np.ndarray:
        answer = self.client.get(f"{self.address}/picture", params={"width": 960, **query})
        assert answer.status_code == 200, answer.text
        return np.asarray(
            cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
        )

    def post(self, what: str, **command: object) -> tuple[int, dict[str, Any]]:
        answer = self.client.post(f"{self.address}/{what}", json=command)
        return answer.status_code, answer.json()

    def save(self, **command: object) -> tuple[int, dict[str, Any]]:
        stated = {"frame": FRAME, "author": "A. Colourist", "point": POINTS, "replaces": ""}
        return self.post("save", **{**stated, "seen": self.seen, **command})


@pytest.fixture
def film(tmp_path: Path, write_small_film: Callable[[Path], None]) -> Path:
    """A film after ingest, in a folder of its own below the opened one."""
    folder = tmp_path / "films/film"
    write_small_film(folder)
    unfade.open(folder).run(last="ingest")
    return folder


def test_before_ingest_the_page_says_what_to_do(
    tmp_path: Path, write_small_film: Callable[[Path], None]
) -> None:
    write_small_film(tmp_path / "films/film")
    page = ConstructPage(tmp_path / "films/film")
    text = page.client.get(page.address).text
    assert "is missing; run &#39;unfade ingest&#39; first" in text
    assert 'id="desk"' not in text


def test_a_painted_picture_that_is_a_constructed_pair_is_named_too(film: Path) -> None:
    text = film.joinpath("film.toml").read_text()
    painted = 'reference = "painted/2.exr"\n'
    film.joinpath("film.toml").write_text(text.replace(painted, painted + 'kind = "constructed"\n'))
    assert "saving replaces it" in ConstructPage(film).get("frame", frame=2)["pair"]


def test_a_frame_comes_with_its_points_palettes_and_pair(film: Path) -> None:
    page = ConstructPage(film)
    found = page.get("frame", frame=2)
    assert found["construction"]["point"] == []
    assert (found["area"]["width"], found["area"]["height"]) == (96, 72)
    assert {"foliage", "light skin"} <= {one["name"] for one in found["palette"]}
    assert "film.toml has a pair with painted/2.exr here; saving replaces it" in found["pair"]
    assert page.get("frame", frame=3)["pair"] == ""


def test_a_solution_shows_pictures_places_and_contradictions(film: Path) -> None:
    page = ConstructPage(film)
    found = page.get("solution", frame=FRAME)
    assert found["constructed"].startswith("data:image/jpeg;base64,")
    assert 0 < len(found["places"]) <= 5
    assert found["left_out"] == []
    grey = [
        {"at": [[8 + 16 * column, 12 + 16 * row]], "colour": "#808080", "source": "memory"}
        for column in range(5)
        for row in range(4)
    ]
    wrong = {"at": [[40, 36]], "colour": "#00ff20", "source": "a green face"}
    status, found = page.post("solution", frame=FRAME, point=[*grey, wrong])
    assert status == 200
    words = {one["number"]: one["words"] for one in found["left_out"]}
    wrong_words = words[len(grey) + 1]
    assert (
        "point 21 (#00ff20, a green face) contradicts the others, by which it is #" in wrong_words
    )


def test_points_without_a_colour_state_nothing_and_learn_what_is_solved_there(film: Path) -> None:
    page = ConstructPage(film)
    open_point = {"at": [[40, 36]], "colour": ""}
    grey = [
        {"at": [[8 + 16 * column, 12 + 16 * row]], "colour": "grey"}
        for column in range(5)
        for row in range(4)
    ]
    wrong = {"at": [[44, 40]], "colour": "#00ff20", "source": "a green face"}
    status, found = page.post("solution", frame=FRAME, point=[open_point, *grey, wrong])
    assert status == 200
    assert found["left_out"][0]["number"] == len(grey) + 2
    assert f"point {len(grey) + 2} (#00ff20" in found["left_out"][0]["words"]
    assert "ColorChecker" not in found["left_out"][0]["words"]
    assert len(found["shown"]) == len(grey) + 2
    stated = {**open_point, "colour": found["shown"][0], "source": "as shown"}
    again = page.post("solution", frame=FRAME, point=[open_point, *grey, stated])[1]["shown"]
    codes = [srgb_codes(one) for one in (again[0], again[-1], found["shown"][0])]
    assert codes[0] == codes[1]
    assert codes[1] == pytest.approx(codes[2], abs=2)


def test_a_colour_of_the_palette_keeps_its_source_in_words(film: Path) -> None:
    keep_colour(film, "leaf", "#00ff20", "costume in a museum")
    grey = [
        {"at": [[8 + 16 * column, 12 + 16 * row]], "colour": "grey"}
        for column in range(5)
        for row in range(4)
    ]
    point = [*grey, {"at": [[40, 36]], "colour": "leaf"}]
    found = ConstructPage(film).post("solution", frame=FRAME, point=point)[1]
    assert "(#00ff20, costume in a museum)" in found["left_out"][0]["words"]


def test_a_colour_shows_before_its_source_is_stated(film: Path) -> None:
    page = ConstructPage(film)
    point = {"at": [[20, 20]], "colour": "#8a7a6c"}
    assert page.post("solution", frame=FRAME, point=[point])[0] == 200
    status, answer = page.save(point=[point])
    assert (status, "does not say where its colour is known from" in answer["error"]) == (409, True)
    assert not (film / "construct").exists()


def test_saving_writes_points_pictures_record_and_pair(film: Path) -> None:
    page = ConstructPage(film)
    status, answer = page.save()
    assert (status, answer["said"]) == (
        200,
        "frame 3 is a constructed pair of 1 point, 1 left out; a run learns from it",
    )
    assert answer["seen"] == page.seen
    construction = read_construction(film, FRAME)
    assert construction.author == "A. Colourist"
    assert [len(one.at) for one in construction.point] == [1, 2]
    pair = next(one for one in load_project(film / "film.toml").pair if one.source == FRAME)
    assert (pair.kind, pair.reference, pair.role) == (
        "constructed",
        "construct/0000003.exr",
        "train",
    )
    job = Job(load_project(film / "film.toml"), film, SilentProgress())
    assert [one.author for one in read_assumptions(job, FRAME).points] == ["A. Colourist"] * 2
    assert page.picture(constructed=FRAME).shape == (72, 96, 3)
    assert f'data-frame="{FRAME}"' in page.client.get(page.address).text


def test_saving_keeps_the_role_of_a_pair(film: Path) -> None:
    page, path = ConstructPage(film), film / "film.toml"
    page.save()
    pair = next(one for one in load_project(path).pair if one.source == FRAME)
    assert (pair.kind, pair.role) == ("constructed", "train")
    kind = 'kind = "constructed"\n'
    path.write_text(path.read_text().replace(kind, f'{kind}role = "holdout"\n'))
    assert page.save()[0] == 200
    pair = next(one for one in load_project(path).pair if one.source == FRAME)
    assert (pair.kind, pair.role) == ("constructed", "holdout")


def test_a_constructed_frame_does_not_take_over_the_role_of_another_pair(film: Path) -> None:
    page = ConstructPage(film)
    found = page.get("frame", frame=4)
    assert page.save(frame=4, seen=found["seen"], replaces=found["replaces"])[0] == 200
    pair = next(one for one in load_project(film / "film.toml").pair if one.source == 4)
    assert (pair.kind, pair.role) == ("constructed", "train")


def test_a_pair_of_which_the_person_was_not_told_is_not_replaced(film: Path) -> None:
    page, project = ConstructPage(film), film / "film.toml"
    before = project.read_text()
    status, answer = page.save(frame=2)
    assert (status, "which the constructed frame would replace" in answer["error"]) == (409, True)
    assert page.save(frame=2, replaces="painted/other.exr")[0] == 409
    assert project.read_text() == before
    assert not list(film.glob("construct/*"))


@pytest.mark.parametrize("failing", ["_write_picture", "replace_project_text"])
def test_a_save_that_fails_halfway_can_be_repeated(
    film: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    page, seen = ConstructPage(film), ConstructPage(film).seen

    def full(*_: object) -> None:
        raise WorkError("the disk: is full; make space")

    with monkeypatch.context() as patch:
        patch.setattr(constructed_files, failing, full)
        assert page.save(seen=seen) == (409, {"error": "the disk: is full; make space"})
    assert page.save(seen=seen)[0] == 200
    job = Job(load_project(film / "film.toml"), film, SilentProgress())
    assert len(read_assumptions(job, FRAME).points) == 2


def test_what_a_killed_save_left_is_removed_by_the_next(film: Path) -> None:
    left = film / "construct/.0000003.000000-1-00000000.partial.png"
    left.parent.mkdir()
    left.write_bytes(b"part of a picture")
    os.utime(left, (0, 0))
    assert ConstructPage(film).save()[0] == 200
    assert not left.exists()


def test_as_many_points_as_a_frame_may_have_can_be_saved(film: Path) -> None:
    """The longest of them: an answer would take long, but the size of a request does not refuse."""
    at = [[1234.5, 10 + one / 10] for one in range(200)]
    point = {"at": at, "colour": "#8a7a6c", "source": "\u00e9" * 500, "note": "\u00e9" * 500}
    status, answer = ConstructPage(film).save(point=[point] * 500)
    assert (status, "point 1 lies outside the live area" in answer["error"]) == (409, True)


def test_a_picture_behind_a_link_out_of_the_opened_folder_is_not_shown(film: Path) -> None:
    outside = film.parents[1] / "elsewhere.exr"
    media.write_exr(outside, torch.full((3, 8, 8), 0.5), colorspace=WORKING_SPACE)
    (film / "construct").mkdir()
    (film / "construct/0000003.exr").symlink_to(outside)
    assert "lies outside" in ConstructPage(film).refusal("picture", constructed=FRAME, width=960)


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(film: Path) -> None:
    page = ConstructPage(film)
    seen = page.seen
    page.save()
    path = film / "construct/0000003.toml"
    before = path.read_text()
    status, answer = page.save(point=POINTS[:1], seen=seen)
    assert (status, "was changed elsewhere meanwhile" in answer["error"]) == (409, True)
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"point": []}, "frame 3 has no point; add one before you save"),
        ({"author": ""}, "the author is empty"),
        ({"author": "A\x1bB"}, "the author holds a control character"),
        ({"point": [{**POINTS[0], "source": "a\x1bcard"}]}, "'source' of [[point]] 1"),
        ({"point": [{**POINTS[0], "note": "a\x1bcard"}]}, "'note' of [[point]] 1"),
        ({"replaces": 3}, "has no text 'replaces'"),
        ({"frame": 99}, "has no frame 99; choose one of 1 to 6"),
        ({"frame": "three"}, "'frame'"),
        ({"point": [{**POINTS[0], "at": [[500, 20]]}]}, "point 1 lies outside the live area"),
        ({"point": [{**POINTS[0], "at": [["left", 20]]}]}, "'at' of [[point]] 1"),
        ({"point": [{**POINTS[0], "colour": "greenish"}]}, "no palette has a colour 'greenish'"),
        ({"point": [{**POINTS[0], "area": True}]}, "outline it"),
        ({"point": [{**POINTS[0], "size": 3}]}, "unknown key 'size' of [[point]] 1"),
        ({"seen": 3}, "has no text 'seen'"),
    ],
)
def test_what_cannot_be_saved_gets_a_sentence(
    film: Path, change: dict[str, Any], words: str
) -> None:
    before = (film / "film.toml").read_text()
    status, answer = ConstructPage(film).save(**change)
    assert (status, words in answer["error"]) == (409, True), answer
    assert not (film / "construct").exists()
    assert (film / "film.toml").read_text() == before


def test_a_read_only_studio_solves_and_saves_nothing(film: Path) -> None:
    page = ConstructPage(film, read_only=True)
    assert page.get("solution", frame=FRAME)["places"]
    assert page.save()[0] == 403
    assert page.post("palette", name="coat", colour="#4a5b3c", source="museum")[0] == 403
    assert not (film / "construct").exists()


def test_the_palette_keeps_a_colour(film: Path) -> None:
    page = ConstructPage(film)
    status, answer = page.post("palette", name=" coat ", colour="#4A5B3C", source="museum")
    assert (status, answer["name"]) == (200, "coat")
    assert answer["palette"][0] == {"name": "coat", "colour": "#4a5b3c", "source": "museum"}
    assert [one.name for one in read_palette(film).colour] == ["coat"]
    for change, words in (
        ({"colour": "green"}, "palette.toml: 'colour'"),
        ({"source": ""}, "where the colour is known from is empty"),
        ({"name": ""}, "the name is empty"),
    ):
        command = {"name": "sky", "colour": "#627a9d", "source": "memory"} | change
        status, answer = page.post("palette", **command)
        assert (status, words in answer["error"]) == (409, True), answer
    assert [one.name for one in read_palette(film).colour] == ["coat"]


def test_pictures_show_stated_colours_as_browsers_do(film: Path) -> None:
    """In sRGB, so that a colour that is taken from one is the one that the file states."""
    card = film.parent / "card.png"
    media.write_png(card, working_rgb("#c29682").float()[:, None, None].expand(3, 40, 60), bits=16)
    page = ConstructPage(film)
    blue, green, red = page.picture(path="card.png")[20, 30].tolist()
    assert (red, green, blue) == pytest.approx((0xC2, 0x96, 0x82), abs=1)
    assert page.picture(frame=1).shape == page.picture(frame=1, of="dvd").shape == (72, 96, 3)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"path": "card.png"}, "card.png: is not there; choose a picture"),
        ({"path": "../secret.png"}, "lies outside"),
        ({"path": "/etc/passwd"}, "lies outside"),
        ({"path": "link.png"}, "lies outside"),
        ({"path": "film/film.toml"}, "film.toml"),
        ({"frame": 99}, "has no frame 99"),
        ({"frame": "x"}, "has no whole number 'frame'"),
        ({"frame": 1, "of": "vhs"}, "there is no reference 'vhs'"),
        ({"constructed": 3}, "save the construction of frame 3 first"),
    ],
)
def test_a_picture_that_cannot_be_shown_gets_a_sentence(
    film: Path, query: dict[str, object], words: str
) -> None:
    secret = film.parents[1] / "secret.png"
    media.write_png(secret, torch.full((3, 8, 8), 0.5))
    (film.parent / "link.png").symlink_to(secret)
    assert words in ConstructPage(film).refusal("picture", width=960, **query)


def test_texts_are_shown_as_texts(film: Path) -> None:
    page = ConstructPage(film)
    script = "<script>alert(1)</script>"
    assert page.save(point=[{**POINTS[0], "note": script, "source": script}])[0] == 200
    assert script not in page.client.get(page.address).text
    answer = page.client.get(f"{page.address}/frame", params={"frame": FRAME})
    assert answer.headers["content-type"] == "application/json"
    stored = tomllib.load(io.BytesIO((film / "construct/0000003.toml").read_bytes()))
    assert stored["point"][0]["note"] == script
