"""The page of training: values, sheets, an early end."""

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from unfade.film.model import LossCurve, LossPoint, TrainingStop
from unfade.studio import training_state
from unfade.studio.films import place_of
from unfade.work.lock import LOCK

from .client import wait_until
from .running import RunningStudio

POINTS = tuple(
    LossPoint(step=step, loss=loss, held_out=error, held_out_chroma=0.01)
    for step, loss, error in ((0, 2.0, 1.5), (300, 1.5, 1.1), (600, 1.2, 1.3))
)
CURVE = LossCurve(points=POINTS, baseline=1.5, lut=2.2)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def film(studio: RunningStudio) -> Path:
    folder = studio.new_folder()
    (folder / "05-train").mkdir(parents=True)
    (folder / "film.toml").write_text(
        '[film]\ntitle = "Reel <b>1</b>"\n[source]\npath = "scan.%04d.exr"\n[train]\nsteps = 900\n'
    )
    (folder / LossCurve.PATH).write_text(CURVE.to_json())
    for step in (300, 600):
        (folder / f"05-train/sheet-{step:06d}.png").write_bytes(PNG)
    return folder


def works(film: Path) -> None:
    """Makes a film look as if a run trained it now."""
    (film / LOCK).write_text("process 1")
    (film / "05-train/.unfinished").touch()


def test_values_best_step_and_sheets_are_shown(studio: RunningStudio, film: Path) -> None:
    page = studio.get(f"{studio.film(film)}/training").text
    assert "Reel &lt;b&gt;1&lt;/b&gt;" in page
    assert page.index("sheet-000600.png") < page.index("sheet-000300.png")
    assert "1.100" in page
    assert "0.50" in page  # 1.1 is half of the LUT's 2.2
    facts = json.loads(studio.get(f"{studio.film(film)}/training/curve").content)
    assert (facts["steps"], facts["best"], facts["lut"]) == (900, 300, 2.2)
    assert [point["held_out"] for point in facts["points"]] == [1.5, 1.1, 1.3]


def test_only_sheets_in_the_folder_of_the_stage_are_served(
    studio: RunningStudio, film: Path
) -> None:
    (film / "05-train/link.png").symlink_to(film / "film.toml")
    (film / "05-train/model.safetensors").write_bytes(b"weights")
    address = f"{studio.film(film)}/training/files"
    answer = studio.get(f"{address}/sheet-000300.png?changed=1")
    assert (answer.status, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    for name in (
        "link.png",
        "model.safetensors",
        "..%2ffilm.toml",
        "%2e%2e%2ffilm.toml",
        "..%5cfilm.toml",
        ".unfinished",
        "sheet-000301.png",
        "%00.png",
    ):
        assert studio.get(f"{address}/{name}").status == 404, name


def test_an_early_end_is_asked_for_only_while_training_works(
    studio: RunningStudio, film: Path
) -> None:
    refused = studio.post(f"{studio.film(film)}/training/stop")
    assert (refused.status, refused.error) == (
        409,
        "no training works now, so there is none to end; load the page again",
    )
    works(film)
    page = studio.get(f"{studio.film(film)}/training").text
    assert "Stop early and keep the best" in page
    assert f"{studio.film(film)}/viewer?mode=wipe&amp;a=source&amp;b=checkpoint" in page
    assert studio.post(f"{studio.film(film)}/training/stop").status == 200
    assert TrainingStop.from_json((film / TrainingStop.PATH).read_text()) == TrainingStop()
    assert "ends at the next checkpoint" in studio.get(f"{studio.film(film)}/training").text


def test_a_marker_of_an_older_run_is_no_training_that_works(film: Path) -> None:
    place = place_of(film.parent, film / "film.toml")
    works(film)
    assert training_state.works(place)
    now_s = (film / LOCK).stat().st_mtime
    os.utime(film / LOCK, (now_s + 1, now_s + 1))  # A later run is in ingest.
    assert not training_state.works(place)
    (film / "05-train/.unfinished").touch()
    os.utime(film / "05-train/.unfinished", (now_s + 2, now_s + 2))
    assert training_state.works(place)
    ended = subprocess.Popen(["true"])
    ended.wait()
    (film / LOCK).write_text(f"process {ended.pid} on {socket.gethostname()} since today")
    os.utime(film / LOCK, (now_s, now_s))
    assert not training_state.works(place)


def test_a_training_at_its_last_step_cannot_be_ended_early(
    studio: RunningStudio, film: Path
) -> None:
    text = (film / "film.toml").read_text()
    (film / "film.toml").write_text(text.replace("steps = 900", "steps = 600"))
    works(film)
    page = studio.get(f"{studio.film(film)}/training").text
    assert "train works" in page
    assert "Stop early" not in page


def test_an_ended_training_can_go_on(studio: RunningStudio, film: Path) -> None:
    (film / TrainingStop.PATH).write_text(TrainingStop(key="k", step=600).to_json())
    assert studio.post(f"{studio.film(film)}/training/on").status == 200
    assert not (film / TrainingStop.PATH).exists()
    assert studio.post(f"{studio.film(film)}/training/on").status == 409


def test_a_film_without_training_has_an_empty_page(studio: RunningStudio, film: Path) -> None:
    (film / LossCurve.PATH).unlink()
    page = studio.get(f"{studio.film(film)}/training").text
    assert "No checkpoint yet." in page


def test_a_late_answer_does_not_shorten_the_chart(
    studio: RunningStudio, film: Path, chromium: Any
) -> None:
    page = chromium.new_page()
    page.goto(studio.welcome)
    held: list[Any] = []
    page.route("**/curve", lambda route: route.continue_() if held else held.append(route))
    page.goto(f"{studio.origin}{studio.film(film)}/training")
    wait_until(lambda: held or page.wait_for_timeout(10))
    (film / LossCurve.PATH).write_text(CURVE.model_copy(update={"lut": 2.3}).to_json())
    page.locator("#chart circle").first.wait_for(state="attached")
    held[0].fulfill(json={"steps": 900, "points": [], "working": False})
    page.wait_for_timeout(100)
    assert page.locator("#chart circle").count() == len(POINTS)
    page.close()
