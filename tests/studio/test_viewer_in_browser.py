"""The viewer in headless Chromium: values on the screen, probe, keys, playback, bookmarks; skipped
where no browser is installed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from unfade import media
from unfade.film.working_space import WORKING_SPACE
from unfade.project.color_config import PINNED, ColorManagement

from .viewer_film import WIDTH, chart, random_halves, read_marks
from .viewer_window import VIEW, ViewerWindow, at_centre

WITHOUT_FLOATS = """
const gl = WebGL2RenderingContext.prototype, { texImage2D, getExtension } = gl;
gl.getExtension = function (name) {
  return /float/.test(name) ? null : getExtension.call(this, name);
};
gl.texImage2D = function (...all) {
  return texImage2D.apply(this, all.map((one) => (one === this.HALF_FLOAT ? 0 : one)));
};"""
"""A device without textures of half floats, and without targets and filters of floats."""

DRAWN_WIDTHS = """async () => {
  const { viewer } = await import("/static/viewer-state.js");
  const { draw } = await import("/static/viewer-draw.js");
  const widths = [];
  viewer.screen.draw = (picture) => widths.push(picture.width);
  draw();
  return widths;
}"""
"""The widths of the textures that are drawn."""

HOLD_KEY = """async (kind) => {
  const { viewer } = await import("/static/viewer-state.js");
  await viewer.pictures.awaitedProxy(1, kind, 1).catch(() => {});
  const press = (repeat) => document.body.dispatchEvent(
    new KeyboardEvent("keydown", { key: "ArrowRight", repeat, bubbles: true }),
  );
  for (const repeat of [false, true, true, true, true, true]) press(repeat);
  return document.getElementById("screen").dataset.shown;
}"""
"""Holds a key for five repeats, when the proxies are there or refused; what is shown then."""

DRAW_LONG_STRIP = """async () => {
  const { Strip } = await import("/static/viewer-strip.js");
  const last = 149_999, shots = [], pairs = [], outliers = [];
  const roles = ["train", "holdout", "test", "rejected"];
  for (let at = 0; at <= last; at += 60) shots.push([at, Math.min(last, at + 59), at / 60 + 1]);
  for (let at = 0; at <= last; at += 15) pairs.push({ frame: at, role: roles[(at / 15) % 4] });
  for (let at = 0; at <= last; at += 40) outliers.push({ first: at, last: at + 9, worst: at });
  const canvas = document.createElement("canvas");
  canvas.style.cssText = "display: block; width: 1400px; height: 90px";
  document.body.append(canvas);
  const strip = new Strip(canvas, () => {});
  const film = { first: 0, last, width: 4, height: 3, masters: [[0, last]], bookmarks: [] };
  const start = performance.now();
  strip.setFilm({ ...film, shots, pairs, outliers });
  strip.draw();
  const whole = performance.now() - start;
  for (let frame = 0; frame < 150_000; frame += 1500) {
    strip.setState(frame, null, null);
    strip.draw();
  }
  const moves = (performance.now() - start - whole) / 100;
  const { data } = canvas.getContext("2d").getImageData(0, 62, canvas.width, 16);
  canvas.remove();
  return { whole, moves, marks: data.filter((one) => one > 200).length };
}"""


def expected_codes(halves: NDArray[Any], view: str | None = None) -> NDArray[np.float64]:
    """What OpenColorIO's CPU makes of scene light, as codes of 255."""
    colors = ColorManagement(PINNED.config, view)
    pixels = torch.from_numpy(halves.astype(np.float32)).permute(2, 0, 1).contiguous()
    shown = media.to_space(pixels, "lin_ap0", WORKING_SPACE, colors)
    return np.asarray(shown.clamp(0, 1).permute(1, 2, 0) * 255, np.float64)


@pytest.mark.parametrize(("film", "view"), [("plain", None), ("viewed", VIEW)])
def test_values_on_the_screen_are_the_views_own(
    window: ViewerWindow, film: str, view: str | None
) -> None:
    window.open(film, at_centre(1), "1 source")
    assert np.abs(window.scan() - expected_codes(chart(), view)).max() <= 1.0


def test_exposure_is_in_scene_light_and_gamma_after_the_view(window: ViewerWindow) -> None:
    window.open("plain", at_centre(1, stops=-2, gamma=1.5), "1 source")
    darker = expected_codes(chart().astype(np.float32) / 4)
    assert np.abs(window.scan() - 255 * (darker / 255) ** (1 / 1.5)).max() <= 1.0


