"""Pictures painted on the scan's own raster are aligned as they are, also on a letterboxed scan."""

import cv2
import numpy as np
import pytest
import torch

from unfade.align import stage
from unfade.errors import MatchError
from unfade.film.alignment import Alignments
from unfade.film.clip import Area, Clips
from unfade.film.pair import Pair, PairList
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.media import write_dpx, write_png
from unfade.project.settings import Project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

from ..fixtures import make_clip

SIZE = (600, 700)
PICTURE = Area(x=24, y=130, width=640, height=360)
"""The live area. Relative to the whole raster it is stretched by 1.52; for a reference 1.3 is
plausible."""


def _framed(pixels):
    whole = torch.zeros(3, *SIZE)
    area = PICTURE
    inside = torch.from_numpy(pixels.copy()).permute(2, 0, 1)
    whole[:, area.y : area.y + area.height, area.x : area.x + area.width] = inside
    return whole


@pytest.fixture
def film(tmp_path, scenes):
    """A letterboxed scan of two frames, without a reference."""
    for frame, scene in enumerate(scenes[:2], start=1001):
        write_dpx(tmp_path / f"scan.{frame:06d}.dpx", _framed(scene.scan))
    project = {"film": {"title": "Film"}, "source": {"path": "scan.%06d.dpx"}}
    job = Job(Project.model_validate(project), tmp_path, SilentProgress())
    clip = make_clip(
        tmp_path / "scan.%06d.dpx",
        FrameRange(first=1001, last=1002),
        SIZE[1],
        SIZE[0],
        live_area=PICTURE,
    )
    job.save(Clips(source=clip))
    return job


def _align(job, painted, **facts):
    write_png(job.root / "painted.png", painted, bits=16)
    shot = Shot(number=1, frames=FrameRange(first=1001, last=1002))
    pair = Pair(source=1001, picture="painted.png", shot=1, chosen_by="person", **facts)
    job.save(PairList(shots=(shot,), pairs=(pair,)))
    stage.run(job)
    (one,) = job.load(Alignments).admitted
    return one


def _painted(scenes):
    return _framed(scenes[0].scan[..., ::-1])


def _smaller(picture, width, height):
    small = cv2.resize(
        picture.permute(1, 2, 0).numpy(), (width, height), None, 0, 0, cv2.INTER_AREA
    )
    return torch.from_numpy(small).permute(2, 0, 1).contiguous()


def test_a_picture_of_the_whole_raster_is_used_as_it_is(film, scenes):
    one = _align(film, _painted(scenes))
    assert one.kind == "identity"
    assert np.array(one.matrix) == pytest.approx(
        np.array([[1, 0, -PICTURE.x], [0, 1, -PICTURE.y], [0, 0, 1]]), abs=1e-9
    )
    assert one.residual < 0.3
    assert (one.coverage.width, one.coverage.height) >= (PICTURE.width - 4, PICTURE.height - 4)


def test_a_picture_of_half_the_size_is_used_as_it_is(film, scenes):
    one = _align(film, _smaller(_painted(scenes), 350, 300))
    assert one.kind == "identity"
    corner = np.array(one.matrix) @ [(PICTURE.x - 0.5) / 2, (PICTURE.y - 0.5) / 2, 1]
    assert corner[:2] == pytest.approx([0, 0], abs=1e-6)
    assert one.residual < 0.5


def test_a_picture_of_the_live_area_is_used_as_it_is(film, scenes):
    painted = torch.from_numpy(scenes[0].scan[..., ::-1].copy()).permute(2, 0, 1)
    one = _align(film, painted)
    assert one.kind == "identity"
    assert np.array(one.matrix) == pytest.approx(np.eye(3))


def test_a_shifted_picture_is_aligned_by_search(film, scenes):
    moved = torch.roll(_painted(scenes), (7, -5), (1, 2))
    one = _align(film, moved)
    assert one.kind != "identity"
    where = np.array(one.matrix) @ [320 + PICTURE.x - 5, 180 + PICTURE.y + 7, 1]
    assert where[:2] / where[2] == pytest.approx([320, 180], abs=0.4)


def test_hold_out_pairs_alone_are_refused_because_nothing_can_be_learned(film, scenes):
    with pytest.raises(MatchError, match="no pair has the role 'train'"):
        _align(film, _painted(scenes), role="holdout")


@pytest.mark.parametrize(
    ("size", "advice"),
    [
        (SIZE, "if it is aligned, set 'aligned = true' in its [[pair]]"),
        ((400, 300), "paint on the picture that 'unfade pairs export' writes"),
    ],
)
def test_a_rejected_picture_comes_with_advice(film, scenes, size, advice):
    other = _framed(scenes[2].scan[..., ::-1])
    with pytest.raises(MatchError, match="no training pair could be aligned") as caught:
        _align(film, other if size == SIZE else _smaller(other, size[1], size[0]))
    assert advice in str(caught.value)
