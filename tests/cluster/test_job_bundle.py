"""The template, values and references of a job bundle, as the reference library of Open Job
Description reads them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openjd.model import (
    IntRangeExpr,
    Job,
    StepParameterSpaceIterator,
    create_job,
    decode_job_template,
    preprocess_job_parameters,
)

from unfade.cluster.job_bundle import RenderJob, bundle, range_expression
from unfade.film.time import FrameRange
from unfade.work.units import FRAMES_A_UNIT, ranges

FILM = Path("/films/reel 1/film.toml")


def render_job(frames: list[int], count: int = FRAMES_A_UNIT, title: str = "Reel") -> RenderJob:
    tasks = [FrameRange(first=part[0], last=part[-1]) for part in ranges(frames, count)]
    return RenderJob(title, FILM, tasks)


def created(job: RenderJob) -> Job:
    """The job that a manager makes of the bundle with its own values of the parameters."""
    files = bundle(job)
    template = decode_job_template(template=files["template.json"])
    values = files["parameter_values.json"]["parameterValues"]
    preprocessed = preprocess_job_parameters(
        job_template=template,
        job_parameter_values={one["name"]: one["value"] for one in values},
        job_template_dir=Path("/bundle"),
        current_working_dir=Path("/"),
    )
    return create_job(job_template=template, job_parameter_values=preprocessed)


def frames_of_tasks(job: RenderJob) -> list[tuple[int, int]]:
    """First and last frame of each task of the step that renders."""
    (step,) = [one for one in created(job).steps if one.name == "Render"]
    space = StepParameterSpaceIterator(space=step.parameterSpace)
    return [(int(one["First"].value), int(one["Last"].value)) for one in space]


def test_the_steps_follow_one_another() -> None:
    steps = created(render_job([*range(250)])).steps
    after = {step.name: [one.dependsOn for one in step.dependencies or []] for step in steps}
    assert after == {"Prepare": [], "Render": ["Prepare"], "Finish": ["Render"]}


def test_tasks_are_the_units_of_work_of_a_long_film() -> None:
    frames = [*range(1001, 173_752)]
    expected = [(part[0], part[-1]) for part in ranges(frames)]
    assert frames_of_tasks(render_job(frames)) == expected
    assert expected[0] == (1001, 1100)
    assert expected[-1] == (173_701, 173_751)


@given(st.sets(st.integers(0, 2000), min_size=1).map(sorted), st.integers(1, 40))
def test_tasks_hold_every_frame_once_in_order(frames: list[int], count: int) -> None:
    found = frames_of_tasks(render_job(frames, count))
    held = [[frame for frame in frames if first <= frame <= last] for first, last in found]
    assert held == [list(part) for part in ranges(frames, count)]


@given(st.sets(st.integers(0, 300), min_size=1).map(sorted))
def test_a_range_expression_has_the_same_numbers(numbers: list[int]) -> None:
    assert list(IntRangeExpr.from_str(range_expression(numbers))) == numbers


def test_regular_numbers_make_a_short_expression() -> None:
    assert range_expression([*range(1, 1702, 100), 1750]) == "1-1701:100,1750"


@pytest.mark.parametrize(
    "title",
    [
        'The "Red" Shoes',
        "L'Atalante",
        "東京物語",
        "{{Param.Film}}",
        "}}}{{{",
        "two\nlines",
        "x" * 100,
    ],
)
def test_a_title_is_a_name(title: str) -> None:
    name = created(render_job([1], title=title)).name
    assert name.replace(" ", "") == f"Unfade:{title}".replace(" ", "").replace("\n", "")


def test_a_title_of_braces_alone_is_cut() -> None:
    assert created(render_job([1], title="{" * 100)).name == ("Unfade:" + " {" * 100)[:128]
