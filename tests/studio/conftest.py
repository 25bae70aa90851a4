"""A studio for all tests of a module, and a window on the viewer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .running import RunningStudio, running_studio
from .viewer_film import write_viewer_film
from .viewer_window import VIEW, ViewerWindow


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """A studio on an empty folder."""
    with running_studio(tmp_path_factory.mktemp("films")) as running:
        yield running


@pytest.fixture(scope="module")
def viewer_films(shared_folder: Path) -> Path:
    """A folder with two films for the viewer: "plain" and "viewed", with a view of its own."""
    write_viewer_film(shared_folder / "films/plain")
    write_viewer_film(shared_folder / "films/viewed", f'view = "{VIEW}"')
    return shared_folder / "films"


@pytest.fixture(scope="module")
def viewer_studio(viewer_films: Path) -> Iterator[RunningStudio]:
    """A studio on these films."""
    with running_studio(viewer_films) as running:
        yield running


@pytest.fixture
def window(
    chromium: Any, viewer_studio: RunningStudio, viewer_films: Path
) -> Iterator[ViewerWindow]:
    """A window on the viewer, in which no page may fail or ask another host."""
    opened = ViewerWindow(chromium, viewer_studio.welcome, viewer_films)
    yield opened
    assert not opened.errors
    assert opened.hosts == {"127.0.0.1"}
    opened.page.context.close()
