"""The page of pairs in headless Chromium: keys, pixels on the screen, two windows, no request out;
skipped where no browser is installed."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import unfade
from unfade.film.alignment import Alignments
from unfade.project.file import load_project
from unfade.studio.films import place_of
from unfade.work.receipt import Receipt

from .client import PATIENCE_S, PairsPage, ServerProcess, running_server, wait_until

LEFT, RIGHT = 0.25, 0.75
"""Places in the picture, as shares of its width."""


@pytest.fixture(scope="module")
def aligned(shared_folder: Path, write_small_film: Callable[[Path], None]) -> Path:
    folder = shared_folder / "film"
    write_small_film(folder)
    unfade.open(folder).run(last="align")
    return folder


@pytest.fixture(scope="module")
def films(shared_folder: Path) -> Path:
    folder = shared_folder / "films"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def server(films: Path) -> Iterator[ServerProcess]:
    with running_server(films) as running:
        yield running


@pytest.fixture
def reel(films: Path, aligned: Path) -> Path:
    """A film of the test's own."""
    folder = films / f"reel{len([*films.iterdir()])}"
    shutil.copytree(aligned, folder)
    return folder


@pytest.fixture
def window(chromium: Any, server: ServerProcess, reel: Path) -> Iterator["PairsWindow"]:
    opened = PairsWindow(chromium, server, reel)
    yield opened
    assert not opened.errors
    opened.context.close()


