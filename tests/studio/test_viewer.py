"""The viewer's pages and pictures, from the server's side."""

import shutil
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch

from unfade import media
from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import luma
from unfade.film.clip import Clips
from unfade.film.damage import Damage
from unfade.film.working_space import WORKING_SPACE
from unfade.render.recover import recover
from unfade.studio.films import place_of
from unfade.studio.pictures.desk import PictureDesk
from unfade.studio.pictures.film import OpenFilm
from unfade.work.cores import core_count

from .viewer_film import (
    CHART,
    HEIGHT,
    HELD_OUT,
    MASTERED,
    MODEL_ID,
    PAIRED,
    UNMATCHED,
    WIDTH,
    ViewerClient,
    chart,
    end_training,
    random_halves,
    read_marks,
    write_halves,
    write_training,
    write_viewer_film,
)


@pytest.fixture(scope="module")
def made(shared_folder: Path) -> Path:
    return write_viewer_film(shared_folder / "films/small")


@pytest.fixture(scope="module")
def viewer(made: Path) -> ViewerClient:
    return ViewerClient(made)


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    """A copy of the film to change."""
    return Path(shutil.copytree(made, tmp_path / "films/small"))


def display(halves: np.ndarray) -> torch.Tensor:
    """Half floats of scene light in the working space."""
    pixels = torch.from_numpy(halves.astype(np.float32)).permute(2, 0, 1)
    return media.to_space(pixels, "lin_ap0", WORKING_SPACE)


def test_the_page_has_a_control_for_every_way_of_comparing(viewer: ViewerClient) -> None:
    page = viewer.get("/viewer").content.decode()
    for mode in ("single", "toggle", "wipe", "side", "difference"):
        assert f'data-mode="{mode}"' in page
    assert "/static/viewer.js" in page


@pytest.mark.parametrize(("frame", "kind"), [(CHART, "source"), (MASTERED, "recovered")])
def test_half_floats_of_files_are_sent_as_stored(
    viewer: ViewerClient, frame: int, kind: str
) -> None:
    answer = viewer.picture(frame, kind)
    stored = chart() if kind == "source" else random_halves(200)
    assert answer.content == stored.tobytes()
    assert answer.facts["file"] == ("s.0001.exr" if kind == "source" else "m.0003.exr")
    assert answer.facts["area"] == {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT}


def test_the_facts_of_a_picture_name_frame_shot_and_timecode(viewer: ViewerClient) -> None:
    facts = viewer.picture(7, "source").facts
    assert (facts["frame"], facts["shot"], facts["timecode"]) == (7, 2, "01:00:00:06")


def test_values_beyond_half_floats_are_counted(own: Path) -> None:
    halves = random_halves(9)
    halves[0, 0] = np.inf
    write_halves(own / "06-render/m.0003.exr", halves)
    assert ViewerClient(own).picture(MASTERED, "recovered").facts["beyond"] == 3


def test_a_frame_without_master_is_predicted_as_render_does(
    viewer: ViewerClient, made: Path
) -> None:
    answer = viewer.picture(PAIRED, "recovered")
    assert answer.facts["what"].startswith(f"predicted now by model {MODEL_ID}")
    assert answer.facts["file"] is None
    film = OpenFilm(place_of(made.parent, made / "film.toml"), None)
    source = film.clips.source
    source_rgb = media.read_frame(source, PAIRED, film.job.colors)
    recovered = recover(source_rgb, source.live_area, film.model(), shot=1)
    expected = media.scene_light(recovered.rgb, WORKING_SPACE, film.job.colors)
    assert answer.content == expected.halves.tobytes()


def test_masters_of_an_earlier_model_say_so(own: Path) -> None:
    record = (own / "06-render/rendering.json").read_text(encoding="utf-8")
    (own / "06-render/rendering.json").write_text(record.replace(MODEL_ID, "f" * 12), "utf-8")
    assert "an earlier model" in ViewerClient(own).picture(MASTERED, "recovered").facts["what"]


