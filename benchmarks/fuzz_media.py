"""Targets of `fuzz.py`: stills, movies and colour configs."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import OpenImageIO as oiio
import torch
from fuzz_film import place

from unfade import media
from unfade.errors import UnfadeError
from unfade.project.color_config import ColorManagement
from unfade.project.settings import ClipSection
from unfade.work.digest_cache import digest

STILLS = ("exr", "dpx", "tif", "png", "jpg", "jp2", "bmp", "tga", "cin")
MOVIES = {
    "mov": ("prores_ks", "yuv422p10le"),
    "mkv": ("ffv1", "yuv420p"),
    "mp4": ("libx264", "yuv420p"),
    "mpg": ("mpeg2video", "yuv420p"),
    "ts": ("mpeg2video", "yuv420p"),
    "avi": ("mjpeg", "yuvj420p"),
    "mxf": ("mpeg2video", "yuv422p"),
    "webm": ("libvpx-vp9", "yuv420p"),
    "y4m": ("wrapped_avframe", "yuv420p"),
    "dv": ("dvvideo", "yuv420p"),
}
SECTION = ClipSection(path="unused")


# Pictures and movies


def still_seeds(film: Path) -> Iterator[bytes]:
    folder = film.parent / "stills"
    folder.mkdir(exist_ok=True)
    pixels = np.random.default_rng(0).random((12, 16, 3), np.float32)
    for suffix in STILLS:
        for compression in ("none", "zip", "dwaa:45", "piz") if suffix == "exr" else ("zip",):
            path = folder / f"a.{suffix}"
            spec = oiio.ImageSpec(16, 12, 3, "half" if suffix == "exr" else "uint8")
            if suffix in ("dpx", "tif", "png"):
                spec = oiio.ImageSpec(16, 12, 3, "uint16")
            spec["compression"], spec["oiio:BitsPerSample"] = (
                compression,
                10 if suffix == "dpx" else 0,
            )
            file = oiio.ImageOutput.create(str(path))
            if file is not None and file.open(str(path), spec):
                file.write_image(pixels)
                file.close()
                yield f"{suffix}\n".encode() + path.read_bytes()
    for write, name in ((media.write_dpx, "b.dpx"), (media.write_tiff, "b.tif")):
        write(folder / name, torch.from_numpy(pixels).permute(2, 0, 1), **_settings_of(name))
        yield name[-3:].encode() + b"\n" + (folder / name).read_bytes()
    media.write_png(folder / "b.png", torch.from_numpy(pixels).permute(2, 0, 1))
    yield b"png\n" + (folder / "b.png").read_bytes()


def _settings_of(name: str) -> dict[str, object]:
    return {"colorspace": "Gamma 2.4 Rec.709 - Texture"} | (
        {"bits": 10} if name.endswith("dpx") else {}
    )


def read_still(film: Path, data: bytes) -> None:
    name, _, content = data.partition(b"\n")
    suffix = name.decode("ascii", "replace")
    path = place(film / f"scan/hostile.{suffix if suffix in STILLS else 'exr'}", content)
    section = ClipSection(path=str(path), colorspace="ACEScg")
    with suppress(UnfadeError):
        media.probe(str(path), SECTION)
    with suppress(UnfadeError):
        media.read_entries(path, ["unfade:film", "Software"])
    with suppress(UnfadeError):
        media.read_plane(path)
    clip = media.probe(str(path), section)
    media.read_tags(clip, 0)
    media.read_frame(clip, 0)
    media.read_picture(path)


def movie_seeds(film: Path) -> Iterator[bytes]:
    folder = film.parent / "movies"
    folder.mkdir(exist_ok=True)
    for suffix, (codec, pixels) in MOVIES.items():
        path = folder / f"a.{suffix}"
        size = (720, 576) if suffix == "dv" else (64, 48)
        with suppress(av.error.FFmpegError, ValueError):
            with av.open(str(path), "w") as container:
                stream = container.add_stream(codec, rate=Fraction(25))
                stream.width, stream.height, stream.pix_fmt = *size, pixels
                for number in range(1 if suffix == "dv" else 4):
                    codes = np.full((size[1], size[0], 3), 40 * number, np.uint8)
                    codes[:20, :30] = 200
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(codes, format="rgb24")))
                container.mux(stream.encode())
            yield f"{suffix}\n".encode() + path.read_bytes()


def read_movie(film: Path, data: bytes) -> None:
    name, _, content = data.partition(b"\n")
    suffix = name.decode("ascii", "replace")
    path = place(film / f"scan/hostile.{suffix if suffix in MOVIES else 'mkv'}", content)
    section = ClipSection(path=str(path), colorspace="ACEScg", rate="25")
    clip = media.probe(str(path), section)
    media.read_frame(clip, clip.frames.last)


def config_seeds(film: Path) -> Iterator[bytes]:
    yield b"""ocio_profile_version: 2
roles: {default: raw, scene_linear: raw}
displays:
  d: [!<View> {name: v, colorspace: raw}]
colorspaces:
  - !<ColorSpace> {name: Gamma 2.4 Rec.709 - Texture, aliases: [g24_rec709], encoding: sdr-video}
  - !<ColorSpace> {name: raw, isdata: false, from_scene_reference: !<FileTransform> {src: a.cube}}
  - !<ColorSpace> {name: b, from_scene_reference: !<MatrixTransform> {offset: [0, 0, 0, 1]}}
"""


def read_config(film: Path, data: bytes) -> None:
    path = place(film / "config.ocio", data)
    colors = ColorManagement(str(path), None, digest(path))
    media.check_config(colors)
    for space in ("raw", "b", "ACEScg"):
        with suppress(UnfadeError):
            media.to_space(torch.rand(3, 2, 2), space, "b", colors)
