"""A small page with every part, and a parser of pages."""

from fractions import Fraction
from html.parser import HTMLParser
from typing import Any

import torch

from unfade.film.alignment import Alignment, Alignments
from unfade.film.assumptions import AssumedPoint, Assumptions
from unfade.film.clip import Area, Clip, Clips
from unfade.film.figures import HeldOutFigures, KindFigures, PlaceFigures, ShotFigures
from unfade.film.improvement import AddedPair, Improvement, Round
from unfade.film.model import HeldOut, LossCurve, LossPoint, ShotModel
from unfade.film.pair import Pair, PairList, Rejection
from unfade.film.report import Diagnosis, Measure, Report
from unfade.film.shot import Shot
from unfade.film.target import Target, Targets
from unfade.film.time import FrameRange
from unfade.project.settings import Project
from unfade.report.content import (
    Comparison,
    ConstructedView,
    FrameView,
    HeldOutView,
    PageContent,
    ScopeRow,
    ShotView,
)
from unfade.report.pictures import NamedPicture, encoded

from ..fixtures import make_alignment, make_clip, make_model, make_rendered_frame, make_rendering

PAINTED = Pair(
    source=12,
    picture="/home/someone/painted/12.png",
    shot=1,
    kind="constructed",
    aligned=True,
    chosen_by="person",
    note="Jacket after the lobby card",
)
HELD_OUT = Pair(source=15, reference=115, of="dvd", shot=1, role="holdout")


def picture(level: float) -> torch.Tensor:
    return torch.full((3, 8, 12), level)


def clip(path: str) -> Clip:
    return make_clip(
        path,
        FrameRange(first=10, last=19),
        12,
        8,
        kind="movie",
        rate=Fraction(25),
        pixel_aspect=Fraction(64, 45),
    )


def alignment(pair: Pair) -> Alignment:
    return make_alignment(
        pair,
        Area(x=0, y=0, width=12, height=8),
        kind="affine",
        residual=0.27,
        residual_p95=0.9,
        inliers=100,
    )


def named(name: str) -> NamedPicture:
    return NamedPicture(name, encoded(picture(0.5)))


def held_out_view() -> HeldOutView:
    error = HeldOut(ciede2000=12.5, chroma=0.03)
    figures = HeldOutFigures(frame=15, shot=1, faded=error, lut=error, model=error)
    names = ("Scan", "Reference", "LUT baseline", "Recovered", "Error of LUT baseline")
    scopes = ScopeRow("Vectorscope", (named("Scan"), named("Reference")))
    return HeldOutView(figures, tuple(map(named, names)), (scopes,))


def shot_view(shot: Shot) -> ShotView:
    return ShotView(
        shot=shot,
        frame=15,
        role="holdout",
        four_way=tuple(map(named, ("Scan", "Balanced", "Reference", "Recovered"))),
        strip=(named("First frame, 10"), named("Skin tones")),
        kinds=(KindFigures("skin", 0.2, 9.0, 2.5, 1.25),),
        places=(PlaceFigures("first", 10, 11, 1.75, 0.0012, 0.0034),),
    )


def constructed_view(frame: int, *, is_shown: bool = True) -> ConstructedView:
    """A constructed frame with one point that was left out."""
    points = tuple(
        AssumedPoint(
            at=((4.0, 3.0),),
            area=False,
            colour="#00c040",
            source="a <lobby> card",
            author="Ada & Co",
            note="",
            left_out_for=left_out_for,
        )
        for left_out_for in (None, "#353939")
    )
    record = Assumptions(
        frame=frame, points=points, uncertainty=0.0163, picture_sha256="0", sheet_sha256="1"
    )
    return ConstructedView(frame, record, encoded(picture(0.5)) if is_shown else None)


