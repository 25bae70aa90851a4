"""The interface for Python: its names, what docs/python.md shows, and what it refuses."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import unfade
from unfade import errors, media
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
    assert {*unfade.__all__, "errors"} <= {*dir(unfade)}


def test_the_errors_are_there_before_any_other_name() -> None:
    program = "import unfade; print(unfade.errors.MissingFactError.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "MissingFactError"


def test_the_page_names_every_error() -> None:
    page = PAGE.read_text(encoding="utf-8")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) == 6
    assert [kind.__name__ for kind in kinds if f"{kind.__name__}`" not in page] == []


@pytest.fixture(scope="module")
def folder(shared_folder: Path, copy_small_film: Callable[[Path, str], Path]) -> Path:
    """A folder with a film in reel1 on which the examples of the page have run.

    They run ingest, render and what follows; the film was trained before."""
    shutil.rmtree(copy_small_film(shared_folder / "reel1", "train") / "01-ingest")
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


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ([[[0.0, 0.0, 0.0]]], "the frame is no numpy array but a list; give it as float32"),
        (None, "the frame is no numpy array but a NoneType; give it as float32"),
        (torch.zeros(4, 4, 3), "the frame is no numpy array but a Tensor; give it as float32"),
        (np.zeros((0, 0, 3), np.float32), r"shape \(0, 0, 3\) and has no pixels; give it as"),
        (np.full((4, 4, 3), np.nan, np.float32), "values that are not numbers or are infinite"),
        (np.full((4, 4, 3), -np.inf, np.float32), "values that are not numbers or are infinite"),
    ],
)
def test_what_is_no_frame_is_refused(film: unfade.Film, rgb: Any, expected: str) -> None:
    with pytest.raises(unfade.UnfadeError, match=expected):
        film.model.colour(rgb, shot=1)


@pytest.mark.parametrize("shot", ["1", None, 1.5, 1.0, True, np.float32(1)])
def test_a_shot_that_is_no_whole_number_is_refused(film: unfade.Film, shot: Any) -> None:
    with pytest.raises(unfade.UnfadeError, match=r"the shot .* is no whole number; give the"):
        film.model.colour(np.zeros((8, 8, 3), np.float32), shot)


@pytest.mark.parametrize(
    "live_area",
    [(), (0, 0, 8), (0, 0, 8, 8, 8), (0.0, 0.0, 8.0, 8.0), np.ones(4), np.ones((2, 4), int), 8],
)
def test_a_live_area_that_is_not_four_whole_numbers_is_refused(
    film: unfade.Film, live_area: Any
) -> None:
    with pytest.raises(unfade.UnfadeError, match=r"the live area .* is not four whole numbers"):
        film.model.colour(np.zeros((8, 8, 3), np.float32), 1, live_area)


def test_numbers_and_arrays_of_numpy_are_accepted(film: unfade.Film) -> None:
    model = film.model
    faded = np.random.default_rng(1).random((24, 32, 3), dtype=np.float32)
    expected = model.colour(faded, 1, (2, 1, 28, 20))
    area = np.array([2, 1, 28, 20])
    np.testing.assert_array_equal(model.colour(faded, np.int64(1), area), expected)
    swapped = model.colour(faded.astype(">f4"), 1, [2, 1, 28, 20])
    assert swapped.dtype == np.dtype(np.float32)
    np.testing.assert_array_equal(swapped, expected)


def test_errors_name_what_to_do(film: unfade.Film, tmp_path: Path) -> None:
    with pytest.raises(unfade.UnfadeError, match="there is no stage 'rendr'"):
        film.run(last="rendr")
    with pytest.raises(unfade.UnfadeError, match="cannot be read"):
        unfade.load_model(tmp_path / "none.safetensors")
    (tmp_path / "film.toml").write_text((film.folder / "film.toml").read_text())
    with pytest.raises(unfade.UnfadeError, match="run 'unfade curate' first"):
        print(unfade.open(tmp_path).shots)
