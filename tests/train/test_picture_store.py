"""Training pictures on disk: exact contents, subsets, several threads, and no file that is left."""

import gc
import os
import sys
import tempfile
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from unfade.errors import WorkError
from unfade.film.pair import PairRole
from unfade.train.data.picture_store import PictureKey, PictureStore
from unfade.train.data.pixels import NetworkFrame, NetworkPicture

HEIGHT, WIDTH = 11, 23


def picture(
    number: int,
    role: PairRole = "train",
    pair_frame: int | None = None,
    size: tuple[int, int] = (HEIGHT, WIDTH),
) -> NetworkPicture:
    """A picture of random values, which depend on its number."""
    generator = torch.Generator().manual_seed(number)
    source_rgb, clean_rgb, truth_ycbcr = torch.randn(3, 3, *size, generator=generator)
    weight = torch.rand(1, *size, generator=generator)
    frame = NetworkFrame(source_rgb, clean_rgb, number, number // 10)
    pair_frame = number if pair_frame is None else pair_frame
    return NetworkPicture(frame, truth_ycbcr, weight, role, pair_frame)


def assert_same(actual: NetworkPicture, expected: NetworkPicture) -> None:
    """Compares all fields, tensors bit for bit."""
    assert (actual.frame.number, actual.frame.shot) == (expected.frame.number, expected.frame.shot)
    assert (actual.role, actual.pair_frame) == (expected.role, expected.pair_frame)
    for one, other in (
        (actual.frame.source_rgb, expected.frame.source_rgb),
        (actual.frame.clean_rgb, expected.frame.clean_rgb),
        (actual.truth_ycbcr, expected.truth_ycbcr),
        (actual.weight, expected.weight),
    ):
        assert one.dtype == torch.float32
        assert one.shape == other.shape
        assert torch.equal(one.contiguous().view(torch.int32), other.contiguous().view(torch.int32))


def open_files() -> int:
    """Open files of this process."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def test_pictures_come_back_exactly() -> None:
    pictures = [
        picture(12),
        picture(13, "holdout"),
        picture(14, pair_frame=12, size=(1, 1)),
        picture(15, size=(40, 7)),
    ]
    pictures[0].frame.source_rgb[0, 0, :4] = torch.tensor([torch.nan, torch.inf, -0.0, 1e-42])
    store = PictureStore(pictures)
    assert len(store) == 4
    for index, one in enumerate(pictures):
        assert_same(store[index], one)
        assert_same(store[index], one)
    for one, other in zip(store, pictures, strict=True):
        assert_same(one, other)
    assert store.keys == [
        PictureKey(12, 1, "train", 12),
        PictureKey(13, 1, "holdout", 13),
        PictureKey(14, 1, "train", 12),
        PictureKey(15, 1, "train", 15),
    ]


def test_views_are_stored_as_their_values() -> None:
    """Pictures may be cut out of others, or repeat one value."""
    whole = picture(1, size=(20, 30))
    frame = NetworkFrame(whole.frame.source_rgb[:, 3:9, ::2], whole.truth_ycbcr[:, 3:9, ::2], 1, 0)
    weight = torch.ones(1, 1, 1).expand(1, 6, 15)
    part = NetworkPicture(frame, whole.frame.clean_rgb[:, 3:9, ::2], weight, "train", 1)
    assert_same(PictureStore([part])[0], part)


def test_a_picture_that_was_read_can_be_changed_without_changing_the_store() -> None:
    store = PictureStore([picture(1)])
    read = store[0]
    read.weight.zero_()
    read.frame.source_rgb.zero_()
    assert_same(store[0], picture(1))


def test_pictures_are_added_after_others_were_read() -> None:
    store = PictureStore([picture(1)])
    assert_same(store[0], picture(1))
    store.extend(picture(number) for number in (2, 3))
    assert [key.frame for key in store.keys] == [1, 2, 3]
    for index in (2, 0, 1):
        assert_same(store[index], picture(index + 1))
    with pytest.raises(IndexError):
        store[3]


def test_subsets_share_the_file_and_keep_to_themselves() -> None:
    store = PictureStore(picture(number) for number in range(5))
    some = store.subset([3, 1])
    assert [key.frame for key in some.keys] == [3, 1]
    assert_same(some[0], picture(3))
    more = store.empty()
    assert (len(more), list(more)) == (0, [])
    more.extend([picture(7)])
    some.extend([picture(8)])
    assert [[key.frame for key in one.keys] for one in (store, some, more)] == [
        [0, 1, 2, 3, 4],
        [3, 1, 8],
        [7],
    ]
    assert_same(some[2], picture(8))
    assert_same(more[0], picture(7))
    del store
    gc.collect()
    assert_same(some[1], picture(1))


def test_several_threads_read_and_add_at_once() -> None:
    store = PictureStore(picture(number) for number in range(8))
    parts = [store.empty() for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            added = [
                pool.submit(part.extend, map(picture, range(100 * n, 100 * n + 20)))
                for n, part in enumerate(parts)
            ]
            reads = [pool.submit(store.__getitem__, index % 8) for index in range(200)]
    finally:
        sys.setswitchinterval(interval)
    for future in added:
        future.result()
    for index, read in enumerate(reads):
        assert_same(read.result(), picture(index % 8))
    for n, part in enumerate(parts):
        assert len(part) == 20
        for k, one in enumerate(part):
            assert_same(one, picture(100 * n + k))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files cannot be counted")
def test_the_file_has_no_name_and_is_closed_with_the_last_store(tmp_path: Path) -> None:
    before = open_files()
    store = PictureStore([picture(1), picture(2)], tmp_path)
    assert list(tmp_path.iterdir()) == []
    links = [Path(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    targets = [str(link.readlink()) for link in links if link.is_symlink()]
    assert len([one for one in targets if one.startswith(str(tmp_path))]) == 1
    some = store.subset([1])
    assert open_files() == before + 1
    del store
    assert open_files() == before + 1
    assert_same(some[0], picture(2))
    del some
    assert open_files() == before


def test_memory_does_not_hold_the_pictures() -> None:
    pictures = [picture(number) for number in range(3)]
    store = PictureStore(pictures)
    alive = [weakref.ref(one.weight) for one in pictures]
    alive += [weakref.ref(one.weight) for one in store]
    pictures.clear()
    gc.collect()
    assert [one() for one in alive] == [None] * 6
    assert len(store) == 3


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PictureStore(folder=tmp_path / "missing")
    gc.collect()


def test_the_folder_of_the_system_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(FileNotFoundError):
        PictureStore()
    assert_same(PictureStore([picture(1)], tmp_path)[0], picture(1))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_error_names_the_folder_without_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda dir: open("/dev/full", "r+b"))  # noqa: SIM115
    with pytest.raises(WorkError, match=r"test_error_names.*: cannot hold .*make free space there"):
        PictureStore([picture(1)], tmp_path)
