"""Opens still pictures, with OpenImageIO, and checks that their samples are supported."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import OpenImageIO as oiio

from unfade.errors import MediaError
from unfade.film.clip import CodeRange
from unfade.media.regular_file import check_regular
from unfade.media.stills.dpx import UNDEFINED, DpxHeader, check_dpx, is_limited, read_dpx_header
from unfade.media.stills.facts import readable, text_of

_GREY_NAMES = ("Y", "I", "L", "gray", "grey", "luminance")
"""Names of the single channel of grey pictures."""
_COLOURS = ("R", "G", "B")

_JPEG_2000_SIZ = b"\xff\x4f\xff\x51"
"""Start of a JPEG 2000 codestream and its marker SIZ."""
_JPEG_2000_HEAD_BYTES = 4096
"""Bytes within which the codestream begins, after the boxes of header and colour."""

MAX_SAMPLES = 2**30
"""Samples of a picture that is read, over all its channels: those of 16,384 x 16,384 pixels with
four channels, more than twice the largest scans of film, take 4 GiB as floats. Compressed files of
a few megabytes can claim any size."""

oiio.attribute("limits:imagesize_MB", MAX_SAMPLES * 4 // 2**20)
"""OpenImageIO's own limit, of formats that are decoded when they are opened."""

_ONES = np.ones(64, np.float32)
"""Enough values for NumPy to add them in AVX registers."""

_TIFF_WHITE_IS_ZERO = 0
_TIFF_GREY = (_TIFF_WHITE_IS_ZERO, 1)
_TIFF_SUPPORTED = (*_TIFF_GREY, 2, 3, 6)
"""Photometric interpretations: grey two ways, RGB, palette, and the Y'CbCr of JPEG."""

