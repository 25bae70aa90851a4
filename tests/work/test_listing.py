"""Listings of folders: which files there are, and their facts."""

import os
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from unfade.work.listing import FileFacts, LinkedFacts, file_facts, files_like


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files, hidden files, links and a folder."""
    folder = tmp_path / "folder"
    (folder / "inner/.hidden").mkdir(parents=True)
    for name in ("b.exr", "a.json", ".partial", "inner/c.exr", "inner/.hidden/d.exr"):
        (folder / name).write_text(name)
    (folder / "link").symlink_to("b.exr")
    (folder / "gone").symlink_to("nowhere")
    return folder


def test_files_and_what_links_lead_to_are_listed(folder: Path) -> None:
    os.utime(folder / "b.exr", ns=(1, 2))
    found = file_facts(folder)
    assert found.keys() == {"a.json", "b.exr", "link"}
    assert found["b.exr"] == found["link"] == (len("b.exr"), 2)
    assert file_facts(folder / "missing") == {}


def test_a_part_is_listed_with_its_folders(folder: Path) -> None:
    paths = {"inner/c.exr", "inner/.hidden/d.exr"}
    assert file_facts(folder, "inner/", deep=True).keys() == paths
    assert file_facts(folder, deep=True).keys() == {"a.json", "b.exr", "link", *paths}


def test_a_known_file_is_not_read_again_for_another_link(folder: Path) -> None:
    linked: LinkedFacts = defaultdict(dict)
    before = file_facts(folder, linked=linked)["b.exr"]
    (folder / "bag").mkdir()
    os.link(folder / "b.exr", folder / "bag/b.exr")
    (folder / "bag/by-name.exr").symlink_to(folder / "b.exr")
    (folder / "b.exr").write_text("longer than before")
    found = file_facts(folder, "bag/", linked=linked)
    assert found["bag/b.exr"] == before
    assert found["bag/by-name.exr"].size == len("longer than before")
    assert file_facts(folder, "bag/")["bag/b.exr"].size == len("longer than before")


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("folder/*.exr", ["folder/b.exr"]),
        ("folder/inner/*", ["folder/inner/c.exr"]),
        ("folder/a.json", ["folder/a.json"]),
        ("folder/inner", []),
        ("folder/z.json", []),
        ("missing/*.exr", []),
    ],
)
def test_files_are_found_by_a_pattern(folder: Path, pattern: str, files: list[str]) -> None:
    assert files_like(folder.parent, pattern) == files


def test_what_a_run_removes_meanwhile_is_left_out(folder: Path) -> None:
    class Removing(dict[int, FileFacts]):
        def get(self, number: int, default: object = None) -> None:  # type: ignore[override]
            shutil.rmtree(folder / "inner", ignore_errors=True)
            (folder / "b.exr").unlink(missing_ok=True)

    (folder / "link").unlink()
    linked: LinkedFacts = defaultdict(Removing)
    assert file_facts(folder, deep=True, linked=linked).keys() == {"a.json"}


def test_a_link_to_itself_is_no_file(folder: Path) -> None:
    (folder / "loop.exr").symlink_to("loop.exr")
    assert "loop.exr" not in file_facts(folder)
    assert files_like(folder.parent, "folder/*.exr") == ["folder/b.exr"]
