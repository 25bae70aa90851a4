"""The page of pairs: what it shows, the pictures that it makes, the commands that it takes."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

import unfade
from unfade.film.alignment import Alignments
from unfade.film.clip import Clips
from unfade.film.damage import Damage, DamagedFrames
from unfade.project.file import load_project
from unfade.studio.app import make_app
from unfade.studio.byte_cache import ByteCache
from unfade.studio.pages import page as show_page
from unfade.studio.studio import Studio
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

from .client import PairsPage, film_id, open_client


@pytest.fixture(scope="module")
def aligned(shared_folder: Path, write_small_film: Callable[[Path], None]) -> Path:
    """A small film that has been aligned: frame 2 with a painted picture, frame 4 with a
    reference frame."""
    folder = shared_folder / "aligned"
    write_small_film(folder)
    unfade.open(folder).run(last="align")
    return folder


@pytest.fixture
def film(tmp_path: Path, aligned: Path) -> Path:
    """A film.toml in a folder of its own, beside a folder that is not opened."""
    shutil.copytree(aligned, tmp_path / "opened/reel")
    (tmp_path / "secret").mkdir()
    shutil.copy(aligned / "painted/2.exr", tmp_path / "secret/2.exr")
    return tmp_path / "opened/reel/film.toml"


def test_the_grid_shows_the_pairs_by_shot(film: Path) -> None:
    text = PairsPage(film).text
    assert "Shot s001" in text
    assert 'data-pair="2"' in text
    assert 'data-pair="4"' in text
    assert "painted/2.exr" in text
    assert "held out" in text


def change_records(film: Path, kind: type[Clips] | type[Alignments]) -> None:
    """Changes a record as a run does that writes it anew."""
    path = film.parent / kind.PATH
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def test_the_version_of_the_page_changes_with_the_alignments(film: Path) -> None:
    """By it the grid knows that weights are old, and browsers that pictures are."""
    page = PairsPage(film)
    before = page.version
    assert before == page.version
    change_records(film, Alignments)
    assert page.version != before


def test_a_page_takes_no_fact_under_a_name_of_its_frame(tmp_path: Path) -> None:
    app = make_app(Studio(tmp_path, read_only=False))
    scope = {"type": "http", "app": app, "query_string": b"", "state": {"event": 0}}
    request = Request(scope)
    with pytest.raises(TypeError, match="'root'"):
        show_page(request, "films", "Films", root="another")


def test_both_sides_lie_on_one_raster(film: Path) -> None:
    page = PairsPage(film)
    pair = {"source": 4, "reference": 4, "of": "dvd", "aligned": 1}
    pictures = {
        side: page.picture(**pair, side=side, width=960)
        for side in ("source", "reference", "laid", "difference", "weight")
    }
    assert {one.shape[:2] for one in pictures.values()} == {(72, 96)}
    assert pictures["difference"].ndim == pictures["weight"].ndim == 2
    laid, reference = pictures["laid"].astype(int), pictures["reference"].astype(int)
    assert np.abs(laid - reference).mean() < 2
    assert np.abs(pictures["source"].astype(int) - reference).mean() > 8
    assert pictures["weight"].mean() > 200


def test_another_frame_is_laid_by_the_nearest_alignment(film: Path) -> None:
    page = PairsPage(film)
    other = page.picture(source=4, reference=5, of="dvd", side="laid", width=960).astype(int)
    alone = page.picture(what="frame", of="dvd", frame=5, width=960).astype(int)
    assert np.abs(other - alone).mean() < 2
    facts = page.get("facts", source=4, reference=5, of="dvd")
    assert facts["laid"] == "by the alignment of 4 with 4"
    assert "weight" not in facts


def test_a_painted_picture_is_shown(film: Path) -> None:
    page = PairsPage(film)
    saved = page.picture(source=2, picture=1, side="laid", width=960)
    unsaved = page.picture(source=2, painted="reel/painted/2.exr", side="laid", width=960)
    assert saved.shape == unsaved.shape == (72, 96, 3)
    assert np.array_equal(saved, unsaved)


def test_a_picture_that_is_painted_on_is_shown_anew(film: Path) -> None:
    page = PairsPage(film)
    before = page.picture(source=2, picture=1, side="reference", width=960)
    shutil.copy(film.parent / "scan/s.0005.exr", film.parent / "painted/2.exr")
    after = page.picture(source=2, picture=1, side="reference", width=960)
    assert not np.array_equal(before, after)


def test_scrubbers_get_proxies_and_full_pixels(film: Path) -> None:
    page = PairsPage(film)
    assert page.picture(what="frame", frame=3, width=128).shape == (96, 128, 3)
    assert page.picture(what="frame", frame=3, width=960).shape == (72, 96, 3)
    assert page.picture(what="frame", frame=3, of="dvd", width=128).shape == (96, 128, 3)


def test_pictures_are_those_of_the_newest_records(film: Path) -> None:
    page = PairsPage(film)
    scrubbed = {"what": "frame", "frame": 3, "width": 960}
    pair = {"source": 3, "reference": 3, "of": "dvd", "side": "source", "width": 960}
    before = [page.picture(**query) for query in (scrubbed, pair)]
    shutil.copy(film.parent / "scan/s.0005.exr", film.parent / "scan/s.0003.exr")
    change_records(film, Clips)
    after = [page.picture(**query) for query in (scrubbed, pair)]
    assert not any(map(np.array_equal, before, after))


def test_browsers_keep_pictures_of_a_version_only(film: Path) -> None:
    page = PairsPage(film)

    def is_kept(what: str, **query: object) -> bool:
        answer = page.client.get(f"{page.address}/{what}", params={"width": 320, **query})
        assert answer.status_code == 200
        return "immutable" in answer.headers.get("cache-control", "")

    pair = {"source": 4, "reference": 4, "of": "dvd"}
    assert is_kept("frame", frame=3, v=page.version)
    assert is_kept("picture", **pair, v=page.version)
    assert not is_kept("frame", frame=3)
    assert not is_kept("picture", **pair)
    assert not is_kept("picture", source=2, picture=1, v=page.version)


def test_a_damaged_frame_has_facts_and_pictures(film: Path) -> None:
    """The page must still show a pair whose frame became damaged, so that it can be dropped."""
    job = Job(load_project(film), film.parent, SilentProgress())
    clips = job.load(Clips)
    hole = DamagedFrames(first=4, last=4, fault="missing")
    damage = Damage(frames=(hole,), setting="hold")
    source = clips.source.model_copy(update={"damage": damage})
    job.save(clips.model_copy(update={"source": source}))
    page = PairsPage(film)
    assert page.get("facts", source=4, reference=4, of="dvd")["sentences"]
    held, shown = (page.picture(what="frame", frame=frame, width=960) for frame in (4, 3))
    assert np.array_equal(held, shown)
    assert page.picture(what="frame", frame=4, width=128).shape == (96, 128, 3)


def test_the_machine_says_what_it_thinks(film: Path) -> None:
    page = PairsPage(film)
    facts = page.get("facts", source=4, reference=4, of="dvd", aligned=1)
    assert any("is a hold-out pair" in sentence for sentence in facts["sentences"])
    assert 0.5 < facts["weight"] <= 1
    assert facts["laid"] == "by its own alignment"
    assert "match" in facts["candidate"]
    assert page.get("weights", frames="2,4,5")["weights"].keys() == {"2", "4"}


@pytest.mark.parametrize(
    "query",
    [
        {"source": 99, "reference": 4, "of": "dvd"},
        {"source": 4, "reference": 99, "of": "dvd"},
        {"source": 4, "reference": 4, "of": "other"},
        {"source": 4, "reference": 4, "of": "dvd", "side": "../secret"},
        {"source": "4e9", "reference": 4, "of": "dvd"},
        {"source": "9" * 30, "reference": 4, "of": "dvd"},
        {"source": 4, "reference": 4, "of": "dvd", "width": "-1"},
        {"source": 5, "picture": 1},
        {"source": 4, "painted": "../secret/2.exr"},
        {"source": 4, "painted": "reel/film.toml"},
        {"source": 4, "painted": "reel/none.exr"},
        {"source": 4, "painted": "link/2.exr"},
        {"source": 4, "painted": "a\0b"},
        {},
    ],
)
def test_a_picture_that_cannot_be_made_gets_a_sentence(
    film: Path, query: dict[str, object]
) -> None:
    (film.parents[1] / "link").symlink_to(film.parents[2] / "secret")
    page = PairsPage(film)
    answer = page.client.get(f"{page.address}/picture", params={"width": 320, **query})
    assert answer.status_code == 409
    assert answer.json()["error"]


def test_an_absolute_path_outside_is_refused(film: Path) -> None:
    page = PairsPage(film)
    path = str(film.parents[2] / "secret/2.exr")
    query = {"source": 4, "painted": path, "width": 320}
    answer = page.client.get(f"{page.address}/picture", params=query)
    assert answer.status_code == 409
    assert "lies outside" in answer.json()["error"]
    status, answer = page.choose("add", 4, painted=path)
    assert status == 409
    assert "lies outside" in answer["error"]


def test_widths_are_few_so_that_caches_stay_small(film: Path) -> None:
    page = PairsPage(film)
    pair = {"source": 4, "reference": 4, "of": "dvd"}
    for width in (0, 1, 100, 5000, 999_999_999):
        assert page.picture(**pair, width=width).shape[1] <= 96


def test_a_cache_holds_no_more_than_its_bytes() -> None:
    made = []

    def make(number: int) -> Callable[[], bytes]:
        def value() -> bytes:
            made.append(number)
            return bytes(10)

        return value

    cache: ByteCache[bytes] = ByteCache(35, len)
    for number in (1, 2, 3, 1, 4, 1):
        cache.get(number, make(number))
    assert made == [1, 2, 3, 4]
    assert cache.bytes_held == 30
    cache.get(2, make(2))
    assert made == [1, 2, 3, 4, 2]


def test_choices_are_written_and_undone(film: Path) -> None:
    before = film.read_text()
    page = PairsPage(film)
    assert page.choose("role", 4, role="test")[0] == 200
    assert load_project(film).pair[1].role == "test"
    assert page.choose("nudge", 4, steps=1)[0] == 200
    assert load_project(film).pair[1].reference == 5
    assert page.choose("drop", 2)[0] == 200
    assert load_project(film).curate.drop == (2,)
    assert "Undo: source frame 2 is dropped" in page.text
    for _ in range(3):
        answer = page.client.post(f"{page.address}/undo", json={"seen": page.seen})
        assert answer.status_code == 200
    assert film.read_text() == before
    assert "Undo:" not in page.text


def test_a_choice_on_an_old_page_is_refused(film: Path) -> None:
    one, other = PairsPage(film), PairsPage(film)
    old = other.seen
    assert one.choose("drop", 4)[0] == 200
    text = film.read_text()
    command = {"seen": old, "verb": "drop", "source": 2}
    answer = other.client.post(f"{other.address}/choose", json=command)
    assert answer.status_code == 409
    assert "changed elsewhere" in answer.json()["error"]
    answer = other.client.post(f"{other.address}/undo", json={"seen": old})
    assert answer.status_code == 409
    assert film.read_text() == text
    assert other.choose("drop", 2)[0] == 200
    assert load_project(film).curate.drop == (4, 2)


def test_a_pair_is_added_with_its_note(film: Path) -> None:
    page = PairsPage(film)
    note = "<i>by</i> the lamp"
    assert page.choose("add", 3, reference=3, of="dvd", role="train", note=note)[0] == 200
    pair = load_project(film).pair[2]
    assert (pair.source, pair.reference, pair.of, pair.note) == (3, 3, None, note)
    assert "<i>by" not in page.text


def test_a_painted_picture_is_added(film: Path) -> None:
    page = PairsPage(film)
    shutil.copy(film.parent / "painted/2.exr", film.parents[1] / "three.exr")
    status, answer = page.choose("add", 3, painted="three.exr", kind="constructed")
    assert status == 200, answer
    assert "it has the scan's raster" in answer["said"]
    pair = load_project(film).pair[2]
    assert (pair.reference, pair.kind) == ("../three.exr", "constructed")
    assert page.picture(source=3, picture=1, side="laid", width=960).shape == (72, 96, 3)


def test_a_picture_that_is_not_painted_is_refused(film: Path) -> None:
    page, before = PairsPage(film), film.read_text()
    for painted, words in (
        ("reel/scan/s.0003.exr", "paint it first"),
        ("reel/none.exr", "is not there"),
        ("reel/film.toml", "film.toml"),
    ):
        status, answer = page.choose("add", 3, painted=painted)
        assert status == 409
        assert words in answer["error"]
    assert film.read_text() == before


@pytest.mark.parametrize(
    "command",
    [
        {"verb": "delete", "source": 4},
        {"verb": "drop"},
        {"verb": "drop", "source": "4"},
        {"verb": "drop", "source": 99},
        {"verb": "role", "source": 4, "role": "best"},
        {"verb": "add", "source": 4},
        {"verb": "add", "source": 4, "reference": 10**40},
        {"verb": "add", "source": 4, "reference": 4, "note": 5},
        {"verb": "add", "source": 4, "reference": 4, "of": "another"},
        {"verb": "nudge", "source": 2, "steps": 1},
    ],
)
def test_a_choice_that_cannot_be_made_gets_a_sentence(
    film: Path, command: dict[str, object]
) -> None:
    page, before = PairsPage(film), film.read_text()
    answer = page.client.post(f"{page.address}/choose", json={"seen": page.seen, **command})
    assert answer.status_code == 409
    assert answer.json()["error"]
    assert film.read_text() == before


def test_read_only_shows_and_changes_nothing(film: Path) -> None:
    page, before = PairsPage(film, read_only=True), film.read_text()
    assert "data-choice" not in page.text
    assert page.picture(source=4, reference=4, of="dvd", width=320).shape == (72, 96, 3)
    status, answer = page.choose("drop", 4)
    assert status == 403
    assert "--read-only" in answer["error"]
    assert film.read_text() == before


def client_of(folder: Path) -> tuple[TestClient, str]:
    client = open_client(folder)
    return client, f"/film/{film_id(client)}/pairs"


def test_before_curate_has_run_the_page_says_so(
    tmp_path: Path, write_small_film: Callable[[Path], None]
) -> None:
    write_small_film(tmp_path)
    client, address = client_of(tmp_path)
    text = client.get(address).text
    assert "run &#39;unfade ingest&#39; first" in text
    assert "data-digest" not in text


def test_a_broken_film_toml_is_a_sentence(film: Path) -> None:
    page = PairsPage(film)
    film.write_text("nonsense")
    assert "is not TOML" in page.text
    answer = page.client.post(f"{page.address}/choose", json={"seen": "", "verb": "drop"})
    assert answer.status_code == 409
    assert film.read_text() == "nonsense"
