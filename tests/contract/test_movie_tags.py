"""The tags of a movie are followed, can be overruled, and must not change within it."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from unfade.errors import MediaError
from unfade.media import probe, read_frame
from unfade.project.settings import ClipSection

from .conftest import SECTION, MakeMovie

HEIGHT, WIDTH = 48, 64


def section(**keys: Any) -> ClipSection:
    return ClipSection.model_validate({"path": "unused"} | keys)


def picture(height: int = HEIGHT, width: int = WIDTH) -> list[np.ndarray]:
    """Luma that rises to the right and more steeply downwards; neutral chroma."""
    luma = 40 + np.arange(width)[None] + 2 * np.arange(height)[:, None]
    chroma = np.full((height // 2, width // 2), 128)
    return [luma.clip(16, 235), chroma, chroma]


def turned_movie(path: Path, rotation: int | None, *, mirrored: bool = False) -> Path:
    stored = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, codes in zip(stored.planes, picture(), strict=True):
        lines = np.zeros((plane.height, plane.line_size), np.uint8)
        lines[:, : codes.shape[1]] = codes
        plane.update(memoryview(lines.tobytes()))
    with av.open(str(path), "w") as movie:
        stream: Any = movie.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=mirrored)
        for _ in range(2):
            movie.mux(stream.encode(stored))
        movie.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("rotation", "turns"), [(None, 0), (0, 0), (-90, 1), (180, 2), (90, 3)])
def test_turned_by_its_display_matrix(
    tmp_path: Path, rotation: int | None, turns: int, mirrored: bool
) -> None:
    """PyAV turns counter-clockwise in degrees, then mirrors; `turns` are clockwise quarter
    turns."""
    path = turned_movie(tmp_path / "a.mov", rotation, mirrored=mirrored)
    clip = probe(str(path), SECTION)
    upright = np.rot90(picture()[0], -turns)
    if mirrored and rotation is not None:
        upright = upright[:, ::-1]
    assert (clip.height, clip.width) == upright.shape
    assert (clip.live_area.height, clip.live_area.width) == upright.shape
    for frame in (0, 1):
        luma = read_frame(clip, frame)[0].numpy() * 219 + 16
        assert np.abs(luma - upright).max() < 0.01


def test_film_toml_sets_the_orientation(tmp_path: Path) -> None:
    path = turned_movie(tmp_path / "a.mov", -90)
    clip = probe(str(path), section(orientation="flip"))
    luma = read_frame(clip, 1)[0].numpy() * 219 + 16
    assert np.abs(luma - picture()[0][::-1]).max() < 0.01


def test_turned_by_another_angle_than_90_degrees(tmp_path: Path) -> None:
    path = turned_movie(tmp_path / "a.mov", 30)
    with pytest.raises(MediaError, match=r"a.mov: .* other than quarter turns; set 'orientation'"):
        probe(str(path), SECTION)
    assert probe(str(path), section(orientation="as-stored")).orientation == 1


@pytest.mark.parametrize(
    ("width", "height", "matrix"),
    [(720, 576, "bt601"), (854, 480, "bt601"), (1280, 534, "bt709"), (960, 720, "bt709")],
)
def test_matrix_of_untagged_movies(
    make_movie: MakeMovie, width: int, height: int, matrix: str
) -> None:
    """Both width and height decide: an HD picture without its letterbox may have the height of
    SD."""
    frames = [picture(height, width)]
    clip = probe(str(make_movie("a.mp4", "libx264", "yuv420p", frames)), SECTION)
    assert clip.video is not None
    assert clip.video.matrix == matrix
    assert any(
        f"matrix {matrix}, by its {width} x {height}" in remark for remark in clip.all_remarks()
    )


def test_film_toml_sets_matrix_and_range(make_movie: MakeMovie) -> None:
    tags = {"colorspace": 5, "color_range": 1}
    path = str(make_movie("a.mkv", "ffv1", "yuv420p", [picture()], tags=tags))
    clip = probe(path, section(range="full", matrix="bt709"))
    assert clip.video is not None
    assert (clip.video.matrix, clip.video.range) == ("bt709", "full")
    assert clip.remarks == ()
    assert np.abs(read_frame(clip, 0)[0].numpy() * 255 - picture()[0]).max() < 0.01


def test_film_toml_sets_limited_range_of_rgb(make_movie: MakeMovie) -> None:
    luma = 4 * picture()[0]
    path = str(make_movie("a.mkv", "ffv1", "gbrp10le", [[luma] * 3]))
    full = read_frame(probe(path, SECTION), 0)[0].numpy()
    limited = read_frame(probe(path, section(range="limited")), 0)[0].numpy()
    assert np.abs(full * 1023 - luma).max() < 0.01
    assert np.abs(limited * 876 + 64 - luma).max() < 0.01


def test_tags_that_change_within_a_movie(make_movie: MakeMovie) -> None:
    parts = [
        make_movie(
            f"{matrix}.ts", "libx264", "yuv420p", [picture()] * 3, tags={"colorspace": matrix}
        )
        for matrix in (1, 5)
    ]
    joined = parts[0].with_name("joined.ts")
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(MediaError, match=r"frame 3 is tagged with matrix 5, .* set 'matrix'"):
        probe(str(joined), SECTION)
    clip = probe(str(joined), section(matrix="bt601"))
    assert len(clip.frames) == 6
    assert clip.video is not None
    assert clip.video.matrix == "bt601"
