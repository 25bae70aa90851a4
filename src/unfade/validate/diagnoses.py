"""Diagnoses: what is wrong with a film in general, by what evidence, and what to do about it.

Source: the table of troubleshooting in the chroma recovery guide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from unfade.film.alignment import Alignments
from unfade.film.figures import HeldOutFigures, ShotFigures
from unfade.film.match import MatchRecord
from unfade.film.model import LossCurve
from unfade.film.outlier import OutlierRun
from unfade.film.report import Diagnosis
from unfade.film.wording import counted
from unfade.validate.verdict import mean_model_error

MISALIGNED_SHARE = 0.25
"""Share of all pairs that align refused for their residual, from which the reference itself does
not fit the scan."""

NEAR_LIMIT = 0.8
"""Share of 'align.max_residual' from which the median residual of admitted pairs is near it."""

UNCOVERED_SHARE = 0.05
"""Share of a shot's pixels beyond what pairs show, from which a family of colours is missing."""

FALLING_SHARE = 0.02
"""Fall of the held-out error over the last interval of training, from which it would go on."""

OVERFIT_SHARE = 0.1
"""Rise of the held-out error after its best checkpoint, from which the model learned by heart."""

LIGHT_DISTANCE_FRAMES = 12
"""Distance of a flicker from a fade, dissolve or flash that may cause it: half a second."""

MAX_CROP_LOSS = 0.1
"""Share of the picture that some pairs cover and others do not, from which crops disagree."""

FRESH_CIEDE2000 = 2.0
"""Error of the faded scan on pairs, below which there is little to recover."""


@dataclass(frozen=True)
class Findings:
    """What diagnoses are made from. `step` is that of the networks in use, `max_residual` the limit
    of align, in pixels of the scan."""

    alignments: Alignments
    matches: MatchRecord | None
    curve: LossCurve
    step: int
    shots: Sequence[ShotFigures]
    held_out: Sequence[HeldOutFigures]
    outliers: Sequence[OutlierRun]
    max_residual: float


def diagnoses(findings: Findings) -> list[Diagnosis]:
    """What is wrong, in the order of the pipeline."""
    found = [
        _crops(findings.alignments),
        _misaligned(findings.alignments, findings.max_residual),
        *_uncovered(findings.shots),
        _convergence(findings.curve, findings.step),
        _flicker(findings.outliers, findings.matches),
        _not_faded(findings.held_out),
    ]
    return [one for one in found if one is not None]


def _crops(alignments: Alignments) -> Diagnosis | None:
    """Pairs of which some cover much more of the picture than others."""
    areas = [one.coverage.width * one.coverage.height for one in alignments.admitted]
    if not areas:
        return None
    shared = alignments.crop.width * alignments.crop.height
    loss = 1 - shared / median(areas)
    if loss <= MAX_CROP_LOSS:
        return None
    smallest = min(alignments.admitted, key=lambda one: one.coverage.width * one.coverage.height)
    return Diagnosis(
        problem="Crops disagree.",
        evidence=f"The crop that all pairs share is {loss:.0%} smaller than the usual pair; the "
        f"pair at frame {smallest.pair.source} covers least.",
        remedy=f"unfade pairs drop film.toml {smallest.pair.source}, or set reference.live_area",
    )


def _misaligned(alignments: Alignments, limit: float) -> Diagnosis | None:
    """Pairs that align refused in numbers, or admitted with a residual near the limit."""
    refused = [one for one in alignments.rejected if "residual" in one.reason]
    total = len(alignments.admitted) + len(alignments.rejected)
    residuals = [one.residual for one in alignments.admitted]
    usual = median(residuals) if residuals else 0.0
    if len(refused) <= MISALIGNED_SHARE * total and usual <= NEAR_LIMIT * limit:
        return None
    return Diagnosis(
        problem="The reference does not lie on the scan.",
        evidence=f"{len(refused)} of {counted(total, 'pair')} were refused for their residual, and "
        f"the median residual of the others is {usual:.2f} pixels; the limit is {limit:g}.",
        remedy="look at the sheets in 03-align; check live_area and fields of the reference, or "
        "give pictures that are aligned by hand: unfade pairs add film.toml FRAME PICTURE",
    )