def test_the_probe_reads_the_half_floats(window: ViewerWindow) -> None:
    window.open("plain", at_centre(1), "1 source")
    codes = expected_codes(chart()) / 255
    for x, y in ((4, 4), (28, 36), (44, 36), (4, 44), (12, 44), (60, 20)):
        window.hover(x, y)
        found = window.page.locator("#probe-scene")
        bits = " ".join(f"{one:04x}" for one in chart()[y, x].view(np.uint16))
        window.page.wait_for_selector(f'#probe-scene[data-bits="{bits}"]')
        texts = found.evaluate("one => one.value")
        shown = [float(one.replace("\u2212", "-")) for one in texts.split("  ")]
        assert shown == [float(one) for one in chart()[y, x]]
        rgb = window.page.locator("#probe-rgb").evaluate("one => one.value")
        numbers = [float(one) for one in rgb.replace("\u2212", "-").split()]
        if (codes[y, x] < 1).all() and (codes[y, x] > 0).all():
            assert np.abs(numbers - codes[y, x]).max() < 1e-4
        assert window.page.locator("#probe-place").evaluate("one => one.value") == f"{x}, {y}"


def test_a_wipe_shows_a_on_the_left_and_b_on_the_right(window: ViewerWindow) -> None:
    window.open("plain", at_centre(3, mode="wipe", b="recovered"), "3 source recovered")
    left, right = expected_codes(random_halves(3)), expected_codes(random_halves(200))
    middle = WIDTH // 2
    on_screen = window.scan()
    assert np.abs(on_screen[:, :middle] - left[:, :middle]).max() <= 1.0
    assert np.abs(on_screen[:, middle:] - right[:, middle:]).max() <= 1.0
    window.press(*["."] * 20)
    window.page.wait_for_timeout(300)
    assert np.abs(window.scan()[:, : middle + 2] - left[:, : middle + 2]).max() <= 1.0
    window.press("t")
    window.page.wait_for_timeout(300)
    assert np.abs(window.scan() - right).max() <= 1.0


def test_the_difference_is_of_the_display_values(window: ViewerWindow) -> None:
    window.open("plain", at_centre(3, mode="difference", b="recovered"), "3 source recovered")
    colours = [expected_codes(one) for one in (random_halves(3), random_halves(200))]
    expected = np.minimum(255, 4 * np.abs(colours[0] - colours[1]))
    inside = (expected < 255) & (np.minimum(*colours) > 0) & (np.maximum(*colours) < 255)
    assert np.abs(window.scan() - expected)[inside].max() <= 1.0


def test_keys_step_and_jump_and_the_address_keeps_the_place(window: ViewerWindow) -> None:
    window.open("plain", "frame=1&a=source&mode=single", "1 source")
    for key, frame in (("ArrowRight", 2), ("]", 5), ("q", 6), ("[", 5), ("End", 8), ("P", 6)):
        window.press(key)
        window.wait_for(f"{frame} source")
    window.press("s")
    window.wait_for("6 source recovered")
    assert {"frame": ["6"], "mode": ["side"], "b": ["recovered"]}.items() <= window.query().items()
    window.page.reload()
    window.wait_for("6 source recovered")
    window.press("?")
    assert "play; again, faster" in window.page.locator("#key-sheet").inner_text()


def test_playback_shows_proxies_and_rest_full_pixels(window: ViewerWindow) -> None:
    window.open("plain", "frame=1&a=source&mode=single", "1 source")
    window.press("i", "l")
    window.page.wait_for_selector('#screen[data-shown$="proxy"]')
    assert "proxy, 16 pixels wide" in window.page.locator("#tag-a").inner_text()
    window.press("k")
    window.page.wait_for_selector('#screen[data-shown$="source"]')


def test_a_held_key_shows_proxies_and_its_release_full_pixels(window: ViewerWindow) -> None:
    asked: list[str] = []
    window.page.on("request", lambda one: asked.append(one.url))
    window.open("plain", "frame=1&a=source&mode=single", "1 source")
    assert window.page.evaluate(HOLD_KEY, "source") == "7 proxy"
    window.page.keyboard.up("ArrowRight")
    window.wait_for("7 source")
    assert not [one for one in asked if "/picture/6/" in one]


def test_a_held_key_comes_to_rest_where_a_release_is_lost(window: ViewerWindow) -> None:
    window.open("plain", "frame=1&a=source&mode=single", "1 source")
    assert window.page.evaluate(HOLD_KEY, "source") == "7 proxy"
    window.wait_for("7 source")


def test_a_held_key_shows_pictures_where_there_are_no_proxies(window: ViewerWindow) -> None:
    refusal = {"status": 409, "json": {"error": "pictures have no proxies"}}
    window.page.route("**/proxies/reference?first=*", lambda one: one.fulfill(**refusal))
    window.page.add_init_script("window.setTimeout = () => 1;")
    window.open("plain", "frame=1&a=reference&mode=single", "1 reference")
    window.page.evaluate(HOLD_KEY, "reference")
    window.wait_for("7 reference")


