"""Outliers: runs of frames within a shot with a high predicted error."""

from collections.abc import Sequence

import pytest

from unfade.film.rendering import PredictedError, RenderedFrame
from unfade.validate.outliers import outliers, predicted_measures

from ..fixtures import make_rendered_frame


def frames(means: Sequence[float], shots: Sequence[int]) -> list[RenderedFrame]:
    return [
        make_rendered_frame(
            100 + number,
            shot=shot,
            predicted_error=PredictedError(mean=mean, p95=2 * mean, beyond=mean / 10),
        )
        for number, (mean, shot) in enumerate(zip(means, shots, strict=True))
    ]


def test_outliers_are_runs_of_frames_within_a_shot() -> None:
    means = [1.0, 1.0, 1.6, 1.9, 1.8, 1.1, 1.0, 1.0, 1.0, 1.0, 2.0]
    runs = outliers(frames(means, [1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]), None)
    assert [(run.shot, run.first, run.last, run.worst, run.predicted) for run in runs] == [
        (1, 102, 103, 103, 1.9),
        (2, 104, 104, 104, 1.8),
        (2, 110, 110, 110, 2.0),
    ]


def test_a_film_of_even_error_has_no_outliers() -> None:
    even = frames([1.0, 1.2, 1.1], [1, 1, 2])
    assert outliers(even, None) == []


def test_the_held_out_error_is_the_expected_error() -> None:
    even = frames([1.0, 1.2, 1.1], [1, 1, 2])
    assert [run.first for run in outliers(even, 0.85)] == [101, 102]
    assert outliers(even, 1.0) == []


def test_predicted_measures_are_the_mean_the_worst_and_the_share_beyond_the_pairs() -> None:
    measures = predicted_measures(frames([1.0, 3.0, 2.0], [1, 1, 1]))
    assert {measure.name: measure.value for measure in measures} == {
        "predicted_ciede2000": 2.0,
        "predicted_ciede2000_worst": 3.0,
        "beyond_pairs": pytest.approx(0.2),
    }
