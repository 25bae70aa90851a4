import numpy as np
import pytest
import torch

from unfade.align import stage
from unfade.align.measure.residual import SourceBlocks, residual_of_blocks
from unfade.align.units import PairToAlign
from unfade.errors import MatchError, ProjectError
from unfade.film.alignment import Alignments, weight_file
from unfade.film.clip import Area, Clips
from unfade.film.pair import Pair
from unfade.media import read_picture, read_plane, write_png

from .conftest import PICTURE, choose, framed


def test_pairs_of_a_movie_that_is_decoded_from_its_start_are_one_unit(film):
    clips = film.load(Clips)
    pairs = [
        PairToAlign(Pair(shot=1, source=frame, reference=frame, of="dvd"), None)
        for frame in range(1, 40)
    ]

    def amounts(**facts):
        dvd = clips.references["dvd"].model_copy(update=facts)
        units = stage.pair_units(clips.model_copy(update={"references": {"dvd": dvd}}), pairs, 0)
        return [one.amount for one in units]

    assert amounts() == amounts(kind="movie", random_access=True) == [32, 7]
    assert amounts(kind="movie") == [39]


def test_pairs_are_aligned_weighted_and_drawn(film, scenes, subtitle_mask):
    choose(film, *(Pair(source=1001 + k, reference=1 + k, of="dvd", shot=1) for k in range(4)))
    stage.run(film)
    found = film.load(Alignments)
    assert len(found.admitted) == 4
    for scene, one in zip(scenes, found.admitted, strict=True):
        assert scene.corner_error(np.array(one.matrix)) < 0.5
        assert one.residual < 0.6
        assert one.residual_edges < 0.5
        assert film.root.joinpath(f"03-align/{one.pair.source:06d}.png").is_file()
    truth = Area(x=35, y=20, width=570, height=320)
    assert abs(found.crop.x - truth.x) <= 4
    assert abs(found.crop.width - truth.width) <= 12
    assert abs(found.crop.height - truth.height) <= 12
    weight = read_plane(film.root / weight_file(1002))[0].numpy()
    assert weight.shape == (360, 640)
    assert weight[subtitle_mask].mean() < 0.05


def test_a_wrong_pair_is_rejected_and_the_others_are_admitted(film):
    choose(
        film,
        Pair(source=1001, reference=1, of="dvd", shot=1),
        Pair(source=1002, reference=4, of="dvd", shot=1, role="holdout"),
        Pair(source=1003, reference=3, of="dvd", shot=1),
    )
    stage.run(film)
    found = film.load(Alignments)
    assert [one.pair.source for one in found.admitted] == [1001, 1003]
    assert [one.pair.source for one in found.rejected] == [1002]
    assert "match the reference" in found.rejected[0].reason
    assert not (film.root / weight_file(1002)).exists()
    assert (film.root / "03-align" / "001002.png").is_file()


def _pair(source, reference, **facts):
    return Pair(source=source, reference=reference, of="dvd", shot=1, **facts)


def test_an_alternate_replaces_a_rejected_pair(film):
    wrong = _pair(1002, 4)
    choose(
        film,
        _pair(1001, 1),
        wrong,
        alternates=(_pair(1001, 2), _pair(1003, 2), _pair(1004, 4, role="holdout"), _pair(1004, 4)),
    )
    stage.run(film)
    found = film.load(Alignments)
    assert [one.pair for one in found.admitted] == [_pair(1001, 1), _pair(1004, 4)]
    assert [one.pair for one in found.rejected] == [wrong, _pair(1003, 2)]
    assert found.admitted[0].instead_of is None
    assert found.admitted[1].instead_of == _pair(1003, 2)
    assert (film.root / weight_file(1004)).is_file()


def test_nothing_replaces_a_persons_pair(film):
    choose(
        film,
        _pair(1001, 1),
        _pair(1002, 4, chosen_by="person"),
        alternates=(_pair(1003, 3),),
    )
    stage.run(film)
    assert [one.pair.source for one in film.load(Alignments).admitted] == [1001]


def test_another_reference_of_the_same_frame_is_tried_first(film):
    clips = film.load(Clips)
    film.save(
        Clips(source=clips.source, references={**clips.references, "tape": clips.references["dvd"]})
    )
    other = _pair(1002, 2).model_copy(update={"of": "tape"})
    choose(film, _pair(1001, 1), _pair(1002, 4), alternates=(_pair(1003, 3), other))
    stage.run(film)
    found = film.load(Alignments)
    assert [one.pair for one in found.admitted] == [_pair(1001, 1), other]
    assert [one.pair for one in found.rejected] == [_pair(1002, 4)]


def test_no_training_pair_is_reported_in_one_sentence(film):
    choose(
        film,
        Pair(source=1001, reference=4, of="dvd", shot=1),
        Pair(source=1003, reference=3, of="dvd", shot=1, role="holdout"),
    )
    with pytest.raises(MatchError, match=r"scan.*dvd.*no training pair .*source frame 1001"):
        stage.run(film)
    assert not (film.root / Alignments.PATH).exists()


@pytest.mark.parametrize("whole", [False, True])
def test_an_aligned_picture_is_used_as_it_is(film, scenes, whole):
    painted = torch.from_numpy(scenes[0].scan[..., ::-1].copy()).permute(2, 0, 1)
    if whole:
        painted = framed(scenes[0].scan[..., ::-1].copy(), PICTURE, 390, 680)
    write_png(film.root / "painted.png", painted, bits=16)
    choose(film, Pair(source=1001, picture="painted.png", shot=1, aligned=True))
    stage.run(film)
    (one,) = film.load(Alignments).admitted
    assert one.kind == "identity"
    assert np.array(one.matrix) == pytest.approx(np.eye(3))
    assert one.residual < 0.3
    assert one.coverage == Area(x=2, y=2, width=636, height=356)
    assert read_picture(str(film.root / "03-align" / "001001.png")).shape[0] == 3


def test_an_aligned_picture_of_another_size_is_refused_with_both_sizes(film, scenes):
    write_png(film.root / "painted.png", torch.from_numpy(scenes[0].dvd).permute(2, 0, 1))
    choose(film, Pair(source=1001, picture="painted.png", shot=1, aligned=True))
    with pytest.raises(ProjectError, match=r"painted\.png is 360 x 288 .* 640 x 360"):
        stage.run(film)


def test_a_picture_smaller_than_a_block_shows_no_residual():
    blocks = SourceBlocks(np.zeros((16, 400), np.uint8))
    found = blocks.shifts(np.zeros((16, 400), np.uint8), np.ones((16, 400), bool))
    assert residual_of_blocks(found).block_count == 0
