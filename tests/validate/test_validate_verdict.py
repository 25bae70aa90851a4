from fractions import Fraction

import pytest

from unfade.film.figures import HeldOutFigures
from unfade.film.method import ChosenMethod
from unfade.film.model import HeldOut
from unfade.film.pair import Pair, PairKind
from unfade.film.rendering import PredictedError
from unfade.film.report import Measure
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.report.figures import MEASURE_TITLES
from unfade.validate.frames import (
    FrameFigures,
    choose_comparison_frames,
    frame_measures,
    shot_figures,
)
from unfade.validate.luma import LumaFigures
from unfade.validate.steadiness import ChromaChange, flicker
from unfade.validate.verdict import decide, held_out_measures

GREY = (0.01, -0.02)


def held_out(faded: float, lut: float, model: float, kind: PairKind = "direct") -> HeldOutFigures:
    errors = [HeldOut(ciede2000=value, chroma=value / 100) for value in (faded, lut, model)]
    return HeldOutFigures(1, 1, *errors, kind)


def frame(number: int, shot: int = 1, **changes: float) -> FrameFigures:
    luma = {
        "difference_max": 2e-4,
        "difference_mean": 1e-5,
        "excess_max": 0.0,
        "non_finite": 0,
        "negative": 0,
        "pixels": 1000,
    }
    chroma = (changes.pop("cb", GREY[0]), GREY[1])
    figures = LumaFigures(**(luma | changes))  # type: ignore[arg-type]
    error = PredictedError(mean=number / 10, p95=1.0, beyond=number / 100)
    return FrameFigures(number, shot, error, figures, GREY, chroma, ChromaChange(0.004, 0.002))


def measures(
    *,
    lut: float = 1.5,
    model: float = 0.8,
    missing: int = 0,
    compression: str = "zip",
    **changes: float,
) -> list[Measure]:
    frames = [frame(1), frame(2, **changes), frame(3)]
    shots = shot_figures(frames, [Shot(number=1, frames=FrameRange(first=1, last=3))])
    return [
        *held_out_measures([held_out(12.0, lut, model)], 0.9),
        *frame_measures(frames, shots, missing, compression),
    ]


def value_of(measures: list[Measure], name: str) -> float:
    return next(measure.value for measure in measures if measure.name == name)


def test_a_clear_improvement_with_true_luma_is_accepted() -> None:
    verdict, reasons = decide(measures())

    assert verdict == "accept"
    assert "0.80" in reasons[0]
    assert "1.50" in reasons[0]
    assert "12.00" in reasons[0]


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({"excess_max": 1e-4}, "reject", "luma"),
        ({"non_finite": 7}, "reject", "7 values"),
        ({"model": 13.0}, "reject", "does not recover colour"),
        ({"compression": "dwaa", "difference_mean": 0.01}, "reject", "render.dwa_level"),
        ({"model": 1.4}, "review", "0.93 times that of the LUT baseline"),
        ({"negative": 3}, "review", "0.10%"),
        ({"cb": 0.05}, "review", "flickers"),
        ({"missing": 2}, "review", "2 frames"),
        ({"compression": "dwaa", "excess_max": 1e-3}, "accept", "Lossy compression"),
        ({"compression": "dwaa", "negative": 1}, "accept", "Lossy compression"),
    ],
)
def test_each_limit_leads_to_its_verdict(
    changes: dict[str, float], verdict: str, words: str
) -> None:
    decision, reasons = decide(measures(**changes))  # type: ignore[arg-type]

    assert decision == verdict
    assert any(words in reason for reason in reasons)
    assert all(reason.endswith(".") for reason in reasons)


def test_colour_without_hold_out_is_unproven() -> None:
    unproven = held_out_measures([], 0.9) + measures()[10:]

    verdict, reasons = decide(unproven)

    assert value_of(unproven, "held_out_frames") == 0
    assert verdict == "review"
    assert "unproven" in reasons[0]


def test_rejection_keeps_the_softer_reasons_too() -> None:
    verdict, reasons = decide(measures(excess_max=0.1, missing=1))

    assert verdict == "reject"
    assert len(reasons) == 2


def test_held_out_frames_have_equal_weight() -> None:
    found = held_out_measures([held_out(10, 2, 1), held_out(20, 4, 2)], 0.9)

    assert value_of(found, "held_out_ciede2000") == 1.5
    assert value_of(found, "held_out_ciede2000_worst") == 2
    assert value_of(found, "held_out_of_lut") == 0.5
    assert value_of(found, "held_out_of_faded") == pytest.approx(0.1)
    assert value_of(found, "held_out_chroma_error_lut") == pytest.approx(0.03)


def test_constructed_pairs_are_measured_apart_and_do_not_move_the_verdict() -> None:
    figures = [held_out(12, 1.5, 0.8), held_out(12, 10, 30, "constructed")]
    found = held_out_measures(figures, 0.9)

    assert value_of(found, "held_out_ciede2000") == 0.8
    assert value_of(found, "held_out_ciede2000_worst") == 0.8
    assert value_of(found, "held_out_frames") == 1
    assert value_of(found, "held_out_constructed_ciede2000") == 30
    assert value_of(found, "held_out_constructed_ciede2000_lut") == 10
    assert value_of(found, "held_out_constructed_frames") == 1
    assert {one.name for one in found} <= MEASURE_TITLES.keys()
    assert decide([*found, *measures()[10:]])[0] == "accept"


