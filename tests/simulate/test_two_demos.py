"""Two demos at the same time in one folder."""

from pathlib import Path

import pytest

from unfade.errors import WorkError
from unfade.simulate.demo import make_demo
from unfade.work.lock import lock_folder
from unfade.work.progress import SilentProgress


def test_a_demo_does_not_touch_the_partial_film_of_another(tmp_path: Path) -> None:
    partial = tmp_path / ".elements.partial/scan"
    partial.mkdir(parents=True)
    with lock_folder(tmp_path, print), pytest.raises(WorkError, match="is in use by process"):
        make_demo(tmp_path, severity="medium", seed=0, progress=SilentProgress())
    assert partial.exists()
    assert not (tmp_path / "film.toml").exists()
