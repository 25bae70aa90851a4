"""Claim: in the studio's viewer a frame of 2048x1556 pixels is on the screen 250 ms after the click
from masters and 600 ms predicted, the next one 80 ms after the key while stepping, and scrubbing
shows 12 proxies a second, on 2 cores without a GPU; 4096x3112 takes twice that.

Makes a film by `long_film.py`, recovers it with a short training, removes the masters of its second
half, so that these frames are predicted, and measures in headless Chromium, in a window of
1440x900 pixels. Prints medians of milliseconds, until the pixels are read back from the canvas:

    python benchmarks/studio_viewer.py [--folder DIR] [--film DIR] [--width 2048] [--height 1556]
        [--frames 48]

`--film` names the folder of a film that an earlier call with `--folder` has made; otherwise all
files are removed at the end. It needs playwright and Chromium or Chrome, and a quiet machine: the
load before and after is printed, too.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from unfade.commands.runtime import configure_process

configure_process()

from long_film import FilmSize, make_long_film  # noqa: E402
from measures import circumstances, table  # noqa: E402

from unfade.film.clip import Clips  # noqa: E402
from unfade.film.rendering import Rendering  # noqa: E402
from unfade.film.time import FrameRange  # noqa: E402
from unfade.project.file import load_project  # noqa: E402
from unfade.studio.films import place_of  # noqa: E402
from unfade.work.job import Job  # noqa: E402
from unfade.work.progress import SilentProgress  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WINDOW = {"width": 1440, "height": 900}
PATIENCE_MS = 120_000
SHOTS = 4
STEPS = 300
"""Steps of the training: a frame is predicted as fast by a good model as by a bad one."""
APART = 4
"""Frames between two clicks, so that none was read ahead."""
PAUSE_MS = 1500
"""Before a click, until nothing is loaded any more."""
STEP_MS = 250
"""Between two keys of somebody who looks at each frame."""
PLAYED_S = 4

START = """() => {
  const screen = document.getElementById("screen");
  window.shows = (goes, shown, pixels) => new Promise((resolve) => {
    const start = performance.now();
    const look = () => {
      if (![shown, `${parseInt(shown)} proxy`].includes(screen.dataset.shown)) return;
      if (pixels && screen.dataset.pixels !== pixels) return;
      observer.disconnect();
      screen.getContext("webgl2").readPixels(0, 0, 1, 1, 6408, 5121, new Uint8Array(4));
      resolve(performance.now() - start);
    };
    const observer = new MutationObserver(look);
    observer.observe(screen, { attributes: true });
    goes();
    look();
  });
  window.types = (frame) => {
    const field = document.getElementById("frame");
    field.value = frame;
    field.dispatchEvent(new Event("change"));
  };
  window.presses = (key, repeat) => {
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, repeat, bubbles: true }));
  };
}"""
CLICK = """async ([frame, shown]) => {
  const full = window.shows(() => window.types(frame), shown, "full");
  const first = await window.shows(() => {}, shown, null);
  return [first, await full];
}"""
STEP = "([key, repeat, shown]) => window.shows(() => window.presses(key, repeat), shown, null)"
PLAY = """async (seconds) => {
  let count = 0;
  const observer = new MutationObserver(() => (count += 1));
  const screen = document.getElementById("screen");
  window.presses("l");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  observer.observe(screen, { attributes: true, attributeFilter: ["data-shown"] });
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  window.presses("k");
  return count / seconds;
}"""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="for the film, which is kept there")
    parser.add_argument("--film", type=Path, help="a film that was made before")
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--height", type=int, default=1556)
    parser.add_argument("--frames", type=int, default=48)
    options = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        print("skipped: no Chromium or Chrome is installed, which draws the viewer")
        return
    with tempfile.TemporaryDirectory() as temporary:
        size = FilmSize(options.frames, SHOTS, options.width, options.height)
        film = options.film or _make_film(options.folder or Path(temporary), size)
        _measure(film, chromium)


def _make_film(folder: Path, size: FilmSize) -> Path:
    """A film with masters of its first half."""
    film = folder / "film"
    make_long_film(film, size, "medium", 0)
    project = film / "film.toml"
    text = project.read_text(encoding="utf-8")
    text = text.replace("[train]\n", f"[train]\nsteps = {STEPS}\n")
    project.write_text(text, encoding="utf-8")
    run = [sys.executable, "-m", "unfade", "run", str(project), "--to", "render", "--quiet"]
    subprocess.run(run, check=True)
    job = _job(film)
    folder, frames = (film / Rendering.PATH).parent, job.load(Clips).source.frames
    for one in job.load(Rendering).frames:
        if one.frame >= frames.first + len(frames) // 2:
            (folder / one.file).unlink()
    return film


def _job(film: Path) -> Job:
    return Job(load_project(film / "film.toml"), film, SilentProgress())


def _measure(film: Path, chromium: str) -> None:
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        print("skipped: playwright is not installed, which drives the browser")
        return
    source = _job(film).load(Clips).source
    raster, load = f"{source.width}x{source.height}", os.getloadavg()[0]
    with _studio(film) as (process, address), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(viewport=WINDOW).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(address)
        rows = list(_rows(page, film, address, source.frames))
        peak = _peak_mib(process.pid)
        browser.close()
    loads = f"load {load:.1f} before and {os.getloadavg()[0]:.1f} after"
    print(f"{circumstances()}; {raster}; {loads}\n")
    print(table(("", "median", "slowest"), rows))
    print(f"\npeak memory of the server: {peak:,} MiB")


@contextmanager
def _studio(film: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A studio on the folder of a film, with its address."""
    command = [sys.executable, "-m", "unfade", "studio", str(film), "--no-browser", "--read-only"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http\S+", process.stdout.readline())
        assert found is not None, "the studio did not start"
        try:
            yield process, found[0]
        finally:
            process.send_signal(signal.SIGINT)


def _rows(page: Any, film: Path, address: str, frames: FrameRange) -> Iterator[list[str]]:
    middle = frames.first + len(frames) // 2
    masters, predicted = range(frames.first, middle, APART), range(middle, frames.last, APART)
    parts = urlsplit(address)
    viewer = f"{parts.scheme}://{parts.netloc}/film/{place_of(film, film / 'film.toml').id}/viewer"
    for words, kinds, some in (
        ("click, scan", ("source",), masters),
        ("click, master", ("recovered",), masters),
        ("click, wipe of scan and master", ("source", "recovered"), masters),
        ("click, predicted", ("recovered",), predicted),
        ("click, wipe of scan and predicted", ("source", "recovered"), predicted),
    ):
        shown = _open(page, viewer, kinds, some[-1])
        firsts, fulls = zip(*(_click(page, frame, shown) for frame in some[:-1]), strict=True)
        yield _row(f"{words}, ms", firsts)
        yield _row(f"{words}, full pixels, ms", fulls)
    for words, kinds in (
        ("next frame, scan", ("source",)),
        ("next frame, wipe of scan and master", ("source", "recovered")),
    ):
        for way, pause_ms, first, last in (
            ("looking at each", STEP_MS, frames.first, middle - len(frames) // 4),
            ("key held", 0, middle - len(frames) // 4, middle),
        ):
            shown = _open(page, viewer, kinds, first)
            page.wait_for_timeout(PAUSE_MS)
            later = range(first + 1, last)
            yield _row(f"{words}, {way}, ms", [_step(page, one, shown, pause_ms) for one in later])
    for words, kinds in (("scan", ("source",)), ("wipe of scan and LUT", ("source", "recovered"))):
        _open(page, viewer, kinds, masters[0])
        count = page.evaluate(PLAY, PLAYED_S)
        yield [f"scrubbing on proxies, {words}, a second", f"{count:.1f}", ""]


def _open(page: Any, viewer: str, kinds: Sequence[str], frame: int) -> str:
    """Opens the viewer on a frame; what its canvas says of any frame of these kinds."""
    mode = "single" if len(kinds) == 1 else "wipe"
    page.goto(f"{viewer}?frame={frame}&a={kinds[0]}&b={kinds[-1]}&mode={mode}")
    shown = " ".join(kinds)
    page.wait_for_selector(f'#screen[data-shown="{frame} {shown}"][data-pixels="full"]')
    page.evaluate(START)
    return shown


def _click(page: Any, frame: int, shown: str) -> tuple[float, float]:
    """Milliseconds until a frame is on the screen, and until it is in full pixels."""
    page.wait_for_timeout(PAUSE_MS)
    first, full = page.evaluate(CLICK, [frame, f"{frame} {shown}"])
    return first, full


def _step(page: Any, frame: int, shown: str, pause_ms: float) -> float:
    page.wait_for_timeout(pause_ms)
    return float(page.evaluate(STEP, ["ArrowRight", not pause_ms, f"{frame} {shown}"]))


def _row(words: str, times_ms: Sequence[float]) -> list[str]:
    return [words, f"{median(times_ms):.0f}", f"{max(times_ms):.0f}"]


def _peak_mib(process_id: int) -> int:
    """Peak memory of a process, as Linux tells it; 0 on other systems."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) // 1024 if found else 0


if __name__ == "__main__":
    main()