_TIFF_UNSUPPORTED = {4: "a mask", 5: "CMYK", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*"}
"""Other photometric interpretations, in words."""


@dataclass(frozen=True)
class OpenStill:
    """An open file, at the part that holds its colours.

    `spec` is its header with the raster as stored; the display window is the whole raster except in
    OpenEXR. `dpx` is None for other formats.
    """

    path: str
    image: oiio.ImageInput
    spec: oiio.ImageSpec
    format: str
    dpx: DpxHeader | None

    @property
    def channels(self) -> list[str]:
        """Names of the channels; red, green and blue if a DPX file stores them in separate
        elements."""
        if self.dpx is not None and self.dpx.colour_elements:
            return list(_COLOURS)
        if self.spec.nchannels == 2 and self._photometric in _TIFF_GREY:
            return ["Y", "A" if self.spec.alpha_channel == 1 else "unnamed"]
        return [readable(name) for name in self.spec.channelnames]

    @property
    def bits(self) -> int:
        """Bits of an integer sample, 0 for floats."""
        if str(self.spec.format) not in ("uint8", "uint16"):
            return 0
        sample_bits = 8 if str(self.spec.format) == "uint8" else 16
        stored = self.spec.get_int_attribute("oiio:BitsPerSample", 0)
        return stored if 8 < stored < 16 and sample_bits == 16 else sample_bits

    @property
    def white_is_zero(self) -> bool:
        """Whether the samples must be inverted; OpenImageIO already inverts those of 8 bits."""
        return self._photometric == _TIFF_WHITE_IS_ZERO and str(self.spec.format) != "uint8"

    @property
    def _photometric(self) -> int:
        return self.spec.get_int_attribute("tiff:PhotometricInterpretation", 2)

    def colour_channels(self) -> list[int]:
        """Indices of the red, green and blue channel; three equal indices for a grey picture.

        Raises:
            MediaError: there are no such channels.
        """
        names = self.channels
        if has_rgb_channels(names):
            return [names.index(name) for name in _COLOURS]
        grey = [k for k, name in enumerate(names) if name in _GREY_NAMES]
        if len(names) <= 2 and grey:
            return grey[:1] * 3
        raise MediaError(
            f"{self.path}: has the channels {', '.join(names)} but no R, G, B; export it as RGB"
        )

    def ignored(self) -> tuple[str, ...]:
        """Names of the channels that are not colours, such as alpha and depth."""
        used = self.colour_channels()
        return tuple(name for k, name in enumerate(self.channels) if k not in used)

    def check_supported(self) -> None:
        """
        Raises:
            MediaError: the samples are not supported as colours.
        """
        if self.dpx is not None:
            check_dpx(self.path, self.dpx)
        if self._photometric not in _TIFF_SUPPORTED:
            kind = _TIFF_UNSUPPORTED.get(self._photometric, f"photometric {self._photometric}")
            raise MediaError(f"{self.path}: is {kind}; export it as RGB")
        if self._photometric in _TIFF_GREY and self.spec.nchannels > 2:
            count = self.spec.nchannels
            raise MediaError(
                f"{self.path}: is tagged as grey with {count} samples a pixel, so it is unclear "
                "whether they are colours; export it as RGB or grey"
            )
        if self.white_is_zero and not self.bits:
            raise MediaError(f"{self.path}: holds floats whose white is zero; export it as RGB")
        if text_of(self.spec, "jpeg:ColorSpace") in ("CMYK", "YCbCrK"):
            raise MediaError(f"{self.path}: is CMYK; export it as RGB")
        self.colour_channels()

    def code_range(self) -> tuple[CodeRange, str | None]:
        """The range of the codes, and a remark if the header claims one that is not possible."""
        if self.dpx is None:
            return "full", None
        element = self.dpx.read_elements[0]
        limited = is_limited(element)
        if limited is None:
            low, high = (
                "nothing" if code == UNDEFINED else code for code in (element.low, element.high)
            )
            return "full", (
                f"its headers name {low} and {high} as codes of black and white; read as "
                f"0 and {2**element.bits - 1}; if that is wrong, set 'range' to 'limited'"
            )
        return ("limited" if limited else "full"), None

    def read(self) -> np.ndarray:
        """All channels of the data window, (C, H, W) float32; integers are scaled to 0 to 1.

        Raises:
            MediaError: the file is damaged.
        """
        colour_elements = self.dpx.colour_elements if self.dpx else None
        parts = colour_elements or (self.image.current_subimage(),)
        arrays = [self._read_part(part) for part in parts]
        stored = np.concatenate(arrays, axis=2) if len(arrays) > 1 else arrays[0]
        pixels = np.ascontiguousarray(stored.transpose(2, 0, 1))
        if pixels.dtype == np.uint16:
            max_code = np.float32(2**self.bits - 1)
            pixels = (pixels >> (16 - self.bits)).astype(np.float32) / max_code
        return np.asarray(1 - pixels if self.white_is_zero else pixels)

    def read_halves(self) -> np.ndarray:
        """All channels of a file of half floats as stored, (H, W, C).

        Raises:
            MediaError: the file is damaged.
        """
        return self._read_part(self.image.current_subimage(), "half")

    def _read_part(self, part: int, kind: str | None = None) -> np.ndarray:
        """(H, W, C): integers if OpenImageIO stretches the codes to 16 bits, floats otherwise,
        unless a kind of sample is asked for."""
        spec = self.spec
        kind = kind or ("uint16" if 8 < self.bits < 16 else "float")
        try:
            stored = self.image.read_image(part, 0, 0, spec.nchannels, kind)
            reason = self.image.geterror() if stored is None or self.image.has_error else None
        except (RuntimeError, ValueError, MemoryError) as error:
            raise damaged_error(self.path, str(error)) from error
        if reason is not None:
            raise damaged_error(self.path, reason)
        _clear_registers()
        return np.asarray(stored).reshape(spec.height, spec.width, spec.nchannels)


def _clear_registers() -> None:
    """Clears the upper halves of the AVX registers, as NumPy does after an addition. OpenImageIO's
    conversion of half floats leaves values there, with which SSE code such as OpenColorIO's takes
    three times as long. Source: Intel 64 and IA-32 Architectures Optimization Reference Manual,
    "Mixing Intel AVX code with legacy SSE code"."""
    np.add(_ONES, _ONES)


@contextmanager
def open_still(path: str) -> Iterator[OpenStill]:
    """A still, open at the part that holds its colours. Unassociated alpha is not multiplied into
    them.

    Raises:
        MediaError: the file is missing, or is not a picture.
    """
    check_regular(path)
    keep_straight_alpha = oiio.ImageSpec()
    keep_straight_alpha["oiio:UnassociatedAlpha"] = 1
    try:
        image = oiio.ImageInput.open(path, keep_straight_alpha)
        if image is None:
            raise damaged_error(path, oiio.geterror())
        try:
            yield _as_open_still(path, image)
        finally:
            image.close()
    except UnicodeDecodeError as error:  # OpenImageIO quotes bytes of the file.
        raise damaged_error(path, "its header is damaged") from error


def codestream_layout(path: str) -> bytes:
    """Size, depth and channels of a JPEG 2000 file: the bytes of its marker SIZ, empty if there is
    none.

    Raises:
        MediaError: the file is missing, or cannot be opened.
    """
    check_regular(path)
    try:
        with open(path, "rb") as file:
            head = file.read(_JPEG_2000_HEAD_BYTES)
    except OSError as error:
        raise damaged_error(path, str(error.strerror)) from error
    start = head.find(_JPEG_2000_SIZ)
    length = int.from_bytes(head[start + 4 : start + 6], "big")
    return head[start : start + 4 + length] if start >= 0 else b""


def _as_open_still(path: str, image: oiio.ImageInput) -> OpenStill:
    file_format = image.format_name()
    if file_format == "openexr":
        _seek_colour_part(image)
    spec = image.spec()
    _check_samples(path, spec)
    dpx = read_dpx_header(path) if file_format == "dpx" else None
    if dpx is not None and (spec.width, spec.height) == (dpx.height, dpx.width):
        spec.width, spec.height = dpx.width, dpx.height
    if file_format == "openexr":
        _check_visible(path, spec)
    else:
        # In DPX, PNG and TIFF, offset and original size place the raster in a larger picture, and
        # do not crop it.
        spec.full_x, spec.full_y = spec.x, spec.y
        spec.full_width, spec.full_height = spec.width, spec.height
    return OpenStill(path, image, spec, file_format, dpx)


def _check_samples(path: str, spec: oiio.ImageSpec) -> None:
    """
    Raises:
        MediaError: the header claims more than can be read, in the raster or the display window.
    """
    for width, height in ((spec.width, spec.height), (spec.full_width, spec.full_height)):
        if width * height * spec.nchannels > MAX_SAMPLES:
            raise MediaError(
                f"{path}: its header claims {width:,} x {height:,} pixels of {spec.nchannels:,} "
                f"channels, more than the {MAX_SAMPLES:,} samples that Unfade reads; restore the "
                "file, or scale it down"
            )


def _check_visible(path: str, spec: oiio.ImageSpec) -> None:
    """
    Raises:
        MediaError: no stored pixel is within the display window.
    """
    x, y = spec.x - spec.full_x, spec.y - spec.full_y
    if not (-spec.width < x < spec.full_width and -spec.height < y < spec.full_height):
        raise MediaError(
            f"{path}: its data window lies wholly outside its display window, so no pixel would be "
            "visible; export it again with overlapping windows"
        )


def _seek_colour_part(image: oiio.ImageInput) -> None:
    """Seeks the first part of a multi-part file that holds colours; the first part if none does."""
    part = 0
    while image.seek_subimage(part, 0):
        if has_rgb_channels(image.spec().channelnames):
            return
        part += 1
    image.geterror()
    image.seek_subimage(0, 0)


def has_rgb_channels(names: Sequence[str]) -> bool:
    """Whether there is a channel each for red, green and blue."""
    return all(name in names for name in _COLOURS)


def damaged_error(path: str, reason: str) -> MediaError:
    """The error for a file that cannot be read, with the first line of the library's reason."""
    first_line = reason.strip().splitlines()[0] if reason.strip() else "the file ends early"
    first_line = first_line.replace(f" ({path})", "").replace(path, "the file")
    return MediaError(f"{path}: cannot be read ({first_line}); restore the file")


def without_remedy(error: MediaError) -> str:
    """The sentence of an error without what to do; the whole sentence if it says nothing to do."""
    sentence = str(error)
    return sentence.rpartition("; ")[0] or sentence


def fault_in(error: MediaError, path: str) -> str:
    """What is wrong with a file, from an error about it: without the path and without the remedy,
    so that neighbours with the same fault are listed together."""
    return without_remedy(error).removeprefix(f"{path}: ").removeprefix("is ")
