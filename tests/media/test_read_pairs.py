"""Pairs are read with their pictures and the neighbouring reference frames."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from unfade.film.clip import Area, Clip, Clips
from unfade.film.pair import Pair
from unfade.film.time import FrameRange
from unfade.media import pair_pictures as pairs
from unfade.media import read_pairs, read_picture, write_png
from unfade.project.color_config import ColorManagement

from ..fixtures import make_clip

SIZE = 64
LIVE = Area(x=2, y=4, width=60, height=56)


def clip(pattern: Path, first: int) -> Clip:
    """Ten frames; the value of each is a hundredth of its number."""
    for frame in range(first, first + 10):
        write_png(Path(str(pattern) % frame), torch.full((3, SIZE, SIZE), frame / 100), bits=16)
    return make_clip(pattern, FrameRange(first=first, last=first + 9), SIZE, SIZE, live_area=LIVE)


@pytest.fixture
def clips(tmp_path: Path) -> Clips:
    return Clips(
        source=clip(tmp_path / "scan.%03d.png", 11),
        references={"dvd": clip(tmp_path / "dvd.%03d.png", 0)},
    )


def picture(pair: Pair) -> str:
    return str(pair.picture)


def number(picture: torch.Tensor) -> int:
    return round(float(picture.mean()) * 100)


def read_numbers(clips: Clips, *wanted: Pair) -> list[tuple[int, int, dict[int, int]]]:
    return [
        (pair.source, number(source), {k: number(picture) for k, picture in references.items()})
        for pair, source, references in read_pairs(wanted, clips, picture)
    ]


def test_each_pair_has_its_pictures_and_the_neighbouring_ones(clips: Clips) -> None:
    wanted = [Pair(source=11 + k, reference=k, of="dvd", shot=1) for k in (0, 1, 4, 9)]
    assert read_numbers(clips, *wanted) == [
        (11, 11, {0: 0, 1: 1}),
        (12, 12, {-1: 0, 0: 1, 1: 2}),
        (15, 15, {-1: 3, 0: 4, 1: 5}),
        (20, 20, {-1: 8, 0: 9}),
    ]


def test_only_the_live_area_is_given(clips: Clips) -> None:
    ((_, source, references),) = read_pairs(
        [Pair(source=12, reference=3, of="dvd", shot=1)], clips, str
    )
    assert source.shape == references[0].shape == references[1].shape == (3, 56, 60)


def test_reordered_shots_and_pictures_come_in_the_order_of_the_scan(
    clips: Clips, tmp_path: Path
) -> None:
    picture = tmp_path / "painted.png"
    write_png(picture, torch.full((3, 40, 50), 0.77), bits=16)
    wanted = [
        Pair(source=11, reference=6, of="dvd", shot=1),
        Pair(source=12, picture=str(picture), shot=1),
        Pair(source=13, reference=7, of="dvd", shot=1),
        Pair(source=15, reference=2, of="dvd", shot=2),
        Pair(source=16, reference=2, of="dvd", shot=2),
    ]
    assert read_numbers(clips, *wanted) == [
        (11, 11, {-1: 5, 0: 6, 1: 7}),
        (12, 12, {0: 77}),
        (13, 13, {-1: 6, 0: 7, 1: 8}),
        (15, 15, {-1: 1, 0: 2, 1: 3}),
        (16, 16, {-1: 1, 0: 2, 1: 3}),
    ]


def test_a_picture_is_read_in_the_colour_space_of_its_pair(clips: Clips, tmp_path: Path) -> None:
    path = str(tmp_path / "painted.png")
    write_png(tmp_path / "painted.png", torch.full((3, 40, 50), 0.5), bits=16)
    named = Pair(source=11, picture=path, shot=1, colorspace="ACES2065-1")
    plain = named.model_copy(update={"colorspace": None})
    expected = read_picture(path, "ACES2065-1")
    ((_, _, reference_pictures),) = read_pairs([named], clips, picture)
    ((_, _, stored),) = read_pairs([plain], clips, picture)
    assert torch.equal(reference_pictures[0], expected)
    assert float((expected - stored[0]).abs().max()) > 0.1


def test_only_needed_frames_are_read(clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    requested: list[list[int]] = []
    read = pairs.read

    def recording_read(
        clip: Clip, frames: Sequence[int], colors: ColorManagement
    ) -> Iterator[tuple[int, Tensor]]:
        requested.append(list(frames))
        return read(clip, frames, colors)

    monkeypatch.setattr(pairs, "read", recording_read)
    read_numbers(clips, *(Pair(source=11 + k, reference=k, of="dvd", shot=1) for k in (1, 2, 6)))
    assert requested == [[12, 13, 17], [0, 1, 2, 3, 5, 6, 7]]


def test_neighbours_are_left_out_on_request(clips: Clips) -> None:
    wanted = [Pair(source=11 + k, reference=k, of="dvd", shot=1) for k in (1, 2, 6)]
    read = list(read_pairs(wanted, clips, picture, offsets=(0,)))
    assert [number(source) for _, source, _ in read] == [12, 13, 17]
    assert [{k: number(one) for k, one in references.items()} for _, _, references in read] == [
        {0: 1},
        {0: 2},
        {0: 6},
    ]
