"""The page of constructions in headless Chromium: from a click to the files; skipped where no
browser is installed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import unfade
from unfade import media
from unfade.color.srgb import working_rgb
from unfade.construct.records import keep_colour, read_construction, read_palette
from unfade.film.construction import srgb_codes
from unfade.project.file import load_project

from .client import PATIENCE_S, wait_until
from .running import RunningStudio

FRAME = 3
CARD_COLOUR = "#c29682"


@pytest.fixture
def reel(studio: RunningStudio, write_small_film: Callable[[Path], None]) -> Path:
    """A film after ingest, with a picture of one colour beside it."""
    folder = studio.new_folder()
    write_small_film(folder)
    unfade.open(folder).run(last="ingest")
    card = working_rgb(CARD_COLOUR).float()[:, None, None].expand(3, 40, 60)
    media.write_png(folder / "card.png", card, bits=16)
    return folder


class ConstructWindow:
    """A browser window on the page of constructions."""

    def __init__(self, browser: Any, studio: RunningStudio, reel: Path) -> None:
        self.page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        self.page.set_default_timeout(1000 * PATIENCE_S)
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda asked: self.hosts.add(urlsplit(asked.url).hostname or ""))
        self.page.goto(studio.welcome)
        self.page.goto(f"{studio.origin}{studio.film(reel)}/construct#{FRAME}")
        self.settle()

    def settle(self) -> None:
        """Waits until the constructed frame of all that is stated is shown."""
        self.page.wait_for_function(
            "() => !document.body.hasAttribute('data-solving')"
            " && document.getElementById('constructed').naturalWidth > 0"
        )

    def spot(self, x: float, y: float, pane: str = "source") -> tuple[float, float]:
        """Where a place of a picture, in shares of its size, is in the window."""
        box = self.page.locator(f"[data-pane={pane}] .canvas").bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def drag(self, *places: tuple[float, float]) -> None:
        self.page.mouse.move(*self.spot(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.spot(*place), steps=4)
        self.page.mouse.up()

    @property
    def message(self) -> str:
        return str(self.page.locator("#message").text_content())


@pytest.fixture
def window(chromium: Any, studio: RunningStudio, reel: Path) -> Iterator[ConstructWindow]:
    opened = ConstructWindow(chromium, studio, reel)
    yield opened
    assert not opened.errors
    assert opened.hosts - {""} == {"127.0.0.1"}, "data of the page itself has no host"
    opened.page.context.close()


def test_from_clicks_to_a_constructed_pair(window: ConstructWindow, reel: Path) -> None:
    page = window.page
    page.mouse.click(*window.spot(0.25, 0.25))
    page.locator("#eye-what").fill(f"{reel.name}/card.png")
    page.locator("#eye-form button").click()
    page.locator("[data-pane=eye] .canvas img[src]").wait_for()
    wait_until(lambda: page.locator("[data-pane=eye] .canvas").bounding_box()["width"] > 0)
    page.mouse.click(*window.spot(0.5, 0.5, "eye"))
    assert page.locator("#point-source").input_value() == f"{reel.name}/card.png"
    page.locator("#keep-name").fill("face")
    page.locator("#keep").click()
    wait_until(lambda: [one.name for one in read_palette(reel).colour] == ["face"])
    page.mouse.click(*window.spot(0.75, 0.5))
    page.locator("#palette button", has_text="foliage").click()
    window.drag((0.75, 0.5), (0.8, 0.6))
    page.locator("[data-tool=scribble]").click()
    window.drag((0.1, 0.8), (0.2, 0.9), (0.3, 0.8))
    page.locator("#point-hex").fill("#808080")
    page.locator("#point-source").fill("memory")
    page.locator("[data-tool=region]").click()
    window.drag((0.5, 0.1), (0.7, 0.1), (0.7, 0.3), (0.5, 0.3))
    page.locator("#palette button", has_text="sky").click()
    window.settle()
    page.locator("#author").fill("A. Colourist")
    page.locator("#save").click()
    wait_until(lambda: "is a constructed pair" in (page.locator("#said").text_content() or ""))
    face, leaf, scribble, region = read_construction(reel, FRAME).point
    assert face.colour == "face"
    kept, stated = (srgb_codes(one) for one in (read_palette(reel).colour[0].colour, CARD_COLOUR))
    assert kept == pytest.approx(stated, abs=1)
    assert (leaf.colour, leaf.at[0]) == ("foliage", pytest.approx((76.8, 43.2), abs=0.5))
    assert (len(scribble.at) > 2, scribble.area, scribble.source) == (True, False, "memory")
    assert (len(region.at) > 2, region.area, region.colour) == (True, True, "sky")
    for suffix in (".toml", ".json", ".exr", ".png"):
        assert (reel / f"construct/0000003{suffix}").is_file()
    pair = next(one for one in load_project(reel / "film.toml").pair if one.source == FRAME)
    assert pair.kind == "constructed"
    assert page.locator("#save").is_disabled()


def test_keys_place_move_delete_and_undo(window: ConstructWindow) -> None:
    page = window.page
    page.locator("[data-pane=source] .view").focus()
    for key in ("ArrowRight", "Enter", "Shift+ArrowDown"):
        page.keyboard.press(key)
    marker = page.locator("[data-pane=source] .point")
    assert page.locator("#point-title").text_content() == "Point 1 at 49, 46: state its colour"
    page.keyboard.press("Delete")
    assert marker.count() == 0
    page.keyboard.press("u")
    assert marker.count() == 1


def test_a_long_source_is_cut_on_one_line_and_its_end_is_in_the_title(
    window: ConstructWindow,
) -> None:
    page, source = window.page, "grey stone of the street, " * 8 + "box 12"
    page.mouse.click(*window.spot(0.25, 0.25))
    page.locator("#palette button", has_text="grey").click()
    page.locator("#point-source").fill(source)
    page.wait_for_function(
        "text => { const list = document.getElementById('points');"
        " const row = list.querySelector('button');"
        " return row?.title === text && row.offsetHeight < 40"
        " && list.scrollWidth <= list.clientWidth }",
        arg=source,
    )


def test_a_file_that_was_changed_meanwhile_is_said_and_no_point_is_lost(
    window: ConstructWindow, reel: Path
) -> None:
    page = window.page
    page.mouse.click(*window.spot(0.25, 0.25))
    page.locator("#palette button", has_text="grey").click()
    page.locator("#author").fill("A. Colourist")
    (reel / "construct").mkdir()
    path = reel / "construct/0000003.toml"
    path.write_text("frame = 3\n")
    page.locator("#save").click()
    wait_until(lambda: "was changed elsewhere meanwhile" in window.message)
    assert path.read_text() == "frame = 3\n"
    assert page.locator("#points li").count() == 1
    page.locator("#frame").fill("2")
    page.locator("#frame-form button").click()
    wait_until(lambda: "the points are not saved" in window.message)
    assert page.locator("#points li").count() == 1


def test_as_shown_states_what_is_solved_and_words_ask_for_no_solution(
    window: ConstructWindow,
) -> None:
    page, asked = window.page, list[str]()
    page.on("request", lambda one: asked.append(one.url) if "/solution" in one.url else None)
    page.mouse.click(*window.spot(0.25, 0.25))
    window.settle()
    wait_until(lambda: page.locator("#point-as-shown").is_enabled())
    page.locator("#point-as-shown").click()
    window.settle()
    stated = page.locator("#point-hex").input_value()
    assert stated not in ("", "#808080")
    count = len(asked)
    page.locator("#point-source").fill("as it is shown")
    page.locator("#point-note").fill("the wall")
    page.mouse.click(*window.spot(0.75, 0.5))
    window.settle()
    assert len(asked) == count + 1
    assert page.locator("#points .source").first.text_content() == "as it is shown"


def test_a_frame_opened_again_shows_its_solution(window: ConstructWindow) -> None:
    page = window.page
    page.evaluate("document.getElementById('constructed').removeAttribute('src')")
    page.locator("#frame-form button").click()
    window.settle()
    assert page.locator("#points li").count() == 0


def test_a_scribble_keeps_its_shape_at_the_border(window: ConstructWindow, reel: Path) -> None:
    page = window.page
    page.locator("[data-tool=scribble]").click()
    window.drag((0.3, 0.3), (0.4, 0.4), (0.5, 0.3))
    page.locator("#palette button", has_text="grey").click()
    page.locator("[data-tool=point]").click()
    window.drag((0.3, 0.3), (0.98, 0.5))
    page.locator("#author").fill("Ada")
    window.settle()
    page.locator("#save").click()
    wait_until(lambda: "is a constructed pair" in (page.locator("#said").text_content() or ""))
    (scribble,) = read_construction(reel, FRAME).point
    across = [x for x, _ in scribble.at]
    assert max(across) - min(across) == pytest.approx(0.2 * 96, abs=1.5)
    assert max(across) == pytest.approx(96, abs=0.2)


def test_a_colour_of_the_palette_is_replaced_when_asked_for_twice(
    window: ConstructWindow, reel: Path
) -> None:
    keep_colour(reel, "face", "#c29682", "lobby card")
    page = window.page
    page.reload()
    window.settle()
    page.mouse.click(*window.spot(0.25, 0.25))
    page.locator("#point-hex").fill("#4a5b3c")
    page.locator("#point-source").fill("costume")
    page.locator("#keep-name").fill("face")
    page.locator("#keep").click()
    wait_until(lambda: "the palette has 'face' as #c29682; add it again" in window.message)
    assert read_palette(reel).colour[0].colour == "#c29682"
    page.locator("#keep-name").fill("face")
    page.locator("#keep").click()
    wait_until(lambda: read_palette(reel).colour[0].colour == "#4a5b3c")


def test_a_pair_made_meanwhile_is_replaced_only_after_it_was_shown(
    window: ConstructWindow, reel: Path
) -> None:
    page, project = window.page, reel / "film.toml"
    page.mouse.click(*window.spot(0.25, 0.25))
    page.locator("#palette button", has_text="grey").click()
    page.locator("#author").fill("Ada")
    window.settle()
    before = project.read_text()
    project.write_text(f'{before}\n[[pair]]\nsource = {FRAME}\nreference = "card.png"\n')
    page.locator("#save").click()
    wait_until(lambda: "is a pair with card.png" in window.message)
    wait_until(lambda: "saving replaces it" in (page.locator("#told").text_content() or ""))
    page.locator("#save").click()
    wait_until(lambda: "is a constructed pair" in (page.locator("#said").text_content() or ""))
    assert "card.png" not in project.read_text()


def test_of_pictures_that_cross_the_last_one_gives_colour_and_words(
    window: ConstructWindow, reel: Path
) -> None:
    leaf = working_rgb("#576c43").float()[:, None, None].expand(3, 40, 60)
    media.write_png(reel / "leaf.png", leaf, bits=16)
    page = window.page
    page.mouse.click(*window.spot(0.25, 0.25))
    held = list[Any]()
    page.route("**/construct/picture?path=*card.png*", lambda route: held.append(route))
    for name in ("card.png", "leaf.png"):
        page.locator("#eye-what").fill(f"{reel.name}/{name}")
        page.locator("#eye-form button").click()
    page.locator("[data-pane=eye] .canvas img[src]").wait_for()
    wait_until(lambda: page.locator("[data-pane=eye] .canvas").bounding_box()["width"] > 0)
    with page.expect_response("**/construct/picture?path=*card.png*"):
        held[0].continue_()
    page.wait_for_timeout(200)
    page.mouse.click(*window.spot(0.5, 0.5, "eye"))
    assert page.locator("#point-source").input_value() == f"{reel.name}/leaf.png"
    codes = srgb_codes(page.locator("#point-hex").input_value())
    assert codes == pytest.approx(srgb_codes("#576c43"), abs=2)


def test_a_checker_of_accessibility_finds_nothing(window: ConstructWindow) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = window.page
    page.mouse.click(*window.spot(0.25, 0.25))
    page.locator("#palette button", has_text="grey").click()
    window.settle()
    violations = axe.run(page).response["violations"]
    assert not [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations]
