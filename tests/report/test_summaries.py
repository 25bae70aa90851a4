import pytest

from unfade.film.figures import HeldOutFigures
from unfade.film.model import HeldOut
from unfade.film.pair import PairKind
from unfade.film.report import Measure
from unfade.report.criteria import criteria
from unfade.report.summaries import HeldOutRow, nearness


def row(error: float, distance: int | None, *, near: bool, kind: PairKind = "direct") -> HeldOutRow:
    one = HeldOut(ciede2000=error, chroma=0.0)
    return HeldOutRow(HeldOutFigures(1, 1, one, one, one, kind), distance, near)


def test_errors_near_pairs_are_told_from_those_elsewhere() -> None:
    sentence = nearness([row(1.0, 2, near=True), row(3.0, 40, near=False)])
    assert sentence.startswith("1 of the 2 hold-out frames lie within half a second")
    assert "1.00 near pairs and 3.00 elsewhere" in sentence
    assert nearness([row(1.0, None, near=False)]).startswith("No hold-out frame lies")
    assert row(1.0, 1, near=True).distance_in_words == "1 frame"


def test_errors_near_pairs_are_not_averaged_over_direct_and_constructed_pairs() -> None:
    rows = [
        row(1.0, 2, near=True),
        row(9.0, 3, near=True, kind="constructed"),
        row(3.0, 40, near=False),
    ]
    assert "1.00 near pairs and 3.00 elsewhere" in nearness(rows)
    assert "mean error" not in nearness(rows[1:])


@pytest.mark.parametrize(
    ("oks", "words"),
    [
        ((True, True), "figures met, your eye decides"),
        ((True, False), "not met"),
        ((), "not measured"),
    ],
)
def test_a_criterion_is_met_if_all_its_limits_are(oks: tuple[bool, ...], words: str) -> None:
    names = ("non_finite_values", "negative_share")
    measures = [
        Measure(name=name, value=0, unit="values", limit=0, ok=ok)
        for name, ok in zip(names, oks, strict=False)
    ]
    artefacts = next(one for one in criteria(measures) if one.title == "No visible artefacts")
    assert artefacts.words == words


def test_every_criterion_of_the_guide_is_on_the_page() -> None:
    assert [one.title for one in criteria([])] == [
        "Luma matches within tolerance",
        "No visible artefacts",
        "Colour consistent within a scene",
        "Clear improvement on the baseline",
    ]
