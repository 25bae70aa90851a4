"""Manifests of strangers name files of the bag, or are refused."""

import os
from pathlib import Path

import pytest

from unfade.deliver import bag
from unfade.errors import WorkError
from unfade.pipeline.verify import VerificationError, verify
from unfade.work.progress import SilentProgress


def test_a_manifest_with_a_nul_in_a_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bagit.txt").write_text("BagIt-Version: 1.0\n")
    (tmp_path / bag.TAG_MANIFEST).write_text(f"{'0' * 64}  bagit.t\0xt\n")
    with pytest.raises(VerificationError, match="line 1 names no file") as caught:
        verify(tmp_path, None, SilentProgress())
    assert str(caught.value).isprintable()


def test_a_manifest_that_is_a_pipe_or_no_text_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / bag.TAG_MANIFEST
    manifest.write_bytes(b"\xff\xfe")
    with pytest.raises(VerificationError, match="cannot be read"):
        verify(tmp_path, None, SilentProgress())
    manifest.unlink()
    os.mkfifo(manifest)
    (tmp_path / "bagit.txt").write_text("")
    with pytest.raises(VerificationError, match="is a link or a special file"):
        verify(tmp_path, None, SilentProgress())


def test_a_folder_with_a_foreign_bag_info_is_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "film-v001"
    folder.mkdir()
    (folder / "bag-info.txt").write_bytes(b"\xff\xfeBag-Software-Agent: Unfade ")
    with pytest.raises(WorkError, match="is not a bag that Unfade made"), bag.build_folder(folder):
        pass
    assert (folder / "bag-info.txt").exists()
