"""The evidence by which chroma is carried in a shot or not.

Some pairs are kept apart as judges. Chroma is carried to them from the other pairs of their shot.
Without it, the model would have the closed form of the other pairs there. So chroma is carried if
it is about as close to the truth of the judges as that closed form is, at the same pixels.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unfade.color.sensitivity import perceptual_error, sensitivity
from unfade.color.ycbcr import limit_chroma, luma
from unfade.film.model import CarriedColour
from unfade.model import ChromaModel
from unfade.train.data.agreement import pooled
from unfade.train.data.carried_colour import carry_chroma, is_motion_found, nearest_pairs
from unfade.train.data.picture_store import PictureKey, PictureStore, StoredPicture
from unfade.train.data.pixels import NetworkPicture
from unfade.work.cores import on_all_cores

FOLDS = 2
"""Fits of the closed form, each without other judges. One judge a shot is too few: its place in the
shot decides how far the closed form is from it. More folds cost a fit each."""

MIN_PAIRS_PER_JUDGE = 4
"""Training pairs of a shot for each further judge of a fold, so that three quarters remain for the
closed form that carried chroma is compared with."""

MAX_ERROR_RATIO = 1.1
"""Largest error of carried chroma, as a multiple of that of the closed form, with which it is
carried. Simulated shots that gain have 0.1 to 1.0, shots that lose 1.6 and more (decisions/25)."""


@dataclass(frozen=True)
class JudgedChroma:
    """Errors of chroma carried to a judge and of the closed form, by `area_error`.

    `weight` is the total weight of the pixels that chroma reaches.
    """

    judge: PictureKey
    carried: float
    law: float
    weight: float


def judge_carrying(
    pairs: PictureStore,
    held_out: PictureStore,
    fit: Callable[[PictureStore], ChromaModel],
) -> tuple[CarriedColour, ...]:
    """Whether chroma is carried in each shot with training pairs.

    Args:
        pairs: the corrected training pairs.
        held_out: the hold-out pairs.
        fit: a model with a closed form of some pairs.
    """
    comparisons: list[JudgedChroma] = []
    for fold in range(FOLDS):
        judges = choose_judges(pairs, held_out, fold)
        if judges:
            apart = {judge.key.frame for judge in judges}
            rest = [index for index, key in enumerate(pairs.keys) if key.frame not in apart]
            comparisons += compare(judges, pairs, fit(pairs.subset(rest)))
    return decide({key.shot for key in pairs.keys}, comparisons)


def choose_judges(pairs: PictureStore, held_out: PictureStore, fold: int) -> list[StoredPicture]:
    """The judges of a fold, below `FOLDS`: pairs of each shot, no pair in two folds.

    The pairs are training pairs, evenly spread. A shot with a single one cannot spare it and is
    judged by its hold-out pairs.
    """
    judges = []
    for shot in sorted({key.shot for key in pairs.keys}):
        in_shot = _in_shot(pairs, shot)
        if len(in_shot) == 1:
            judges += _in_shot(held_out, shot)[fold:FOLDS:FOLDS]
            continue
        wanted = FOLDS * max(1, len(in_shot) // MIN_PAIRS_PER_JUDGE)
        spread = [in_shot[(2 * k + 1) * len(in_shot) // (2 * wanted)] for k in range(wanted)]
        judges += spread[fold::FOLDS]
    return judges


def _in_shot(pictures: PictureStore, shot: int) -> list[StoredPicture]:
    """The pictures of a shot, by frame."""
    judges = [StoredPicture(pictures, i) for i, key in enumerate(pictures.keys) if key.shot == shot]
    return sorted(judges, key=lambda judge: judge.key.frame)


def compare(
    judges: Iterable[StoredPicture], pairs: PictureStore, model: ChromaModel
) -> list[JudgedChroma]:
    """A comparison for each pair whose chroma reaches a judge.

    Args:
        judges: of one fold.
        pairs: all training pairs. A judge among them receives the chroma of others.
        model: its closed form is fitted to the pairs without the judges.
    """

    def compared(judge: StoredPicture) -> list[JudgedChroma]:
        return _compared(judge, pairs, model)

    parts = on_all_cores(compared, judges)
    return [one for part in parts for one in part]


def _compared(judge: StoredPicture, pairs: PictureStore, model: ChromaModel) -> list[JudgedChroma]:
    picture, key = judge.read(), judge.key
    frame, comparisons = picture.frame, []
    law_cbcr = limit_chroma(luma(frame.source_rgb), model.closed_form(frame.clean_rgb, key.shot))
    for index in nearest_pairs(key.frame, key.shot, pairs.keys):
        pair = pairs[index]
        carried = carry_chroma(frame, pair)
        weight = carried.weight * picture.weight
        if is_motion_found(carried, pair) and weight.any():
            comparisons.append(
                JudgedChroma(
                    key,
                    area_error(picture, carried.truth_ycbcr[1:], weight),
                    area_error(picture, law_cbcr, weight),
                    float(weight.sum()),
                )
            )
    return comparisons


def area_error(picture: NetworkPicture, cbcr: Tensor, weight: Tensor) -> float:
    """Weighted mean CIEDE2000 of the mean errors of chroma over areas of `AREA_PX`.

    Errors of both signs within an area cancel, because a law averages them out as it does the
    errors of references; what is left is the error that the law would learn.

    Args:
        picture: with the ground truth.
        cbcr: chroma to judge, (2, h, w).
        weight: (1, h, w), not all zero.
    """
    truth_ycbcr = picture.truth_ycbcr
    values = torch.cat([truth_ycbcr, cbcr - truth_ycbcr[1:], torch.ones_like(weight)]) * weight
    sums = pooled(values).flatten(1)
    sums = sums[:, sums[-1] > 0]
    means = (sums[:-1] / sums[-1]).T
    errors = perceptual_error(means[:, 3:], sensitivity(means[:, :3]))
    return float((errors * sums[-1]).sum() / sums[-1].sum())


def decide(shots: Iterable[int], comparisons: Sequence[JudgedChroma]) -> tuple[CarriedColour, ...]:
    """Whether chroma is carried in each of the shots.

    A shot without a comparison follows the mean over the others, because it shares their references
    and their fade. A film without any carries (decisions/25).
    """
    errors = _errors_by_shot(comparisons)
    by_holdout = {one.judge.shot for one in comparisons if one.judge.role == "holdout"}
    sums = [sum(error[k] for error in errors.values()) for k in (0, 1)]
    film = sums[0] <= MAX_ERROR_RATIO * sums[1]
    decisions = []
    for shot in sorted(shots):
        if shot not in errors:
            decisions.append(
                CarriedColour(shot=shot, carried=film, decided_by="film" if errors else "default")
            )
            continue
        carried, law = errors[shot]
        decisions.append(
            CarriedColour(
                shot=shot,
                carried=carried <= MAX_ERROR_RATIO * law,
                decided_by="holdout" if shot in by_holdout else "train",
                carried_error=carried,
                law_error=law,
            )
        )
    return tuple(decisions)


def _errors_by_shot(comparisons: Sequence[JudgedChroma]) -> Mapping[int, tuple[float, float]]:
    """Weighted means of both errors, by shot number."""
    errors = {}
    for shot in {one.judge.shot for one in comparisons}:
        own = [one for one in comparisons if one.judge.shot == shot]
        total = sum(one.weight for one in own)
        errors[shot] = (
            sum(one.carried * one.weight for one in own) / total,
            sum(one.law * one.weight for one in own) / total,
        )
    return errors
