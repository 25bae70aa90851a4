"""From the figures of frames to those of shots and of the film."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unfade.film.figures import ShotFigures
from unfade.film.report import Measure
from unfade.film.shot import Shot
from unfade.validate.luma import LumaFigures
from unfade.validate.steadiness import Change, flicker
from unfade.validate.verdict import (
    FLICKER_LIMIT,
    LOSSY_LUMA_LIMIT,
    LOSSY_NEGATIVE_LIMIT,
    limited,
)

LOSSLESS = frozenset({"zip", "none"})
"""Compressions after which a file holds the values that were written."""


@dataclass(frozen=True)
class FrameFigures:
    """What the checks of one rendered frame found.

    Chroma is mean Cb and Cr of the live area; `change` is since the frame before.
    """

    frame: int
    shot: int
    luma: LumaFigures
    chroma_source: tuple[float, float]
    chroma_recovered: tuple[float, float]
    change: Change | None


def shot_figures(frames: Sequence[FrameFigures], shots: Iterable[Shot]) -> list[ShotFigures]:
    """The figures of every shot that has a rendered frame, frames in order."""
    figures = []
    for shot in shots:
        own = [figure for figure in frames if figure.shot == shot.number]
        if not own:
            continue
        figures.append(
            ShotFigures(
                shot=shot,
                rendered=len(own),
                luma_max=max(figure.luma.difference_max for figure in own),
                luma_mean=sum(figure.luma.difference_mean for figure in own) / len(own),
                flicker=flicker([figure.chroma_recovered for figure in own]),
                flicker_source=flicker([figure.chroma_source for figure in own]),
            )
        )
    return figures


def frame_measures(
    frames: Sequence[FrameFigures],
    shots: Sequence[ShotFigures],
    missing: int,
    compression: str,
    cut: int = 0,
) -> list[Measure]:
    """The measures of the rendered frames.

    Args:
        frames: at least one.
        shots: of those frames.
        missing: how many frames ought to be rendered and are not.
        compression: of the masters. Only a lossless one is held to the rounding of its file.
        cut: values that the masters' format could not hold.
    """
    lossless = compression in LOSSLESS
    figures = [frame.luma for frame in frames]
    mean = sum(figure.difference_mean for figure in figures) / len(figures)
    largest = max(figure.difference_max for figure in figures)
    excess = max(figure.excess_max for figure in figures)
    negative = sum(figure.negative for figure in figures) / sum(figure.pixels for figure in figures)
    non_finite = sum(figure.non_finite for figure in figures)
    measures = [Measure(name="luma_max_difference", value=largest, unit="of range")]
    if lossless:
        measures += [
            Measure(name="luma_mean_difference", value=mean, unit="of range"),
            limited("luma_excess_max", excess, "of range", 0.0),
        ]
    else:
        unit = f"of range, {compression} is lossy"
        measures.append(limited("luma_mean_difference", mean, unit, LOSSY_LUMA_LIMIT))
    measures += [
        limited("non_finite_values", non_finite, "values", 0),
        limited("negative_share", negative, "of pixels", 0.0 if lossless else LOSSY_NEGATIVE_LIMIT),
    ]
    if cut:
        measures.append(limited("values_cut", cut, "values", 0))
    steady = [shot for shot in shots if shot.flicker is not None]
    if steady:
        worst = max(steady, key=lambda shot: shot.flicker or 0.0)
        measures += [
            limited("chroma_flicker", worst.flicker or 0.0, "of range", FLICKER_LIMIT),
            Measure(
                name="chroma_flicker_source", value=worst.flicker_source or 0.0, unit="of range"
            ),
        ]
    return [
        *measures,
        *_changes(frames),
        Measure(name="frames_checked", value=len(frames), unit="frames"),
        limited("frames_missing", missing, "frames", 0),
    ]


def _changes(frames: Sequence[FrameFigures]) -> list[Measure]:
    """The mean change of chroma along motion, recovered and of the scan."""
    changes = [frame.change for frame in frames if frame.change is not None]
    if not changes:
        return []
    means = {
        "chroma_change_along_motion": sum(c.recovered for c in changes) / len(changes),
        "chroma_change_along_motion_source": sum(c.source for c in changes) / len(changes),
    }
    return [Measure(name=name, value=mean, unit="of range") for name, mean in means.items()]


def choose_looks(frames: Sequence[tuple[int, int]], count: int) -> list[int]:
    """Frames to show: in the middle of shots spread over the film, or spread over few shots.

    Args:
        frames: (frame, shot) of every rendered frame, in order.
        count: how many to choose, or all where there are fewer.
    """
    by_shot: dict[int, list[int]] = {}
    for frame, shot in frames:
        by_shot.setdefault(shot, []).append(frame)
    if len(by_shot) >= count:
        middles = [own[len(own) // 2] for own in by_shot.values()]
    else:
        middles = [frame for frame, _ in frames]
    count = min(count, len(middles))
    return [middles[(2 * index + 1) * len(middles) // (2 * count)] for index in range(count)]
