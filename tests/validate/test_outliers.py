"""Frames that are far from anything in training are named, as runs within shots."""

from collections.abc import Sequence

from unfade.film.rendering import PredictedError, RenderedFrame
from unfade.validate.outliers import outliers, predicted_measures


def frames(means: Sequence[float | None], shots: Sequence[int]) -> list[RenderedFrame]:
    return [
        RenderedFrame(
            frame=100 + number,
            shot=shot,
            file="a.exr",
            sha256="0" * 64,
            predicted_error=None if mean is None else PredictedError(mean=mean, p95=2 * mean),
        )
        for number, (mean, shot) in enumerate(zip(means, shots, strict=True))
    ]


def test_runs_of_frames_stand_out() -> None:
    means = [1.0, 1.0, 1.6, 1.9, 1.8, 1.1, 1.0, 1.0, 1.0, 1.0, 2.0]
    found = outliers(frames(means, [1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]), None)
    assert [(one.shot, one.first, one.last, one.worst, one.predicted) for one in found] == [
        (1, 102, 103, 103, 1.9),
        (2, 104, 104, 104, 1.8),
        (2, 110, 110, 110, 2.0),
    ]


def test_in_an_even_film_none_does() -> None:
    even = frames([1.0, 1.2, 1.1], [1, 1, 2])
    assert outliers(even, None) == []
    assert outliers(frames([None, None], [1, 1]), None) == []


def test_what_was_measured_on_hold_outs_is_what_is_usual() -> None:
    even = frames([1.0, 1.2, 1.1], [1, 1, 2])
    assert [one.first for one in outliers(even, 0.85)] == [101, 102]
    assert outliers(even, 1.0) == []


def test_what_is_predicted_is_measured() -> None:
    measures = predicted_measures(frames([1.0, 3.0, 2.0], [1, 1, 1]))
    assert {one.name: one.value for one in measures} == {
        "predicted_ciede2000": 2.0,
        "predicted_ciede2000_worst": 3.0,
    }
    assert predicted_measures(frames([None], [1])) == []
