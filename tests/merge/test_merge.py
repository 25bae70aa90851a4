"""unfade merge: masters with the luma of the original and the chroma of the recovered version."""

import hashlib
from fractions import Fraction
from pathlib import Path

import OpenImageIO as oiio
import pytest
import torch
from torch import Tensor

from unfade import media
from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.errors import MediaError, UnfadeError, WorkError
from unfade.film.working_space import WORKING_SPACE
from unfade.merge.merge import merge
from unfade.project.color_config import PINNED
from unfade.project.settings import ClipSection, RenderSection
from unfade.work.lock import LOCK, lock_folder
from unfade.work.progress import SilentProgress


def picture(seed: int) -> Tensor:
    return torch.rand(3, 24, 36, generator=torch.Generator().manual_seed(seed)) * 0.8 + 0.1


def sequence(folder: Path, first: int, count: int, seed: int) -> ClipSection:
    folder.mkdir()
    tags = media.FrameTags(Fraction(25), timecode="10:00:00:00")
    for frame in range(first, first + count):
        path = folder / f"reel.{frame:04d}.dpx"
        media.write_dpx(path, picture(seed + frame), bits=16, tags=tags)
    return ClipSection(path=str(folder / "reel.%04d.dpx"))


def run(original: ClipSection, recovered: ClipSection, folder: Path) -> list[Path]:
    settings = RenderSection(colorspace=WORKING_SPACE)
    return merge(original, recovered, folder, settings, SilentProgress(), PINNED)


def test_masters_have_luma_of_the_original_and_chroma_of_the_recovered_version(
    tmp_path: Path,
) -> None:
    original = sequence(tmp_path / "scan", 1001, 3, seed=0)
    recovered = sequence(tmp_path / "nuke", 1001, 3, seed=50)
    before = [
        hashlib.sha256(path.read_bytes()).digest() for path in sorted(tmp_path.rglob("*.dpx"))
    ]
    masters = run(original, recovered, tmp_path / "out")
    assert [path.name for path in masters] == [f"reel_merged.000100{n}.exr" for n in (1, 2, 3)]
    for frame, path in zip((1001, 1002, 1003), masters, strict=True):
        merged = media.read_picture(path)
        y = luma(picture(frame))
        assert float((luma(merged) - y).abs().max()) < 6e-4
        expected = rgb_to_ycbcr(picture(50 + frame))[1:]
        unlimited = (merged.amin(dim=0) > 0.01).expand_as(expected)
        assert float(unlimited.float().mean()) > 0.5
        difference = (rgb_to_ycbcr(merged)[1:] - expected).abs()
        assert float(difference[unlimited].max()) < 1.2e-3
    spec = oiio.ImageInput.open(str(masters[2])).spec()
    assert spec["smpte:TimeCode"] == (0x10000002, 0)
    assert (spec["unfade:frame"], spec["unfade:source"]) == (1003, "reel.%04d.dpx")
    after = [hashlib.sha256(path.read_bytes()).digest() for path in sorted(tmp_path.rglob("*.dpx"))]
    assert after == before


def test_a_movie_is_matched_to_a_sequence_by_order(tmp_path: Path) -> None:
    original = sequence(tmp_path / "scan", 5, 3, seed=0)
    with media.MovieWriter(
        tmp_path / "r.mkv", codec="ffv1", width=36, height=24, rate=Fraction(25)
    ) as movie:
        for _ in range(3):
            movie.write(torch.full((3, 24, 36), 0.5))
    masters = run(original, ClipSection(path=str(tmp_path / "r.mkv")), tmp_path / "out")
    merged = media.read_picture(masters[1])
    grey = luma(picture(6)).expand(3, -1, -1)
    torch.testing.assert_close(merged, grey, atol=5e-3, rtol=0)


