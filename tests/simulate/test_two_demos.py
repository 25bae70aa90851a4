"""Two demos in one folder at a time."""

from pathlib import Path

import pytest

from unfade.commands.console import SilentProgress
from unfade.errors import WorkError
from unfade.simulate.demo import make_demo
from unfade.work.lock import lock_folder


def test_a_demo_leaves_the_half_made_film_of_another_alone(tmp_path: Path) -> None:
    half = tmp_path / ".elements.partial/scan"
    half.mkdir(parents=True)
    with lock_folder(tmp_path, print), pytest.raises(WorkError, match="is in use by process"):
        make_demo(tmp_path, severity="medium", seed=0, progress=SilentProgress())
    assert half.exists()
    assert not (tmp_path / "film.toml").exists()