def test_a_frame_that_cannot_be_shown_says_why(window: ViewerWindow) -> None:
    window.open("plain", "frame=8&a=reference&mode=single", "8 reference")
    assert window.text("notice") == "no frame of a reference shows frame 8; look at another frame"
    window.wait_for_text("scope-of", "Reference: no picture")


def test_labels_say_what_a_and_b_were_made_from(window: ViewerWindow) -> None:
    window.open("plain", "frame=4&mode=wipe&a=lut&b=recovered", "4 lut recovered")
    assert window.text("tag-a") == "A: LUT baseline \u2013 LUT baseline, on the live area"
    made = "predicted now by model 0123456789ab; there is no master"
    assert window.text("tag-b") == f"B: Recovered \u2013 {made}"
    window.press("d")
    window.wait_for_text("tag-a", made)


def test_numbers_in_the_address_have_limits(window: ViewerWindow) -> None:
    query = "frame=99&a=source&mode=single&stops=1e9&gamma=-3&channel=77&in=-5&at=1e9,1e9,-1e9"
    window.open("plain", query, "8 source")
    assert window.page.locator("#stops").input_value() == "12"
    assert window.page.locator("#gamma").input_value() == "0.2"
    assert window.page.locator("#zoom").evaluate("one => one.value") == "6400 %"
    found = window.query()
    assert (found["stops"], found["in"], found["at"]) == (["12"], ["1"], ["64,64,0"])


def test_a_picture_comes_at_the_size_of_the_screen_first(window: ViewerWindow) -> None:
    asked: list[str] = []
    window.page.on("request", lambda one: asked.append(one.url))
    window.open("plain", "frame=5&a=source&mode=single&at=0.25,32,24", "5 source")
    window.page.wait_for_selector('#screen[data-pixels="full"]')
    pictures = [one.split("/picture/")[1] for one in asked if "/picture/5/" in one]
    assert ["width=16" in one for one in pictures] == [True, False]
    window.wait_for_text("scope-of", "Source: whole picture")


def test_at_rest_a_predicted_picture_is_the_whole_one(window: ViewerWindow) -> None:
    for kind, width in (("source", WIDTH // 4), ("recovered", WIDTH)):
        window.open("viewed", f"frame=5&a={kind}&mode=single&at=0.25,32,24", f"5 {kind}")
        window.page.wait_for_selector('#screen[data-pixels="full"]')
        assert window.page.evaluate(DRAWN_WIDTHS) == [width]


def test_without_float_textures_8_bits_are_shown_and_labelled(window: ViewerWindow) -> None:
    window.page.add_init_script(WITHOUT_FLOATS)
    window.open("plain", at_centre(1), "1 source")
    assert "8 bits, highlights are cut" in window.text("tag-a")
    cut = np.clip(chart().astype(np.float32), 0, 1)
    assert np.abs(window.scan() - expected_codes(cut)).max() <= 2.0
    window.wait_for_text("scope-of", "from 8 bits")
    window.hover(4, 4)
    bits = " ".join(f"{one:04x}" for one in chart()[4, 4].view(np.uint16))
    window.page.wait_for_selector(f'#probe-scene[data-bits="{bits}"]')


@pytest.mark.parametrize("width", [1280, 1440])
def test_the_controls_stay_on_one_line(window: ViewerWindow, width: int) -> None:
    window.page.set_viewport_size({"width": width, "height": 900})
    window.open("plain", "frame=3&mode=difference", "3 source recovered")
    for name in (".bar", ".transport"):
        height = window.page.locator(f".viewer {name}").evaluate("one => one.clientHeight")
        assert height < 45


def test_a_bookmark_goes_into_its_file_and_on_the_page(
    window: ViewerWindow, viewer_films: Path
) -> None:
    window.open("plain", "frame=4&a=source&mode=single", "4 source")
    window.press("n")
    window.page.locator("#note textarea").fill("Scratch <b>left</b>")
    window.page.locator('#note button[value="add"]').click()
    window.page.locator("#marks li").wait_for()
    assert "4 Scratch <b>left</b>" in window.page.locator("#marks").inner_text()
    assert [one.frame for one in read_marks(viewer_films / "plain").marks] == [4]


def test_a_strip_of_150_000_frames_is_drawn_at_once(window: ViewerWindow) -> None:
    window.open("plain", "frame=1&a=source&mode=single", "1 source")
    found = window.page.evaluate(DRAW_LONG_STRIP)
    assert found["marks"] > 500
    assert found["whole"] < 2000
    assert found["moves"] < 200


def test_the_viewer_passes_an_accessibility_check(window: ViewerWindow) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    window.open("plain", "frame=3&mode=wipe", "3 source recovered")
    found = axe.Axe().run(window.page).response["violations"]
    assert not [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
