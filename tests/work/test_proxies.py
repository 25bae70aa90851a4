"""Proxies on disk: whole, missing and damaged ones."""

import re
from pathlib import Path

import numpy as np
import pytest

from unfade.errors import WorkError
from unfade.work.proxies import load_proxy

PICTURES = np.arange(5 * 4 * 6 * 3, dtype=np.uint8).reshape(5, 4, 6, 3)


@pytest.fixture
def proxy(tmp_path: Path) -> Path:
    path = tmp_path / "reference-dvd-proxy.npy"
    np.save(path, PICTURES)
    return path


def test_a_proxy_is_read_as_it_was_written(proxy: Path) -> None:
    assert np.array_equal(load_proxy(proxy, 5), PICTURES)


def test_a_missing_proxy_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match=r"proxy\.npy: is missing; run 'unfade ingest' first"):
        load_proxy(tmp_path / "proxy.npy", 5)


@pytest.mark.parametrize("length", [0, 5, 100, 200])
def test_a_proxy_cut_short_names_the_file_and_what_to_run(proxy: Path, length: int) -> None:
    proxy.write_bytes(proxy.read_bytes()[:length])
    with pytest.raises(WorkError) as caught:
        load_proxy(proxy, 5)
    sentence = rf"{re.escape(str(proxy))}: is damaged \(.+\); run 'unfade ingest' again"
    assert re.fullmatch(sentence, str(caught.value))


def test_an_array_of_another_kind_holds_no_pictures(proxy: Path) -> None:
    for array in (PICTURES.astype(np.float32), PICTURES[..., 0], np.uint8(3)):
        np.save(proxy, array)
        with pytest.raises(WorkError, match="holds no pictures; run 'unfade ingest' again"):
            load_proxy(proxy, 5)
