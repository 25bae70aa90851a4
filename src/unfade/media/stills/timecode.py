"""Reads timecodes from still headers and finds jumps in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import OpenImageIO as oiio

from unfade.errors import MediaError
from unfade.film.clip import TimecodeJump
from unfade.film.damage import Damage
from unfade.film.time import (
    DROP_FRAME_RATE,
    MAX_TIMECODE_RATE,
    parse_timecode,
    timecode_after,
    timecode_base,
)
from unfade.project.settings import ClipSection

_DROP_FRAME_FLAG = 1 << 6
"""Bit of the first word of a timecode, packed as in SMPTE ST 12-1 for video."""

_UNSET_WORD = 0xFFFFFFFF
"""Timecode word of a header that has no timecode."""


def pack_timecode(text: str) -> int:
    """A timecode as a 32-bit word: two binary-coded decimal digits a byte, frames last."""
    digits = int(re.sub(r"\D", "", text), 16)
    return digits | (_DROP_FRAME_FLAG if text[8] == ";" else 0)


def unpack_timecode(word: int) -> str:
    """The timecode in a 32-bit word; flags other than drop frame are ignored.

    A damaged word gives digits above 9, which `parse_timecode` refuses.
    """
    hours, minutes, seconds, frames = (
        f"{word >> shift & mask:02x}"
        for shift, mask in ((24, 0x3F), (16, 0x7F), (8, 0x7F), (0, 0x3F))
    )
    return f"{hours}:{minutes}:{seconds}{';' if word & _DROP_FRAME_FLAG else ':'}{frames}"


def timecode_of(spec: oiio.ImageSpec) -> str | None:
    """The timecode in the header of a still, None if there is none."""
    words = spec.getattribute("smpte:TimeCode")
    return None if words is None or words[0] == _UNSET_WORD else unpack_timecode(words[0])


def usable_timecode(
    path: str, stored: str, rate: Fraction, *, rate_is_overruled: bool
) -> tuple[str | None, str | None]:
    """A timecode as it counts at a rate, and a remark if that differs from the file.

    The drop-frame flag is ignored at rates that have no drop frame.

    Raises:
        MediaError: the timecode does not exist at the rate, and the user set the rate.
    """
    remark = None
    if ":" not in stored[8:9] and rate != DROP_FRAME_RATE:
        remark = (
            f"{stored} is counted without drop frame, which does not exist at {rate} frames per "
            "second"
        )
        stored = f"{stored[:8]}:{stored[9:]}"
    try:
        parse_timecode(stored, rate)
    except ValueError as error:
        if rate_is_overruled:
            raise MediaError(
                f"{path}: its timecode is {stored}, but {error}; correct 'rate', or set 'timecode' "
                "to the right one or to 'none'"
            ) from error
        return None, f"a timecode is left out: {error}"
    return stored, remark


def checked_timecode(path: str, timecode: str, rate: Fraction) -> str:
    """The timecode that film.toml sets for a clip.

    Raises:
        MediaError: it does not exist at the clip's rate.
    """
    try:
        parse_timecode(timecode, rate)
    except ValueError as error:
        raise MediaError(
            f"{path}: 'timecode' is {timecode}, but {error}; correct 'timecode' or 'rate'"
        ) from error
    return timecode


@dataclass(frozen=True)
class TimecodeRuns:
    """The timecode of the first frame, the frames at which it jumps, and remarks for the user."""

    start: str | None
    jumps: tuple[TimecodeJump, ...] = ()
    remarks: tuple[str, ...] = ()


def timecode_runs(
    files: Sequence[str],
    stored: Sequence[str | None],
    first: int,
    rate: Fraction,
    section: ClipSection,
    damage: Damage,
    *,
    rate_is_overruled: bool,
) -> TimecodeRuns:
    """The timecodes of a sequence, one from each file.

    If all undamaged files hold the same timecode, it is that of the first frame. A frame without
    timecode gets the count between its neighbours if they are consecutive across the gap, and none
    otherwise.

    Args:
        files: of all frames, in order.
        stored: the timecode in each file.
        first: number of the first frame.
        rate: in frames per second.
        section: of film.toml; its timecode overrules the files.
        damage: the frames whose files are not read.
        rate_is_overruled: whether the user set `rate` in place of the files' own.

    Raises:
        MediaError: a timecode does not exist at the rate of film.toml.
    """
    if section.timecode == "none" or timecode_base(rate) > MAX_TIMECODE_RATE:
        return TimecodeRuns(None)
    if section.timecode != "auto":
        return TimecodeRuns(checked_timecode(files[0], section.timecode, rate))
    usable, remarks = _usable(files, stored, rate, rate_is_overruled)
    of_good = [timecode for frame, timecode in enumerate(usable, first) if frame not in damage]
    timecode = of_good[0]
    if len(of_good) > 1 and timecode is not None and of_good.count(timecode) == len(of_good):
        remark = f"timecode {timecode} is in all files; it is taken as that of the first frame"
        return TimecodeRuns(timecode, (), (*remarks, remark))
    known = _with_gaps_filled(usable, rate)
    jumps = tuple(
        TimecodeJump(frame=first + k, timecode=known[k])
        for k in range(1, len(known))
        if known[k] != _next(known[k - 1], rate)
    )
    return TimecodeRuns(known[0], jumps, (*remarks, *_remarks(jumps, known, first)))


def _usable(
    files: Sequence[str], stored: Sequence[str | None], rate: Fraction, overruled: bool
) -> tuple[list[str | None], tuple[str, ...]]:
    """Timecodes as they count at the rate, and the first remark on them with the number of
    remarks."""
    usable: list[str | None] = []
    remarks: list[str] = []
    for file, text in zip(files, stored, strict=True):
        timecode, remark = None, None
        if text is not None:
            timecode, remark = usable_timecode(file, text, rate, rate_is_overruled=overruled)
        usable.append(timecode)
        remarks += [remark] if remark else []
    counted = f" ({len(remarks)} frames)" if len(remarks) > 1 else ""
    return usable, tuple(f"{remark}{counted}" for remark in remarks[:1])


def _next(timecode: str | None, rate: Fraction) -> str | None:
    return None if timecode is None else timecode_after(timecode, 1, rate)


def _with_gaps_filled(stored: Sequence[str | None], rate: Fraction) -> list[str | None]:
    """Frames without timecode get the count between their neighbours if these are consecutive."""
    filled = list(stored)
    known_indices = [k for k, timecode in enumerate(stored) if timecode is not None]
    for before, after in pairwise(known_indices):
        start = stored[before]
        if start is not None and timecode_after(start, after - before, rate) == stored[after]:
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
            f"number of timecode jumps: {len(jumped)}, the first at frame {jumped[0].frame} with "
            f"{jumped[0].timecode}; each frame keeps the timecode of its own file"
        )
    if missing and len(missing) < len(known):
        remarks.append(
            f"no timecode in the files of {len(missing)} of {len(known)} frames, the first is "
            f"frame {missing[0]}; their masters get none"
        )
    return tuple(remarks)
