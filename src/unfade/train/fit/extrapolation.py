"""Laws of colour beyond the samples: which law holds there, by leaving samples out.

Shots, pairs and halves of the frame are left out, not pixels, whose neighbours would reveal them.
Two laws of the rest predict the left-out colours: the LUTs, which follow their samples closely, and
the general law, which is stiff. Far from all samples the film gets the mean of both, in which the
one with the smaller error weighs more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from unfade.model.closed_form.general_law import REACH_DEVIATIONS, GeneralLaw
from unfade.model.closed_form.laws import Laws
from unfade.model.closed_form.lut import NODES, SmoothLut
from unfade.train.data.samples import ColourSamples, PositionedSamples
from unfade.train.fit.dye_law import DYE_PIXELS
from unfade.train.fit.general_law import KERNEL_PIXELS, KernelLaw, fit_general_law
from unfade.train.fit.laws import fit_law
from unfade.train.fit.lut import fit_axes

SEEN_DISTANCE = 0.1
"""Distance to the nearest sample, in standard deviations of the film's colours, from which a colour
counts as not seen: about that between the samples kept. A longer ramp was worse on other shots."""

SHOT_DISTANCES = (0.3, 1.0)
"""Distances between which a shot's own LUTs give way: they have the shot's grading, which the
general law has not, so that only colours that are clearly not seen leave them."""

SAMPLES_KEPT = 2000
"""Samples to which distances are measured."""

SELECTIVITY = 24.0
"""Power of the errors by which the two laws share: a law with 3 % less error gets two thirds, with
10 % less nine tenths. Near equality the mean has a smaller error than either (decisions/31)."""

FOLD_PIXELS = 8000
"""Pixels to which the LUTs are fitted in a fold, and the largest number that are left out."""

FOLD_NODES = 17
"""Nodes along each axis of the LUTs in a fold: an eighth of the time of those of the film."""

MAX_FOLDS = 4
"""Folds of shots, or of pairs; more are divided among them. A fold costs a fit of both laws."""

MIN_FOLD_SHARE = 0.02
"""Smallest weight of either part of a fold, as a share of all samples: fewer prove nothing."""


@dataclass(frozen=True)
class Evidence:
    """What leaving samples out has shown.

    `luts` and `general` are approximate mean CIEDE2000 of left-out colours: geometric means over
    the folds, because a fold in which both laws fail would decide arithmetic ones.
    """

    luts: float
    general: float

    @property
    def share(self) -> float:
        """Share of the general law far from all samples."""
        return float(1 / (1 + (self.general / self.luts) ** SELECTIVITY))


NO_EVIDENCE = Evidence(1.0, 1.0)
"""Equal errors, with which both laws share equally."""


@dataclass(frozen=True)
class _Fold:
    """Samples that a fold leaves out, and the rest."""

    left_out: ColourSamples
    rest: ColourSamples


def extrapolate(laws: Laws, shots: Mapping[int, Sequence[PositionedSamples]], seed: int) -> Laws:
    """The laws with a general law far from all samples.

    Args:
        laws: fitted to the samples.
        shots: samples of each shot, one entry for each pair.
        seed: of the choice of samples.
    """
    generator = torch.Generator().manual_seed(seed)
    evidence = weigh(_folds(shots, generator), generator)
    everything = [sample.without_position() for pairs in shots.values() for sample in pairs]
    whole = ColourSamples.concatenate(everything)
    general = _general_law(whole, generator)
    kept = whole.some(SAMPLES_KEPT, generator).rgb
    return replace(laws, general=_general(general, kept, evidence.share))


def weigh(folds: Sequence[_Fold], generator: torch.Generator) -> Evidence:
    """The errors of both laws over folds, each of which counts alike."""
    if not folds:
        return NO_EVIDENCE
    errors = torch.tensor([_errors(fold, generator) for fold in folds])
    luts, general = errors.log().mean(dim=0).exp().tolist()
    return Evidence(luts, general)


def _errors(fold: _Fold, generator: torch.Generator) -> tuple[float, float]:
    """The errors of LUTs and general law of the rest at the left-out samples."""
    out, rest = fold.left_out, fold.rest.some(FOLD_PIXELS, generator)
    luts = fit_law(rest, fit_axes(rest.rgb, rest.weight), nodes=FOLD_NODES)
    general = _general_law(fold.rest, generator)
    luts_cbcr, general_cbcr = luts(out.rgb[:, :, None])[..., 0], general(out.rgb)
    return float(out.error_of(luts_cbcr)), float(out.error_of(general_cbcr))


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
    colours = samples.without_position()
    least = MIN_FOLD_SHARE * float(colours.weight.sum())
    parts = [(colours.selected(mask), colours.selected(~mask)) for mask in masks]
    return [
        _Fold(out.some(FOLD_PIXELS, generator), rest)
        for out, rest in parts
        if min(float(out.weight.sum()), float(rest.weight.sum())) >= least
    ]


def _general(kernel_law: KernelLaw, kept: Tensor, share: float) -> GeneralLaw:
    """The general law in a cube of nodes; its share grows with the distance to `kept` (3, M)."""
    axis = torch.linspace(-REACH_DEVIATIONS, REACH_DEVIATIONS, NODES)
    third, second, first = torch.meshgrid(axis, axis, axis, indexing="ij")
    positions = torch.stack([first, second, third]).flatten(1)
    distance = _nearest_distance(positions, kernel_law.spread(kept))
    near, far = SHOT_DISTANCES
    film_share = (distance / SEEN_DISTANCE).clamp(max=1.0)
    shot_share = ((distance - near) / (far - near)).clamp(0.0, 1.0)
    shares = share * torch.stack([film_share, shot_share])
    nodes = torch.cat([kernel_law.deviation(positions), shares])
    cube = SmoothLut(nodes.reshape(-1, NODES, NODES, NODES))
    return GeneralLaw(kernel_law.dyes, kernel_law.spread, cube)


def _nearest_distance(positions: Tensor, samples: Tensor) -> Tensor:
    """Distance (N,) of positions (3, N) to the nearest of samples (3, M)."""
    parts = torch.split(positions.T, FOLD_PIXELS)
    return torch.cat([torch.cdist(part, samples.T).amin(dim=1) for part in parts])


def _general_law(sample: ColourSamples, generator: torch.Generator) -> KernelLaw:
    return fit_general_law(
        sample.some(KERNEL_PIXELS, generator), sample.some(DYE_PIXELS, generator)
    )
