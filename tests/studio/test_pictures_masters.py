"""The masters of a film, read without the rest of their record."""

from pathlib import Path

import pytest

from unfade.errors import WorkError
from unfade.film.rendering import Rendering
from unfade.studio.pictures.masters import load_masters, masters_in

from ..fixtures import make_rendered_frame, make_rendering


def test_each_frame_has_the_name_of_its_master() -> None:
    frames = [make_rendered_frame(frame, file=f"m{frame}.exr") for frame in (30, 7, 8)]
    masters = masters_in(make_rendering(frames, version=4).to_json())
    assert masters.frames.tolist() == [7, 8, 30]
    assert [masters.file_of(frame) for frame in (7, 8, 9, 30, 31)] == [
        "m7.exr",
        "m8.exr",
        None,
        "m30.exr",
        None,
    ]
    assert (masters.version, masters.colorspace) == (4, "ACES2065-1")


def test_the_checksum_of_the_masters_is_that_of_their_record() -> None:
    frames = [make_rendered_frame(frame, file=f"é{frame}.exr") for frame in (30, 7, 8)]
    rendering = make_rendering(frames)
    assert masters_in(rendering.to_json()).sha256 == rendering.masters_sha256()


def test_a_record_is_read_again_only_if_it_has_changed(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="is missing; run 'unfade render' first"):
        load_masters(tmp_path)
    path = tmp_path / Rendering.PATH
    path.parent.mkdir()
    path.write_text(make_rendering([make_rendered_frame(1)]).to_json())
    assert load_masters(tmp_path) is load_masters(tmp_path)
    path.write_text(make_rendering([make_rendered_frame(frame) for frame in (1, 2)]).to_json())
    assert load_masters(tmp_path).frames.tolist() == [1, 2]
    path.write_text("{}")
    with pytest.raises(WorkError, match=r"is damaged .*; run 'unfade render' again"):
        load_masters(tmp_path)


def test_a_name_that_leads_to_another_folder_is_no_master() -> None:
    text = make_rendering([make_rendered_frame(1, file="secret.exr")]).to_json()
    with pytest.raises(ValueError, match="the name of a file, without a folder"):
        masters_in(text.replace("secret.exr", "../../secret.exr"))


@pytest.mark.parametrize("text", ["[" * 100_000, "3", '{"file": 1}', '{"schema": []}'])
def test_a_text_that_is_no_record_is_damage(tmp_path: Path, text: str) -> None:
    path = tmp_path / Rendering.PATH
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(WorkError, match=r"is damaged .*; run 'unfade render' again"):
        load_masters(tmp_path)


def test_a_frame_beyond_all_numbers_is_damage(tmp_path: Path) -> None:
    path = tmp_path / Rendering.PATH
    path.parent.mkdir()
    text = make_rendering([make_rendered_frame(1)]).to_json()
    path.write_text(text.replace('"frame": 1', f'"frame": {10**30}'))
    with pytest.raises(WorkError, match=r"is damaged .*; run 'unfade render' again"):
        load_masters(tmp_path)


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="expected Rendering"):
        masters_in('{"schema": "Other.1"}')
