"""Still pictures opened, by OpenImageIO: what their samples are, or why they are not read."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import OpenImageIO as oiio

from unfade.errors import MediaError
from unfade.film.clip import CodeRange
from unfade.media.stills.dpx import UNDEFINED, DpxHeader, check_dpx, is_limited, read_dpx_header
from unfade.media.stills.facts import readable, text_of

_GREY_NAMES = ("Y", "I", "L", "gray", "grey", "luminance")
_COLOURS = ("R", "G", "B")

_JPEG_2000_SIZ = b"\xff\x4f\xff\x51"
_JPEG_2000_HEAD_BYTES = 4096
"""Within which the codestream begins, after boxes of header and colour."""

_TIFF_WHITE_IS_ZERO = 0
_TIFF_GREY = (_TIFF_WHITE_IS_ZERO, 1)
_TIFF_READ = (*_TIFF_GREY, 2, 3, 6)
"""Photometric interpretations: grey two ways, RGB, palette, and Y'CbCr of JPEG."""

_TIFF_REFUSED = {4: "a mask", 5: "CMYK", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*"}


@dataclass(frozen=True)
class OpenStill:
    """An open file at the part that has its colours.

    `spec` is its header with the raster as it is stored, its display window the whole raster but in
    OpenEXR; `dpx` is none for other formats.
    """

    path: str
    image: oiio.ImageInput
    spec: oiio.ImageSpec
    format: str
    dpx: DpxHeader | None

    @property
    def channels(self) -> list[str]:
        """Their names; red, green and blue too where a DPX file has them apart."""
        if self.dpx is not None and self.dpx.colour_elements:
            return list(_COLOURS)
        if self.spec.nchannels == 2 and self._photometric in _TIFF_GREY:
            return ["Y", "A" if self.spec.alpha_channel == 1 else "unnamed"]
        return [readable(name) for name in self.spec.channelnames]

    @property
    def bits(self) -> int:
        """Bits of an integer sample, 0 of floats."""
        if str(self.spec.format) not in ("uint8", "uint16"):
            return 0
        whole = 8 if str(self.spec.format) == "uint8" else 16
        stored = self.spec.get_int_attribute("oiio:BitsPerSample", 0)
        return stored if 8 < stored < 16 and whole == 16 else whole

    @property
    def white_is_zero(self) -> bool:
        """Whether the samples are to be inverted; those of 8 bits are by OpenImageIO."""
        return self._photometric == _TIFF_WHITE_IS_ZERO and str(self.spec.format) != "uint8"

    @property
    def _photometric(self) -> int:
        return self.spec.get_int_attribute("tiff:PhotometricInterpretation", 2)

    def colour_places(self) -> list[int]:
        """Which channels are red, green and blue; three times the same of a grey picture.

        Raises:
            MediaError: no channels are.
        """
        names = self.channels
        if has_rgb(names):
            return [names.index(name) for name in _COLOURS]
        grey = [k for k, name in enumerate(names) if name in _GREY_NAMES]
        if len(names) <= 2 and grey:
            return grey[:1] * 3
        raise MediaError(
            f"{self.path}: has the channels {', '.join(names)} but no R, G, B; export it with these"
        )

    def ignored(self) -> tuple[str, ...]:
        """The channels that are not colours, such as alpha and depth."""
        places = self.colour_places()
        return tuple(name for k, name in enumerate(self.channels) if k not in places)

    def check_kind(self) -> None:
        """
        Raises:
            MediaError: its samples are not ones that are read as colours.
        """
        if self.dpx is not None:
            check_dpx(self.path, self.dpx)
        if self._photometric not in _TIFF_READ:
            kind = _TIFF_REFUSED.get(self._photometric, f"photometric {self._photometric}")
            raise MediaError(f"{self.path}: is {kind}; export it as RGB")
        if self._photometric in _TIFF_GREY and self.spec.nchannels > 2:
            count = self.spec.nchannels
            raise MediaError(
                f"{self.path}: is tagged as grey with {count} samples a pixel, which "
                "may be colours or not; export it as RGB or grey"
            )
        if self.white_is_zero and not self.bits:
            raise MediaError(f"{self.path}: holds floats whose white is zero; export it as RGB")
        if text_of(self.spec, "jpeg:ColorSpace") in ("CMYK", "YCbCrK"):
            raise MediaError(f"{self.path}: is CMYK; export it as RGB")
        self.colour_places()

    def code_range(self) -> tuple[CodeRange, str | None]:
        """What codes are black and white, and a sentence where the header says what cannot be."""
        if self.dpx is None:
            return "full", None
        one = self.dpx.read_elements[0]
        limited = is_limited(one)
        if limited is None:
            low, high = ("nothing" if code == UNDEFINED else code for code in (one.low, one.high))
            return "full", (
                f"its headers name {low} and {high} as codes of black and white; read as "
                f"0 and {2**one.bits - 1}, if that is wrong set 'range' to 'limited'"
            )
        return ("limited" if limited else "full"), None

    def read(self) -> np.ndarray:
        """All channels, (C, H, W) float32 of the data window; integers are scaled to 0 to 1.

        Raises:
            MediaError: it is damaged.
        """
        apart = self.dpx.colour_elements if self.dpx else None
        parts = apart or (self.image.current_subimage(),)
        read = [self._read_part(part) for part in parts]
        stored = np.concatenate(read, axis=2) if len(read) > 1 else read[0]
        pixels = np.ascontiguousarray(stored.transpose(2, 0, 1))
        if pixels.dtype == np.uint16:
            greatest = np.float32(2**self.bits - 1)
            pixels = (pixels >> (16 - self.bits)).astype(np.float32) / greatest
        return np.asarray(1 - pixels if self.white_is_zero else pixels)

    def _read_part(self, part: int) -> np.ndarray:
        """(H, W, C): codes where the library stretches them to 16 bits, else floats."""
        spec = self.spec
        kind = "uint16" if 8 < self.bits < 16 else "float"
        try:
            stored = self.image.read_image(part, 0, 0, spec.nchannels, kind)
        except (RuntimeError, ValueError, MemoryError) as error:
            raise damaged(self.path, str(error)) from error
        if stored is None or self.image.has_error:
            raise damaged(self.path, self.image.geterror())
        return np.asarray(stored).reshape(spec.height, spec.width, spec.nchannels)


@contextmanager
def open_still(path: str) -> Iterator[OpenStill]:
    """A still, open at the part that has its colours, alpha left apart from them.

    Raises:
        MediaError: it is missing, or is no picture.
    """
    check_regular(path)
    keep_straight_alpha = oiio.ImageSpec()
    keep_straight_alpha["oiio:UnassociatedAlpha"] = 1
    image = oiio.ImageInput.open(path, keep_straight_alpha)
    if image is None:
        raise damaged(path, oiio.geterror())
    try:
        yield _described(path, image)
    finally:
        image.close()


def codestream_layout(path: str) -> bytes:
    """Size, depth and channels of a JPEG 2000 file, as its marker SIZ has them; empty without one.

    Raises:
        MediaError: it is missing.
    """
    check_regular(path)
    with open(path, "rb") as file:
        head = file.read(_JPEG_2000_HEAD_BYTES)
    start = head.find(_JPEG_2000_SIZ)
    length = int.from_bytes(head[start + 4 : start + 6], "big")
    return head[start : start + 4 + length] if start >= 0 else b""


def _described(path: str, image: oiio.ImageInput) -> OpenStill:
    file_format = image.format_name()
    if file_format == "openexr":
        _seek_colours(image)
    spec = image.spec()
    dpx = read_dpx_header(path) if file_format == "dpx" else None
    if dpx is not None and (spec.width, spec.height) == (dpx.height, dpx.width):
        spec.width, spec.height = dpx.width, dpx.height
    if file_format == "openexr":
        _check_seen(path, spec)
    else:
        # Offsets and original sizes of DPX, PNG and TIFF tell of a larger picture's part, whole.
        spec.full_x, spec.full_y = spec.x, spec.y
        spec.full_width, spec.full_height = spec.width, spec.height
    return OpenStill(path, image, spec, file_format, dpx)


def _check_seen(path: str, spec: oiio.ImageSpec) -> None:
    """
    Raises:
        MediaError: no stored pixel is within the display window.
    """
    x, y = spec.x - spec.full_x, spec.y - spec.full_y
    if not (-spec.width < x < spec.full_width and -spec.height < y < spec.full_height):
        raise MediaError(
            f"{path}: its data window lies wholly outside its display window, so nothing of it "
            "would be seen; export it again with windows that overlap"
        )


def _seek_colours(image: oiio.ImageInput) -> None:
    """Goes to the first part of a multi-part file that has colours, or stays at its first."""
    part = 0
    while image.seek_subimage(part, 0):
        if has_rgb(image.spec().channelnames):
            return
        part += 1
    image.geterror()
    image.seek_subimage(0, 0)


def has_rgb(names: Sequence[str]) -> bool:
    """Whether there is a channel each for red, green and blue."""
    return all(name in names for name in _COLOURS)


def check_regular(path: str) -> None:
    """Links are followed. To open a named pipe would be to wait for ever.

    Raises:
        MediaError: there is no such file, or it is a folder, pipe, socket or device.
    """
    if not os.path.exists(path):
        raise missing(path)
    if not os.path.isfile(path):
        kind = next(
            (word for is_kind, word in _NO_FILES.items() if is_kind(os.stat(path).st_mode)),
            "of another kind",
        )
        raise MediaError(f"{path}: is {kind} and no file; put the file there, or correct the path")


_NO_FILES = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


def missing(path: str) -> MediaError:
    """What is said of a file that is not there."""
    return MediaError(f"{path}: is missing; restore the file or correct the path")


def damaged(path: str, reason: str) -> MediaError:
    """What is said of a file that cannot be read, with the first line of the library's reason."""
    first_line = reason.strip().splitlines()[0] if reason.strip() else "it ends early"
    return MediaError(f"{path}: cannot be read ({first_line}); restore the file")
