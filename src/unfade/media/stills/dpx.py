"""Reads headers of DPX files (SMPTE ST 268-1), where OpenImageIO gives nothing or wrong values."""

import struct
from dataclasses import dataclass

from unfade.errors import MediaError

_MAGIC = {b"SDPX": ">", b"XPDS": "<"}
"""Magic numbers and the byte order of the fields after them."""
_FIRST_ELEMENT_OFFSET, _ELEMENT_BYTES, _MAX_ELEMENTS = 780, 72, 8
"""Offset and length of the image element headers in bytes, and the largest number of elements."""
_HEADER_BYTES, _GENERIC_HEADER_BYTES = 2048, 1664
"""Length of the whole header and of its generic part, in bytes."""
UNDEFINED = 0xFFFFFFFF
"""Value of a 32-bit field that its writer left undefined."""

_SINGLE_COLOURS = (1, 2, 3)
"""Descriptors of elements that hold red, green or blue alone."""

_RGB, _RGBA, _ABGR, _LUMA = 50, 51, 52, 6
_CHANNELS = {_RGB: 3, _RGBA: 4, _ABGR: 4, _LUMA: 1, 1: 1, 2: 1, 3: 1}
"""Number of channels by supported descriptor."""

_UNSUPPORTED_DESCRIPTORS = {
    0: "user-defined samples",
    1: "red alone",
    2: "green alone",
    3: "blue alone",
    4: "alpha alone",
    7: "colour difference alone",
    8: "depth alone",
    9: "composite video",
    100: "Y'CbCr 4:2:2",
    101: "Y'CbCr 4:2:2 with alpha",
    102: "Y'CbCr 4:4:4",
    103: "Y'CbCr 4:4:4 with alpha",
}
"""Other descriptors, in words."""

_DENSITY_TRANSFERS = (1, 3, 13)
"""Transfers printing density, logarithmic and ADX, whose reference codes do not set a range."""

_UNSPECIFIED_TRANSFERS = (0, 4, 255)
"""Transfers user defined, unspecified video and undefined, which name no colour space."""

_VIDEO_TRANSFERS = {
    5: "SMPTE 274M",
    6: "ITU-R 709-4",
    7: "ITU-R 601-5 system B or G",
    8: "ITU-R 601-5 system M",
    9: "NTSC composite video",
    10: "PAL composite video",
}
"""Transfers of display-referred codes."""

_OTHER_TRANSFERS = {
    1: "Printing density",
    2: "Linear",
    3: "Logarithmic",
    11: "Z depth linear",
    12: "Z depth homogeneous",
    13: "ADX",
}
"""Transfers of other codes."""


@dataclass(frozen=True)
class DpxElement:
    """An image element: meaning and layout of its samples.

    `low` and `high` are the reference codes of black and white; `offset` and `line_padding` are in
    bytes.
    """

    low: int
    high: int
    descriptor: int
    transfer: int
    bits: int
    packing: int
    encoding: int
    offset: int
    line_padding: int
    is_signed: bool

    @property
    def is_filled_10_bit(self) -> bool:
        """Whether three 10-bit samples are padded to a 32-bit word."""
        return self.bits == 10 and self.packing in (1, 2)


@dataclass(frozen=True)
class DpxHeader:
    """`width` and `height` are of the stored raster; `orientation` is the header field."""

    orientation: int
    width: int
    height: int
    elements: tuple[DpxElement, ...]

    @property
    def colour_elements(self) -> tuple[int, int, int] | None:
        """Indices of the elements with red, green and blue, if these are stored separately."""
        indices = {element.descriptor: index for index, element in enumerate(self.elements)}
        if all(colour in indices for colour in _SINGLE_COLOURS):
            red, green, blue = (indices[colour] for colour in _SINGLE_COLOURS)
            return red, green, blue
        return None

    @property
    def read_elements(self) -> tuple[DpxElement, ...]:
        """The elements that hold the colours."""
        return tuple(self.elements[index] for index in self.colour_elements or (0,))

    @property
    def transfer(self) -> str:
        """Name of the transfer, empty if it does not specify a colour space."""
        number = self.read_elements[0].transfer
        if number in _UNSPECIFIED_TRANSFERS:
            return ""
        return (_VIDEO_TRANSFERS | _OTHER_TRANSFERS).get(number, f"transfer {number}")

    @property
    def may_be_video(self) -> bool:
        """Whether the codes may be display-referred: the transfer is a video one or unspecified."""
        return self.read_elements[0].transfer in (*_VIDEO_TRANSFERS, *_UNSPECIFIED_TRANSFERS)


