"""The masters of a film, read without the rest of their record."""

import pytest

from unfade.studio.pictures.masters import masters_in

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


def test_a_name_that_leads_to_another_folder_is_no_master() -> None:
    text = make_rendering([make_rendered_frame(1, file="../../secret.exr")]).to_json()
    assert masters_in(text).file_of(1) is None


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="expected Rendering"):
        masters_in('{"schema": "Other.1"}')
