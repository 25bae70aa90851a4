"""The whole journey in Chromium on a small film: new, run, drop and add a pair, watch training,
dismiss an outlier, wipe a frame, approve, deliver; then several films run one after another."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
import tomlkit
import torch
from numpy.typing import NDArray

from unfade import media
from unfade.film.approval import Approvals
from unfade.film.delivery import Delivery
from unfade.film.dismissal import Dismissals
from unfade.film.model import LossCurve, TrainedModel, TrainingStop
from unfade.film.noun import Artefact
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.working_space import WORKING_SPACE
from unfade.pipeline.freshness import status
from unfade.project.color_config import PINNED
from unfade.project.file import load_project
from unfade.studio.films import place_of
from unfade.studio.pages import FILM_PAGES
from unfade.studio.run_record import RunRecord, read_records
from unfade.studio.studio import RUNS_FOLDER

from .client import wait_until
from .running import RunningStudio

STEPS = 20_000
"""Steps of training: minutes, so that a person can end it early."""

SETTINGS = f"""
[curate]
[train]
size = "small"
steps = {STEPS}
batch = 64
checkpoint = 10
contact_sheet = 40
early_stop = 0
shot_models = "off"
[render]
first = 2
last = 5
[deliver]
movie = "h264"
"""
"""What a person writes into the new film.toml, so that the stages take seconds."""

PAIRS = """
[[pair]]
source = 2
reference = "painted/2.exr"
aligned = true
[[pair]]
source = 4
reference = 4
aligned = true
role = "holdout"
[[pair]]
source = 5
reference = 5
aligned = true
"""

LIVE_AREA = [0, 0, 96, 72]

WIPED = 3
"""A frame that is wiped."""

PLACES = ((20, 10), (30, 50), (44, 36), (52, 36), (84, 50), (90, 10))
"""Pixels of the scan, of which the wipe has the first three at its left."""

READ_PIXELS = """(places) => {
  const canvas = document.getElementById("screen"), gl = canvas.getContext("webgl2");
  const left = Math.round(canvas.width / 2 - 96 / 2), top = Math.round(canvas.height / 2 - 72 / 2);
  gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  return places.map(([x, y]) => {
    const pixel = new Uint8Array(4);
    gl.readPixels(left + x, canvas.height - 1 - top - y, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    return [...pixel.slice(0, 3)];
  });
}"""

PATIENCE_MS = 200_000
"""Milliseconds for a stage on a busy machine."""

SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def film(studio: RunningStudio, write_small_film: Callable[[Path], None]) -> Path:
    """The folder of the film: the journey makes its film.toml."""
    folder = studio.new_folder()
    write_small_film(folder)
    (folder / "film.toml").unlink()
    return folder


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """The addresses of all requests of the browser."""
    return []


@pytest.fixture(scope="module")
def page(chromium: Any, studio: RunningStudio, film: Path, asked: list[str]) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
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
    new_film(page, film)
    page.get_by_role("link", name="Painted").click()
    page.wait_for_url("**/run")
    run_to(page, "align")
    drop_a_pair_and_add_another(page, film)
    go(page, "Run")
    run_to(page, "validate", is_awaited=False)
    end_training_early(page, film)
    dismiss_the_outlier(page, film)
    wipe_a_frame(page, film)
    approve(page, film)
    deliver(page, film)
    verify(page)
    foreign = [url for url in asked if not url.startswith((studio.origin, "data:", "blob:"))]
    assert not foreign


def new_film(page: Any, film: Path) -> None:
    """By the form, with paths completed; then a person sets it up in an editor."""
    take_path(page, "Folder to make", film.name, f"{film.name}/")
    take_path(page, "Scan", f"{film.name}/scan/", f"{film.name}/scan/s.%04d.exr")
    take_path(page, "Reference", f"{film.name}/dvd/d", f"{film.name}/dvd/d.%04d.exr")
    page.get_by_label("Title").fill("Painted")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Painted").wait_for()
    project = load_project(film / "film.toml")
    assert (project.film.title, project.source.path) == ("Painted", "scan/s.%04d.exr")
    text = tomlkit.parse((film / "film.toml").read_text())
    for name in ("source", "reference"):
        text[name]["live_area"] = LIVE_AREA
    for name, section in tomlkit.parse(SETTINGS).items():
        text.setdefault(name, {}).update(section)
    (film / "film.toml").write_text(tomlkit.dumps(text) + PAIRS)


def take_path(page: Any, label: str, typed: str, path: str) -> None:
    """Types the beginning of a path, and takes the path when it is offered."""
    field = page.get_by_label(label)
    field.press_sequentially(typed)
    page.locator(f'#paths option[value="{path}"]').wait_for(state="attached")
    field.fill(path)


def run_to(page: Any, stage: str, *, is_awaited: bool = True) -> None:
    page.get_by_role("button", name=f"Run to {stage}").click()
    page.locator("#progress", has_text="stage").wait_for()
    page.locator("td.state.running").wait_for()
    if is_awaited:
        page.get_by_role("row", name=stage).locator("td.state.fresh").wait_for()


def drop_a_pair_and_add_another(page: Any, film: Path) -> None:
    go(page, "Pairs")
    page.locator("[data-pair='5'][data-key]").wait_for()
    tiles = [one.get_attribute("data-pair") for one in page.locator("[data-pair]").all()]
    for key in (*["ArrowRight"] * (1 + tiles.index("5")), "d"):
        page.keyboard.press(key)
    page.locator(".tile.dropped [data-pair='5']").wait_for()
    page.keyboard.press("a")
    for name in ("#add-source", "#add-reference"):
        page.locator(name).fill("6")
    page.locator("#add-sentences p").first.wait_for()
    page.get_by_role("button", name="Write the pair").click()
    page.locator("[data-pair='6']").wait_for()
    project = load_project(film / "film.toml")
    assert project.curate.drop == (5,)
    assert [(one.source, one.reference) for one in project.pair][-1] == (6, 6)
    assert "# the faded scan: its luma is kept" in (film / "film.toml").read_text()


def wipe_a_frame(page: Any, film: Path) -> None:
    """The scan at the left and the master at the right, as their files and the view have them."""
    go(page, "Viewer")
    page.locator("#screen[data-shown$='source recovered']").wait_for()
    for key in ("Home", *["ArrowRight"] * (WIPED - 1), "z"):
        page.keyboard.press(key)
    page.locator(f"#screen[data-shown='{WIPED} source recovered']").wait_for()
    (master,) = [one.file for one in made(film, Rendering).frames if one.frame == WIPED]
    scan = display_codes(film / f"scan/s.{WIPED:04d}.exr", "ACEScg")
    recovered = display_codes(film / "06-render" / master, "ACES2065-1")
    assert (np.abs(scan - recovered).max(axis=1) > 5).all(), "the pictures differ at all places"
    wait_until(lambda: is_on_screen(page, [*scan[:3], *recovered[3:]]))
    page.keyboard.press(".")
    wait_until(lambda: is_on_screen(page, [*scan[:4], *recovered[4:]]))


def display_codes(path: Path, colorspace: str) -> NDArray[np.float64]:
    """The pixels of a file at `PLACES` after the film's view, as codes of 255."""
    stored = oiio.ImageBuf(str(path)).get_pixels(oiio.FLOAT)[..., :3]
    pixels = torch.from_numpy(stored).permute(2, 0, 1).contiguous()
    shown = media.to_space(pixels, colorspace, WORKING_SPACE, PINNED).clamp(0, 1) * 255
    return np.array([shown[:, y, x].numpy() for x, y in PLACES], np.float64)


def is_on_screen(page: Any, codes: list[NDArray[np.float64]]) -> bool:
    """Whether the pixels at `PLACES` on the screen have these codes, but for their rounding."""
    return bool(np.abs(np.array(page.evaluate(READ_PIXELS, PLACES)) - codes).max() <= 1.5)


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


def test_marked_films_run_one_after_another(
    page: Any, studio: RunningStudio, film: Path, write_small_film: Callable[[Path], None]
) -> None:
    """By keys. One fails, one is stopped, one is taken out of the queue; the others run."""
    write_small_film(studio.root / "a-long")
    for name in ("b-broken", "c-left"):
        (studio.root / name).mkdir()
        (studio.root / name / "film.toml").write_text("nonsense")
    page.goto(studio.origin)
    for key in ("j", "x") * 4:
        page.keyboard.press(key)
    (studio.root / "b-broken/film.toml").write_text('[source]\npath = "scan.mov"\n')
    page.get_by_text("'film' is missing").wait_for()
    assert page.locator(".films input:checked").count() == 4, "marks outlive an update of the page"
    assert page.locator(".films input:focus").get_attribute("aria-label") == "Mark Painted"
    page.keyboard.press("r")
    queue = page.get_by_role("table", name="Queue", exact=True)
    queue.get_by_role("row", name="4 run reel1").wait_for()
    queue.get_by_role("button", name="Take out: run c-left").click()
    queue.get_by_role("row", name="3 run reel1").wait_for()
    queue.get_by_role("button", name="Stop: run a-long").click()
    wait_until(lambda: not any(one.is_open for one in records(studio)))
    states = {one.what: one.state for one in records(studio)}
    assert states["run a-long"] == states["run c-left"] == "stopped"
    assert states["run b-broken"] == "failed"
    assert states["run reel1"] == "finished"
    ended = page.get_by_role("table", name="Runs that have ended")
    broken = ended.get_by_role("row", name="run b-broken").inner_text()
    assert "'film' is missing" in broken


def test_the_next_key_aborts_the_completion_before(page: Any, studio: RunningStudio) -> None:
    page.goto(studio.origin)
    page.route(re.compile("path=r&"), lambda route: None)
    with page.expect_event("requestfailed") as aborted:
        page.get_by_label("Scan").press_sequentially("re")
    assert "path=r&" in aborted.value.url
    page.locator('#paths option[value="reel1/"]').wait_for(state="attached")
    assert page.locator("#paths option").all_inner_texts() == ["reel1/"]
    page.unroute_all()


def records(studio: RunningStudio) -> list[RunRecord]:
    return [*read_records(studio.root / RUNS_FOLDER)]


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
