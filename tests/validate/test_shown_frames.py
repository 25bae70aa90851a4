import pytest

from unfade.film.pair import Pair, PairRole
from unfade.film.rendering import PredictedError, RenderedFrame
from unfade.film.target import Target
from unfade.validate.frames import FrameFigures
from unfade.validate.luma import LumaFigures
from unfade.validate.shown_frames import (
    MAX_SHOWN_SHOTS,
    WORST_COUNT,
    WORST_OF_SHOT,
    choose_shown,
    place_figures,
)

from ..fixtures import make_rendered_frame

FLAT_LUMA = LumaFigures(0.0, 0.0, 0.0, 0, 0, 1)


def error(mean: float) -> PredictedError:
    return PredictedError(mean=mean, p95=mean, beyond=0.0)


def rendered(shots: dict[int, range]) -> list[RenderedFrame]:
    """Frames whose predicted error is a hundredth of their number."""
    return [
        make_rendered_frame(frame, shot=shot, predicted_error=error(frame / 100))
        for shot, frames in shots.items()
        for frame in frames
    ]


def target(source: int, shot: int, role: PairRole) -> Target:
    pair = Pair(source=source, reference=1, of="dvd", shot=shot, role=role)
    return Target(pair=pair, source="s", truth="t", weight="w", sha256="0" * 64)


def inspected(frame: int, shot: int, source: float, recovered: float) -> FrameFigures:
    chroma = (source, 0.0), (recovered, 0.0)
    return FrameFigures(frame, shot, error(1.0), FLAT_LUMA, *chroma, None)


def test_a_shot_is_shown_by_its_hold_out_pair_else_a_training_pair_else_its_middle() -> None:
    frames = rendered({1: range(10, 20), 2: range(20, 30), 3: range(30, 40)})
    targets = [target(11, 1, "train"), target(14, 1, "holdout"), target(22, 2, "train")]
    shown = choose_shown(frames, targets)
    assert shown.four_way == {1: 14, 2: 22, 3: 35}
    assert {one.pair.source for one in shown.targets.values()} == {14, 22}
    assert shown.ends == {10, 19, 20, 29, 30, 39}


def test_of_many_shots_those_of_the_highest_predicted_error_are_shown() -> None:
    count = MAX_SHOWN_SHOTS + 4
    frames = rendered({shot: range(10 * shot, 10 * shot + 10) for shot in range(1, count + 1)})
    worse = make_rendered_frame(29, shot=2, predicted_error=error(100.0))
    shown = choose_shown([worse if one.frame == 29 else one for one in frames], [])
    assert shown.four_way.keys() == {2, *range(6, count + 1)}
    of_next = {30, 39}
    assert shown.ends == of_next | {10 * shot + end for shot in shown.four_way for end in (0, 9)}


def test_a_pair_that_is_not_rendered_shows_no_shot() -> None:
    shown = choose_shown(rendered({1: range(10, 20)}), [target(5, 1, "holdout")])
    assert shown.four_way == {1: 15}
    assert shown.targets == {}


def test_the_worst_frames_are_of_several_shots() -> None:
    frames = rendered({1: range(10, 20), 2: range(20, 30), 3: range(30, 40), 4: range(40, 50)})
    worst = choose_shown(frames, []).worst
    assert worst == (49, 48, 39, 38, 29, 28)
    assert len(worst) == WORST_COUNT
    assert WORST_OF_SHOT == 2


def test_steps_at_the_ends_and_at_the_join_of_shots() -> None:
    first = [inspected(1, 1, 0.1, 0.2), inspected(2, 1, 0.1, 0.25), inspected(3, 1, 0.1, 0.35)]
    second = [inspected(4, 2, 0.3, 0.3), inspected(5, 2, 0.3, 0.3)]
    places = place_figures([*first, *second])
    assert [one.place for one in places[1]] == ["first", "last", "join"]
    assert [one.step for one in places[1]] == pytest.approx([0.05, 0.1, 0.05])
    assert [one.step_source for one in places[1]] == pytest.approx([0.0, 0.0, 0.2])
    assert places[1][2].neighbour == 4
    assert [one.place for one in places[2]] == ["first", "last"]


def test_a_missing_frame_has_no_step_and_no_join() -> None:
    places = place_figures([inspected(1, 1, 0.1, 0.2), inspected(3, 2, 0.1, 0.2)])
    assert [(one.place, one.step) for one in places[1]] == [("first", None), ("last", None)]
