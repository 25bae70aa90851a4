"""Pages show what changed while their stream of events was not open, and keep unread failures."""

import time
from pathlib import Path
from typing import Any

import pytest

from unfade.film.model import LossCurve, LossPoint

from .running import RunningStudio

MISSED_S = 1.0
"""Seconds after a change until its event is sent to all open streams."""

SET_HIDDEN = """(isHidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

SAY = """async (sentence) => (await import("/static/studio.js")).say(sentence)"""

LOST = "the studio does not answer; it may have been closed"


def write_film(folder: Path, title: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = f'[film]\ntitle = "{title}"\n[source]\npath = "scan.%04d.exr"\n'
    (folder / "film.toml").write_text(text)


def write_curve(folder: Path, steps: int) -> None:
    points = tuple(LossPoint(step=step, loss=2 / (step + 1)) for step in range(steps))
    (folder / "05-train").mkdir(exist_ok=True)
    (folder / LossCurve.PATH).write_text(LossCurve(points=points, baseline=None).to_json())


@pytest.fixture
def page(chromium: Any, studio: RunningStudio) -> Any:
    opened = chromium.new_context().new_page()
    opened.set_default_timeout(15_000)
    opened.goto(studio.welcome)
    yield opened
    opened.context.close()


def hide_and_show(page: Any, meanwhile: Any = None) -> None:
    """Another window covers the page for a while."""
    page.evaluate(SET_HIDDEN, True)
    if meanwhile is not None:
        meanwhile()
        time.sleep(MISSED_S)
    with page.expect_response("**/events?*"):
        page.evaluate(SET_HIDDEN, False)


def test_a_window_that_was_hidden_shows_what_changed(studio: RunningStudio, page: Any) -> None:
    film = studio.new_folder()
    write_film(film, "Hidden")
    write_curve(film, 3)
    page.goto(f"{studio.origin}{studio.film(film)}/training")
    has_points = "(count) => document.querySelector('polyline.loss')?.points.length === count"
    page.wait_for_function(has_points, arg=3)
    hide_and_show(page, lambda: write_curve(film, 5))
    page.wait_for_function(has_points, arg=5)


def test_a_change_before_the_stream_is_open_is_shown(studio: RunningStudio, page: Any) -> None:
    film = studio.new_folder()
    write_film(film, "Before")

    def change(route: Any) -> None:
        write_film(film, "Afterwards")
        time.sleep(MISSED_S)
        route.continue_()

    page.route("**/events?*", change)
    page.goto(f"{studio.origin}/")
    page.get_by_text("Afterwards").wait_for()


@pytest.mark.parametrize("name", ["run", "viewer", "pairs", "training", "outliers", "report"])
def test_an_opened_stream_asks_for_no_content_again(
    studio: RunningStudio, page: Any, name: str
) -> None:
    film = studio.new_folder()
    write_film(film, "Once")
    write_curve(film, 3)
    page.goto(studio.origin)
    page.wait_for_timeout(1000 * MISSED_S)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url.removeprefix(studio.origin)))
    with page.expect_response("**/events?*"):
        page.goto(f"{studio.origin}{studio.film(film)}/{name}")
    page.wait_for_timeout(500)
    assert not [one for one in asked if "part=" in one]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("name", ["viewer", "run"])
def test_a_film_that_is_repaired_gets_its_title(
    studio: RunningStudio, page: Any, name: str
) -> None:
    film = studio.new_folder()
    write_film(film, "Repaired")
    text = (film / "film.toml").read_text()
    (film / "film.toml").write_text("nonsense")
    page.goto(f"{studio.origin}{studio.film(film)}/{name}")
    page.locator(".film-name").get_by_text(film.name).wait_for()
    (film / "film.toml").write_text(text)
    page.locator(".film-name").get_by_text("Repaired").wait_for()
    assert page.title() == f"{name.title()}, Repaired - Unfade studio"


def test_a_new_stream_takes_back_the_lost_connection_alone(page: Any) -> None:
    message = page.locator("#message")
    page.evaluate(SAY, "the name is empty")
    hide_and_show(page)
    page.wait_for_timeout(300)
    assert message.text_content() == "the name is empty"
    page.evaluate(SAY, LOST)
    hide_and_show(page)
    message.wait_for(state="hidden")
