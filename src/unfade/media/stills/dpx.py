"""Headers of DPX files (SMPTE ST 268-1): what OpenImageIO does not tell, or reads wrongly."""

import struct
from dataclasses import dataclass

from unfade.errors import MediaError

_MAGIC = {b"SDPX": ">", b"XPDS": "<"}
_FIRST_ELEMENT, _BYTES_OF_ELEMENT, _MOST_ELEMENTS = 780, 72, 8
_HEADER_BYTES, _GENERIC_HEADER_BYTES = 2048, 1664
UNDEFINED = 0xFFFFFFFF
"""What a field of 32 bits holds if its writer had nothing to say."""

_COLOURS = (1, 2, 3)
"""Descriptors of elements that hold red, green or blue alone."""

_RGB, _RGBA, _ABGR, _LUMA = 50, 51, 52, 6
_CHANNELS = {_RGB: 3, _RGBA: 4, _ABGR: 4, _LUMA: 1, 1: 1, 2: 1, 3: 1}

_KINDS = {
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

_DENSITIES = (1, 3, 13)
"""Transfers, printing density, logarithmic and ADX, whose reference codes name no range."""

_UNSAID_TRANSFERS = (0, 4, 255)
"""User defined, unspecified video and undefined: nothing that a space could be told by."""

_VIDEO_TRANSFERS = {
    5: "SMPTE 274M",
    6: "ITU-R 709-4",
    7: "ITU-R 601-5 system B or G",
    8: "ITU-R 601-5 system M",
    9: "NTSC composite video",
    10: "PAL composite video",
}
"""Those of codes that an ordinary display shows."""

_OTHER_TRANSFERS = {
    1: "Printing density",
    2: "Linear",
    3: "Logarithmic",
    11: "Z depth linear",
    12: "Z depth homogeneous",
    13: "ADX",
}


@dataclass(frozen=True)
class DpxElement:
    """An image element: what its samples are, and how they lie in the file."""

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
    def is_filled_10(self) -> bool:
        """Whether three samples of 10 bits fill a word of 32."""
        return self.bits == 10 and self.packing in (1, 2)


@dataclass(frozen=True)
class DpxHeader:
    """`width` and `height` are of the stored raster; `orientation` is the field of that name."""

    orientation: int
    width: int
    height: int
    elements: tuple[DpxElement, ...]

    @property
    def colour_elements(self) -> tuple[int, int, int] | None:
        """Which elements hold red, green and blue, where these lie apart."""
        places = {one.descriptor: place for place, one in enumerate(self.elements)}
        if all(colour in places for colour in _COLOURS):
            red, green, blue = (places[colour] for colour in _COLOURS)
            return red, green, blue
        return None

    @property
    def read_elements(self) -> tuple[DpxElement, ...]:
        """Those that hold the colours."""
        places = self.colour_elements or (0,)
        return tuple(self.elements[place] for place in places)

    @property
    def transfer(self) -> str:
        """What the codes are said to be, empty where that says nothing of their space."""
        number = self.read_elements[0].transfer
        if number in _UNSAID_TRANSFERS:
            return ""
        return (_VIDEO_TRANSFERS | _OTHER_TRANSFERS).get(number, f"transfer {number}")

    @property
    def may_be_video(self) -> bool:
        """Whether the codes are said to be for an ordinary display, or nothing is said."""
        return self.read_elements[0].transfer in (*_VIDEO_TRANSFERS, *_UNSAID_TRANSFERS)


def read_dpx_header(path: str) -> DpxHeader:
    """The header of a DPX file.

    Raises:
        MediaError: the file ends within its header, or the header says nothing that can be.
    """
    with open(path, "rb") as file:
        header = file.read(_HEADER_BYTES)
    order = _MAGIC.get(header[:4])
    if order is None or len(header) < _HEADER_BYTES:
        raise MediaError(f"{path}: ends within its DPX header; restore the file")
    orientation, count, width, height = struct.unpack_from(order + "HHII", header, 768)
    elements = tuple(
        _element(header, order, _FIRST_ELEMENT + _BYTES_OF_ELEMENT * place)
        for place in range(min(max(count, 1), _MOST_ELEMENTS))
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
        MediaError: the pixels are laid out in a way that is not read, or of which the standard and
            those who write it are not of one mind.
    """
    fault = _fault(header)
    if fault:
        raise MediaError(
            f"{path}: {fault}; convert it to DPX of RGB, 10 or 16 bits, not compressed"
        )


def _fault(header: DpxHeader) -> str | None:
    """What keeps a file from being read, in words, or none."""
    faults = (_fault_of_element(header, one) for one in header.read_elements)
    return next((fault for fault in faults if fault), None)


def _fault_of_element(header: DpxHeader, one: DpxElement) -> str | None:
    channels = _CHANNELS.get(one.descriptor, 0)
    if not channels or (one.descriptor in _COLOURS and header.colour_elements is None):
        kind = _KINDS.get(one.descriptor, f"samples of the kind {one.descriptor}")
        return f"holds {kind} and no RGB"
    if one.encoding == 1:
        return "is run-length encoded"
    if one.is_signed:
        return "holds signed samples"
    if not _GENERIC_HEADER_BYTES <= one.offset < UNDEFINED:
        return "does not say where its pixels begin (its offset to data is undefined)"
    if one.is_filled_10 and (channels == 1 or channels * header.width % 3):
        return (
            "packs other than RGB in words of three 10-bit samples, whose order in a word differs "
            "between writers"
        )
    if header.orientation >= 4 and (one.line_padding or (one.packing == 0 and one.bits % 8)):
        return "stores columns as lines, with padding between them"
    return None


def is_limited(element: DpxElement) -> bool | None:
    """Whether codes from 16 to 235 (of 8 bits) are black to white, as a header says.

    Returns:
        none where it names one of these codes alone, or other reference codes, of which nobody can
        tell what they are for.
    """
    if element.transfer in _DENSITIES or not 8 <= element.bits <= 16:
        return False
    limited = (16 << element.bits - 8, 235 << element.bits - 8)
    if (element.low, element.high) == limited:
        return True
    is_unsaid = element.low in (0, UNDEFINED) or element.high in (0, UNDEFINED)
    is_half = element.low == limited[0] or element.high == limited[1]
    return False if is_unsaid and not is_half else None