def test_colour_that_only_constructed_pairs_prove_asks_for_a_review() -> None:
    found = held_out_measures([held_out(12, 1.5, 0.8, "constructed")], 0.9)

    verdict, reasons = decide([*found, *measures()[10:]], is_assumed=True)

    assert value_of(found, "held_out_ciede2000") == 0.8
    assert verdict == "review"
    assert "against constructed references alone" in reasons[0]
    assert decide(held_out_measures([held_out(12, 1, 13, "constructed")], 0.9))[0] == "reject"


def test_frame_measures_take_the_worst_and_the_mean() -> None:
    found = measures(difference_max=0.5, difference_mean=4e-5, negative=3)

    assert value_of(found, "luma_max_difference") == 0.5
    assert value_of(found, "luma_mean_difference") == pytest.approx(2e-5)
    assert value_of(found, "negative_share") == pytest.approx(0.001)
    assert value_of(found, "frames_checked") == 3


def test_every_measure_has_a_title() -> None:
    names = {measure.name for measure in measures() + measures(compression="dwaa")}

    assert names <= set(MEASURE_TITLES)


def test_flicker_measures_alternation_but_not_drift() -> None:
    drift = [(0.01 * step, -0.02 * step) for step in range(20)]
    alternating = [(0.01 * (step % 2), 0.0) for step in range(20)]

    assert flicker(drift) == pytest.approx(0, abs=1e-12)
    assert flicker(alternating) == pytest.approx(0.01)
    assert flicker(drift[:2]) is None


def test_flicker_ignores_one_flash_in_a_long_shot() -> None:
    flash = [GREY] * 50 + [(0.4, 0.1)] + [GREY] * 150

    assert flicker(flash) == pytest.approx(0, abs=1e-12)


def test_shots_count_their_admitted_pairs() -> None:
    shots = [Shot(number=1, frames=FrameRange(first=1, last=5))]
    pairs = [
        Pair(source=1, reference=1, of="dvd", shot=1),
        Pair(source=2, reference=2, of="dvd", shot=1, role="holdout"),
        Pair(source=3, picture="3.exr", shot=1, kind="constructed"),
        Pair(source=4, picture="4.exr", shot=1, kind="constructed", role="test"),
        Pair(source=7, reference=7, of="dvd", shot=2),
    ]
    figures = shot_figures([frame(1)], shots, pairs)
    (row,) = figures
    assert (row.training_pairs, row.held_out_pairs) == (2, 2)
    assert (row.constructed_training_pairs, row.constructed_held_out_pairs) == (1, 1)


def test_shots_without_rendered_frames_are_left_out() -> None:
    shots = [
        Shot(number=number, frames=FrameRange(first=first, last=first + 4))
        for number, first in ((1, 1), (2, 6), (3, 11))
    ]
    figures = shot_figures([frame(7, 2), frame(8, 2, difference_max=0.1), frame(11, 3)], shots)

    assert [(row.shot.number, row.rendered) for row in figures] == [(2, 2), (3, 1)]
    assert figures[0].luma_max == 0.1
    assert figures[0].predicted == pytest.approx(0.75)
    assert figures[0].beyond == pytest.approx(0.075)
    assert figures[0].flicker is None


def test_comparison_frames_are_spread_over_shots_or_over_a_single_shot() -> None:
    film = [(number, number // 10) for number in range(100)]

    assert choose_comparison_frames(film, 4) == [15, 35, 65, 85]
    assert choose_comparison_frames(film[:8], 4) == [1, 3, 5, 7]
    assert choose_comparison_frames(film[:2], 4) == [0, 1]


def test_the_limit_to_the_baseline_is_an_argument() -> None:
    strict = held_out_measures([held_out(12, 1.5, 0.8)], float(Fraction(1, 2)))

    assert decide(strict)[0] == "review"


def test_a_remark_on_the_reference_asks_for_a_review() -> None:
    remark = "The reference has hardly any colour."
    assert decide(measures(), [remark]) == ("review", (remark,))
    assert decide(measures(excess_max=0.1), [remark])[0] == "reject"


@pytest.mark.parametrize(
    ("faded", "lut", "model", "verdict"),
    [(0.0, 0.0, 0.0, "accept"), (0.0, 0.0, 0.4, "reject"), (5.0, 0.0, 0.4, "review")],
)
def test_errors_of_zero_have_ratios(faded: float, lut: float, model: float, verdict: str) -> None:
    found = held_out_measures([held_out(faded, lut, model)], 0.9)
    clean = [measure for measure in measures() if not measure.name.startswith("held_out")]
    decided, reasons = decide([*found, *clean])
    assert decided == verdict
    assert not any("unproven" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ([ChosenMethod(method="lut", chosen_by="film")] * 2, "because neither networks nor law"),
        ([ChosenMethod(method="lut", chosen_by="person")], "because a person chose it"),
        ([ChosenMethod(method="lut"), ChosenMethod()], "1.00 times that of the LUT baseline"),
    ],
)
def test_the_verdict_says_why_the_lut_is_delivered(methods: list[ChosenMethod], words: str) -> None:
    verdict, reasons = decide(measures(lut=1.2, model=1.2), methods=methods)

    assert verdict == "review"
    assert words in reasons[0]
