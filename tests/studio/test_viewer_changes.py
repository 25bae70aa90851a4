"""The viewer while files change, and when answers fail or come late, in headless Chromium."""

import shutil
from pathlib import Path

from .viewer_film import PAIRED, end_training, write_training
from .viewer_window import ViewerWindow, at_centre


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