def content(**changes: Any) -> PageContent:
    shot = Shot(number=1, frames=FrameRange(first=10, last=19))
    error = HeldOut(ciede2000=12.5, chroma=0.03)
    fields: dict[str, Any] = {
        "project": Project.model_validate(
            {
                "film": {"title": "Reel <1> & friends"},
                "source": {"path": "/home/someone/scan.mov"},
                "reference": {"path": "/home/someone/dvd.mkv"},
                "deliver": {"institution": "An Archive", "note": "Print of 1978"},
            }
        ),
        "clips": Clips(
            source=clip("/home/someone/scan.mov"), references={"dvd": clip("/mnt/dvd.mkv")}
        ),
        "pair_list": PairList(
            shots=(shot,),
            scenes=(1,),
            pairs=(PAINTED, HELD_OUT),
            rejected=(
                Rejection(pair=Pair(source=17, reference=117, of="dvd", shot=1), reason="A flash"),
            ),
        ),
        "alignments": Alignments(
            crop=Area(x=0, y=0, width=12, height=8),
            admitted=(alignment(PAINTED), alignment(HELD_OUT)),
            rejected=(
                Rejection(
                    pair=Pair(source=11, reference=9, of="dvd", shot=1), reason="Too far off"
                ),
            ),
        ),
        "targets": Targets(
            targets=(
                Target(pair=PAINTED, source="s", truth="t", weight="w", sha256="5ca1ab1e" * 8),
            ),
            luma_parity=0.0,
        ),
        "model": make_model(
            id="0123456789ab",
            parameters=4321,
            steps=3000,
            best_step=2500,
            train_frames=(12,),
            holdout_frames=(15,),
            shot_models=(
                ShotModel(shot=1, film=1.5, own=1.2, kept=True),
                ShotModel(shot=2, film=1.0, own=0.98, kept=False),
            ),
        ),
        "rendering": make_rendering(
            (make_rendered_frame(10),),
            model_id="0123456789ab",
            version=3,
        ),
        "curve": LossCurve(points=(LossPoint(step=1, loss=0.1),), baseline=None),
        "report": Report(
            verdict="review",
            reasons=("Look at <this>.",),
            measures=(
                Measure(name="held_out_of_lut", value=0.95, unit="times", limit=0.9, ok=False),
                Measure(name="something_new", value=3.0, unit="frames"),
            ),
        ),
        "held_out": [
            HeldOutFigures(
                frame=15, shot=1, faded=error, lut=error, model=HeldOut(ciede2000=0.77, chroma=0.01)
            )
        ],
        "shots": [
            ShotFigures(
                shot=shot,
                rendered=1,
                training_pairs=1,
                held_out_pairs=1,
                constructed_training_pairs=1,
                predicted=1.234,
                beyond=0.126,
                luma_max=0.0002,
                luma_mean=0.00001,
                flicker=None,
                flicker_source=None,
            )
        ],
        "comparisons": [Comparison(10, 1, picture(0.2), picture(0.4), picture(0.1), picture(0.3))],
        "held_out_views": [held_out_view()],
        "shot_views": [shot_view(shot)],
        "worst": [FrameView(10, 1, named("Scan"), named("Recovered"))],
        "kinds": [KindFigures("skin", 0.2, 9.0, 2.5, 1.5), KindFigures("neutrals", 0.001)],
        "date": "2001-02-03",
        "versions": {"torch": "9.9"},
    }
    return PageContent(**(fields | changes))


class Reader(HTMLParser):
    """Parses a page: its text, the addresses that it loads, and the elements left open."""

    VOID = frozenset({"meta", "img", "input", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def improved() -> PageContent:
    """A page with a diagnosis and two rounds of improvement, the second undone."""
    diagnosis = Diagnosis(
        problem="Crops disagree.", evidence="One is smaller.", remedy="unfade pairs drop"
    )
    report = content().report.model_copy(update={"diagnoses": (diagnosis,)})
    added, refused = (
        AddedPair(source=source, shot=1, why=why)
        for source, why in ((12, "the shot has no pair"), (14, "bleed"))
    )
    start = Round(number=0, pairs=4, held_out=1.0, by_shot={1: 1.0})
    kept = start.model_copy(
        update={
            "number": 1,
            "added": (added,),
            "pairs": 5,
            "held_out": 0.9,
            "tested": 0.95,
            "outliers": 0,
            "verdict": "accept",
        }
    )
    undone = start.model_copy(
        update={"number": 2, "added": (refused,), "pairs": 8, "held_out": 0.93, "kept": False}
    )
    ended = "no pair is left that would help"
    return content(
        report=report, improvement=Improvement(rounds=(start, kept, undone), ended=ended)
    )
