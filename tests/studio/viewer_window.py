"""A window of a browser on the viewer of a film."""

import base64
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from numpy.typing import NDArray

from unfade.studio.films import place_of

from .viewer_film import HEIGHT, WIDTH

VIEW = "ACES 2.0 - SDR 100 nits (Rec.709)"
PATIENCE_MS = 120_000
"""Milliseconds until a wait counts as failed: a busy machine without a GPU is slow."""
ZOOM = 6
"""Pixels of the screen for one of the scan: nearest neighbours."""

READ_CANVAS = """([wide, high]) => {
  const canvas = document.getElementById("screen"), gl = canvas.getContext("webgl2");
  const left = Math.round(canvas.width / 2 - wide / 2);
  const top = Math.round(canvas.height / 2 - high / 2);
  const pixels = new Uint8Array(4 * wide * high);
  gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  gl.readPixels(left, canvas.height - top - high, wide, high, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  return btoa(Array.from(pixels, (one) => String.fromCharCode(one)).join(""));
}"""


class ViewerWindow:
    """A window on the viewer of a film. It keeps errors of the page, and the hosts of requests."""

    def __init__(self, browser: Any, address: str, films: Path) -> None:
        self.films, self.address = films, address
        self.page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda asked: self.hosts.add(urlsplit(asked.url).hostname or ""))
        self.page.goto(address)

    def open(self, film: str, query: str, shown: str | None) -> None:
        """Opens the viewer, and waits for a picture; None to wait for none."""
        id = place_of(self.films, self.films / film / "film.toml").id
        parts = urlsplit(self.address)
        self.page.goto(f"{parts.scheme}://{parts.netloc}/film/{id}/viewer?{query}")
        if shown is not None:
            self.wait_for(shown)

    def wait_for(self, shown: str) -> None:
        """Waits until a picture is on the screen."""
        self.page.wait_for_selector(f'#screen[data-shown="{shown}"]')

    def text(self, name: str) -> str:
        """The text of a part of the page."""
        return str(self.page.locator(f"#{name}").inner_text())

    def wait_for_text(self, name: str, pattern: str) -> None:
        """Waits until the text of a part of the page matches."""
        self.page.wait_for_function(
            "([name, pattern]) => RegExp(pattern).test(document.getElementById(name).textContent)",
            arg=[name, pattern],
        )

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def query(self) -> dict[str, list[str]]:
        """The query of the address once it has settled."""
        self.page.wait_for_timeout(600)
        return parse_qs(urlsplit(self.page.url).query)

    def scan(self, zoom: int = ZOOM) -> NDArray[np.uint8]:
        """The pixels of the scan on the screen, at a zoom around its centre: (H, W, 3)."""
        wide, high = WIDTH * zoom, HEIGHT * zoom
        found = base64.b64decode(self.page.evaluate(READ_CANVAS, [wide, high]))
        pixels = np.frombuffer(found, np.uint8).reshape(high, wide, 4)[::-1, :, :3]
        return pixels[zoom // 2 :: zoom, zoom // 2 :: zoom]

    def hover(self, x: int, y: int, zoom: int = ZOOM) -> None:
        """Moves the pointer to the centre of a pixel of the scan."""
        box = self.page.locator("#screen").bounding_box()
        left = box["x"] + round_half_up(box["width"] / 2 - WIDTH / 2 * zoom)
        top = box["y"] + round_half_up(box["height"] / 2 - HEIGHT / 2 * zoom)
        self.page.mouse.move(left + (x + 0.5) * zoom, top + (y + 0.5) * zoom)


def round_half_up(value: float) -> int:
    """As JavaScript rounds."""
    return int(np.floor(value + 0.5))


def at_centre(frame: int, a: str = "source", mode: str = "single", **more: object) -> str:
    extra = "".join(f"&{name}={value}" for name, value in more.items())
    return f"frame={frame}&a={a}&mode={mode}&at={ZOOM},{WIDTH / 2},{HEIGHT / 2}{extra}"
