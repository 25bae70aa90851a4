"""Frames are computed side by side, each on one core, and their results come in order."""

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor

from unfade import media
from unfade.errors import MediaError
from unfade.film.clip import Clip
from unfade.project.settings import ClipSection

FRAMES = range(1, 7)
KINDS = ("stills", "movie")


@pytest.fixture(params=KINDS)
def clip(request: pytest.FixtureRequest, tmp_path: Path) -> Clip:
    """Six frames; the value of each is a tenth of its number."""
    pictures = [torch.full((3, 24, 32), number / 10) for number in FRAMES]
    if request.param == "movie":
        path = tmp_path / "a.mkv"
        with media.MovieWriter(path, codec="ffv1", width=32, height=24, rate=Fraction(25)) as movie:
            for picture in pictures:
                movie.write(picture)
        section = ClipSection(path="x", matrix="bt709", range="limited")
        return media.probe(str(path), section)
    for number, picture in zip(FRAMES, pictures, strict=True):
        media.write_png(tmp_path / f"a.{number:02d}.png", picture, bits=16)
    return media.probe(str(tmp_path / "a.%02d.png"), ClipSection(path="x"))


@pytest.fixture
def two_cores(set_cores: Callable[[int], None]) -> Iterator[None]:
    """Two cores, and torch with two threads outside of `map_frames`."""
    set_cores(2)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def tenths(number: int, picture: Tensor) -> tuple[int, int]:
    return number, round(10 * float(picture.mean()))


def test_results_come_in_order(clip: Clip, two_cores: None) -> None:
    numbers = list(clip.frames.frames())
    found = list(media.map_frames(tenths, clip, numbers))
    assert found == list(zip(numbers, FRAMES, strict=True))


def test_two_frames_are_computed_at_a_time_on_one_core_each(clip: Clip, two_cores: None) -> None:
    both_running = threading.Barrier(2, timeout=10)

    def cores_of(number: int, picture: Tensor) -> int:
        both_running.wait()
        return torch.get_num_threads()

    assert list(media.map_frames(cores_of, clip, clip.frames.frames())) == [1] * len(FRAMES)
    assert torch.get_num_threads() == 2
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [2]


def test_few_frames_are_in_hand_at_a_time(clip: Clip, two_cores: None) -> None:
    started: list[int] = []
    results = media.map_frames(
        lambda number, picture: started.append(number), clip, clip.frames.frames()
    )
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert len(started) <= 4


def test_an_error_is_raised_after_the_results_before_it(clip: Clip, two_cores: None) -> None:
    first = clip.frames.first

    def fail(number: int, picture: Tensor) -> int:
        if number == first + 1:
            raise ConnectionError("lost")
        return number

    results = media.map_frames(fail, clip, clip.frames.frames())
    assert next(results) == first
    with pytest.raises(ConnectionError, match="lost"):
        next(results)


def test_a_missing_still_is_named(tmp_path: Path) -> None:
    for number in FRAMES:
        media.write_png(tmp_path / f"a.{number:02d}.png", torch.full((3, 24, 32), 0.5))
    clip = media.probe(str(tmp_path / "a.%02d.png"), ClipSection(path="x"))
    (tmp_path / "a.03.png").unlink()
    results = media.map_frames(tenths, clip, FRAMES)
    assert [next(results)[0] for _ in range(2)] == [1, 2]
    with pytest.raises(MediaError, match=r"a\.03\.png: is missing"):
        next(results)
