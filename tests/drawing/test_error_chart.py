"""The chart of predicted errors: lines of the mean and the 95th percentile for every shot."""

import xml.etree.ElementTree as ElementTree

import pytest

from unfade.drawing.error_chart import error_chart
from unfade.film.rendering import PredictedError, RenderedFrame

from ..fixtures import SVG, make_rendered_frame


def frames(means: list[float], shots: list[int]) -> list[RenderedFrame]:
    return [
        make_rendered_frame(
            100 + number,
            shot=shot,
            predicted_error=PredictedError(mean=mean, p95=2 * mean, beyond=0.1),
        )
        for number, (mean, shot) in enumerate(zip(means, shots, strict=True))
    ]


def heights(svg: str) -> list[list[float]]:
    """The rows of the points of each line; grid lines are left out."""
    return [
        [float(point.split(",")[1]) for point in line.attrib["points"].split()]
        for line in ElementTree.fromstring(svg).iter(f"{SVG}polyline")
        if line.attrib["stroke-opacity"] != "0.25"
    ]


def words(svg: str) -> set[str]:
    return {text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def test_each_shot_has_a_line_of_means_and_one_of_percentiles() -> None:
    svg = error_chart(frames([1.0, 2.0, 3.0, 1.0, 1.0, 1.0], [1, 1, 1, 2, 2, 2]))
    p95, mean, second, _ = heights(svg)
    assert (mean[0] - mean[2]) / (mean[0] - mean[1]) == pytest.approx(2.0, abs=0.02)
    assert p95[0] == mean[1]
    assert second[0] == second[2]
    assert {"s001", "s002", "mean", "95th percentile", "6", "Predicted CIEDE2000"} <= words(svg)


def test_names_of_short_shots_do_not_overlap() -> None:
    svg = error_chart(frames([1.0] * 100, [1, 2, *[3] * 98]))
    assert words(svg) & {"s001", "s002", "s003"} == {"s001"}


def test_one_frame_is_drawn() -> None:
    assert "s001" in words(error_chart(frames([1.0], [1])))


def test_a_long_film_shows_the_worst_frame_of_each_pixel_column() -> None:
    means = [1.0] * 20_000
    means[12_345] = 3.0
    svg = error_chart(frames(means, [1] * 20_000))
    assert len(svg) < 30_000
    p95, mean = heights(svg)
    assert len(mean) < 700
    assert (mean[0] - min(mean)) / (p95[0] - min(mean)) == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("count", [1, 3])
def test_errors_of_zero_lie_on_the_axis(count: int) -> None:
    lines = heights(error_chart(frames([0.0] * count, [1] * count)))
    assert {height for line in lines for height in line} == {190.0}
