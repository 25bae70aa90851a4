"""What the report page shows: the artefacts, the figures and the pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from unfade.film.alignment import Alignments
from unfade.film.assumptions import Assumptions
from unfade.film.balance import IDENTITY_BALANCE, FilmGrade
from unfade.film.clip import Clips
from unfade.film.figures import HeldOutFigures, KindFigures, PlaceFigures, ShotFigures
from unfade.film.improvement import Improvement
from unfade.film.model import LossCurve, TrainedModel
from unfade.film.pair import PairList, PairRole
from unfade.film.rendering import Rendering
from unfade.film.report import Report
from unfade.film.shot import Shot
from unfade.film.target import Targets
from unfade.project.settings import Project
from unfade.report.pictures import EncodedPicture, NamedPicture


@dataclass(frozen=True)
class Comparison:
    """One frame before and after recovery, with scopes: display values of the working space.

    All pictures are (3, H, W).
    """

    frame: int
    shot: int
    before: Tensor
    after: Tensor
    scopes_before: Tensor
    scopes_after: Tensor


@dataclass(frozen=True)
class ScopeRow:
    """One scope of several pictures of a frame."""

    title: str
    pictures: tuple[NamedPicture, ...]


@dataclass(frozen=True)
class HeldOutView:
    """A hold-out pair in pictures of one framing: the scan, the reference, the LUT baseline, the
    recovered colour, and the errors of the last two. `scopes` may be empty."""

    figures: HeldOutFigures
    pictures: tuple[NamedPicture, ...]
    scopes: tuple[ScopeRow, ...] = ()


@dataclass(frozen=True)
class FrameView:
    """A rendered frame, as scanned and recovered."""

    frame: int
    shot: int
    before: NamedPicture
    after: NamedPicture


@dataclass(frozen=True)
class ShotView:
    """A shot in pictures.

    `four_way` are the scan, the balanced scan, the reference if the shot has a pair, and the
    recovered colour at `frame`; `role` is that of the pair, None without one. `strip` has the
    first and the last frame, the join with the next shot, and a part of `frame` for each kind of
    colour that it shows.
    """

    shot: Shot
    frame: int
    role: PairRole | None
    four_way: tuple[NamedPicture, ...]
    strip: tuple[NamedPicture, ...]
    kinds: tuple[KindFigures, ...]
    places: tuple[PlaceFigures, ...]


@dataclass(frozen=True)
class ConstructedView:
    """What is assumed of a constructed frame, and its sheet; None if the page does not show it."""

    frame: int
    assumptions: Assumptions
    sheet: EncodedPicture | None


@dataclass(frozen=True)
class PageContent:
    """The content of the page.

    `held_out_views` are hold-out pairs in pictures, `shot_views` shots, `worst` the frames of the
    highest predicted error. `kinds` are means over the hold-out pairs that judge. `improvement` is
    None if there were no rounds. `constructed` are the frames constructed from focal points.
    `grade` is the balance of the film.
    """

    project: Project
    clips: Clips
    pair_list: PairList
    alignments: Alignments
    targets: Targets
    model: TrainedModel
    rendering: Rendering
    curve: LossCurve
    report: Report
    held_out: Sequence[HeldOutFigures]
    shots: Sequence[ShotFigures]
    comparisons: Sequence[Comparison]
    date: str
    versions: Mapping[str, str]
    held_out_views: Sequence[HeldOutView] = ()
    shot_views: Sequence[ShotView] = ()
    worst: Sequence[FrameView] = ()
    kinds: Sequence[KindFigures] = ()
    improvement: Improvement | None = None
    constructed: Sequence[ConstructedView] = ()
    grade: FilmGrade = IDENTITY_BALANCE
