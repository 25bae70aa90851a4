"""'train.preview' of film.toml: frames without a reference on the contact sheets."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import unfade
from unfade import media
from unfade.errors import ProjectError
from unfade.film.model import TrainedModel
from unfade.film.target import Targets
from unfade.project.color_config import PINNED
from unfade.train import stage
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.series import Series


@pytest.fixture(scope="module")
def film(shared_folder: Path, write_small_film: Callable[[Path], None]) -> Path:
    """A film after train, with 36 frames, so that colour is carried to some of them."""
    write_small_film(shared_folder)
    place = shared_folder / "film.toml"
    still = (shared_folder / "scan/s.0006.exr").read_bytes()
    for frame in range(7, 37):
        (shared_folder / f"scan/s.{frame:04d}.exr").write_bytes(still)
    place.write_text(
        place.read_text().replace("checkpoint = 2", "checkpoint = 2\ncontact_sheet = 2")
    )
    unfade.open(shared_folder).run(last="train")
    return shared_folder


def with_preview(film: Path, frames: list[int]) -> unfade.Film:
    place = film / "film.toml"
    lines = [line for line in place.read_text().split("\n") if not line.startswith("preview = ")]
    place.write_text("\n".join(lines).replace("[train]\n", f"[train]\npreview = {frames}\n"))
    return unfade.open(film)


def sheet(film: Path, step: int) -> torch.Tensor:
    return media.read_picture(film / f"05-train/sheet-{step:06d}.png", None, colors=PINNED)


def trained(film: Path) -> TrainedModel:
    return TrainedModel.from_json((film / TrainedModel.PATH).read_text())


def carried(film: Path) -> list[int]:
    targets = Targets.from_json((film / Targets.PATH).read_text())
    return [one.frame for one in targets.between or ()]


def test_previews_get_rows_and_nothing_is_trained_again(film: Path) -> None:
    before, id = {step: sheet(film, step) for step in (2, 4)}, trained(film).id
    free = next(frame for frame in range(30, 37) if frame not in carried(film))
    assert with_preview(film, [1, free]).run(last="train") == ["train"]
    assert trained(film).id == id
    for step, old in before.items():
        new = sheet(film, step)
        row = new.shape[1] - old.shape[1]
        assert row > old.shape[1] / 2
        assert torch.equal(new[:, 40:200], old[:, 40:200])
        added = new[:, -row:]
        width = added.shape[2]
        reference = added[:, : row // 2, width * 45 // 100 : width * 55 // 100]
        assert float(reference.mean()) < 0.2, "there is no ground truth"
    assert not torch.equal(sheet(film, 2)[:, -row:], sheet(film, 4)[:, -row:])


def test_a_preview_receives_no_carried_colour(film: Path) -> None:
    """And training starts anew only if a preview would have received some."""
    frame, *others = carried(film)
    free = next(one for one in range(30, 37) if one not in others)

    def job(previews: list[int]) -> Job:
        return Job(with_preview(film, previews).project, film, SilentProgress())

    targets = job([]).load(Targets)
    assert [one.frame for one in stage._between(job([frame]), targets)] == others
    free_key, frame_key, key = (
        stage._key(job(one), None, Series()) for one in ([free], [frame], [])
    )
    assert free_key == key
    assert frame_key != key


def test_a_frame_outside_the_scan_is_refused(film: Path) -> None:
    with pytest.raises(
        ProjectError,
        match=r"'train\.preview' names frame 900, but the scan has the frames 1 to 36",
    ):
        with_preview(film, [900]).run(last="train")
