"""`unfade demo` refuses folders with other files, and does not change them."""

from pathlib import Path

import pytest

from unfade.errors import ProjectError
from unfade.simulate.demo import DVD, SCAN, make_demo
from unfade.simulate.record import Simulation
from unfade.work.progress import SilentProgress

OWN = '[film]\ntitle = "x"\n[source]\npath = "my.mov"\n[reference]\npath = "dvd.mkv"\n'


def demo(folder: Path) -> Path:
    return make_demo(folder, severity="medium", seed=0, progress=SilentProgress(), clips=[])


@pytest.mark.parametrize("name", ["film.toml", "01-ingest/clips.json", "holiday.jpg", ".hidden"])
def test_a_folder_with_other_files_is_an_error_and_stays_as_it_is(
    tmp_path: Path, name: str
) -> None:
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(OWN)
    with pytest.raises(ProjectError, match="files that are not the demo's; choose an empty"):
        demo(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [place]


def test_another_project_with_the_elements_of_the_demo_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "elements").mkdir()
    (tmp_path / "elements" / Simulation.PATH).write_text("{}")
    (tmp_path / "film.toml").write_text(OWN)
    with pytest.raises(ProjectError, match="not the demo's"):
        demo(tmp_path)
    (tmp_path / "film.toml").write_text(OWN.replace("my.mov", SCAN).replace("dvd.mkv", DVD))
    with pytest.raises(ProjectError, match="is not a film of this"):
        demo(tmp_path)