class PairsWindow:
    """A browser window on the page of pairs. It keeps the hosts of all requests, and errors."""

    def __init__(
        self, chromium: Any, server: ServerProcess, reel: Path, context: Any = None
    ) -> None:
        self.context = context or chromium.new_context(viewport={"width": 1440, "height": 900})
        self.context.set_default_timeout(1000 * PATIENCE_S)
        self.page, self.errors, self.hosts = self.context.new_page(), [], set()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        token = server.headers["cookie"].split("=", 1)[1]
        self.page.goto(f"http://{server.host}/?token={token}")
        film = place_of(reel.parent, reel / "film.toml")
        self.page.goto(f"http://{server.host}/film/{film.id}/pairs")
        self.page.locator(".tile [data-key]").first.wait_for()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def hold(self, addresses: str) -> list[Any]:
        """Keeps the first request to such addresses waiting, which the test answers."""
        held: list[Any] = []

        def handle(route: Any) -> None:
            if held:
                route.fallback()
            else:
                held.append(route)

        self.page.route(addresses, handle)
        return held

    def open_points(self) -> None:
        """Opens the editor of control points for the pair that keys act on."""
        editor = self.page.locator("#points")
        editor.wait_for(state="hidden")
        self.press("p")
        editor.wait_for(state="visible")
        wait_until(lambda: self.page.locator("#points .laid[src]").count())
        view = self.page.locator("[data-pane=source] .view")
        wait_until(lambda: view.evaluate("view => view === document.activeElement"))

    def spot(self, side: str, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of a side of the editor is in the window."""
        box = self.page.locator(f"[data-pane={side}] .canvas").bounding_box()
        return box["x"] + x / 96 * box["width"], box["y"] + y / 72 * box["height"]

    def place(self, *points: tuple[float, float, float, float]) -> None:
        """Clicks control points, first in the scan and then in the reference."""
        for a, b, c, d in points:
            self.page.mouse.click(*self.spot("source", a, b))
            self.page.mouse.click(*self.spot("reference", c, d))

    def colour(self, side: str, x: float, y: float) -> list[int]:
        """R'G'B' on the screen at a pixel of a side of the editor."""
        return self.colour_at(*self.spot(side, x, y))

    def pixel(self, across: float) -> list[int]:
        """R'G'B' on the screen in the middle of the picture's height."""
        wait_until(
            lambda: self.page.evaluate(
                "[...document.querySelectorAll('#screen img')]"
                ".every(one => !one.getAttribute('src') || one.complete && one.naturalWidth > 0)"
            )
        )
        self.page.wait_for_timeout(100)
        box = self.page.locator("#screen").bounding_box()
        return self.colour_at(box["x"] + across * box["width"], box["y"] + box["height"] / 2)

    def colour_at(self, column: float, row: float) -> list[int]:
        import cv2
        import numpy as np

        shot = np.frombuffer(self.page.screenshot(), np.uint8)
        picture = cv2.imdecode(shot, cv2.IMREAD_COLOR)
        return [int(code) for code in picture[int(row), int(column), ::-1]]


def test_keys_change_film_toml_and_undo_restores_it(
    window: PairsWindow, server: ServerProcess, reel: Path
) -> None:
    film = reel / "film.toml"
    before = film.read_text()
    window.press("ArrowLeft", "t")
    wait_until(lambda: load_project(film).pair[1].role == "train")
    window.press(".")
    wait_until(lambda: load_project(film).pair[1].reference == 5)
    window.press("h", "d")
    wait_until(lambda: load_project(film).curate.drop == (4,))
    for left in range(3, -1, -1):
        text = film.read_text()
        window.press("u")
        wait_until(lambda text=text: film.read_text() != text)
        assert bool(left) == (film.read_text() != before)
    assert film.read_text() == before
    assert window.hosts == {server.host}


def test_a_text_that_returns_is_no_change_elsewhere(
    window: PairsWindow, server: ServerProcess, reel: Path
) -> None:
    """One window changes, the other undoes it, the first one goes on."""
    film = reel / "film.toml"
    before = film.read_text()
    other = PairsWindow(None, server, reel, window.context)
    window.press("ArrowLeft")
    for _ in range(2):
        window.press("d")
        window.page.locator(".tile.dropped").wait_for()
        other.page.locator("#undo").wait_for()
        other.press("u")
        wait_until(lambda: film.read_text() == before)
        wait_until(lambda: not window.page.locator(".tile.dropped").count())
    window.press("t")
    wait_until(lambda: load_project(film).pair[1].role == "train")
    assert not window.page.locator("#message").is_visible()
    assert not other.errors


def test_a_broken_film_toml_is_told_and_the_page_comes_back(
    window: PairsWindow, reel: Path
) -> None:
    film = reel / "film.toml"
    before = film.read_text()
    film.write_text(before + "[pair\n")
    problem = window.page.locator("[data-live=problem] .error")
    problem.wait_for()
    assert "is not TOML" in problem.text_content()
    assert window.page.locator("[data-pair='4']").is_visible()
    film.write_text(before.replace('role = "holdout"', 'role = "test"'))
    problem.wait_for(state="detached")
    window.page.locator("[data-pair='4'][data-role=test]").wait_for()
    film.write_text("nonsense")
    window.page.reload()
    problem.wait_for()
    film.write_text(before)
    window.page.locator("[data-pair='4'][data-role=holdout]").wait_for()


PLACES = [(14.0, 12.0), (80.0, 14.0), (76.0, 58.0)]
MOVED = [(x + 8.0, y + 4.0, x, y) for x, y in PLACES]
"""Control points that lay the reference further right and down."""


def test_control_points_are_placed_with_a_live_wipe_and_undone(
    window: PairsWindow, server: ServerProcess, reel: Path
) -> None:
    film = reel / "film.toml"
    before = film.read_text()
    window.press("ArrowLeft")
    window.open_points()
    unmoved = window.colour("source", 70.5, 34.5)
    window.place(*MOVED)
    wait_until(
        lambda: (
            near(window.colour("source", 70.5, 34.5), window.colour("reference", 62.5, 30.5))
            and not near(window.colour("source", 70.5, 34.5), unmoved)
        )
    )
    assert "3 control points" in wait_for_text(window, "#points-told", "control points")
    whole = window.page.locator("[data-pane=source] .canvas").bounding_box()
    middle = whole["x"] + whole["width"] / 2
    window.press("+", "+")
    assert (
        window.page.locator("[data-pane=reference] .canvas").bounding_box()["width"]
        > 1.5 * (whole["width"])
    )
    window.page.locator("[data-pane=source] .view").focus()
    window.press(*["+"] * 4)
    line = window.page.locator("#points .line").bounding_box()
    assert line["x"] + line["width"] / 2 == pytest.approx(middle, abs=2), "the line stays in sight"
    window.press("0")
    start = window.spot("source", *MOVED[2][:2])
    window.page.mouse.move(*start)
    window.page.mouse.down()
    window.page.mouse.move(*window.spot("source", 70.0, 50.0), steps=4)
    window.page.mouse.up()
    window.press("ArrowDown", "Shift+ArrowLeft")
    window.page.locator("#points-save").click()
    wait_until(lambda: load_project(film).pair[1].points)
    pair = load_project(film).pair[1]
    wanted = [*MOVED[:2], (60.0, 51.0, *PLACES[2])]
    for point, place in zip(pair.points, wanted, strict=True):
        assert point == pytest.approx(place, abs=0.3)
    assert not pair.aligned
    window.page.locator("#points").wait_for(state="hidden")
    window.press("u")
    wait_until(lambda: film.read_text() == before)
    assert window.hosts == {server.host}


def wait_for_text(window: PairsWindow, selector: str, words: str) -> str:
    place = window.page.locator(selector)
    wait_until(lambda: words in (place.text_content() or ""))
    return str(place.text_content())


def test_a_late_answer_changes_nothing_in_the_editor_of_another_pair(window: PairsWindow) -> None:
    """Neither its pictures nor the pixels in which points are counted."""
    page, save = window.page, window.page.locator("#points-save")
    window.press("ArrowRight")
    window.open_points()
    window.press("Enter", "Enter")
    assert save.is_enabled()
    window.press("Escape", "Escape")
    page.locator("#points").wait_for(state="hidden")
    held = window.hold("**/pairs/facts?*")
    window.press("ArrowRight", "p")
    wait_until(lambda: held or page.wait_for_timeout(10))
    assert save.is_disabled()
    window.press("Escape", "ArrowLeft")
    window.open_points()
    area = {"x": 0, "y": 0, "width": 960, "height": 720, "across": 960, "down": 720}
    held[0].fulfill(json={"areas": {"source": area, "reference": area}})
    page.wait_for_timeout(300)
    for side in ("source", "reference"):
        assert "source=2&" in page.locator(f"[data-pane={side}] img").first.get_attribute("src")
    window.press("Enter", "Enter")
    (told,) = page.locator("#points-list li").all_text_contents()
    placed = [float(number) for number in re.findall(r"[0-9.]+", told)[1:]]
    assert placed == [48.0, 36.0, 48.0, 36.0], "the middle of 96 x 72 pixels"


def test_points_that_are_saved_late_close_no_other_pair(window: PairsWindow, reel: Path) -> None:
    page, save = window.page, window.page.locator("#points-save")
    window.press("ArrowLeft")
    window.open_points()
    window.press("Enter", "Enter")
    held = window.hold("**/pairs/choose")
    window.press("s")
    wait_until(lambda: held or page.wait_for_timeout(10))
    window.press("ArrowLeft", "s")
    assert save.get_attribute("aria-busy")
    window.press("Escape", "Escape", "ArrowLeft")
    window.open_points()
    held[0].continue_()
    page.locator("#grid .facts", has_text="1 control point").wait_for(state="attached")
    page.wait_for_timeout(100)
    assert page.locator("#points").is_visible()
    assert len(load_project(reel / "film.toml").pair[1].points) == 1


def test_weights_of_an_old_run_are_not_shown(window: PairsWindow, reel: Path) -> None:
    page = window.page
    held = window.hold("**/pairs/weights?*")
    page.reload()
    wait_until(lambda: held or page.wait_for_timeout(10))
    for record in (Alignments.PATH, f"03-align/{Receipt.PATH}"):
        path = reel / record
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    page.locator("[data-weight='4']:not(:empty)").wait_for()
    held[0].fulfill(json={"weights": {"2": 0.01, "4": 0.01}})
    page.wait_for_timeout(100)
    assert "weight 1 %" not in page.locator("#grid").text_content()


def test_a_late_answer_completes_no_path(window: PairsWindow, reel: Path) -> None:
    page = window.page
    window.press("a")
    held = window.hold("**/films/complete?*")
    page.locator("[name=painted]").fill("sc")
    wait_until(lambda: held or page.wait_for_timeout(10))
    page.locator("[name=painted]").fill(f"{reel.name}/painted/")
    offered = page.locator(f"#paths option[value='{reel.name}/painted/2.exr']")
    offered.wait_for(state="attached")
    held[0].fulfill(json={"paths": ["scan"]})
    page.wait_for_timeout(100)
    assert offered.count() == 1


def test_control_points_are_placed_by_keys(window: PairsWindow, reel: Path) -> None:
    film = reel / "film.toml"
    window.press("ArrowLeft")
    window.open_points()
    window.press("Shift+ArrowLeft", "ArrowUp", "Enter", "ArrowRight", "Enter", "Tab")
    window.press("Shift+ArrowDown", "ArrowLeft", "s")
    wait_until(lambda: load_project(film).pair[1].points == ((38.0, 35.0, 48.0, 46.0),))
    window.open_points()
    window.page.locator("[data-pane=source] .point").focus()
    window.press("Delete", "s")
    wait_until(lambda: load_project(film).pair[1].points == ())


def test_no_key_acts_behind_the_editor_of_points(window: PairsWindow, reel: Path) -> None:
    film = reel / "film.toml"
    before = film.read_text()
    window.press("ArrowLeft")
    window.open_points()
    window.place(*MOVED)
    window.press("Delete")
    focused = "document.activeElement.closest('#points .point')?.number"
    assert window.page.evaluate(focused) == 2
    window.press("h", "d", "Delete", "Delete", "h", "d")
    assert window.page.evaluate("document.activeElement.closest('#points .view') !== null")
    window.page.evaluate("document.activeElement.blur()")
    window.press("ArrowRight", "h", "d")
    window.page.wait_for_timeout(200)
    assert film.read_text() == before
    assert window.page.locator("#grid [aria-current]").get_attribute("data-pair") == "4"


def test_the_editor_overwrites_no_change_elsewhere(window: PairsWindow, reel: Path) -> None:
    """It refuses once, so that a person can look; then it writes beside the other change."""
    film = reel / "film.toml"
    window.press("ArrowLeft")
    window.open_points()
    window.place(*MOVED)
    with film.open("a") as file:
        file.write("# by another\n")
    window.press("s")
    wait_for_text(window, "#points-told", "changed elsewhere")
    assert load_project(film).pair[1].points == ()
    window.press("s")
    wait_until(lambda: len(load_project(film).pair[1].points) == 3)
    assert film.read_text().endswith("# by another\n")


@pytest.mark.parametrize("choice", [".", "d", "points"])
def test_a_repeated_save_takes_back_no_choice_of_another_window(
    window: PairsWindow, server: ServerProcess, reel: Path, choice: str
) -> None:
    film = reel / "film.toml"
    before = film.read_text()
    other = PairsWindow(None, server, reel, window.context)
    window.press("ArrowLeft")
    window.open_points()
    window.place(*MOVED)
    other.press("ArrowLeft")
    if choice == "points":
        other.open_points()
        other.place((60.0, 30.0, 48.0, 36.0))
        other.press("s")
    else:
        other.press(choice)
    wait_until(lambda: film.read_text() != before)
    chosen = film.read_text()
    window.press("s")
    window.page.locator("#points").wait_for(state="hidden")
    wait_for_text(window, "#message", "frame 4 was changed elsewhere meanwhile")
    assert film.read_text() == chosen
    assert not other.errors
    window.open_points()
    window.press("Enter", "ArrowRight", "Enter", "s")
    wait_until(lambda: film.read_text() != chosen)


@pytest.mark.parametrize("way", ["Escape", "Cancel"])
def test_the_warning_of_points_that_are_not_saved_stays(window: PairsWindow, way: str) -> None:
    """Also that of a point which is placed in one picture alone."""
    page, editor = window.page, window.page.locator("#points")

    def leave() -> None:
        window.press(way) if way == "Escape" else page.locator("#points-cancel").click()

    window.press("ArrowLeft")
    window.open_points()
    page.mouse.click(*window.spot("source", 20.0, 20.0))
    leave()
    wait_for_text(window, "#points-told", "not saved")
    leave()
    editor.wait_for(state="hidden")
    window.open_points()
    wait_for_text(window, "#points-told", "first measurement")
    with page.expect_response("**/pairs/judgement?*"):
        window.place(*MOVED)
        leave()
    page.wait_for_timeout(100)
    assert "not saved" in page.locator("#points-told").text_content()
    page.locator("[data-pane=source] .point.chosen").focus()
    window.press("ArrowUp")
    wait_for_text(window, "#points-told", "It lies by 3 control points")
    leave()
    wait_for_text(window, "#points-told", "not saved")
    leave()
    editor.wait_for(state="hidden")


def test_a_pointer_beside_the_picture_places_and_moves_no_point(window: PairsWindow) -> None:
    mouse, listed = window.page.mouse, window.page.locator("#points-list li")
    window.page.set_viewport_size({"width": 900, "height": 1000})
    window.press("ArrowLeft")
    window.open_points()
    for side in ("source", "reference"):
        for x, y in ((30.0, -3.0), (30.0, 75.0)):
            mouse.click(*window.spot(side, x, y))
    assert listed.count() == 0
    window.place((30.0, 20.0, 30.0, 20.0))
    before = listed.all_text_contents()
    mouse.move(*window.spot("source", 30.0, 20.0))
    mouse.down()
    mouse.move(*window.spot("source", 30.0, -3.0))
    mouse.up()
    assert listed.all_text_contents() == before


def test_no_place_gets_two_points_and_a_point_that_is_held_can_be_deleted(
    window: PairsWindow,
) -> None:
    mouse, listed = window.page.mouse, window.page.locator("#points-list li")
    window.press("ArrowLeft")
    window.open_points()
    for x in (30.0, 48.0):
        for side in ("source", "reference"):
            mouse.dblclick(*window.spot(side, x, 20.0))
    assert listed.count() == 2
    mouse.move(*window.spot("source", 30.0, 20.0))
    mouse.down()
    mouse.move(*window.spot("source", 35.0, 20.0))
    window.press("Delete")
    left = listed.all_text_contents()
    mouse.move(*window.spot("source", 40.0, 20.0), steps=3)
    window.press("Delete")
    mouse.move(*window.spot("source", 45.0, 20.0), steps=3)
    mouse.up()
    assert "48" in left[0]
    assert listed.count() == 0
    window.press("Enter", "Enter", "Enter")
    assert listed.count() == 1, "a second point at the same place is none"


def test_points_that_align_refuses_are_refused_and_a_remark_is_shown(
    window: PairsWindow, reel: Path
) -> None:
    film = reel / "film.toml"
    before = film.read_text()
    window.press("ArrowLeft")
    window.open_points()
    window.place(*[(10.0 * k, 10.0 * k, 8.0 * k, 9.0) for k in (1, 3, 5)])
    wait_for_text(window, "#points-told", "the three points lie on a line")
    window.page.locator("#points-save").click()
    wait_for_text(window, "#points-told", "the three points lie on a line")
    assert film.read_text() == before
    window.press("Escape")
    wait_for_text(window, "#points-told", "not saved")
    window.press("Escape")
    window.page.locator("#points").wait_for(state="hidden")
    window.open_points()
    window.place(*[(96 - x, 72 - y, x, y) for x, y in [*PLACES, (20.0, 60.0)]])
    wait_for_text(window, "#points-told", "The control points overrule the machine")


def near(one: list[int], other: list[int]) -> bool:
    """Whether two colours are equal but for the rounding of JPEG and of scaling."""
    return all(abs(code - there) <= 6 for code, there in zip(one, other, strict=True))


def test_the_wipe_shows_both_pictures(window: "PairsWindow") -> None:
    window.press("ArrowLeft", "Enter", "w")
    wiped = [window.pixel(LEFT), window.pixel(RIGHT)]
    window.press(" ")
    wait_until(lambda: not near(window.pixel(RIGHT), wiped[1]))
    assert near(window.pixel(LEFT), wiped[0]), "the source is at the left of the wipe"
    window.press(" ")
    wait_until(lambda: near(window.pixel(RIGHT), wiped[1]))
    laid = window.pixel(LEFT)
    assert not near(laid, wiped[0])
    window.press("w", *["["] * 10)
    wait_until(lambda: near(window.pixel(LEFT), laid))
    window.press("m")
    wait_until(lambda: max(window.pixel(LEFT)) - min(window.pixel(LEFT)) <= 2)


def test_two_windows_show_one_state_and_an_old_page_overwrites_nothing(
    window: PairsWindow, server: ServerProcess, reel: Path
) -> None:
    film = reel / "film.toml"
    one = window
    other = PairsWindow(None, server, reel, one.context)
    one.press("ArrowRight", "d")
    other.page.locator(".tile.dropped").wait_for(timeout=5000)
    with film.open("a") as file:
        file.write("# by another\n")
    other.press("ArrowLeft", "d")
    wait_until(
        lambda: (
            "changed elsewhere" in other.page.locator("#message").text_content()
            or (4 in load_project(film).curate.drop)
        )
    )
    assert film.read_text().endswith("# by another\n")
    assert not one.errors + other.errors


def test_a_pair_is_added_by_scrubbing(
    window: PairsWindow, server: ServerProcess, reel: Path
) -> None:
    film = reel / "film.toml"
    pictures: list[str] = []
    window.page.on("request", lambda request: pictures.append(request.url))
    window.press("a")
    window.page.locator("#add-source").fill("3")
    window.page.locator("#add-reference").fill("3")
    window.page.locator("#add-sentences p").first.wait_for()
    window.page.locator("[name=note]").fill("<b>by hand</b>")
    window.page.locator("#add-now").click()
    wait_until(lambda: len(load_project(film).pair) == 3)
    pair = load_project(film).pair[2]
    assert (pair.source, pair.reference, pair.note) == (3, 3, "<b>by hand</b>")
    window.page.locator("[data-pair='3']").wait_for()
    added = [url for url in pictures if "/frame?" in url or "/picture?" in url]
    assert added
    assert all("v=" in url for url in added)


def test_a_pair_is_added_with_control_points(window: PairsWindow, reel: Path) -> None:
    film = reel / "film.toml"
    window.press("a")
    window.page.locator("#add-source").fill("5")
    window.page.locator("#add-reference").fill("6")
    wait_for_text(window, "#add-sentences", "first measurement")
    window.page.locator("[name=note]").fill("by eye")
    window.page.locator("#add-points").click()
    wait_until(lambda: window.page.locator("#points .laid[src]").count())
    window.place(*MOVED)
    window.page.locator("#points-save").click()
    wait_until(lambda: len(load_project(film).pair) == 3)
    pair = load_project(film).pair[2]
    assert (pair.source, pair.reference, pair.note, len(pair.points)) == (5, 6, "by eye", 3)


def test_an_added_pair_with_control_points_replaces_no_pair_of_another_window(
    window: PairsWindow, server: ServerProcess, reel: Path
) -> None:
    film = reel / "film.toml"
    window.press("a")
    window.page.locator("#add-source").fill("5")
    window.page.locator("#add-reference").fill("6")
    window.page.locator("#add-points").click()
    wait_until(lambda: window.page.locator("#points .laid[src]").count())
    window.place(*MOVED)
    before = window.page.locator("#state").get_attribute("data-digest")
    other = PairsPage(film)
    other.address = f"/film/{place_of(reel.parent, film).id}/pairs"
    assert other.choose("add", 5, reference=5, note="of the other")[0] == 200
    chosen = film.read_text()
    wait_until(lambda: window.page.locator("#state").get_attribute("data-digest") != before)
    window.page.locator("#points-save").click()
    wait_for_text(window, "#message", "frame 5 was changed elsewhere meanwhile")
    assert film.read_text() == chosen


def test_a_repaired_film_has_its_grid_and_keys(window: PairsWindow, reel: Path) -> None:
    film = reel / "film.toml"
    text = film.read_text()
    film.write_text("nonsense")
    window.page.reload()
    wait_for_text(window, "[data-live=problem]", "is not TOML")
    film.write_text(text)
    window.page.locator(".tile [data-key]").first.wait_for()
    window.press("ArrowLeft", "d")
    wait_until(lambda: film.read_text() != text)


def test_keys_are_on_the_sheet_and_buttons_keep_theirs(window: PairsWindow) -> None:
    window.press("?")
    words = window.page.locator("#key-sheet dl").text_content()
    for word in ("drop the pair", "hold the pair out", "undo the last choice", "weight map"):
        assert word in words
    window.press("Escape")
    window.page.locator("#add-pair").focus()
    window.press("Enter")
    assert window.page.locator("#adding").is_visible()


def test_an_accessibility_checker_finds_nothing(window: "PairsWindow") -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    window.press("ArrowRight", "Enter")
    window.page.locator("#sentences p").first.wait_for()
    window.press("a")
    window.page.locator("#add-sentences p").first.wait_for()
    violations = axe.run(window.page).response["violations"]
    window.page.locator("#add-cancel").click()
    window.open_points()
    window.place(*MOVED)
    violations += axe.run(window.page).response["violations"]
    assert not [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations]
