"""The evidence by which chroma is carried in a shot or not, on synthetic material."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.sensitivity import perceptual_error, sensitivity
from unfade.color.ycbcr import luma, ycbcr_to_rgb
from unfade.film.balance import IDENTITY_BALANCE
from unfade.film.model import CarriedColour
from unfade.film.pair import Pair, PairRole
from unfade.model import ChromaModel, ResidualNetworks
from unfade.project.settings import TrainSection
from unfade.train.data.carried_colour import Frame
from unfade.train.data.carried_evidence import (
    FOLDS,
    MAX_ERROR_RATIO,
    JudgedChroma,
    area_error,
    choose_judges,
    decide,
    judge_carrying,
)
from unfade.train.data.picture_store import PictureKey, PictureStore
from unfade.train.data.pixels import (
    NetworkFrame,
    NetworkPicture,
    TrainingPicture,
    picture_of_pair,
    sample_for_closed_form,
)
from unfade.train.fit.closed_form import fit_closed_form, fit_grain
from unfade.train.training_set import prepare
from unfade.work.progress import untracked

from .conftest import store_of

HEIGHT, WIDTH = 96, 144
FADE = 0.1
"""Share of the true chroma that is left in the scan: the scan hardly shows how colour moves."""


@dataclass(frozen=True)
class Material:
    """A synthetic shot: `light` is the brightness, `grain` its standard deviation, `pan_px` the
    motion per frame, `flicker` the amplitude of the change of light."""

    light: float = 1.0
    grain: float = 0.002
    pan_px: float = 2.0
    flicker: float = 0.0

    def pair(
        self, number: int, shot: int = 1, role: PairRole = "train", **kind: bool
    ) -> TrainingPicture:
        """The pair of a frame."""
        source_rgb, truth_rgb = self._frame(number, **kind)
        pair = Pair(source=number, reference=0, of="dvd", shot=shot, role=role)
        return picture_of_pair(source_rgb, truth_rgb, torch.ones(1, HEIGHT, WIDTH), pair)

    def frame(self, number: int, shot: int = 1, **kind: bool) -> Frame:
        """The scan of a frame without a pair."""
        return Frame(self._frame(number, **kind)[0], number, shot)

    def _frame(self, number: int, own_motion: bool = False) -> tuple[Tensor, Tensor]:
        """Scan and truth of a frame.

        With `own_motion` colour moves against the objects, as a coloured light does: the motion of
        the picture does not show it, but the scan's own faint colour does. Otherwise colour belongs
        to the objects, and the scan has no trace of it.
        """
        left = 60 + round(self.pan_px * number)
        y = self.light * (0.3 + 0.4 * _noise(1, 24)[:1, :, left : left + WIDTH])
        shift = 60 + 7 * number if own_motion else left
        cbcr = 0.25 * self.light * (_noise(2, 8)[:2, :, shift : shift + WIDTH] - 0.5)
        generator = torch.Generator().manual_seed(number)
        grain = self.grain * torch.randn(3, HEIGHT, WIDTH, generator=generator)
        seen_cbcr = FADE * cbcr if own_motion else torch.zeros_like(cbcr)
        change = 1 + self.flicker * (-1) ** number
        source_rgb = (ycbcr_to_rgb(torch.cat([y, seen_cbcr])) * change + grain).clamp(0, 1)
        return source_rgb, ycbcr_to_rgb(torch.cat([luma(source_rgb), cbcr]))


def _noise(seed: int, cells: int) -> Tensor:
    """Soft shapes (3, HEIGHT, 400) between 0 and 1, `cells` over the height."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, cells, 4 * cells, generator=generator)
    return functional.interpolate(coarse, size=(HEIGHT, 400), mode="bicubic")[0].clamp(0, 1)


MATERIALS = {
    "panning": Material(),
    "still": Material(pan_px=0.0),
    "dark": Material(light=0.15),
    "noisy": Material(grain=0.02),
    "flickering": Material(flicker=0.02),
}
NUMBERS = (4, 8, 12, 16)


def judged(
    pairs: Sequence[TrainingPicture], held_out: Sequence[TrainingPicture] = ()
) -> CarriedColour:
    """The decision for a single shot, by closed forms of few pixels."""
    grain = fit_grain(pairs, 0, untracked)

    def fit(rest: PictureStore) -> ChromaModel:
        samples = [sample_for_closed_form(pair, 5000, 0) for pair in rest]
        fitted = fit_closed_form(zip(rest.keys, samples, strict=True), grain)
        networks = ResidualNetworks("small")
        return ChromaModel(
            "small", fitted.laws, networks, fitted.unevenness, grade=IDENTITY_BALANCE
        )

    (shot,) = judge_carrying(store_of(pairs, grain), store_of(held_out, grain), fit)
    return shot


@pytest.mark.parametrize("name", MATERIALS)
def test_colour_that_moves_with_the_picture_is_carried(name: str) -> None:
    pairs = [MATERIALS[name].pair(number) for number in NUMBERS]
    shot = judged(pairs)
    assert (shot.carried, shot.decided_by) == (True, "train")
    assert shot.carried_error < 0.5 * shot.law_error


@pytest.mark.parametrize("name", MATERIALS)
def test_colour_with_a_motion_of_its_own_is_not_carried(name: str) -> None:
    pairs = [MATERIALS[name].pair(number, own_motion=True) for number in NUMBERS]
    shot = judged(pairs)
    assert (shot.carried, shot.decided_by) == (False, "train")
    assert shot.carried_error > 2 * shot.law_error


