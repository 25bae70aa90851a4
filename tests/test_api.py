"""The interface for Python: its names, what docs/python.md shows, and what it refuses."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import unfade
from unfade import media
from unfade.color.rec709 import KB, KG, KR
from unfade.project.color_config import PINNED

PAGE = Path(__file__).parents[1] / "docs/python.md"


def test_the_names() -> None:
    assert unfade.__all__ == [
        "Film",
        "Model",
        "Progress",
        "StageStatus",
        "UnfadeError",
        "__version__",
        "load_model",
        "open",
    ]
    assert all(hasattr(unfade, name) for name in unfade.__all__)


@pytest.fixture(scope="module")
def folder(shared_folder: Path, write_small_film: Callable[[Path], None]) -> Path:
    """A folder with a film in reel1 on which the examples of the page have run."""
    write_small_film(shared_folder / "reel1")
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) >= 7
    names: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(shared_folder)
        for example in examples:
            exec(compile(example, PAGE, "exec"), names)
    return shared_folder


@pytest.fixture(scope="module")
def film(folder: Path) -> unfade.Film:
    return unfade.open(folder / "reel1")


def test_the_page_leaves_a_film_that_is_whole(film: unfade.Film) -> None:
    assert [stage.state for stage in film.status()] == ["fresh"] * 8
    assert film.run() == []
    assert {entry.pair.source for entry in film.pairs if entry.reason is None} == {2, 4}
    assert film.report.verdict in ("accept", "review", "reject")
    assert len(film.masters) == 4
    assert all(path.is_file() for path in film.masters)
    assert film.figures["frames_checked"].value == 4


def test_an_array_gets_the_colour_of_the_masters(film: unfade.Film) -> None:
    scan = media.read_picture(str(film.folder / "scan/s.0002.exr"), None, colors=PINNED)
    master_rgb = media.read_picture(str(film.masters[0]), None, colors=PINNED)
    master = master_rgb.numpy().transpose(1, 2, 0)
    faded = scan.numpy().transpose(1, 2, 0)
    recovered = film.model.colour(faded, shot=1, live_area=(0, 0, 96, 72))
    assert recovered.dtype == np.float32
    # Near black the half floats of a master are coarse in the working space.
    bright = master.min(axis=2) > 0.2
    assert bright.mean() > 0.5
    np.testing.assert_allclose(recovered[bright], master[bright], atol=2e-3)
    assert np.abs(recovered - faded).max() > 0.01


def test_luma_stays(film: unfade.Film) -> None:
    faded = np.random.default_rng(0).random((40, 60, 3), dtype=np.float32) * 1.5
    given = faded.copy()
    recovered = film.model.colour(faded[:, ::-1], shot=99)
    weights = np.array([KR, KG, KB])
    np.testing.assert_allclose(recovered @ weights, faded[:, ::-1] @ weights, atol=1e-6)
    np.testing.assert_array_equal(faded, given)


def test_a_foreign_array_is_refused(film: unfade.Film) -> None:
    model = film.model
    with pytest.raises(unfade.UnfadeError, match=r"float64 \(4, 4, 3\); give it as float32"):
        model.colour(np.zeros((4, 4, 3)), shot=1)  # type: ignore[arg-type]
    with pytest.raises(unfade.UnfadeError, match=r"float32 \(3, 4, 4\)"):
        model.colour(np.zeros((3, 4, 4), np.float32), shot=1)
    with pytest.raises(unfade.UnfadeError, match="not inside the frame of 64 x 48 pixels"):
        model.colour(np.zeros((48, 64, 3), np.float32), 1, live_area=(0, 0, 65, 48))


def test_errors_name_what_to_do(film: unfade.Film, tmp_path: Path) -> None:
    with pytest.raises(unfade.UnfadeError, match="there is no stage 'rendr'"):
        film.run(last="rendr")
    with pytest.raises(unfade.UnfadeError, match="cannot be read"):
        unfade.load_model(tmp_path / "none.safetensors")
    (tmp_path / "film.toml").write_text((film.folder / "film.toml").read_text())
    with pytest.raises(unfade.UnfadeError, match="run 'unfade curate' first"):
        print(unfade.open(tmp_path).shots)