def _uncovered(shots: Sequence[ShotFigures]) -> list[Diagnosis]:
    """Shots with many pixels whose colour no pair shows."""
    return [
        Diagnosis(
            problem="A family of colours is missing in the pairs.",
            evidence=f"In shot {one.shot.number}, {one.beyond:.0%} of the pixels have colours that "
            f"no training pair shows; it has {counted(one.training_pairs, 'training pair')}.",
            remedy="unfade improve film.toml, or add a pair yourself: unfade pairs add film.toml "
            "FRAME REFERENCE",
        )
        for one in shots
        if one.beyond > UNCOVERED_SHARE
    ]


def _convergence(curve: LossCurve, step: int) -> Diagnosis | None:
    """Training that ended too early, never helped, or went on for too long."""
    measured = [
        (point.step, point.held_out) for point in curve.points if point.held_out is not None
    ]
    if len(measured) < 2 or curve.baseline is None:
        return None
    (_, before), (last_step, last) = measured[-2:]
    best_step, best = min(measured, key=lambda one: one[1])
    if best >= curve.baseline:
        return Diagnosis(
            problem="Training did not improve on the closed form.",
            evidence=f"The held-out error is {best:.2f} CIEDE2000 at best, and "
            f"{curve.baseline:.2f} before the first step.",
            remedy="unfade improve film.toml, because more pairs are needed",
        )
    if best_step == last_step and last < (1 - FALLING_SHARE) * before:
        return Diagnosis(
            problem="Training has not converged.",
            evidence=f"The held-out error fell from {before:.2f} to {last:.2f} CIEDE2000 in the "
            "last interval.",
            remedy=f"set train.steps above {last_step}",
        )
    if last > (1 + OVERFIT_SHARE) * best:
        return Diagnosis(
            problem="Training learned the pairs by heart.",
            evidence=f"The held-out error was {best:.2f} CIEDE2000 at step {best_step} and rose to "
            f"{last:.2f}; the networks in use are those of step {step}.",
            remedy="unfade improve film.toml, or set train.size to 'small'",
        )
    return None


def _flicker(outliers: Sequence[OutlierRun], matches: MatchRecord | None) -> Diagnosis | None:
    """Flicker or drift beside a change of light."""
    if matches is None:
        return None
    first = matches.frames.first
    passing = [
        index + first
        for index, state in enumerate(matches.state)
        if state in ("changing", "passing")
    ]
    for run in outliers:
        if run.kind not in ("flicker", "hue drift"):
            continue
        if any(
            run.first - LIGHT_DISTANCE_FRAMES <= frame <= run.last + LIGHT_DISTANCE_FRAMES
            for frame in passing
        ):
            return Diagnosis(
                problem="Colour is unsteady near a change of light.",
                evidence=f"Frames {run.frames_in_words()} of shot {run.shot} have {run.kind}, and "
                "a fade, dissolve or flash lies beside them.",
                remedy="unfade improve film.toml, which adds pairs there",
            )
    return None


def _not_faded(held_out: Sequence[HeldOutFigures]) -> Diagnosis | None:
    """A scan that is as good as its reference."""
    if not held_out:
        return None
    faded = sum(one.faded.ciede2000 for one in held_out) / len(held_out)
    if faded >= FRESH_CIEDE2000:
        return None
    return Diagnosis(
        problem="The film is hardly faded.",
        evidence=f"The scan differs from its reference by {faded:.2f} CIEDE2000 on the pairs that "
        f"judge; the recovered film by {mean_model_error(held_out):.2f}.",
        remedy="look whether the scan needs recovery at all; a grade may be enough",
    )
