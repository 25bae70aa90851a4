"""Pairs that the machine cannot align, placed by a person's control points."""

import cv2
import numpy as np
import pytest
import torch

from unfade.errors import MatchError, ProjectError
from unfade.film.alignment import Alignments, weight_file
from unfade.film.pair import Pair
from unfade.media import write_png
from unfade.project.settings import Project
from unfade.studio.pair_laying import laying
from unfade.work.job import Job
from unfade.work.pair_records import PairRecords

from ..fixtures import RecordingProgress, run_anew
from .conftest import DVD_HEIGHT, DVD_PICTURE, DVD_WIDTH, PICTURE, choose, framed

HALF_TURN = np.array([[-1.0, 0, DVD_WIDTH - 1], [0, -1, DVD_HEIGHT - 1], [0, 0, 1]])
PLACES = [(40.0, 30.0), (320.0, 40.0), (300.0, 250.0), (50.0, 240.0), (180.0, 140.0)]
"""In pixels of the DVD's live area."""


def points_at(places, matrix, corner=(0, 0)):
    """Control points of places in the reference's live area, which starts at `corner`."""
    there = cv2.perspectiveTransform(np.array([places]), matrix)[0] + 0.5 + (PICTURE.x, PICTURE.y)
    return [
        (float(u), float(v), x + 0.5 + corner[0], y + 0.5 + corner[1])
        for (u, v), (x, y) in zip(there, places, strict=True)
    ]


def with_pair(film, **fields):
    """The job with a [[pair]] at frame 1001 and with a record of its messages."""
    keys = film.project.model_dump(mode="json", by_alias=True, exclude_unset=True)
    project = Project.model_validate({**keys, "pair": [{"source": 1001, **fields}]})
    return Job(project, film.root, RecordingProgress())


def aligned(job, pair, *others):
    """The alignment of a pair of a person."""
    choose(job, pair.model_copy(update={"chosen_by": "person"}), *others)
    run_anew("align", job)
    return job.load(Alignments).admitted[0]


def test_points_lay_an_upside_down_picture(film, scenes):
    turned = scenes[0].dvd[::-1, ::-1].copy()
    write_png(film.root / "turned.png", torch.from_numpy(turned).permute(2, 0, 1))
    pair = Pair(source=1001, picture="turned.png", shot=1)
    with pytest.raises(MatchError, match="no training pair could be aligned"):
        aligned(with_pair(film, reference="turned.png"), pair)
    truth = scenes[0].dvd_to_scan @ HALF_TURN
    points = points_at(PLACES, truth)
    one = aligned(with_pair(film, reference="turned.png", points=points), pair)
    assert one.kind == "points"
    assert one.inliers == 5
    assert one.points_residual < 0.001
    assert scenes[0].corner_error(np.array(one.matrix) @ HALF_TURN) < 0.01
    assert one.residual < 0.6
    assert one.overruled is None
    assert (film.root / weight_file(1001)).is_file()
    assert (film.root / "03-align" / "001001.png").is_file()


def test_points_lay_a_picture_without_texture(film, scenes):
    write_png(film.root / "flat.png", torch.full((3, DVD_HEIGHT, DVD_WIDTH), 0.4))
    pair = Pair(source=1001, picture="flat.png", shot=1)
    points = points_at(PLACES[:3], scenes[0].dvd_to_scan)
    one = aligned(with_pair(film, reference="flat.png", points=points), pair)
    assert scenes[0].corner_error(np.array(one.matrix)) < 3.0
    assert one.overruled == "only 0 blocks have enough texture to measure"


def test_one_point_takes_the_framing_of_the_film(film, scenes):
    write_png(film.root / "dvd.000001.png", framed(0 * scenes[0].dvd + 0.4, DVD_PICTURE, 292, 370))
    points = points_at(PLACES[4:], scenes[0].dvd_to_scan, (DVD_PICTURE.x, DVD_PICTURE.y))
    machine = [Pair(source=1001 + k, reference=1 + k, of="dvd", shot=1) for k in range(1, 4)]
    pair = Pair(source=1001, reference=1, of="dvd", shot=1)
    one = aligned(with_pair(film, reference=1, points=points), pair, *machine)
    assert (one.kind, one.inliers, one.points_residual) == ("points", 1, 0)
    assert scenes[0].corner_error(np.array(one.matrix)) < 0.6


@pytest.mark.parametrize("count", [1, 2])
def test_a_preview_starts_from_the_nearest_pair_and_agrees(film, scenes, count):
    """In the place of the framing that align measures from all pairs."""
    corner = (DVD_PICTURE.x, DVD_PICTURE.y)
    points = points_at(PLACES[1:4:2][:count], scenes[0].dvd_to_scan, corner)
    machine = [Pair(source=1001 + k, reference=1 + k, of="dvd", shot=1) for k in range(1, 4)]
    job = with_pair(film, reference=1, points=points)
    one = aligned(job, Pair(source=1001, reference=1, of="dvd", shot=1), *machine)
    size = DVD_PICTURE.height, DVD_PICTURE.width
    preview = laying(PairRecords.of(job), one.pair, job.project.pair[0].points, size)
    assert preview.own == one, "they differ by less than a pixel"


def test_points_that_are_off_are_kept_with_a_remark(film, scenes):
    points = [(u + 9, v, x, y) for u, v, x, y in points_at(PLACES, scenes[0].dvd_to_scan)]
    points = [(u, v, x + DVD_PICTURE.x, y + DVD_PICTURE.y) for u, v, x, y in points]
    pair = Pair(source=1001, reference=1, of="dvd", shot=1)
    job = with_pair(film, reference=1, points=points)
    one = aligned(job, pair)
    assert one.residual == pytest.approx(9, abs=0.5)
    assert one.overruled == f"median residual {one.residual:.1f} px is above 1.5 px"
    assert any(f"its control points, although {one.overruled}" in m for m in job.progress.messages)


def test_points_outside_the_picture_name_the_pair(film):
    write_png(film.root / "flat.png", torch.full((3, DVD_HEIGHT, DVD_WIDTH), 0.4))
    job = with_pair(film, reference="flat.png", points=[(5.0, 5.0, 361.0, 5.0)])
    pair = Pair(source=1001, picture="flat.png", shot=1)
    with pytest.raises(
        ProjectError,
        match=r"'points' of the \[\[pair\]\] at source frame 1001: point 1 is at 361, 5 in the ref",
    ):
        aligned(job, pair)


def test_points_that_shrink_the_reference_are_refused_and_the_others_go_on(film):
    """Two places far apart in the reference, a pixel apart in the scan: it shrinks to a dot."""
    x, y = PICTURE.x + 50.0, PICTURE.y + 50.0
    points = [(x, y, 20.0, 20.0), (x + 1.5, y, 320.0, 20.0)]
    pair = Pair(source=1001, reference=1, of="dvd", shot=1)
    other = Pair(source=1002, reference=2, of="dvd", shot=1)
    job = with_pair(film, reference=1, points=points)
    aligned(job, pair, other)
    alignments = job.load(Alignments)
    assert [one.pair.source for one in alignments.admitted] == [1002]
    (refused,) = alignments.rejected
    assert refused.pair.source == 1001
    assert "the reference covers" in refused.reason
