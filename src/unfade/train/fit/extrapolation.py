"""Laws of colour beyond the samples: which law holds there, by leaving samples out.

Shots, pairs and halves of the frame are left out, not pixels, whose neighbours would reveal them.
Two laws of the rest predict the left-out colours: the LUTs, which follow their samples closely, and
the general law, which is stiff. Far from all samples the film gets the mean of both, in which the
one with the smaller error weighs more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from unfade.color.sensitivity import perceptual_error, sensitivity
from unfade.color.ycbcr import limit_chroma, luma
from unfade.model.closed_form.general_law import REACH_DEVIATIONS, GeneralLaw
from unfade.model.closed_form.laws import Law, Laws
from unfade.model.closed_form.lut import NODES, SmoothLut
from unfade.train.data.samples import ColourSamples, PositionedSamples
from unfade.train.fit.dye_law import DYE_PIXELS
from unfade.train.fit.general_law import KERNEL_PIXELS, KernelLaw, fit_general_law
from unfade.train.fit.laws import fit_law
from unfade.train.fit.lut import fit_axes

SEEN_DISTANCE = 0.1
"""Distance to the nearest sample, in standard deviations of the film's colours, from which a colour
counts as not seen: about that between the samples kept. A longer ramp was worse on other shots."""

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
    """Approximate mean CIEDE2000 of left-out colours: geometric means over the folds, because a
    fold in which both laws fail would decide arithmetic ones."""

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


Prediction = Callable[[Tensor], Tensor]
"""From R'G'B' (3, N) to chroma (2, N)."""


def extrapolate(laws: Laws, shots: Mapping[int, Sequence[PositionedSamples]], seed: int) -> Laws:
    """The laws with a general law far from all samples, for shots without a law of their own.

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
    kept = _some(whole, SAMPLES_KEPT, generator).rgb
    return replace(laws, general=_general(general, kept, evidence.share))


def weigh(folds: Sequence[_Fold], generator: torch.Generator) -> Evidence:
    """The errors of both laws over folds, each of which counts alike."""
    errors = []
    for fold in folds:
        axes = fit_axes(fold.rest.rgb, fold.rest.weight)
        luts = fit_law(_some(fold.rest, FOLD_PIXELS, generator), axes, nodes=FOLD_NODES)
        general = _general_law(fold.rest, generator)
        predictions = (_flat(luts), general)
        errors.append([_error(prediction, fold.left_out) for prediction in predictions])
    if not errors:
        return NO_EVIDENCE
    luts_error, general_error = torch.tensor(errors).log().mean(dim=0).exp().tolist()
    return Evidence(luts_error, general_error)


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
    parts = [(_masked(colours, mask), _masked(colours, ~mask)) for mask in masks]
    return [
        _Fold(_some(out, FOLD_PIXELS, generator), rest)
        for out, rest in parts
        if min(float(out.weight.sum()), float(rest.weight.sum())) >= least
    ]


def _error(predict: Prediction, sample: ColourSamples) -> float:
    """Weighted mean of the approximate CIEDE2000 of a law over some pixels."""
    y = luma(sample.rgb[:, :, None])
    cbcr = limit_chroma(y, predict(sample.rgb)[..., None])[..., 0]
    metric = sensitivity(torch.cat([y[..., 0], sample.cbcr]).T)
    error = perceptual_error((cbcr - sample.cbcr).T, metric)
    mean = (error * sample.weight).sum() / sample.weight.sum()
    return float(mean)


def _general(kernel_law: KernelLaw, kept: Tensor, share: float) -> GeneralLaw:
    """The general law in a cube of nodes; its share grows with the distance to `kept` (3, M)."""
    axis = torch.linspace(-REACH_DEVIATIONS, REACH_DEVIATIONS, NODES)
    third, second, first = torch.meshgrid(axis, axis, axis, indexing="ij")
    positions = torch.stack([first, second, third]).flatten(1)
    distance = nearest_distance(positions, kernel_law.spread(kept))
    shares = share * (distance / SEEN_DISTANCE).clamp(max=1.0)
    nodes = torch.cat([kernel_law.deviation(positions), shares[None]])
    cube = SmoothLut(nodes.reshape(3, NODES, NODES, NODES))
    return GeneralLaw(kernel_law.dyes, kernel_law.spread, cube)


def nearest_distance(positions: Tensor, kept: Tensor) -> Tensor:
    """Distance (N,) of positions (3, N) to the nearest of `kept` (3, M)."""
    parts = torch.split(positions.T, FOLD_PIXELS)
    return torch.cat([torch.cdist(part, kept.T).amin(dim=1) for part in parts])


def _general_law(sample: ColourSamples, generator: torch.Generator) -> KernelLaw:
    return fit_general_law(
        _some(sample, KERNEL_PIXELS, generator), _some(sample, DYE_PIXELS, generator)
    )


def _flat(law: Law) -> Prediction:
    return lambda rgb: law(rgb[:, :, None])[..., 0]


def _masked(sample: ColourSamples, mask: Tensor) -> ColourSamples:
    return ColourSamples(sample.rgb[:, mask], sample.cbcr[:, mask], sample.weight[mask])


def _some(sample: ColourSamples, count: int, generator: torch.Generator) -> ColourSamples:
    """At most `count` random samples."""
    chosen = torch.randperm(sample.weight.numel(), generator=generator)[:count]
    return _masked(sample, chosen)
