"""Units of work: each is done once, its result is a whole file, and a key says what it is of."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from unfade.errors import WorkError
from unfade.film.time import FrameRange
from unfade.project.settings import Project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress
from unfade.work.units import (
    MAX_ROUNDS,
    Unit,
    UnitResult,
    UnitWork,
    do_unit,
    frames_unit,
    frames_units,
    known_facts,
    prepare_results,
    ranges,
    remove_results,
    results,
)

from ..fixtures import make_clip

DONE: list[int] = []


def squares(job: Job, first: int, last: int) -> UnitWork:
    numbers = np.arange(first, last + 1)
    for number in numbers:
        if number == 13:
            raise WorkError("thirteen: is unlucky; leave it out")
        DONE.append(int(number))
        yield
    return UnitResult({"sum": int(numbers.sum())}, {"squares": numbers[::-1] ** 2})


@pytest.fixture
def job(tmp_path: Path) -> Job:
    DONE.clear()
    fields = {"film": {"title": "Reel"}, "source": {"path": "scan.mov"}}
    return Job(Project.model_validate(fields), tmp_path, SilentProgress())


def units(*spans: tuple[int, int]) -> list[Unit]:
    return [frames_unit("render", squares, range(first, last + 1)) for first, last in spans]


def test_results_come_in_order_and_are_found_again(job: Job) -> None:
    for _ in range(2):
        low, high = results(job, units((1, 3), (4, 5)), "Squaring")
        assert low.facts == {"sum": 6}
        assert low.arrays["squares"].tolist() == [9, 4, 1]
        assert high.facts == {"sum": 9}
    assert DONE == [1, 2, 3, 4, 5]


def test_after_a_failure_only_the_rest_is_done(job: Job) -> None:
    with pytest.raises(WorkError, match="unlucky"):
        list(results(job, units((1, 2), (12, 14)), "Squaring"))
    assert DONE == [1, 2, 12]
    list(results(job, units((1, 2), (3, 4)), "Squaring"))
    assert DONE == [1, 2, 12, 3, 4]
    assert not list(job.root.rglob("*.partial*"))


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("harm", [lambda path: path.write_bytes(b""), Path.unlink, replace_by_pipe])
def test_a_damaged_or_missing_result_is_made_again(
    job: Job, harm: Callable[[Path], object]
) -> None:
    unit = units((1, 2))
    list(results(job, unit, "Squaring"))
    harm(unit[0].path(job))
    assert [one.facts for one in results(job, unit, "Squaring")] == [{"sum": 3}]
    assert DONE == [1, 2, 1, 2]


def test_a_result_that_no_longer_holds_is_made_again(job: Job) -> None:
    unit = units((1, 2))
    list(results(job, unit, "Squaring"))
    answers = iter([False, True])
    list(results(job, unit, "Squaring", holds=lambda facts: next(answers)))
    assert DONE == [1, 2, 1, 2]
    list(results(job, unit, "Squaring", holds=lambda facts: False))
    assert len(DONE) == 4 + 2 * MAX_ROUNDS


def test_results_of_another_key_are_removed(job: Job) -> None:
    folder = job.folder("render")
    prepare_results(folder, "settings 1")
    list(results(job, units((1, 2)), "Squaring"))
    prepare_results(folder, "settings 1")
    list(results(job, units((1, 2)), "Squaring"))
    assert DONE == [1, 2]
    prepare_results(folder, "settings 2")
    list(results(job, units((1, 2)), "Squaring"))
    assert DONE == [1, 2, 1, 2]
    remove_results(folder)
    assert list(folder.iterdir()) == []


def test_a_unit_ends_when_its_stage_is_begun_anew(job: Job) -> None:
    """As a worker does whose run was killed, and which knows nothing of the next one."""
    folder = job.folder("render")
    prepare_results(folder, "settings 1")
    late = units((1, 3))[0]
    work = do_unit(job, late)
    next(work)
    prepare_results(folder, "settings 2")
    with pytest.raises(WorkError, match="was begun anew with other settings meanwhile"):
        next(work)
    assert not late.path(job).exists()
    assert [one.facts for one in results(job, [late], "Squaring")] == [{"sum": 6}]


def test_a_result_of_another_key_is_made_again(job: Job) -> None:
    folder = job.folder("render")
    prepare_results(folder, "settings 1")
    unit = units((1, 2))[0]
    list(results(job, [unit], "Squaring"))
    foreign = unit.path(job).read_bytes()
    prepare_results(folder, "settings 2")
    unit.path(job).write_bytes(foreign)
    assert list(known_facts(folder)) == []
    list(results(job, [unit], "Squaring"))
    assert DONE == [1, 2, 1, 2]


def test_a_folder_that_unfade_did_not_make_stays(job: Job) -> None:
    precious = job.folder("render") / "units/precious.txt"
    precious.parent.mkdir()
    precious.write_text("keep")
    with pytest.raises(WorkError, match="units: was not made by Unfade; move it elsewhere"):
        prepare_results(job.folder("render"), "settings")
    assert precious.read_text() == "keep"


def test_results_behind_a_link_are_left_alone(job: Job, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious.txt").write_text("keep")
    (job.folder("render") / "units").symlink_to(elsewhere)
    prepare_results(job.folder("render"), "settings")
    assert (elsewhere / "precious.txt").read_text() == "keep"
    assert not (job.folder("render") / "units").is_symlink()


def test_ranges_cover_all_frames_once() -> None:
    frames = [*range(1, 8), 20, 21]
    assert [list(part) for part in ranges(frames, 4)] == [[1, 2, 3, 4], [5, 6, 7, 20], [21]]
    assert ranges([], 4) == []


@pytest.mark.parametrize(
    ("frames", "amounts"),
    [(0, []), (9, [9]), (25, [10, 10, 5]), (150, [19] * 7 + [17]), (900, [100] * 9)],
)
def test_a_short_film_is_cut_into_shorter_units(frames: int, amounts: list[int]) -> None:
    clip = make_clip("scan", FrameRange(first=0, last=999), 8, 6)
    found = frames_units("render", squares, clip, range(frames))
    assert [one.amount for one in found] == amounts


def test_a_movie_that_is_decoded_from_its_start_is_one_unit() -> None:
    def amounts(**facts: object) -> list[int]:
        clip = make_clip("scan", FrameRange(first=0, last=899), 8, 6, **facts)
        return [one.amount for one in frames_units("render", squares, clip, range(900))]

    assert amounts() == amounts(kind="movie", random_access=True) == [100] * 9
    assert amounts(kind="movie") == [900]
    movie = make_clip("scan", FrameRange(first=0, last=249), 8, 6, kind="movie")
    assert frames_units("render", squares, movie, []) == []


def test_a_name_tells_units_apart() -> None:
    one, other = (
        frames_unit("ingest", squares, range(7, 10), clip=clip) for clip in ("source", "dvd")
    )
    assert (one.name, one.amount) == ("source-0000007-0000009", 3)
    assert other.name != one.name
