"""Laws of colour beyond the samples: which law holds there, by leaving samples out.

Shots, pairs and halves of the frame are left out, not pixels, whose neighbours would reveal them.
Two laws of the rest predict the left-out colours: the LUTs, which follow their samples closely, and
the general law, which is stiff. Far from all samples the film gets the mean of both, in which the
one with the smaller error weighs more. How that error grows with the distance to the samples is
kept for the predicted error; for this, hues are left out, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from scipy.optimize import nnls
from scipy.spatial import cKDTree
from torch import Tensor

from unfade.color.sensitivity import visibility
from unfade.color.ycbcr import luma
from unfade.model.closed_form.general_law import (
    ERROR_DISTANCES,
    REACH_DEVIATIONS,
    ColourSpread,
    GeneralLaw,
    distance_steps,
    in_cube,
)
from unfade.model.closed_form.laws import FILM_RAMP, Laws, beyond
from unfade.model.closed_form.lut import NODES
from unfade.train.data.samples import ColourSamples, PositionedSamples
from unfade.train.fit.dye_law import DYE_PIXELS
from unfade.train.fit.general_law import KERNEL_PIXELS, KernelLaw, fit_general_law
from unfade.train.fit.laws import fit_law
from unfade.train.fit.lut import fit_axes

SAMPLES_KEPT = 20_000
"""Samples of a shot, or of the film, to which distances are measured. With 2,000 many colours of a
shot seem far from its samples."""

FARTHEST = ERROR_DISTANCES[-1]
"""Largest distance that is told from larger ones."""

SELECTIVITY = 24.0
"""Power of the errors by which the two laws share: a law with 3 % less error gets two thirds, with
10 % less nine tenths. Near equality the mean has a smaller error than either (decisions/31)."""

FOLD_PIXELS = 8000
"""Pixels to which the LUTs are fitted in a fold, and the largest number that are left out."""

FOLD_NODES = 17
"""Nodes along each axis of the LUTs in a fold: an eighth of the time of those of the film."""

UNKNOWN_RISES = (0.006, 0.003, 0.001, 0.004, 0.017)
"""Rises of the error of chroma in a film with too few samples for folds: the means of three
simulated films."""

MAX_FOLDS = 4
"""Folds of shots, or of pairs; more are divided among them. A fold costs a fit of both laws."""

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
    by_shot = {
        number: ColourSamples.concatenate([pair.without_position() for pair in pairs])
        for number, pairs in shots.items()
    }
    whole = ColourSamples.concatenate(by_shot.values())
    left_out = [_leave_out(fold, generator) for fold in _folds(shots, generator)]
    hues = [_leave_out(fold, generator) for fold in _hue_folds(whole, generator)]
    share = general_share(left_out)
    kernel_law = _general_law(whole, generator)
    general = GeneralLaw(
        kernel_law.dyes,
        kernel_law.spread,
        _as_cube(kernel_law.deviation(_cube_positions())),
        _distances(kernel_law.spread, whole, generator),
        {n: _distances(kernel_law.spread, by_shot[n], generator) for n in laws.shots},
        share,
        error_rises([*left_out, *hues], share),
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


def error_rises(left_out: Sequence[LeftOut], share: float) -> Tensor:
    """The `error_rises` of a `GeneralLaw`: nonnegative least squares on the approximate CIEDE2000
    of left-out colours; each fold counts alike."""
    if not left_out:
        return torch.tensor(UNKNOWN_RISES)
    terms, errors = [], []
    for fold in left_out:
        mixed = share * beyond(fold.distance, FILM_RAMP)
        cbcr = torch.lerp(fold.luts_cbcr, fold.general_cbcr, mixed)
        y = luma(fold.samples.rgb[:, :, None])[..., 0]
        visible = visibility(torch.cat([y, cbcr]).T)
        root_weight = (fold.samples.weight / fold.samples.weight.sum()).sqrt()
        terms.append(distance_steps(fold.distance) * (visible * root_weight)[:, None])
        errors.append(fold.samples.errors_of(cbcr) * root_weight)
    solution, _ = nnls(torch.cat(terms).double().numpy(), torch.cat(errors).double().numpy())
    return torch.tensor(solution, dtype=torch.float32)


def _leave_out(fold: _Fold, generator: torch.Generator) -> LeftOut:
    """The left-out samples of a fold, as both laws of the rest predict them."""
    out, rest = fold.left_out, fold.rest.some(FOLD_PIXELS, generator)
    luts = fit_law(rest, fit_axes(rest.rgb, rest.weight), nodes=FOLD_NODES)
    general = _general_law(fold.rest, generator)
    distances = _distances(general.spread, fold.rest, generator)
    distance = in_cube(distances, general.spread(out.rgb[:, :, None]))[0, :, 0]
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
    return _folds_of(
        samples, [cr >= cb.abs(), -cr > cb.abs(), cb > cr.abs(), -cb >= cr.abs()], generator
    )


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


def _distances(spread: ColourSpread, samples: ColourSamples, generator: torch.Generator) -> Tensor:
    """Cube (1, N, N, N) of the distance to the nearest of some samples."""
    kept = cKDTree(spread(samples.some(SAMPLES_KEPT, generator).rgb).T.numpy())
    nearest, _ = kept.query(_cube_positions().T.numpy(), distance_upper_bound=FARTHEST, workers=-1)
    return _as_cube(torch.from_numpy(nearest).float().clamp(max=FARTHEST)[None])


def _cube_positions() -> Tensor:
    """Positions (3, N * N * N) of the nodes of a cube."""
    axis = torch.linspace(-REACH_DEVIATIONS, REACH_DEVIATIONS, NODES)
    third, second, first = torch.meshgrid(axis, axis, axis, indexing="ij")
    return torch.stack([first, second, third]).flatten(1)


def _as_cube(values: Tensor) -> Tensor:
    """Nodes (C, N, N, N) of values (C, N * N * N) at the positions of a cube."""
    return values.reshape(-1, NODES, NODES, NODES)


def _general_law(sample: ColourSamples, generator: torch.Generator) -> KernelLaw:
    return fit_general_law(
        sample.some(KERNEL_PIXELS, generator), sample.some(DYE_PIXELS, generator)
    )