def test_a_frame_is_predicted_smaller_for_a_first_look(viewer: ViewerClient) -> None:
    small, whole = viewer.picture(4, "recovered", "?width=32"), viewer.picture(4, "recovered")
    assert small.facts["what"].endswith("there is no master, at 32 pixels")
    assert (small.facts["whole"], whole.facts["whole"]) == (False, True)
    source = viewer.picture(4, "source", "?width=32")
    assert small.halves.shape == source.halves.shape == (HEIGHT // 2, WIDTH // 2, 3)
    y, source_y = (luma(display(one.halves)) for one in (small, source))
    assert torch.allclose(y, source_y, atol=5e-3)
    # The whole picture is there now, and is not predicted again.
    again = viewer.picture(4, "recovered", "?width=16")
    assert again.facts["what"].endswith("there is no master")


def test_the_reference_of_an_aligned_pair_is_laid_on_the_scan(viewer: ViewerClient) -> None:
    answer = viewer.picture(PAIRED, "reference")
    assert "laid on the scan (train pair)" in answer.facts["what"]
    halves = answer.halves
    assert halves.shape == (HEIGHT, WIDTH, 3)
    assert not halves[:8].any()
    assert not halves[:, -8:].any()
    small = random_halves(100 + PAIRED)[::2, ::2].astype(np.float32)
    inside = halves[8:-8, 8:-8].astype(np.float32)
    means = inside.reshape(16, 2, 24, 2, 3).mean(axis=(1, 3))
    assert np.abs(means - small[4:-4, 4:-4]).mean() < 0.1


def test_other_frames_show_the_matched_reference_alone(viewer: ViewerClient) -> None:
    answer = viewer.picture(MASTERED, "reference")
    assert answer.facts["what"] == "frame 3 of dvd alone, matched but not aligned"
    assert (answer.facts["width"], answer.facts["height"]) == (WIDTH // 2, HEIGHT // 2)
    stored = random_halves(100 + MASTERED)[::2, ::2]
    assert np.allclose(answer.halves, stored, rtol=2e-3)


def test_the_lut_of_grey_shows_the_luma_of_the_scan(viewer: ViewerClient) -> None:
    small, whole = viewer.picture(PAIRED, "lut", "?width=32"), viewer.picture(PAIRED, "lut")
    assert [one.facts["whole"] for one in (small, whole)] == [False, True]
    assert small.facts["what"] == f"{whole.facts['what']}, at 32 pixels"
    rgb = display(whole.halves)
    assert (rgb - rgb.mean(dim=0)).abs().max() < 2e-3


def test_the_difference_to_the_ground_truth_lies_where_all_pairs_reach(
    viewer: ViewerClient,
) -> None:
    answer = viewer.picture(HELD_OUT, "difference")
    assert "ground truth of its holdout pair" in answer.facts["what"]
    assert answer.facts["area"] == {"x": 8, "y": 8, "width": WIDTH - 16, "height": HEIGHT - 16}
    recovered = display(viewer.picture(HELD_OUT, "recovered").halves)[:, 8:-8, 8:-8]
    expected = rgb_difference(recovered, torch.full_like(recovered, 0.5))[0]
    assert np.allclose(answer.halves[..., 0], expected, rtol=2e-3, atol=2e-3)


def test_without_ground_truth_the_difference_is_to_the_lut(viewer: ViewerClient) -> None:
    facts = viewer.picture(MASTERED, "difference").facts
    assert "LUT baseline" in facts["what"]
    assert (facts["channels"], facts["width"]) == (1, WIDTH)


def test_the_predicted_error_is_a_map(viewer: ViewerClient) -> None:
    answer = viewer.picture(MASTERED, "error")
    assert answer.facts["channels"] == 1
    assert (answer.halves >= 0).all()


def test_a_smaller_picture_has_the_mean_of_the_large_one(viewer: ViewerClient) -> None:
    answer = viewer.picture(PAIRED, "source", "?width=16")
    assert answer.halves.shape == (12, 16, 3)
    whole = random_halves(PAIRED).astype(np.float32)
    assert np.allclose(answer.halves.mean(axis=(0, 1)), whole.mean(axis=(0, 1)), atol=2e-3)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/picture/9/source", "the film has no frame 9; choose one of 1 to 8"),
        ("/picture/1/nonsense", "there is no kind of picture 'nonsense'; load the page again"),
        (
            f"/picture/{UNMATCHED}/reference",
            "no frame of a reference shows frame 8; look at another frame",
        ),
        ("/picture/1/source?width=0", "'width' is 0 pixels; ask for 1 to 16,384"),
        ("/picture/1/source?width=x", "'width' is no whole number; write one of up to 9 digits"),
        ("/proxies/source?frames=1,a", "'frames' is not a list of numbers; load the page again"),
        (
            "/proxies/source?frames=1,1234567890",
            "'frames' is not a list of numbers; load the page again",
        ),
        (
            "/proxies/source?first=100&count=4",
            "the address asks for 0 proxies; ask for 1 to 256 at a time",
        ),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(
    viewer: ViewerClient, address: str, sentence: str
) -> None:
    answer = viewer.get(address)
    assert (answer.status, answer.json) == (409, {"error": sentence})


def test_a_damaged_frame_is_one_sentence(own: Path) -> None:
    (own / "scan/s.0004.exr").write_bytes(b"no picture")
    answer = ViewerClient(own).picture(4, "source")
    assert answer.status == 409
    assert "s.0004.exr: cannot be read" in answer.json["error"]


def test_proxies_of_many_frames_come_at_once(viewer: ViewerClient) -> None:
    answer = viewer.get("/proxies/recovered?first=5&count=100")
    assert answer.facts == {"count": 4, "width": 16, "height": 12, "shows": "lut"}
    assert len(answer.content) == 4 * 16 * 12 * 3
    assert viewer.get("/proxies/reference?frames=1,8").content[-3:] == b"\0\0\0"


def test_facts_of_the_filmstrip(viewer: ViewerClient) -> None:
    facts = viewer.get("/viewer/facts").json
    assert facts["shots"] == [[1, 4, 1], [5, 8, 2]]
    assert [(one["frame"], one["role"]) for one in facts["pairs"]] == [(2, "train"), (6, "holdout")]
    assert [(one["first"], one["last"], one["worst"]) for one in facts["outliers"]] == [(5, 7, 6)]
    assert facts["masters"] == [[3, 3]]
    assert [one["kind"] for one in facts["kinds"]] == [
        "source",
        "reference",
        "lut",
        "recovered",
        "difference",
        "error",
    ]


def test_a_training_under_way_shows_its_newest_checkpoint(own: Path) -> None:
    client = ViewerClient(own)
    assert client.picture(1, "checkpoint").json == {
        "error": "no training under way has a checkpoint; wait for the first one"
    }
    write_training(own, 300)
    facts = client.get("/viewer/facts").json
    assert (facts["checkpoint"], facts["kinds"][-1]["kind"]) == (300, "checkpoint")
    first = client.picture(1, "checkpoint")
    assert first.facts["what"] == "predicted by checkpoint 300 of the training under way"
    assert first.content != client.picture(1, "recovered").content
    write_training(own, 600)
    later = client.picture(1, "checkpoint")
    assert later.facts["what"] == "predicted by checkpoint 600 of the training under way"
    assert later.content != first.content
    assert client.get("/viewer/facts").json["edition"] == facts["edition"]
    end_training(own)
    assert client.get("/viewer/facts").json["checkpoint"] is None


def test_before_curate_a_frame_has_no_reference_yet(own: Path) -> None:
    for folder in own.glob("0[2-7]-*"):
        shutil.rmtree(folder)
    assert ViewerClient(own).picture(1, "reference").json == {
        "error": "frame 1 has no match in a reference yet; run the film to 'curate' first"
    }


def test_a_film_that_was_only_ingested_has_its_scan(own: Path) -> None:
    for folder in own.glob("0[2-7]-*"):
        shutil.rmtree(folder)
    client = ViewerClient(own)
    facts = client.get("/viewer/facts").json
    assert [one["kind"] for one in facts["kinds"]] == ["source", "reference"]
    assert facts["shots"] == [[1, 8, 1]]
    assert client.picture(1, "source").status == 200
    assert client.picture(1, "recovered").json == {
        "error": "the film has no model yet; run it to 'train' first"
    }


def test_a_bookmark_is_kept_beside_film_toml(own: Path) -> None:
    client = ViewerClient(own)
    edition = client.get("/viewer/facts").json["edition"]
    assert client.post("/bookmarks", frame=3, note="  dirt,\n left ", by="Ada").status == 200
    assert client.post("/bookmarks", frame=2, note="").status == 200
    first, second = read_marks(own).marks
    assert (first.frame, first.note, first.by) == (3, "dirt, left", "Ada")
    assert second.frame == 2
    facts = client.get("/viewer/facts").json
    assert [one["frame"] for one in facts["bookmarks"]] == [2, 3]
    assert facts["edition"] == edition, "pictures are taken anew for a bookmark"


@pytest.mark.parametrize(
    "command",
    [{"frame": 99}, {"frame": 1, "note": "\x1b[31m"}, {"frame": 1, "note": "x" * 3000}, {}],
)
def test_a_bookmark_that_is_wrong_is_refused(own: Path, command: dict[str, object]) -> None:
    answer = ViewerClient(own).post("/bookmarks", **command)
    assert answer.status == 409
    assert not (own / "bookmarks.json").exists()


def test_pictures_are_kept_within_a_number_of_bytes(made: Path) -> None:
    desk = PictureDesk(max_kept_bytes=2 * WIDTH * HEIGHT * 6)
    film = desk.film(place_of(made.parent, made / "film.toml"))
    for frame in (1, 2, 3, 4):
        desk.order(film, desk.key(film, frame, "source")).result(60)
    kept = desk._kept
    assert [key[2] for key in kept] == [3, 4]


def test_a_request_gives_up_its_own_order_only(made: Path) -> None:
    desk = PictureDesk(max_kept_bytes=0)
    film = desk.film(place_of(made.parent, made / "film.toml"))
    key = desk.key(film, 1, "source")
    earlier = desk.order(film, key)
    earlier.result(60)
    freed = Event()
    for _ in range(core_count()):
        desk._readers.submit(partial(freed.wait, 60))
    later = desk.order(film, key)
    desk.give_up(key, earlier)
    freed.set()
    assert later.result(60).planes.shape == (HEIGHT, WIDTH, 3)


def test_the_picture_of_a_damaged_frame_says_whose_it_is(own: Path) -> None:
    clips = Clips.from_json((own / Clips.PATH).read_text())
    damage = Damage(setting="hold").with_faults([(2, "missing")])
    source = clips.source.model_copy(update={"damage": damage})
    (own / Clips.PATH).write_text(clips.model_copy(update={"source": source}).to_json())
    answer = ViewerClient(own).picture(2, "source")
    assert answer.facts["file"] == "s.0001.exr, because frame 2 is damaged (missing)"
