import xml.etree.ElementTree as ElementTree

import pytest
import torch

from unfade.drawing.chart import HEIGHT_PX, WIDTH_PX, loss_chart, loss_picture
from unfade.film.model import LossPoint

from ..fixtures import SVG

POINTS = [
    LossPoint(step=0, loss=0.04, held_out=3.0),
    LossPoint(step=500, loss=0.01),
    LossPoint(step=1000, loss=0.004, held_out=1.25),
]


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def lines(svg: str) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        for line in ElementTree.fromstring(svg).iter(f"{SVG}polyline")
    ]


def test_chart_names_the_errors_it_compares() -> None:
    assert {"model 1.25", "closed form 2.10", "1,000"} <= set(texts(loss_chart(POINTS, 2.1)))


def test_chart_places_values_in_proportion() -> None:
    svg = loss_chart(POINTS, 2.0)
    (first, last), (baseline, _) = (
        next(line for line in lines(svg) if line[0][1] != line[1][1] and len(line) == 2),
        next(line for line in lines(svg) if line[0][0] == line[0][0] and _is_dashed(svg, line)),
    )
    assert (baseline[1] - first[1]) / (last[1] - first[1]) == pytest.approx(1.0 / 1.75, abs=0.01)


def _is_dashed(svg: str, line: list[tuple[float, float]]) -> bool:
    start = f"{line[0][0]:.1f},{line[0][1]:.1f}"
    return any(
        element.attrib["points"].startswith(start) and "stroke-dasharray" in element.attrib
        for element in ElementTree.fromstring(svg).iter(f"{SVG}polyline")
    )


def test_chart_without_held_out_error_shows_the_loss_alone() -> None:
    svg = loss_chart([LossPoint(step=1, loss=0.02)], None)

    assert not any("model" in text or "closed" in text for text in texts(svg))
    assert "Training loss, logarithmic" in texts(svg)


def test_labels_of_close_values_do_not_overlap() -> None:
    svg = loss_chart(POINTS, 1.26)
    rows = [
        float(text.attrib["y"])
        for text in ElementTree.fromstring(svg).iter(f"{SVG}text")
        if (text.text or "").startswith(("model", "closed"))
    ]
    assert abs(rows[0] - rows[1]) >= 14


def test_picture_shows_the_same_chart() -> None:
    picture = loss_picture(POINTS, 2.1)

    assert picture.shape == (3, HEIGHT_PX, WIDTH_PX)
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert not torch.equal(picture, loss_picture(POINTS, None))


@pytest.mark.parametrize("held_out", [None, 0.0])
@pytest.mark.parametrize("steps", [(0,), (0, 1)])
def test_errors_of_zero_and_single_points_are_drawn(
    held_out: float | None, steps: tuple[int, ...]
) -> None:
    points = [LossPoint(step=step, loss=0.0, held_out=held_out) for step in steps]
    assert loss_picture(points, held_out).isfinite().all()
    assert "nan" not in loss_chart(points, held_out)
