"""The whole journey in Chromium on a small film: run, watch, look, decide, deliver.

Skipped where no Chromium or Chrome is installed. Steps of the viewer and of the pairs page have
their places in `test_the_whole_journey`.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from unfade.film.approval import Approvals
from unfade.film.delivery import Delivery
from unfade.film.dismissal import Dismissals
from unfade.film.model import LossCurve, TrainedModel, TrainingStop
from unfade.film.noun import Artefact
from unfade.film.report import Report
from unfade.pipeline.freshness import status
from unfade.studio.films import place_of
from unfade.studio.pages import FILM_PAGES

from .running import RunningStudio

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
STEPS = 20_000
"""Steps of training: minutes, so that a person can end it early."""

PATIENCE_MS = 400_000
"""Milliseconds for a stage on a busy machine."""

SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium or Chrome is installed; the journey needs one")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        # Root in a container has no sandbox; the pages are the studio's own.
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def film(studio: RunningStudio, write_small_film: Callable[[Path], None]) -> Path:
    folder = studio.new_folder()
    write_small_film(folder)
    place = folder / "film.toml"
    training = f"steps = {STEPS}\nearly_stop = 0\ncontact_sheet = 40"
    text = place.read_text().replace("steps = 4", training)
    place.write_text(text.replace("checkpoint = 2", "checkpoint = 10"))
    return folder


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """The addresses of all requests of the browser."""
    return []


@pytest.fixture(scope="module")
def page(browser: Any, studio: RunningStudio, film: Path, asked: list[str]) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(studio.welcome)
    yield page
    context.close()
    assert not faults


def made(film: Path, kind: type[Artefact]) -> Any:
    return kind.from_json((film / kind.PATH).read_text(encoding="utf-8"))


def go(page: Any, name: str) -> None:
    """Opens a page of the film by its link."""
    page.get_by_role("link", name=name, exact=True).click()
    page.wait_for_url(f"**/{name.lower()}")


def test_the_whole_journey(page: Any, film: Path, asked: list[str], studio: RunningStudio) -> None:
    # Here a new film is made with the form.
    page.get_by_role("link", name="Painted").click()
    page.wait_for_url("**/run")
    run_to_validate(page, film)
    end_training_early(page, film)
    # Here a pair is dropped and another one added; here a frame is wiped in the viewer.
    dismiss_the_outlier(page, film)
    approve(page, film)
    deliver(page, film)
    verify(page)
    foreign = [url for url in asked if not url.startswith((studio.origin, "data:", "blob:"))]
    assert not foreign


def run_to_validate(page: Any, film: Path) -> None:
    page.get_by_role("button", name="Run to validate").click()
    page.locator("#progress", has_text="stage").wait_for()
    page.locator("td.state.running").wait_for()


def end_training_early(page: Any, film: Path) -> None:
    """The chart grows while training works; then a person ends it."""
    go(page, "Training")
    page.locator("#chart circle").nth(1).wait_for()
    count = page.locator("#chart circle").count()
    page.locator("#chart circle").nth(count).wait_for()
    page.get_by_role("button", name="Stop early and keep the best").click()
    page.get_by_text("A person ended this training").wait_for()
    model, stop = made(film, TrainedModel), made(film, TrainingStop)
    assert model.is_stopped
    assert model.steps == stop.step < STEPS
    assert made(film, LossCurve).points[-1].step == model.steps
    sheet = page.locator(".sheets img").first
    sheet.scroll_into_view_if_needed()
    page.wait_for_function(
        "() => document.querySelector('.sheets img').naturalWidth > 0", timeout=PATIENCE_MS
    )
    page.locator("#values summary").click()
    assert page.locator("#values tbody tr").count() == len(made(film, LossCurve).points)


def dismiss_the_outlier(page: Any, film: Path) -> None:
    """With the keyboard alone."""
    go(page, "Outliers")
    page.locator(".outlier.open").first.wait_for()
    worst = max(made(film, Report).outliers, key=lambda one: one.weight)
    page.wait_for_function(
        "() => { const one = document.querySelector('canvas');"
        "return one.getContext('2d').getImageData(one.width / 2, one.height / 2, 1, 1).data[3]; }"
    )
    for key in ("j", "d"):
        page.keyboard.press(key)
    page.keyboard.type("Ada Byron")
    page.keyboard.press("Tab")
    page.keyboard.type("Painted on purpose")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Dismissed by Ada Byron").wait_for()
    (entry,) = made(film, Dismissals).entries
    assert (entry.kind, entry.first, entry.reason) == (
        worst.kind,
        worst.first,
        "Painted on purpose",
    )


def approve(page: Any, film: Path) -> None:
    go(page, "Report")
    report = page.frame_locator("iframe").get_by_role("heading", name="Painted")
    report.wait_for()
    assert page.get_by_label("Your name").input_value() == "Ada Byron"
    page.get_by_label("Note").fill("good skin")
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Approved by Ada Byron on").wait_for()
    (decision,) = made(film, Approvals).decisions
    assert (decision.decision, decision.by, decision.note) == ("approved", "Ada Byron", "good skin")


def deliver(page: Any, film: Path) -> None:
    """Meanwhile the report stays as it is."""
    page.evaluate("document.querySelector('iframe').isSame = true")
    page.get_by_role("button", name="Deliver", exact=True).click()
    page.get_by_text("deliver is fresh").wait_for()
    assert page.evaluate("document.querySelector('iframe').isSame")
    delivery = made(film, Delivery)
    assert delivery.decision == made(film, Approvals).decisions[-1]
    assert (film / "08-deliver" / delivery.bag / "bagit.txt").is_file()
    root = film.parent
    states = {
        stage.name: now.state for stage, now in status(place_of(root, film / "film.toml").job())
    }
    assert {*states.values()} == {"fresh"}


def verify(page: Any) -> None:
    page.keyboard.press("v")
    page.get_by_text("each as it was delivered").wait_for()


@pytest.mark.parametrize("name", ["/", *(name for name, _ in FILM_PAGES)])
def test_a_page_has_no_serious_fault_of_accessibility(
    page: Any, studio: RunningStudio, film: Path, name: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.goto(studio.origin + (name if name == "/" else f"{studio.film(film)}/{name}"))
    page.locator("h1").first.wait_for()
    found = axe.Axe().run(page).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
    assert not serious


@pytest.mark.parametrize("width", [390, 1280, 3840])
def test_the_pages_fit_the_display(
    page: Any, studio: RunningStudio, film: Path, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for name in ("training", "outliers", "report"):
        page.goto(f"{studio.origin}{studio.film(film)}/{name}")
        page.locator("h1").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
