"""Figures of shots and measures of the film, from the figures of its rendered frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from unfade.film.figures import ShotFigures
from unfade.film.pair import Pair, pairs_by_shot
from unfade.film.rendering import PredictedError, RenderedFrame
from unfade.film.report import Measure
from unfade.film.shot import Shot
from unfade.validate.luma import LumaFigures
from unfade.validate.steadiness import ChromaChange, flicker
from unfade.validate.verdict import (
    MAX_CHROMA_FLICKER,
    MAX_LOSSY_LUMA_DIFFERENCE,
    MAX_LOSSY_NEGATIVE_SHARE,
    limited,
)

LOSSLESS_COMPRESSIONS = frozenset({"zip", "none"})
"""Compressions of EXR that keep every value as written."""


@dataclass(frozen=True)
class FrameFigures:
    """Figures of one rendered frame.

    Chroma is the mean Cb and Cr of the live area. `change` compares with the frame before; none
    for the first frame of a shot or after a missing one.
    """

    frame: int
    shot: int
    predicted_error: PredictedError
    luma: LumaFigures
    chroma_source: tuple[float, float]
    chroma_recovered: tuple[float, float]
    change: ChromaChange | None


def shot_figures(
    frames: Sequence[FrameFigures], shots: Iterable[Shot], pairs: Sequence[Pair] = ()
) -> list[ShotFigures]:
    """The figures of every shot with at least one rendered frame.

    Args:
        frames: figures of the rendered frames, in order.
        shots: of the film.
        pairs: the admitted pairs of the film.
    """
    by_shot: dict[int, list[FrameFigures]] = {}
    for frame in frames:
        by_shot.setdefault(frame.shot, []).append(frame)
    own_pairs = pairs_by_shot(pairs)
    figures = []
    for shot in shots:
        own = by_shot.get(shot.number)
        if not own:
            continue
        numbers = [figure.frame for figure in own]
        paired = own_pairs.get(shot.number, [])
        constructed = [pair for pair in paired if pair.kind == "constructed"]
        figures.append(
            ShotFigures(
                shot=shot,
                rendered=len(own),
                training_pairs=_count_training(paired),
                held_out_pairs=len(paired) - _count_training(paired),
                constructed_training_pairs=_count_training(constructed),
                constructed_held_out_pairs=len(constructed) - _count_training(constructed),
                predicted=fmean(figure.predicted_error.mean for figure in own),
                beyond=fmean(figure.predicted_error.beyond for figure in own),
                luma_max=max(figure.luma.difference_max for figure in own),
                luma_mean=sum(figure.luma.difference_mean for figure in own) / len(own),
                flicker=flicker([figure.chroma_recovered for figure in own], numbers),
                flicker_source=flicker([figure.chroma_source for figure in own], numbers),
            )
        )
    return figures


def _count_training(pairs: Sequence[Pair]) -> int:
    return sum(pair.role == "train" for pair in pairs)


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
        shots: figures of the shots of those frames.
        missing: number of frames that should be rendered and are not.
        compression: of the masters. Only lossless masters are held to the rounding of their
            format.
        cut: number of values clipped because the format of the masters cannot hold them.
    """
    return [
        *_luma_measures([frame.luma for frame in frames], compression),
        *_value_measures([frame.luma for frame in frames], compression, cut),
        *_flicker_measures(shots),
        *_change_measures(frames),
        Measure(name="frames_checked", value=len(frames), unit="frames"),
        limited("frames_missing", missing, "frames", 0),
    ]


def _luma_measures(figures: Sequence[LumaFigures], compression: str) -> list[Measure]:
    """Luma differences to the scan."""
    mean = sum(figure.difference_mean for figure in figures) / len(figures)
    largest = max(figure.difference_max for figure in figures)
    measures = [Measure(name="luma_max_difference", value=largest, unit="of range")]
    if compression in LOSSLESS_COMPRESSIONS:
        excess = max(figure.excess_max for figure in figures)
        measures.append(Measure(name="luma_mean_difference", value=mean, unit="of range"))
        measures.append(limited("luma_excess_max", excess, "of range", 0.0))
    else:
        unit = f"of range, {compression} is lossy"
        measures.append(limited("luma_mean_difference", mean, unit, MAX_LOSSY_LUMA_DIFFERENCE))
    return measures


def _value_measures(figures: Sequence[LumaFigures], compression: str, cut: int) -> list[Measure]:
    """Counts of values that are not finite, below black, or clipped."""
    limit = 0.0 if compression in LOSSLESS_COMPRESSIONS else MAX_LOSSY_NEGATIVE_SHARE
    negative = sum(figure.negative for figure in figures) / sum(figure.pixels for figure in figures)
    non_finite = sum(figure.non_finite for figure in figures)
    measures = [
        limited("non_finite_values", non_finite, "values", 0),
        limited("negative_share", negative, "of pixels", limit),
    ]
    if cut:
        measures.append(limited("values_cut", cut, "values", 0))
    return measures


def _flicker_measures(shots: Sequence[ShotFigures]) -> list[Measure]:
    """Flicker of the shot that flickers most; nothing if no shot has three frames."""
    measured = [shot for shot in shots if shot.flicker is not None]
    if not measured:
        return []
    worst = max(measured, key=lambda shot: shot.flicker or 0.0)
    source = worst.flicker_source or 0.0
    return [
        limited("chroma_flicker", worst.flicker or 0.0, "of range", MAX_CHROMA_FLICKER),
        Measure(name="chroma_flicker_source", value=source, unit="of range"),
    ]


def _change_measures(frames: Sequence[FrameFigures]) -> list[Measure]:
    """Mean change of chroma along motion, of the recovered frames and of the scan."""
    changes = [frame.change for frame in frames if frame.change is not None]
    if not changes:
        return []
    means = {
        "chroma_change_along_motion": sum(c.recovered for c in changes) / len(changes),
        "chroma_change_along_motion_source": sum(c.source for c in changes) / len(changes),
    }
    return [Measure(name=name, value=mean, unit="of range") for name, mean in means.items()]


def choose_comparison_frames(frames: Sequence[tuple[int, int]], count: int) -> list[int]:
    """Frames for the comparisons of the report, spread over the film.

    They are the middle frames of shots; if there are fewer than `count` shots, frames spread
    evenly over all of them.

    Args:
        frames: (frame, shot) of every rendered frame, in order.
        count: number of frames to choose; all frames if there are fewer.
    """
    by_shot: dict[int, list[int]] = {}
    for frame, shot in frames:
        by_shot.setdefault(shot, []).append(frame)
    if len(by_shot) >= count:
        candidates = [own[len(own) // 2] for own in by_shot.values()]
    else:
        candidates = [frame for frame, _ in frames]
    count = min(count, len(candidates))
    return [candidates[(2 * index + 1) * len(candidates) // (2 * count)] for index in range(count)]


def predicted_measures(frames: Sequence[RenderedFrame]) -> list[Measure]:
    """The predicted error: mean of all frames, and of the worst frame; and the share of the film
    beyond what pairs show. There is at least one frame."""
    means = [frame.predicted_error.mean for frame in frames]
    beyond = fmean(frame.predicted_error.beyond for frame in frames)
    return [
        Measure(name="predicted_ciede2000", value=fmean(means), unit="CIEDE2000"),
        Measure(name="predicted_ciede2000_worst", value=max(means), unit="CIEDE2000"),
        Measure(name="beyond_pairs", value=beyond, unit="of pixels"),
    ]
