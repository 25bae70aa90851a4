"""The page of constructions in headless Chromium: from a click to the files; skipped where no
browser is installed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import unfade
from unfade import media
from unfade.construct.palettes import working_rgb
from unfade.construct.records import read_construction, read_palette
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


def test_a_checker_of_accessibility_finds_nothing(window: ConstructWindow) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = window.page
    page.mouse.click(*window.spot(0.25, 0.25))
    page.locator("#palette button", has_text="grey").click()
    window.settle()
    violations = axe.run(page).response["violations"]
    assert not [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations]