def read_dpx_header(path: str) -> DpxHeader:
    """The header of a DPX file.

    Raises:
        MediaError: the file ends within its header, or is not DPX.
    """
    with open(path, "rb") as file:
        header = file.read(_HEADER_BYTES)
    order = _MAGIC.get(header[:4])
    if order is None or len(header) < _HEADER_BYTES:
        raise MediaError(f"{path}: ends within its DPX header; restore the file")
    orientation, count, width, height = struct.unpack_from(order + "HHII", header, 768)
    elements = tuple(
        _element(header, order, _FIRST_ELEMENT_OFFSET + _ELEMENT_BYTES * index)
        for index in range(min(max(count, 1), _MAX_ELEMENTS))
    )
    return DpxHeader(orientation, width, height, elements)


def _element(header: bytes, order: str, start: int) -> DpxElement:
    sign, low, _, high, _ = struct.unpack_from(order + "IIfIf", header, start)
    descriptor, transfer, _, bits = struct.unpack_from("BBBB", header, start + 20)
    packing, encoding, offset, padding, _ = struct.unpack_from(order + "HHIII", header, start + 24)
    return DpxElement(
        low=low,
        high=high,
        descriptor=descriptor,
        transfer=transfer,
        bits=bits,
        packing=packing,
        encoding=encoding,
        offset=offset,
        line_padding=0 if padding == UNDEFINED else padding,
        is_signed=sign == 1,
    )


def check_dpx(path: str, header: DpxHeader) -> None:
    """
    Raises:
        MediaError: the pixel layout is not supported, or writers interpret the standard differently
            for it.
    """
    fault = _fault(header)
    if fault:
        raise MediaError(f"{path}: {fault}; convert it to uncompressed RGB DPX of 10 or 16 bits")


def _fault(header: DpxHeader) -> str | None:
    """Why a file cannot be read, in words; None if it can."""
    faults = (_fault_of_element(header, element) for element in header.read_elements)
    return next((fault for fault in faults if fault), None)


def _fault_of_element(header: DpxHeader, element: DpxElement) -> str | None:
    descriptor = element.descriptor
    channels = _CHANNELS.get(descriptor, 0)
    if not channels or (descriptor in _SINGLE_COLOURS and header.colour_elements is None):
        content = _UNSUPPORTED_DESCRIPTORS.get(descriptor, f"samples with descriptor {descriptor}")
        return f"holds {content} and no RGB"
    if element.encoding == 1:
        return "is run-length encoded"
    if element.is_signed:
        return "holds signed samples"
    if not _GENERIC_HEADER_BYTES <= element.offset < UNDEFINED:
        return "does not say where its pixels begin (its offset to data is undefined)"
    if element.is_filled_10_bit and (channels == 1 or channels * header.width % 3):
        return (
            "packs samples other than RGB in words of three 10-bit samples, whose order in a word "
            "differs between writers"
        )
    is_bit_packed = element.packing == 0 and element.bits % 8
    if header.orientation >= 4 and (element.line_padding or is_bit_packed):
        return "stores columns as lines, with padding between them"
    return None


def is_limited(element: DpxElement) -> bool | None:
    """Whether the reference codes of black and white are those of limited range (16 and 235 in 8
    bits).

    Returns:
        None if only one of them is, or if they are other codes whose purpose is unknown.
    """
    if element.transfer in _DENSITY_TRANSFERS or not 8 <= element.bits <= 16:
        return False
    limited = (16 << element.bits - 8, 235 << element.bits - 8)
    if (element.low, element.high) == limited:
        return True
    is_undefined = element.low in (0, UNDEFINED) or element.high in (0, UNDEFINED)
    is_partly_limited = element.low == limited[0] or element.high == limited[1]
    return False if is_undefined and not is_partly_limited else None
