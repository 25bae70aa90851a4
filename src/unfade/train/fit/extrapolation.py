"""Laws of colour beyond the samples: which law holds there, by leaving samples out.

Shots, pairs and halves of the frame are left out, not pixels, whose neighbours would reveal them.
Two laws of the rest predict the left-out colours: the LUTs, which follow their samples closely, and
the general law, which is stiff. Far from all samples the film gets the mean of both, in which the
one with the smaller error weighs more. How that error grows with the distance to the samples is
kept for the predicted error; for this, hues are left out, too.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from scipy.optimize import nnls
from torch import Tensor

from unfade.color.sensitivity import visibility
from unfade.color.ycbcr import luma
from unfade.model.closed_form.distance import DistanceField
from unfade.model.closed_form.general_law import (
    REACH_DEVIATIONS,
    ColourSpread,
    GeneralLaw,
    distance_steps,
)
from unfade.model.closed_form.laws import Laws
from unfade.model.closed_form.lut import NODES
from unfade.train.data.samples import ColourSamples, PositionedSamples, colours_by_shot
from unfade.train.fit.distance import distance_field, distance_to
from unfade.train.fit.dye_law import DYE_PIXELS
from unfade.train.fit.general_law import KERNEL_PIXELS, KernelLaw, fit_general_law
from unfade.train.fit.laws import fit_law
from unfade.train.fit.lut import fit_axes
from unfade.work.cores import on_all_cores

SELECTIVITY = 24.0
"""Power of the errors by which the two laws share: a law with 3 % less error gets two thirds, with
10 % less nine tenths. Near equality the mean has a smaller error than either (decisions/31)."""

FOLD_PIXELS = 8000
"""Pixels to which the LUTs are fitted in a fold, and the largest number that are left out."""

FOLD_NODES = 17
"""Nodes along each axis of the LUTs in a fold: an eighth of the time of those of the film."""

USUAL_ERRORS = (0.006, 0.003, 0.001, 0.004, 0.017)
"""The `errors` of a `GeneralLaw` in the mean of the development film with families of colours left
out (decisions/17). A film's own folds replace them as far as they have colours at such a
distance."""

USUAL_WEIGHT = 0.01
"""Weight of those errors, against the folds of a film together."""

MIN_HUE_CHROMA = 0.03
"""Chroma, of range 1, below which a colour has no hue that could be left out: noise of references
is as large."""

MAX_FOLDS = 4
"""Folds of shots, or of pairs; more are divided among them. A fold costs a fit of both laws, some
0.3 s of a core; those of halves and of hues add up to eight."""

MIN_FOLD_SHARE = 0.02
"""Smallest weight of either part of a fold, as a share of all samples: fewer prove nothing."""


@dataclass(frozen=True)
class _Fold:
    """Samples that a fold leaves out, and the rest."""

    left_out: ColourSamples
    rest: ColourSamples


@dataclass(frozen=True)
class LeftOut:
    """Samples that were left out, as the rest predicts them.

    `luts_cbcr` and `general_cbcr` (2, N) are the chroma by both laws, `distance` (N,) that to the
    rest, in standard deviations of the film's colours.
    """

    samples: ColourSamples
    luts_cbcr: Tensor
    general_cbcr: Tensor
    distance: Tensor


def extrapolate(laws: Laws, shots: Mapping[int, Sequence[PositionedSamples]], seed: int) -> Laws:
    """The laws with a general law far from all samples.

    Args:
        laws: fitted to the samples.
        shots: samples of each shot, one entry for each pair.
        seed: of the choice of samples.
    """
    generator = torch.Generator().manual_seed(seed)
    by_shot = colours_by_shot(shots)
    whole = ColourSamples.concatenate(by_shot.values())
    kernel_law = _general_law(whole, generator)
    spread = kernel_law.spread
    folds, hue_folds = _folds(shots, generator), _hue_folds(whole, generator)

    def leave_out(fold: _Fold) -> LeftOut:
        return _leave_out(fold, spread, torch.Generator().manual_seed(seed))

    def field(sample: ColourSamples) -> DistanceField:
        return distance_field(distance_to(sample, spread, torch.Generator().manual_seed(seed)))

    predicted = list(on_all_cores(leave_out, [*folds, *hue_folds]))
    film_field, *shot_fields = on_all_cores(field, [whole, *(by_shot[n] for n in laws.shots)])
    share = general_share(predicted[: len(folds)])
    general = GeneralLaw(
        kernel_law.dyes,
        spread,
        _deviation(kernel_law),
        film_field,
        dict(zip(laws.shots, shot_fields, strict=True)),
        share,
        errors_by_distance(predicted, share),
        errors_by_distance(predicted, 0.0),
    )
    return replace(laws, general=general)


def general_share(left_out: Sequence[LeftOut]) -> float:
    """Share of the general law far from all samples; half without evidence.

    Errors of each law are geometric means over the folds, because a fold in which both laws fail
    would decide arithmetic ones.
    """
    if not left_out:
        return 0.5
    errors = torch.tensor(
        [[fold.samples.error_of(cbcr) for cbcr in (fold.luts_cbcr, fold.general_cbcr)]
         for fold in left_out]
    )  # fmt: skip
    luts, general = errors.log().mean(dim=0).exp()
    return float(1 / (1 + (general / luts) ** SELECTIVITY))


def errors_by_distance(left_out: Sequence[LeftOut], share: float) -> Tensor:
    """The `errors` of a `GeneralLaw` with a share in its mean with LUTs: nonnegative least squares
    on the approximate CIEDE2000 of left-out colours. Each fold counts alike."""
    if not left_out:
        return torch.tensor(USUAL_ERRORS)
    terms, errors, mean_visibility = [], [], 0.0
    for fold in left_out:
        cbcr = torch.lerp(fold.luts_cbcr, fold.general_cbcr, share)
        y = luma(fold.samples.rgb[:, :, None])[..., 0]
        visible = visibility(torch.cat([y, cbcr]).T)
        weight = fold.samples.weight / fold.samples.weight.sum()
        terms.append(distance_steps(fold.distance) * (visible * weight.sqrt())[:, None])
        errors.append(fold.samples.errors_of(cbcr) * weight.sqrt())
        mean_visibility += float((visible * weight).sum()) / len(left_out)
    usual = (USUAL_WEIGHT * len(left_out)) ** 0.5 * mean_visibility * torch.eye(len(USUAL_ERRORS))
    rows, known = (
        torch.cat([*terms, usual]),
        torch.cat([*errors, usual @ torch.tensor(USUAL_ERRORS)]),
    )
    solution, _ = nnls(rows.double().numpy(), known.double().numpy())
    return torch.tensor(solution, dtype=torch.float32)


def _leave_out(fold: _Fold, spread: ColourSpread, generator: torch.Generator) -> LeftOut:
    """The left-out samples of a fold, as both laws of the rest predict them."""
    out, rest = fold.left_out, fold.rest.some(FOLD_PIXELS, generator)
    luts = fit_law(rest, fit_axes(rest.rgb, rest.weight), nodes=FOLD_NODES)
    general = _general_law(fold.rest, generator)
    distance = distance_to(fold.rest, spread, generator)(spread(out.rgb))
    return LeftOut(out, luts(out.rgb[:, :, None])[..., 0], general(out.rgb), distance)


def _folds(
    shots: Mapping[int, Sequence[PositionedSamples]], generator: torch.Generator
) -> list[_Fold]:
    """Folds of the shots; of a single shot, those of its pairs and of halves of the frame."""
    several = len(shots) > 1
    pairs = [(unit, pair) for unit, part in enumerate(shots.values()) for pair in part]
    units = [unit if several else index for index, (unit, _) in enumerate(pairs)]
    samples = PositionedSamples.concatenate([pair for _, pair in pairs])
    counts = torch.tensor([pair.rgb.shape[1] for _, pair in pairs])
    unit = (torch.tensor(units) % MAX_FOLDS).repeat_interleave(counts)
    masks = [unit == index for index in range(min(MAX_FOLDS, max(units) + 1))]
    x, y = samples.position
    if not several:
        masks += [x < 0, x >= 0, y < 0, y >= 0]
    return _folds_of(samples.without_position(), masks, generator)


def _hue_folds(samples: ColourSamples, generator: torch.Generator) -> list[_Fold]:
    """Folds of a quarter of the hues each, for what no pair shows although its shot has pairs."""
    cb, cr = samples.cbcr
    quarter = ((torch.atan2(cr, cb) / (math.pi / 2)).round() % 4).int()
    has_hue = samples.cbcr.norm(dim=0) >= MIN_HUE_CHROMA
    return _folds_of(samples, [has_hue & (quarter == one) for one in range(4)], generator)


def _folds_of(
    samples: ColourSamples, masks: Iterable[Tensor], generator: torch.Generator
) -> list[_Fold]:
    """Folds that leave out what each mask (N,) selects."""
    least = MIN_FOLD_SHARE * float(samples.weight.sum())
    parts = [(samples.selected(mask), samples.selected(~mask)) for mask in masks]
    return [
        _Fold(out.some(FOLD_PIXELS, generator), rest)
        for out, rest in parts
        if min(float(out.weight.sum()), float(rest.weight.sum())) >= least
    ]


def _deviation(kernel_law: KernelLaw) -> Tensor:
    """The deviation (2, N, N, N) at the nodes of the cube of its spread."""
    axis = torch.linspace(-REACH_DEVIATIONS, REACH_DEVIATIONS, NODES)
    third, second, first = torch.meshgrid(axis, axis, axis, indexing="ij")
    deviation = kernel_law.deviation(torch.stack([first, second, third]).flatten(1))
    return deviation.reshape(2, NODES, NODES, NODES)


def _general_law(sample: ColourSamples, generator: torch.Generator) -> KernelLaw:
    return fit_general_law(
        sample.some(KERNEL_PIXELS, generator), sample.some(DYE_PIXELS, generator)
    )
