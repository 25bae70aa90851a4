"""The target stage: its settings of the reference pre-filter reach the ground truth."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import unfade
from unfade import media
from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.film.target import Targets
from unfade.project.color_config import PINNED


def truths(film: unfade.Film) -> list[torch.Tensor]:
    """The ground truths (3, H, W) after target."""
    folder = film.folder / "04-target"
    targets = Targets.from_json((folder / "targets.json").read_text()).targets
    return [media.read_picture(folder / one.truth, None, colors=PINNED) for one in targets]


@pytest.fixture
def film(tmp_path: Path, copy_small_film: Callable[[Path, str], Path]) -> unfade.Film:
    return unfade.open(copy_small_film(tmp_path / "film", "target"))


def test_deband_changes_chroma_alone_and_redoes_target(film: unfade.Film) -> None:
    before = truths(film)
    place = film.folder / "film.toml"
    place.write_text(place.read_text() + "[target]\ndeband = 8.0\n")
    assert unfade.open(film.folder).run(last="target") == ["target"]
    for old, new in zip(before, truths(film), strict=True):
        torch.testing.assert_close(luma(new), luma(old), atol=1e-5, rtol=0)
        change = (rgb_to_ycbcr(new)[1:] - rgb_to_ycbcr(old)[1:]).abs() * 255
        assert 0.05 < float(change.mean()) < 8