def test_training_carries_only_in_the_shots_that_allow_it(no_general_law: None) -> None:
    pan = MATERIALS["panning"]
    right = [pan.pair(number) for number in NUMBERS]
    wrong = [pan.pair(number, 2, own_motion=True) for number in (5, 9, 13, 17)]
    unpaired = [pan.frame(10), pan.frame(11, 2, own_motion=True)]
    settings = TrainSection(size="small")
    training_set = prepare([*right, *wrong], [], settings, IDENTITY_BALANCE, unpaired)
    assert [(one.shot, one.carried) for one in training_set.carried_colour] == [
        (1, True),
        (2, False),
    ]
    assert training_set.carried == (10,)
    assert set(training_set.train.frame.tolist()) == {*NUMBERS, 10, 5, 9, 13, 17}


def test_nothing_is_judged_if_nothing_is_carried(no_general_law: None) -> None:
    pairs = [MATERIALS["still"].pair(number) for number in (4, 8)]
    training_set = prepare(pairs, [], TrainSection(size="small"), IDENTITY_BALANCE, None)
    assert training_set.carried_colour == ()


@pytest.mark.parametrize("own_motion", [False, True])
def test_the_hold_out_judges_a_shot_with_a_single_pair(own_motion: bool) -> None:
    pan = MATERIALS["panning"]
    pair = pan.pair(8, own_motion=own_motion)
    held_out = pan.pair(12, role="holdout", own_motion=own_motion)
    shot = judged([pair], [held_out])
    assert (shot.carried, shot.decided_by) == (not own_motion, "holdout")


def test_pairs_that_no_colour_reaches_judge_nothing() -> None:
    pair = MATERIALS["still"].pair(8)
    unlike = replace(MATERIALS["still"].pair(12, role="holdout"), source_rgb=1 - pair.source_rgb)
    shot = judged([pair], [unlike])
    assert (shot.carried, shot.decided_by, shot.carried_error) == (True, "default", None)


@pytest.mark.parametrize("count", range(2, 10))
def test_each_fold_keeps_other_pairs_apart(count: int) -> None:
    pairs = PictureStore(blank(10 * number) for number in range(count))
    folds = [
        [judge.key.frame for judge in choose_judges(pairs, pairs.empty(), fold)]
        for fold in range(FOLDS)
    ]
    assert all(folds)
    together = [frame for fold in folds for frame in fold]
    assert len(together) == len(set(together))
    assert max(map(len, folds)) <= max(1, count // 4)


def test_hold_outs_judge_only_shots_with_a_single_pair() -> None:
    pairs = PictureStore([blank(0, 1), blank(10, 1), blank(100, 2)])
    held_out = PictureStore(
        [blank(5, 1, "holdout"), blank(105, 2, "holdout"), blank(205, 3, "holdout")]
    )
    judges = [judge for fold in range(FOLDS) for judge in choose_judges(pairs, held_out, fold)]
    assert sorted(judge.key.frame for judge in judges) == [0, 10, 105]
    for judge in judges:
        assert judge.pictures[judge.index].frame.number == judge.key.frame


def test_a_shot_that_nothing_judges_follows_the_others() -> None:
    good = JudgedChroma(key_of(0, 1), carried=0.5, law=1.0, weight=10.0)
    bad = JudgedChroma(key_of(0, 2), carried=3.0, law=1.0, weight=10.0)
    by_shot = {one.shot: one for one in decide([1, 2, 3], [good, bad])}
    assert [by_shot[shot].carried for shot in (1, 2, 3)] == [True, False, False]
    assert by_shot[3].decided_by == "film"
    assert decide([1, 3], [good])[1].carried
    (alone,) = decide([3], [])
    assert (alone.carried, alone.decided_by) == (True, "default")


def test_errors_count_by_their_weight_and_a_narrow_difference_is_no_harm() -> None:
    heavy = JudgedChroma(key_of(0), carried=MAX_ERROR_RATIO - 0.01, law=1.0, weight=99.0)
    light = JudgedChroma(key_of(10), carried=2.0, law=1.0, weight=0.5)
    assert decide([1], [heavy, light])[0].carried
    assert not decide([1], [heavy, replace(light, weight=5.0)])[0].carried


def test_the_error_of_areas_keeps_what_is_common_and_averages_what_is_not() -> None:
    y = torch.full((1, 64, 64), 0.5)
    cbcr = torch.full((2, 64, 64), 0.05)
    truth_ycbcr = torch.cat([y, cbcr])
    offset = torch.tensor([0.01, -0.02])
    weight = torch.ones(1, 64, 64)
    picture = replace(blank(0), truth_ycbcr=truth_ycbcr, weight=weight)
    metric = sensitivity(truth_ycbcr[:, 0, :1].T)
    expected = float(perceptual_error(offset[None], metric))
    common = area_error(picture, cbcr + offset[:, None, None], weight)
    assert common == pytest.approx(expected, rel=0.01)
    sign = (torch.arange(64) % 2 * 2 - 1).expand(64, 64)
    assert area_error(picture, cbcr + offset[:, None, None] * sign, weight) < 0.1 * expected
    weight[:, :, 32:] = 0
    wrong_where_unseen = cbcr.clone()
    wrong_where_unseen[:, :, 32:] += 0.2
    assert area_error(picture, wrong_where_unseen, weight) < 0.1 * expected


def blank(number: int, shot: int = 1, role: PairRole = "train") -> NetworkPicture:
    """A picture of which only number, shot and role count."""
    plane = torch.zeros(3, 4, 4)
    frame = NetworkFrame(plane, plane, number, shot)
    return NetworkPicture(frame, plane, plane[:1], role, number)


def key_of(number: int, shot: int = 1) -> PictureKey:
    """The key of a training pair."""
    return PictureKey(number, shot, "train", number)
