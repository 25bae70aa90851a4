"""The viewer while files change, and when answers fail or come late, in headless Chromium."""

import shutil
from pathlib import Path
from typing import Any

from .viewer_film import PAIRED, end_training, write_training
from .viewer_window import ViewerWindow, at_centre

CATCH_STREAM = """
window.EventSource = class extends EventSource {
  constructor(...all) {
    super(...all);
    window.stream = this;
  }
};"""
"""Keeps the stream of events, so that a test can send one."""

RESET = """() => window.stream.dispatchEvent(
  new MessageEvent("message", { data: JSON.stringify({ kind: "reset" }) }),
)"""

CLEAR_ONE_KIND = """async () => {
  const { viewer } = await import("/static/viewer-state.js");
  const { Pictures } = await import("/static/viewer-load.js");
  const pictures = new Pictures(viewer.pictures.film, viewer.screen);
  await pictures.awaitedProxy(5, "source", 1);
  const asked = ["source", "lut"].map((kind) => pictures.get(5, kind));
  pictures.clear("lut");
  const found = await Promise.allSettled(asked);
  return [...found.map((one) => one.status), pictures.chunks.size];
}"""

CLEAR_WHILE_PROXIES_COME = """async () => {
  const { viewer } = await import("/static/viewer-state.js");
  const { pictures } = viewer, coming = pictures.awaitedProxy(1, "reference", 1);
  pictures.clear();
  await coming;
  await null;
  return pictures.chunks.size;
}"""

THUMBS = """async () => {
  const { viewer } = await import("/static/viewer-state.js");
  return [...viewer.strip.thumbs.values()];
}"""

AGE_THUMBS = f"async () => (await ({THUMBS})()).forEach((one) => (one.isOld = true))"


def test_a_film_that_cannot_be_shown_yet_comes_alive_by_itself(
    window: ViewerWindow, viewer_films: Path
) -> None:
    folder = Path(shutil.copytree(viewer_films / "plain", viewer_films / "later"))
    project, ingest = folder / "film.toml", folder / "01-ingest"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace("[source]", "[sauce]"), encoding="utf-8")
    ingest.rename(folder / "hidden")
    window.open("later", at_centre(3), None)
    window.wait_for_text("notice", "'source' is missing")
    project.write_text(text, encoding="utf-8")
    window.wait_for_text("notice", "run 'unfade ingest' first")
    (folder / "hidden").rename(ingest)
    (ingest / "receipt.json").write_text("{}")
    window.wait_for("3 source")
    assert window.scan().any()
    assert not window.page.locator("#notice").is_visible()


def test_a_training_under_way_is_watched(window: ViewerWindow, viewer_films: Path) -> None:
    folder = Path(shutil.copytree(viewer_films / "plain", viewer_films / "training"))
    write_training(folder, 300)
    window.open("training", at_centre(PAIRED, a="checkpoint"), f"{PAIRED} checkpoint")
    assert "checkpoint 300 of the training under way" in window.text("tag-a")
    before = window.scan()
    write_training(folder, 600)
    window.wait_for_text("tag-a", "checkpoint 600 of")
    assert (window.scan() != before).any()
    end_training(folder)
    window.wait_for(f"{PAIRED} source")
    assert window.page.locator('#kind-a option[value="checkpoint"]').is_disabled()


def test_a_new_checkpoint_stops_no_picture_of_another_kind(window: ViewerWindow) -> None:
    window.open("plain", "frame=1&a=source&mode=single", "1 source")
    assert window.page.evaluate(CLEAR_ONE_KIND) == ["fulfilled", "rejected", 1]


def test_proxies_that_come_after_a_change_are_not_kept(window: ViewerWindow) -> None:
    window.open("plain", "frame=1&a=source&mode=single", "1 source")
    assert window.page.evaluate(CLEAR_WHILE_PROXIES_COME) == 0


def test_playback_without_proxies_stops_and_says_why(window: ViewerWindow) -> None:
    asked: list[str] = []
    sentence = "the film has no reference clip, and pictures have no proxies; look at the scan"

    def refuse(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(status=409, json={"error": sentence})

    window.page.route("**/proxies/reference?first=*", refuse)
    window.open("plain", "frame=1&a=reference&mode=single", "1 reference")
    for _ in range(2):
        window.press("l")
        window.wait_for_text("notice", sentence)
    window.page.wait_for_timeout(300)
    assert window.text("notice") == sentence
    assert len(asked) == 1
    window.press("ArrowRight")
    window.wait_for("2 reference")
    assert not window.page.locator("#notice").is_visible()


def test_thumbnails_are_those_of_the_film_as_it_is_now(
    window: ViewerWindow, viewer_films: Path
) -> None:
    folder = Path(shutil.copytree(viewer_films / "plain", viewer_films / "thumbs"))
    asked: list[str] = []

    def fail(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(status=409, json={"error": "no"})

    def change(text: str) -> None:
        (folder / "film.toml").write_text(text, encoding="utf-8")

    text = (folder / "film.toml").read_text(encoding="utf-8")
    window.page.route("**/proxies/recovered?frames=*", fail)
    window.open("thumbs", "frame=1&a=source&mode=single", "1 source")
    window.page.wait_for_timeout(1600)
    assert (len(asked), window.page.evaluate(f"async () => (await ({THUMBS})()).length")) == (1, 0)
    window.page.unroute("**/proxies/recovered?frames=*")
    change(f"{text}# once")
    window.page.wait_for_function(f"async () => (await ({THUMBS})()).length === 2")
    window.page.evaluate(AGE_THUMBS)
    change(f"{text}# twice")
    window.page.wait_for_function(f"async () => !(await ({THUMBS})()).some((one) => one.isOld)")


def test_after_an_absence_only_what_failed_or_changed_is_asked_for(window: ViewerWindow) -> None:
    window.page.add_init_script(CATCH_STREAM)
    window.open("plain", at_centre(3), "3 source")
    window.page.wait_for_function("() => window.stream.readyState === 1")
    window.page.wait_for_timeout(500)
    asked: list[str] = []
    window.page.on("request", lambda one: asked.append(one.url))
    with window.page.expect_response("**/viewer/facts"):
        window.page.evaluate(RESET)
    window.page.wait_for_timeout(300)
    assert not [one for one in asked if "/picture/" in one or "/viewer/view" in one]
    assert window.query()["at"] == ["6,32,24"]
    window.page.route("**/picture/7/source*", lambda route: route.abort())
    window.press("End", "ArrowLeft")
    window.wait_for("7 source")
    assert window.text("notice") == "Failed to fetch"
    window.page.unroute("**/picture/7/source*")
    window.page.evaluate(RESET)
    window.page.locator("#notice").wait_for(state="hidden")


def test_a_picture_that_is_not_there_yet_is_called_loading(window: ViewerWindow) -> None:
    held: list[Any] = []
    window.page.route("**/picture/3/recovered*", lambda route: held.append(route))
    window.open("plain", "frame=3&a=source&b=recovered&mode=wipe", None)
    window.wait_for_text("tag-b", "^B: Recovered \u2013 loading$")
    for route in held:
        route.continue_()
    window.wait_for("3 source recovered")
    assert window.text("tag-b").startswith("B: Recovered \u2013 master")
