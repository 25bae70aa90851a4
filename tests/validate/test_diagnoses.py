"""Each diagnosis on findings that have just its fault, and none on a good film."""

from typing import Any

import pytest

from unfade.film.alignment import Alignments
from unfade.film.clip import Area
from unfade.film.figures import HeldOutFigures, ShotFigures
from unfade.film.match import FrameState, MatchRecord, ReferenceMatches
from unfade.film.model import HeldOut, LossCurve, LossPoint
from unfade.film.pair import Pair, Rejection
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.validate.diagnoses import Findings, diagnoses

from ..fixtures import make_alignment, make_outlier

WHOLE = Area(x=0, y=0, width=100, height=100)
FRAMES = FrameRange(first=1, last=60)


def pair(source: int) -> Pair:
    return Pair(source=source, reference=source, of="dvd", shot=1)


def alignments(residual: float = 0.3, refused: int = 0, **facts: Any) -> Alignments:
    admitted = tuple(make_alignment(pair(n), WHOLE, residual=residual) for n in range(1, 5))
    reason = "residual of 3.1 pixels, above the limit of 1.5"
    rejected = tuple(Rejection(pair=pair(10 + n), reason=reason) for n in range(refused))
    return Alignments(**({"crop": WHOLE, "admitted": admitted, "rejected": rejected} | facts))


def curve(*held_out: float, baseline: float = 2.0) -> LossCurve:
    points = [
        LossPoint(step=300 * (n + 1), loss=0.1, held_out=error) for n, error in enumerate(held_out)
    ]
    return LossCurve(points=tuple(points), baseline=baseline)


def shot(beyond: float = 0.01) -> ShotFigures:
    return ShotFigures(
        shot=Shot(number=1, frames=FRAMES),
        rendered=60,
        training_pairs=4,
        held_out_pairs=1,
        predicted=1.0,
        beyond=beyond,
        luma_max=0.0,
        luma_mean=0.0,
        flicker=None,
        flicker_source=None,
    )


def held_out(faded: float = 9.0) -> HeldOutFigures:
    errors = [HeldOut(ciede2000=error, chroma=0.01) for error in (faded, 2.0, 1.0)]
    return HeldOutFigures(20, 1, *errors)


def matches(passing: range = range(0)) -> MatchRecord:
    columns = {"similarity": (0.9,) * 60, "lag": (0.0,) * 60}
    found = ReferenceMatches(reference=tuple(range(60)), **columns)
    states: list[FrameState] = ["passing" if n in passing else "free" for n in FRAMES.frames()]
    return MatchRecord(
        frames=FRAMES, references={"dvd": found}, of=("dvd",) * 60, state=tuple(states)
    )


def findings(**facts: Any) -> Findings:
    defaults = {
        "alignments": alignments(),
        "matches": matches(),
        "curve": curve(1.2, 1.1, 1.1),
        "step": 600,
        "shots": [shot()],
        "held_out": [held_out()],
        "outliers": [],
        "max_residual": 1.5,
    }
    return Findings(**(defaults | facts))


def test_a_good_film_has_no_diagnosis() -> None:
    assert diagnoses(findings()) == []


@pytest.mark.parametrize(
    ("facts", "problem", "evidence"),
    [
        (
            {"alignments": alignments(crop=Area(x=0, y=0, width=100, height=80))},
            "Crops disagree.",
            "20% smaller",
        ),
        (
            {"alignments": alignments(refused=3)},
            "The reference does not lie on the scan.",
            "3 of 7 pairs were refused",
        ),
        (
            {"alignments": alignments(residual=1.4)},
            "The reference does not lie on the scan.",
            "1.40 pixels; the limit is 1.5",
        ),
        (
            {"shots": [shot(beyond=0.12)]},
            "A family of colours is missing in the pairs.",
            "shot 1, 12% of the pixels",
        ),
        (
            {"curve": curve(1.6, 1.2)},
            "Training has not converged.",
            "from 1.60 to 1.20",
        ),
        (
            {"curve": curve(1.0, 1.3)},
            "Training learned the pairs by heart.",
            "at step 300 and rose to 1.30",
        ),
        (
            {"curve": curve(2.2, 2.1)},
            "Training did not improve on the closed form.",
            "2.10 CIEDE2000 at best, and 2.00",
        ),
        (
            {
                "outliers": [make_outlier(kind="flicker", first=20, last=25, worst=22)],
                "matches": matches(range(30, 33)),
            },
            "Colour is unsteady near a change of light.",
            "Frames 20 to 25 of shot 1",
        ),
        (
            {"held_out": [held_out(faded=1.2)]},
            "The film is hardly faded.",
            "by 1.20 CIEDE2000",
        ),
    ],
)
def test_each_fault_has_its_diagnosis(facts: dict[str, Any], problem: str, evidence: str) -> None:
    (found,) = diagnoses(findings(**facts))
    assert found.problem == problem
    assert evidence in found.evidence
    assert found.remedy


def test_flicker_far_from_a_change_of_light_is_an_outlier_alone() -> None:
    flicker = make_outlier(kind="flicker", first=1, last=3, worst=2)
    assert diagnoses(findings(outliers=[flicker], matches=matches(range(40, 43)))) == []
