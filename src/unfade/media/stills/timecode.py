"""Timecodes as headers of pictures hold them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import OpenImageIO as oiio

from unfade.errors import MediaError
from unfade.film.clip import TimecodeJump
from unfade.film.time import (
    DROP_FRAME_RATE,
    MAX_TIMECODE_RATE,
    parse_timecode,
    timecode_after,
    timecode_base,
)
from unfade.project.settings import ClipSection

_DROP_FRAME = 1 << 6
"""Of the first word of a timecode, packed as SMPTE ST 12-1 packs it for video."""

_UNSET = 0xFFFFFFFF


def pack_timecode(text: str) -> int:
    """A timecode as a 32-bit word: two decimal digits a byte, frames last."""
    digits = int(re.sub(r"\D", "", text), 16)
    return digits | (_DROP_FRAME if text[8] == ";" else 0)


def unpack_timecode(word: int) -> str:
    """The timecode that a 32-bit word holds; the flags beside drop frame are left out.

    A damaged word holds digits above 9, which `parse_timecode` refuses.
    """
    hours, minutes, seconds, frames = (
        f"{word >> shift & mask:02x}"
        for shift, mask in ((24, 0x3F), (16, 0x7F), (8, 0x7F), (0, 0x3F))
    )
    return f"{hours}:{minutes}:{seconds}{';' if word & _DROP_FRAME else ':'}{frames}"


def timecode_of(spec: oiio.ImageSpec) -> str | None:
    """The timecode in the header of a still, none where there is none."""
    words = spec.getattribute("smpte:TimeCode")
    return None if words is None or words[0] == _UNSET else unpack_timecode(words[0])


def usable_timecode(
    path: str, found: str, rate: Fraction, *, rate_is_overruled: bool
) -> tuple[str | None, str | None]:
    """A timecode as it is counted at a rate, and a remark where it is not as the file has it.

    The flag of drop frame is ignored at rates that have no drop frame.

    Raises:
        MediaError: it does not exist at the rate, which a person has put in place of the file's.
    """
    remark = None
    if ":" not in found[8:9] and rate != DROP_FRAME_RATE:
        remark = f"{found} is counted without drop frame, which does not exist at {rate} a second"
        found = f"{found[:8]}:{found[9:]}"
    try:
        parse_timecode(found, rate)
    except ValueError as error:
        if rate_is_overruled:
            raise MediaError(
                f"{path}: its timecode is {found}, but {error}; correct 'rate', or set 'timecode' "
                "to the right one or to 'none'"
            ) from error
        return None, f"a timecode is left out: {error}"
    return found, remark


def said_timecode(path: str, said: str, rate: Fraction) -> str:
    """The timecode that film.toml gives a clip.

    Raises:
        MediaError: it does not exist at the clip's rate.
    """
    try:
        parse_timecode(said, rate)
    except ValueError as error:
        raise MediaError(
            f"{path}: 'timecode' is {said}, but {error}; correct 'timecode' or 'rate'"
        ) from error
    return said


@dataclass(frozen=True)
class TimecodeRuns:
    """The timecode of a first frame, where it does not count on, and what is to be said of it."""

    start: str | None
    jumps: tuple[TimecodeJump, ...] = ()
    remarks: tuple[str, ...] = ()


def timecode_runs(
    files: Sequence[str],
    found: Sequence[str | None],
    first: int,
    rate: Fraction,
    section: ClipSection,
    *,
    rate_is_overruled: bool,
) -> TimecodeRuns:
    """The timecodes of frames, each from its own file.

    If all files hold one timecode, it is that of the first frame. A frame without timecode gets
    the count between its neighbours if they are consecutive across the gap; otherwise none.

    Args:
        files: of all frames, in order.
        found: the timecode that each of them has.
        first: number of the first frame.
        rate: frames a second.
        section: what the project file says of the timecode.
        rate_is_overruled: whether a person has put `rate` in place of the files' own.

    Raises:
        MediaError: a timecode does not exist at the rate of film.toml.
    """
    if section.timecode == "none" or timecode_base(rate) > MAX_TIMECODE_RATE:
        return TimecodeRuns(None)
    if section.timecode != "auto":
        return TimecodeRuns(said_timecode(files[0], section.timecode, rate))
    usable, remarks = _usable(files, found, rate, rate_is_overruled)
    if len(usable) > 1 and len(set(usable)) == 1 and usable[0] is not None:
        remark = f"timecode {usable[0]} stands in all files; it is taken as that of the first frame"
        return TimecodeRuns(usable[0], (), (*remarks, remark))
    known = _with_gaps_filled(usable, rate)
    jumps = tuple(
        TimecodeJump(frame=first + k, timecode=known[k])
        for k in range(1, len(known))
        if known[k] != _next(known[k - 1], rate)
    )
    return TimecodeRuns(known[0], jumps, (*remarks, *_remarks(jumps, known, first)))


def _usable(
    files: Sequence[str], found: Sequence[str | None], rate: Fraction, overruled: bool
) -> tuple[list[str | None], tuple[str, ...]]:
    """Timecodes as they are counted, and the first remark on them with the number of all."""
    usable: list[str | None] = []
    remarks: list[str] = []
    for file, text in zip(files, found, strict=True):
        timecode, remark = None, None
        if text is not None:
            timecode, remark = usable_timecode(file, text, rate, rate_is_overruled=overruled)
        usable.append(timecode)
        remarks += [remark] if remark else []
    counted = f" ({len(remarks)} frames)" if len(remarks) > 1 else ""
    return usable, tuple(f"{remark}{counted}" for remark in remarks[:1])


def _next(timecode: str | None, rate: Fraction) -> str | None:
    return None if timecode is None else timecode_after(timecode, 1, rate)


def _with_gaps_filled(found: Sequence[str | None], rate: Fraction) -> list[str | None]:
    """Frames without timecode get that which lies between their neighbours, where these fit."""
    filled = list(found)
    places = [k for k, timecode in enumerate(found) if timecode is not None]
    for before, after in pairwise(places):
        start = found[before]
        if start is not None and timecode_after(start, after - before, rate) == found[after]:
            for k in range(before + 1, after):
                filled[k] = timecode_after(start, k - before, rate)
    return filled


def _remarks(
    jumps: Sequence[TimecodeJump], known: Sequence[str | None], first: int
) -> tuple[str, ...]:
    jumped = [jump for jump in jumps if jump.timecode is not None]
    missing = [first + k for k, timecode in enumerate(known) if timecode is None]
    remarks = []
    if jumped:
        remarks.append(
            f"timecode does not count on, places: {len(jumped)}, the first at frame "
            f"{jumped[0].frame} with {jumped[0].timecode}; each frame has that of its own file"
        )
    if missing and len(missing) < len(known):
        remarks.append(
            f"no timecode in the files of {len(missing)} of {len(known)} frames, the first is "
            f"{missing[0]}; their masters get none"
        )
    return tuple(remarks)
