"""Stills of every format are read to the values that were written, or refused."""

from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
import torch

from unfade.errors import MediaError
from unfade.film.working_space import WORKING_SPACE
from unfade.media import (
    probe,
    read,
    read_picture,
    read_plane,
    write_dpx,
    write_exr,
    write_png,
)
from unfade.project.settings import ClipSection


def save(path: Path, interleaved: np.ndarray, kind: str, **attributes: object) -> Path:
    """Writes a picture (H, W, C) with OpenImageIO; `__` in a keyword stands for a colon."""
    height, width, channels = interleaved.shape
    spec = oiio.ImageSpec(width, height, channels, kind)
    for name, value in attributes.items():
        if name == "channelnames":
            spec.channelnames = value
        else:
            spec[name.replace("__", ":")] = value
    image = oiio.ImageOutput.create(str(path))
    assert image.open(str(path), spec)
    assert image.write_image(interleaved)
    assert image.close()
    return path


def codes(max_code: int, height: int = 40, width: int = 52) -> np.ndarray:
    """(H, W, 3) all codes up to `max_code`, repeated."""
    return (np.arange(height * width * 3) % (max_code + 1)).reshape(height, width, 3)


def assert_codes(picture: torch.Tensor, expected: np.ndarray, max_code: int) -> None:
    assert picture.dtype == torch.float32
    assert picture.is_contiguous()
    stored = picture.permute(1, 2, 0).double().numpy() * max_code
    np.testing.assert_allclose(stored, expected, atol=max_code * 1e-7)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize(("kind", "max_code"), [("uint8", 255), ("uint16", 65535)])
def test_integer_files(tmp_path: Path, suffix: str, kind: str, max_code: int) -> None:
    stored = codes(max_code)
    path = save(tmp_path / f"a.{suffix}", stored.astype(kind), kind)
    assert_codes(read_picture(path, WORKING_SPACE), stored, max_code)


@pytest.mark.parametrize("bits", [10, 12])
def test_dpx_is_exact(tmp_path: Path, bits: int) -> None:
    """Codes of 10 and 12 bits must be multiples of 1 / max_code, not of 1 / 65536."""
    stored = codes(2**bits - 1)
    stretched = (stored << (16 - bits) | stored >> (2 * bits - 16)).astype(np.uint16)
    path = save(tmp_path / "a.dpx", stretched, "uint16", oiio__BitsPerSample=bits)
    assert_codes(read_picture(path), stored, 2**bits - 1)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_dpx_round_trip(tmp_path: Path, bits: int) -> None:
    stored = codes(2**bits - 1)
    pixels = torch.from_numpy(stored).permute(2, 0, 1) / (2**bits - 1)
    write_dpx(tmp_path / "a.dpx", pixels, bits=bits)
    assert_codes(read_picture(tmp_path / "a.dpx"), stored, 2**bits - 1)


@pytest.mark.parametrize(("half", "tolerance"), [(True, 2**-11), (False, 1e-6)])
def test_exr_in_the_working_space(tmp_path: Path, half: bool, tolerance: float) -> None:
    pixels = torch.linspace(-0.1, 1.6, 3 * 20 * 30).reshape(3, 20, 30)
    write_exr(tmp_path / "a.exr", pixels, colorspace=WORKING_SPACE, half=half)
    stored = read_picture(tmp_path / "a.exr")
    torch.testing.assert_close(stored, pixels, rtol=tolerance, atol=1e-7)


@pytest.mark.parametrize("colorspace", ["ACES2065-1", "ACEScg", "Linear Rec.709 (sRGB)"])
def test_exr_stores_its_colour_space(tmp_path: Path, colorspace: str) -> None:
    pixels = torch.linspace(0.05, 1.4, 3 * 20 * 30).reshape(3, 20, 30)
    write_exr(tmp_path / "a.exr", pixels, colorspace=colorspace, half=False)
    torch.testing.assert_close(read_picture(tmp_path / "a.exr"), pixels, atol=2e-6, rtol=0)