@pytest.mark.parametrize(
    ("first", "count", "message"),
    [(1, 2, "has 2 frames, but .* has 3"), (2, 3, "starts at frame 2, but .* at 1")],
)
def test_clips_of_other_frames_are_an_error(
    tmp_path: Path, first: int, count: int, message: str
) -> None:
    original = sequence(tmp_path / "scan", 1, 3, seed=0)
    recovered = sequence(tmp_path / "nuke", first, count, seed=5)
    with pytest.raises(MediaError, match=message):
        run(original, recovered, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_sizes_and_full_folders_are_an_error(tmp_path: Path) -> None:
    original = sequence(tmp_path / "scan", 0, 1, seed=0)
    media.write_png(tmp_path / "small.png", torch.full((3, 8, 8), 0.5))
    cases: list[tuple[ClipSection, str, type[UnfadeError]]] = [
        (ClipSection(path=str(tmp_path / "small.png")), "is 8 x 8 pixels, but", MediaError),
        (original, "holds reel.0000.dpx already", WorkError),
    ]
    for recovered, message, kind in cases:
        with pytest.raises(kind, match=message):
            run(original, recovered, tmp_path / "scan")


def split_by_shots(folder: Path, cuts: dict[str, range], seed: int = 50) -> Path:
    """Masters with the names of Unfade: one sequence for each shot."""
    folder.mkdir()
    for shot, frames in cuts.items():
        for frame in frames:
            path = folder / f"film_{shot}_v001_0123456789ab.{frame:07d}.exr"
            media.write_exr(path, picture(seed + frame), colorspace=WORKING_SPACE, half=False)
    return folder


def section(path: Path | str) -> ClipSection:
    return ClipSection(path=str(path), colorspace=WORKING_SPACE)


def colour_of(master: Path, frame: int, seed: int = 50) -> float:
    """The largest chroma difference of a master and a picture, where chroma was not limited."""
    merged, expected = media.read_picture(master), rgb_to_ycbcr(picture(seed + frame))[1:]
    unlimited = (merged.amin(dim=0) > 0.01).expand_as(expected)
    return float((rgb_to_ycbcr(merged)[1:] - expected).abs()[unlimited].max())


@pytest.mark.parametrize("name", ["", "film_s*_v001_*.%07d.exr", "*.exr"])
def test_sequences_of_shots_are_merged_as_one_film(tmp_path: Path, name: str) -> None:
    original = sequence(tmp_path / "scan", 998, 5, seed=0)
    cuts = {"s001": range(998, 1000), "s002": range(1000, 1001), "s003": range(1001, 1003)}
    shots = split_by_shots(tmp_path / "masters", cuts)
    masters = run(original, section(shots / name), tmp_path / "out")
    assert len(masters) == 5
    for frame, path in zip(range(998, 1003), masters, strict=True):
        assert path.name.endswith(f".{frame:07d}.exr")
        assert float((luma(media.read_picture(path)) - luma(picture(frame))).abs().max()) < 6e-4
        assert colour_of(path, frame) < 1.2e-3


def test_the_original_may_be_split_by_shots(tmp_path: Path) -> None:
    cuts = {"s001": range(8, 10), "s002": range(10, 12)}
    original = split_by_shots(tmp_path / "scan", cuts, seed=0)
    recovered = sequence(tmp_path / "nuke", 8, 4, seed=50)
    masters = run(section(original), recovered, tmp_path / "out")
    assert [int(path.name.split(".")[1]) for path in masters] == [8, 9, 10, 11]
    assert colour_of(masters[3], 11) < 1.2e-3


@pytest.mark.parametrize(
    ("cuts", "message"),
    [
        ({"s001": range(1, 3), "s002": range(4, 5)}, "frame 3 is missing between film_s001_v001"),
        ({"s001": range(1, 3), "s002": range(2, 5)}, "both have frame 2; give a pattern that"),
    ],
)
def test_shots_with_a_gap_or_an_overlap_are_an_error(
    tmp_path: Path, cuts: dict[str, range], message: str
) -> None:
    original = sequence(tmp_path / "scan", 1, 4, seed=0)
    with pytest.raises(MediaError, match=message):
        run(original, section(split_by_shots(tmp_path / "masters", cuts)), tmp_path / "out")


def test_two_versions_of_the_same_shot_are_an_error(tmp_path: Path) -> None:
    original = sequence(tmp_path / "scan", 1, 2, seed=0)
    folder = split_by_shots(tmp_path / "masters", {"s001": range(1, 3)})
    for path in sorted(folder.iterdir()):
        (folder / path.name.replace("_v001_", "_v002_")).write_bytes(path.read_bytes())
    with pytest.raises(MediaError, match=r"masters: film_s001_v001.* both have frame 1; give a"):
        run(original, section(folder), tmp_path / "out")


def test_first_and_last_limit_both_sequences(tmp_path: Path) -> None:
    original = sequence(tmp_path / "scan", 1, 6, seed=0)
    part = original.model_copy(update={"first": 3, "last": 4})
    cuts = {"s001": range(1, 4), "s002": range(4, 5), "s003": range(6, 8)}
    shots = split_by_shots(tmp_path / "masters", cuts)
    masters = run(part, section(shots), tmp_path / "out")
    assert [path.name for path in masters] == [f"reel_merged.000000{n}.exr" for n in (3, 4)]
    assert colour_of(masters[1], 4) < 1.2e-3
    late = original.model_copy(update={"first": 5, "last": 5})
    with pytest.raises(
        MediaError, match="masters: has no frame from 5 to 5; correct --first and --last"
    ):
        run(late, section(shots), tmp_path / "none")


@pytest.mark.parametrize("count", [2, 6])
def test_first_and_last_with_a_movie(tmp_path: Path, count: int) -> None:
    """The movie has the frames of the range, or of the whole scan, matched by order."""
    original = sequence(tmp_path / "scan", 11, 6, seed=0)
    with media.MovieWriter(
        tmp_path / "r.mkv", codec="ffv1", width=36, height=24, rate=Fraction(25)
    ) as movie:
        for frame in range(count):
            value = 0.1 * frame if count == 6 else 0.1 * (frame + 2)
            movie.write(torch.tensor([value + 0.3, 0.4, 0.3])[:, None, None].expand(3, 24, 36))
    part = original.model_copy(update={"first": 13, "last": 14})
    masters = run(part, ClipSection(path=str(tmp_path / "r.mkv")), tmp_path / "out")
    assert [path.name[-8:-4] for path in masters] == ["0013", "0014"]
    merged = media.read_picture(masters[1])
    expected = rgb_to_ycbcr(torch.tensor([0.6, 0.4, 0.3])[:, None, None].expand(3, 24, 36))[1:]
    unlimited = merged.amin(dim=0) > 0.01
    difference = (rgb_to_ycbcr(merged)[1:] - expected).abs()
    assert float(difference[unlimited.expand_as(expected)].max()) < 1e-2


def test_two_merges_into_one_folder_at_the_same_time_are_an_error(tmp_path: Path) -> None:
    original = sequence(tmp_path / "scan", 1, 1, seed=0)
    folder = tmp_path / "out"
    folder.mkdir()
    with lock_folder(folder, print), pytest.raises(WorkError, match="out: is in use by process"):
        run(original, original, folder)
    (folder / LOCK).write_text("left by a kill")
    assert [path.name for path in run(original, original, folder)] == ["reel_merged.0000001.exr"]
    assert len(list(folder.iterdir())) == 1
