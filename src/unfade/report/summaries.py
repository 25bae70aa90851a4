"""Rows of the page that sum up figures: hold-out pairs and their nearness to training pairs, and
scenes."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean

from unfade.color.score import mean_error
from unfade.film.figures import HeldOutFigures, ShotFigures, judging_figures, of_kind
from unfade.film.model import HeldOut
from unfade.film.pair import PairKind, PairList, pairs_by_shot
from unfade.report.content import PageContent, ShotView
from unfade.report.pictures import NamedPicture

NEAR_SECONDS = Fraction(1, 2)
"""Time from a hold-out frame to the nearest training pair of its shot up to which the two are near:
in half a second little moves, so that they show nearly the same colours."""


@dataclass(frozen=True)
class HeldOutRow:
    """A hold-out pair, and its distance in frames to the nearest training pair of its shot; None
    if the shot has none."""

    figures: HeldOutFigures
    distance: int | None
    is_near: bool

    @property
    def distance_in_words(self) -> str:
        """The distance, such as "2 frames"."""
        if self.distance is None:
            return "no training pair in the shot"
        return f"{self.distance} frame{'' if self.distance == 1 else 's'}"


@dataclass(frozen=True)
class KindRow:
    """The hold-out pairs of one kind: their number, and their mean errors."""

    kind: PairKind
    count: int
    faded: HeldOut
    lut: HeldOut
    model: HeldOut


@dataclass(frozen=True)
class SceneRow:
    """A scene: its shots, and the means over them. Errors are None without a hold-out pair; they
    are those of constructed pairs if it `is_constructed`, because it has no direct one.

    `picture` is the first frame of its first shot, None if that is not shown.
    """

    number: int
    shots: tuple[ShotFigures, ...]
    faded: HeldOut | None
    lut: HeldOut | None
    model: HeldOut | None
    is_constructed: bool
    picture: NamedPicture | None

    @property
    def rendered(self) -> int:
        """The number of rendered frames."""
        return sum(shot.rendered for shot in self.shots)

    @property
    def predicted(self) -> float:
        """The mean predicted CIEDE2000 of the rendered frames."""
        return sum(shot.predicted * shot.rendered for shot in self.shots) / self.rendered

    @property
    def beyond(self) -> float:
        """The share of the picture beyond what pairs show."""
        return sum(shot.beyond * shot.rendered for shot in self.shots) / self.rendered

    @property
    def flicker(self) -> float | None:
        """The flicker of the shot that flickers most."""
        return max((shot.flicker for shot in self.shots if shot.flicker is not None), default=None)


def held_out_rows(content: PageContent) -> list[HeldOutRow]:
    """The hold-out pairs, in order of their frames."""
    near = NEAR_SECONDS * content.clips.source.rate
    pairs = (alignment.pair for alignment in content.alignments.admitted)
    trained = pairs_by_shot(pair for pair in pairs if pair.role == "train")
    rows = []
    for one in content.held_out:
        distances = (abs(pair.source - one.frame) for pair in trained.get(one.shot, []))
        distance = min(distances, default=None)
        rows.append(HeldOutRow(one, distance, distance is not None and distance <= near))
    return rows


def kind_rows(figures: Sequence[HeldOutFigures]) -> list[KindRow]:
    """The errors on direct and on constructed hold-out pairs, without a kind of which there are
    none."""
    kinds: tuple[PairKind, ...] = ("direct", "constructed")
    return [
        KindRow(
            kind=kind,
            count=len(own),
            faded=mean_error([one.faded for one in own]),
            lut=mean_error([one.lut for one in own]),
            model=mean_error([one.model for one in own]),
        )
        for kind in kinds
        if (own := of_kind(figures, kind))
    ]


def nearness(rows: Sequence[HeldOutRow]) -> str:
    """A sentence about the hold-out frames near training pairs."""
    near = [row for row in rows if row.is_near]
    if not near:
        return (
            "No hold-out frame lies within half a second of a training pair of its shot, so their "
            "error is that of frames away from pairs."
        )
    far = [row for row in rows if not row.is_near]
    count = "The only" if len(rows) == 1 else "All" if not far else f"{len(near)} of the"
    noun = "hold-out frame lies" if len(rows) == 1 else f"{len(rows)} hold-out frames lie"
    sentence = (
        f"{count} {noun} within half a second of a training pair of the same shot, where the "
        "picture is nearly the same; the error between pairs and in shots without pairs can be "
        "higher."
    )
    judging = judging_figures([row.figures for row in rows])
    parts = [[row.figures for row in part if row.figures in judging] for part in (near, far)]
    if all(parts):
        means = [fmean(one.model.ciede2000 for one in part) for part in parts]
        sentence += f" The mean error is {means[0]:.2f} near pairs and {means[1]:.2f} elsewhere."
    return sentence


def scene_rows(
    pair_list: PairList,
    shots: Sequence[ShotFigures],
    held_out: Sequence[HeldOutFigures],
    views: Sequence[ShotView],
) -> list[SceneRow]:
    """The scenes with rendered frames; empty if no scenes were found."""
    if not pair_list.scenes:
        return []
    scene_of = dict(zip((shot.number for shot in pair_list.shots), pair_list.scenes, strict=True))
    pictures = {view.shot.number: view.strip[0] for view in views if view.strip}
    rows = []
    for number in sorted({scene_of[one.shot.number] for one in shots}):
        own = tuple(one for one in shots if scene_of[one.shot.number] == number)
        scored = judging_figures([one for one in held_out if scene_of[one.shot] == number])
        rows.append(
            SceneRow(
                number=number,
                shots=own,
                faded=_mean([one.faded for one in scored]),
                lut=_mean([one.lut for one in scored]),
                model=_mean([one.model for one in scored]),
                is_constructed=any(one.kind == "constructed" for one in scored),
                picture=pictures.get(own[0].shot.number),
            )
        )
    return rows


def _mean(errors: list[HeldOut]) -> HeldOut | None:
    return mean_error(errors) if errors else None