def test_exr_in_aces_carries_its_chromaticities(tmp_path: Path) -> None:
    write_exr(
        tmp_path / "a.exr",
        torch.full((3, 4, 4), 0.5),
        colorspace="lin_ap0",
        compression="dwaa",
        metadata={"unfade:model": "0123456789ab", "unfade:frame": 1245},
    )
    spec = oiio.ImageInput.open(str(tmp_path / "a.exr")).spec()
    ap0 = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)  # SMPTE ST 2065-1
    np.testing.assert_allclose(spec["chromaticities"], ap0, atol=1e-5)
    assert spec["compression"] == "dwaa"
    assert (spec["unfade:model"], spec["unfade:frame"]) == ("0123456789ab", 1245)
    assert spec.channelnames == ("R", "G", "B")
    assert str(spec.format) == "half"


def test_dwa_level_changes_the_file_size(tmp_path: Path) -> None:
    pixels = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    for level in (5.0, 500.0):
        write_exr(
            tmp_path / f"{level}.exr",
            pixels,
            colorspace="ACES2065-1",
            compression="dwaa",
            dwa_level=level,
        )
    sizes = [(tmp_path / f"{level}.exr").stat().st_size for level in (5.0, 500.0)]
    assert sizes[1] < 0.8 * sizes[0]


def test_the_same_pixels_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0))
    for name in ("a", "b"):
        write_exr(tmp_path / f"{name}.exr", pixels, colorspace="ACES2065-1")
        spec = oiio.ImageInput.open(str(tmp_path / f"{name}.exr")).spec()
        assert spec.getattribute("DateTime") is None
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()


def test_data_plane_is_written_as_it_is(tmp_path: Path) -> None:
    plane = torch.linspace(0, 1, 20 * 30).reshape(1, 20, 30)
    write_exr(tmp_path / "w.exr", plane, colorspace=WORKING_SPACE, half=False)
    assert torch.equal(read_plane(tmp_path / "w.exr"), plane)
    write_exr(tmp_path / "rgb.exr", plane.expand(3, -1, -1), colorspace=WORKING_SPACE)
    with pytest.raises(MediaError, match="has 3 channels instead of one"):
        read_plane(tmp_path / "rgb.exr")


@pytest.mark.parametrize(
    ("value", "half"), [(float("nan"), False), (70000.0, True), (float("inf"), False)]
)
def test_exr_refuses_what_it_cannot_hold(tmp_path: Path, value: float, half: bool) -> None:
    pixels = torch.full((3, 4, 4), 0.5)
    pixels[1, 2, 2] = value
    with pytest.raises(MediaError, match=r"a.exr: 1 of its values are not"):
        write_exr(tmp_path / "a.exr", pixels, colorspace=WORKING_SPACE, half=half)
    assert list(tmp_path.iterdir()) == []


def test_png_round_trip_and_clipping(tmp_path: Path) -> None:
    pixels = torch.tensor([-0.5, 0.0, 0.25, 1.0, 1.5]).expand(3, 2, 5)
    for bits, tolerance in ((8, 0.5 / 255), (16, 0.5 / 65535)):
        write_png(tmp_path / "a.png", pixels, bits=bits)
        stored = read_picture(tmp_path / "a.png")
        torch.testing.assert_close(stored, pixels.clamp(0, 1), atol=tolerance + 1e-7, rtol=0)
    with pytest.raises(MediaError, match="are not numbers"):
        write_png(tmp_path / "a.png", pixels * float("nan"))


