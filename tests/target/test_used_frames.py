"""The checksums of the frames that were used, and the sheet of ground truths."""

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch

from unfade import media
from unfade.film.pair import Pair
from unfade.film.used_frames import UsedFrames
from unfade.project.settings import ClipSection
from unfade.target.sheet import CELL_WIDTH_PX, draw_sheet
from unfade.work.digest_cache import digest

FRAMES = 20


def frame_hashes(movie: Path, listing: Path) -> list[str]:
    """The SHA-256 of each decoded frame, as FFmpeg's muxer for frame hashes prints it."""
    with (
        av.open(str(movie)) as source,
        av.open(str(listing), "w", format="framehash", options={"hash": "sha256"}) as hashes,
    ):
        video = source.streams.video[0]
        raw = hashes.add_stream("rawvideo", rate=25)
        raw.width, raw.height, raw.pix_fmt = video.width, video.height, video.pix_fmt
        for number, frame in enumerate(source.decode(video)):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            hashes.mux(raw.encode(frame))
        hashes.mux(raw.encode(None))
    lines = [line for line in listing.read_text().splitlines() if not line.startswith("#")]
    return [line.split(",")[-1].strip() for line in lines]


@pytest.mark.parametrize(
    ("codec", "suffix", "pixel_format", "options"),
    [
        ("ffv1", ".mkv", "yuv422p10le", {}),
        ("libx264", ".mp4", "yuv420p", {"g": "8"}),
        ("mpeg2video", ".mpg", "yuv420p", {"g": "5"}),
        ("ffv1", ".mkv", "bgr0", {}),
        ("prores_ks", ".mov", "yuva444p10le", {"profile": "4"}),
    ],
)
def test_checksums_of_movies_are_those_of_ffmpeg(
    tmp_path: Path, codec: str, suffix: str, pixel_format: str, options: dict[str, str]
) -> None:
    """For frames that are reached by decoding on and for frames that are sought."""
    path = tmp_path / f"movie{suffix}"
    noise = torch.rand(FRAMES, 3, 40, 72, generator=torch.Generator().manual_seed(1))
    with av.open(str(path), "w") as movie:
        stream = movie.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 72, 40, pixel_format
        for one in noise:
            pixels = (one.permute(1, 2, 0) * 255).byte().contiguous().numpy()
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=pixel_format)
            movie.mux(stream.encode(frame))
        movie.mux(stream.encode(None))
    expected = frame_hashes(path, tmp_path / "hashes.txt")
    assert len(set(expected)) == FRAMES
    section = ClipSection(path="x", matrix="bt709", range="limited", colorspace="sRGB - Texture")
    clip = media.probe(str(path), section)
    found = media.frame_checksums(clip, [18, 2, 2, 0, 16], digest)
    assert {number: one.sha256 for number, one in found.items()} == {
        number: expected[number] for number in (0, 2, 16, 18)
    }
    assert {(one.file, one.checksum_of) for one in found.values()} == {(path.name, "decoded frame")}


def test_all_frames_of_pairs_are_listed_with_the_checksums_of_their_files(
    tmp_path: Path, copy_small_film: Callable[[Path, str], Path]
) -> None:
    folder = copy_small_film(tmp_path / "film", "target")
    used = UsedFrames.from_json((folder / UsedFrames.PATH).read_text(encoding="utf-8"))
    files = [(pair.source.file, pair.reference.file) for pair in used.pairs]
    assert files[0] == ("s.0002.exr", "2.exr")
    assert files[-1] == ("s.0004.exr", "d.0004.exr")
    for pair in used.pairs:
        for one, room in ((pair.source, "scan"), (pair.reference, "dvd")):
            room = "painted" if one.frame is None else room
            content = (folder / room / one.file).read_bytes()
            assert one.sha256 == hashlib.sha256(content).hexdigest()
    assert (folder / "04-target/truth.png").is_file()


def test_the_sheet_has_a_row_for_each_pair() -> None:
    pair = Pair(source=7, reference=7, of="dvd", shot=1)
    pictures = [torch.full((3, 30, CELL_WIDTH_PX), level) for level in (0.2, 0.4, 0.6, 0.8)]
    one, two = draw_sheet([(pair, pictures)]), draw_sheet([(pair, pictures)] * 2)
    assert two.shape[-2] > one.shape[-2] + 20
    assert all((one == level).any() for level in (0.2, 0.4, 0.6, 0.8))