def test_grey_is_copied_and_alpha_is_ignored(tmp_path: Path) -> None:
    grey = codes(255)[:, :, :1].astype(np.uint8)
    picture = read_picture(save(tmp_path / "grey.tif", grey, "uint8"))
    assert_codes(picture, grey.repeat(3, axis=2), 255)
    colour = np.concatenate([codes(255), np.full((40, 52, 1), 7)], axis=2).astype(np.uint8)
    straight = {"oiio__UnassociatedAlpha": 1}
    picture = read_picture(save(tmp_path / "alpha.png", colour, "uint8", **straight), WORKING_SPACE)
    assert_codes(picture, colour[:, :, :3], 255)


def save_window(path: Path, x: int, y: int) -> Path:
    """A white data window of 4 x 3 pixels at a position of a display window of 8 x 6."""
    spec = oiio.ImageSpec(4, 3, 3, "float")
    spec.x, spec.y = x, y
    spec.full_width, spec.full_height = 8, 6
    spec["oiio:ColorSpace"] = WORKING_SPACE
    image = oiio.ImageOutput.create(str(path))
    assert image.open(str(path), spec)
    assert image.write_image(np.ones((3, 4, 3), np.float32))
    assert image.close()
    return path


def test_the_data_window_is_placed_in_the_display_window(tmp_path: Path) -> None:
    expected = torch.zeros(3, 6, 8)
    expected[:, :2, 5:] = 1
    path = save_window(tmp_path / "a.exr", 5, -1)
    assert torch.equal(read_picture(path, WORKING_SPACE), expected)


@pytest.mark.parametrize("offset", [(8, 0), (-4, 0), (0, 6), (0, -3)])
def test_a_data_window_outside_the_display_window(tmp_path: Path, offset: tuple[int, int]) -> None:
    path = save_window(tmp_path / "a.exr", *offset)
    for reader in (read_picture, lambda path: probe(str(path), ClipSection(path="x"))):
        with pytest.raises(MediaError, match=r"a.exr: its data window lies wholly outside"):
            reader(path)


def test_layers_without_rgb_are_refused(tmp_path: Path) -> None:
    names = ("left.R", "left.G", "left.B")
    path = save(tmp_path / "a.exr", np.ones((4, 4, 3), np.float32), "half", channelnames=names)
    with pytest.raises(MediaError, match=r"left.R, left.G, left.B but no R, G, B"):
        read_picture(path, WORKING_SPACE)


def test_files_without_a_colour_space_need_one(tmp_path: Path) -> None:
    grey = np.full((4, 4, 3), 0.5, np.float32)
    unsaid = [
        save(tmp_path / "a.exr", grey, "half"),
        save(tmp_path / "a.tif", grey, "float"),
        save(
            tmp_path / "a.dpx",
            (grey * 65535).astype(np.uint16),
            "uint16",
            oiio__BitsPerSample=10,
            dpx__Transfer="Printing density",
        ),
    ]
    for path in unsaid:
        with pytest.raises(MediaError, match="does not say which colour space"):
            read_picture(path)
        assert read_picture(path, "g24_rec709")[0, 0, 0].item() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.95])
@pytest.mark.parametrize("suffix", ["dpx", "png", "tif", "exr", "jpg"])
def test_truncated_files(tmp_path: Path, suffix: str, share: float) -> None:
    pattern = str(tmp_path / f"reel.%04d.{suffix}")
    random = np.random.default_rng(5).integers(0, 255, (64, 48, 3)).astype(np.uint8)
    for frame in range(1, 8):
        path = tmp_path / f"reel.{frame:04d}.{suffix}"
        if suffix == "exr":
            save(path, (random / 255).astype(np.float32), "half", oiio__ColorSpace="lin_ap0_scene")
        else:
            save(path, random, "uint8")
    clip = probe(pattern, ClipSection(path="x"))
    damaged = tmp_path / f"reel.0005.{suffix}"
    damaged.write_bytes(damaged.read_bytes()[: int(damaged.stat().st_size * share)])
    read_frames = []
    with pytest.raises(MediaError, match=rf"reel.0005.{suffix}: (cannot be read|is empty).*; r"):
        read_frames.extend(frame for frame, _ in read(clip, clip.frames.frames()))
