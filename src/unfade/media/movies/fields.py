"""What the frames of a movie are woven of, and how they are woven anew.

Four materials are told apart: progressive pictures, video with the top field first, video with the
bottom field first, and film in fields (pulldown of any cadence, or fields out of phase). Each frame
has a verdict of its own (`Combing.verdict`); the most likely course of materials over the movie
follows from them by dynamic programming (Viterbi), where to leave what the header says costs most.
Film in fields gets its own fields back by field matching, without a line being made up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

from unfade.film.clip import FieldOrder
from unfade.media.movies.combing import FieldMeter
from unfade.media.movies.planes import plane_lines

Header = Literal["progressive", "top", "bottom", "interlaced", "unknown"]
"""What a file says of itself; "interlaced" without naming the first field."""

_PROGRESSIVE, _TOP, _BOTTOM, _FILM = range(4)
"""Materials: rows of `_CHANCES`."""
_VERDICTS = "stbTBopnPN"
_CHANCES = np.array(
    [
        [0.70, 0.14, 0.14, 0.004, 0.004, 0.003, 0.003, 0.003, 0.0015, 0.0015],
        [0.08, 0.28, 0.02, 0.42, 0.03, 0.10, 0.03, 0.02, 0.01, 0.01],
        [0.08, 0.02, 0.28, 0.03, 0.42, 0.10, 0.02, 0.03, 0.01, 0.01],
        [0.40, 0.08, 0.08, 0.02, 0.02, 0.02, 0.07, 0.07, 0.12, 0.12],
    ]
)
"""Chance of each verdict for a moving frame of each material. From counts of `benchmarks/fields.py`
on its clips for development, where no progressive frame of 380 had one of the last five; animation
on twos has "t" and "b" in turn."""

_PROGRESSIVE_HEADER, _NO_HEADER, _INTERLACED_HEADER = 30.0, 18.0, 14.0
"""Cost of taking frames for anything but progressive, in nats, by what the header says. A frame
that combs beyond doubt gains 4 to 5, a frame that fits as stored loses 1 to 2: seven such in a row
are overwhelming, three are enough where the header says the same."""
_BACK = 6.0
"""Cost of taking frames for progressive again, in nats."""
_DECIDED = 0.05
"""Mean leaning below which the header names the first field, not the pictures."""


_MOSTLY = 2 / 3
"""Share of moving frames that are video, above which the whole movie is deinterlaced."""
_MOSTLY_OF_ALL = 1 / 4
"""Share of all frames that are video, above which frames at rest are deinterlaced too where the
header does not say interlaced."""
_OVERWHELMING, _OVERWHELMING_MOVING, _OVERWHELMING_ALL = 16, 1 / 3, 1 / 10
"""Number of frames told to be no progressive ones, their share of moving frames and of all frames,
from which they overrule a header that says progressive."""
_STRONG = 1 / 4
"""Share of moving frames that comb, above which the way to overrule a header is said."""
_TIES = "tb"
"""Verdicts of fields that tie without combing. They count for video where the header says
interlaced; a progressive title that rolls by two lines a frame ties in the same way."""
_LEAN_LEAST, _LEAN_SHARE, _LEAN_HALF, _LEAN_PURE, _LEAN_FILM = 8, 0.3, 0.2, 0.9, 0.15
"""Under a header that says interlaced: least number of moving frames that lean to one field first,
their least share of all moving frames, of each half of them and of all that lean, and the greatest
share of frames that fit a neighbour as film does. Grain and the quantising of a DVD hide the
combing of video, but not its direction; progressive frames lean either way alike."""


@dataclass(frozen=True)
class FoundFields:
    """How a movie is to be read. `weave` has a letter of `Cadence` for each frame; `evidence` says
    in words why."""

    fields: FieldOrder
    weave: str
    evidence: str


def header_of(field_order: int, interlaced: int, frames: int) -> Header:
    """What the header says.

    Args:
        field_order: of the stream, by FFmpeg's `AVFieldOrder`: 1 progressive; 2 and 5 show the
            top field first, 3 and 4 the bottom field.
        interlaced: number of frames that are flagged as interlaced.
        frames: number of all frames.
    """
    if 2 * interlaced > frames:
        orders: dict[int, Header] = {2: "top", 5: "top", 3: "bottom", 4: "bottom"}
        return orders.get(field_order, "interlaced")
    return "progressive" if field_order == 1 else "unknown"


def find_fields(meter: FieldMeter, header: Header) -> FoundFields:
    """The materials of a movie whose frames have gone through the meter."""
    meter.finish()
    verdicts = meter.verdicts
    moving = np.array([place for place, letter in enumerate(verdicts) if letter != "-"], np.intp)
    said = _header_words(header)
    inner = moving[(moving > 0) & (moving < len(verdicts) - 1)]
    if not len(inner):
        evidence = f"nothing moves that would show otherwise{said}"
        return FoundFields("progressive", "s" * len(verdicts), evidence)
    course = _course(_heard(verdicts, inner, header), header)
    if header == "progressive" and not _overwhelms(course, len(verdicts)):
        return _as_stored(verdicts, inner, said, apart=int(np.count_nonzero(course)))
    video = (course == _TOP) | (course == _BOTTOM)
    if video.mean() > _MOSTLY and (
        header not in ("progressive", "unknown") or video.sum() > _MOSTLY_OF_ALL * len(verdicts)
    ):
        order = _first_field(meter.leanings[inner[video]], header)
        evidence = (
            f"{video.sum()} of {len(inner)} moving frames comb as stored and fit no neighbour{said}"
        )
        return FoundFields(order, "s" * len(verdicts), evidence)
    leaning = _leaning([verdicts[place] for place in inner], header)
    if leaning is not None:
        order, agreeing = leaning
        evidence = f"{agreeing} of {len(inner)} moving frames lean to the {order} field first{said}"
        return FoundFields(order, "s" * len(verdicts), evidence)
    weave = _letters(verdicts, inner, course)
    if set(weave) == {"s"}:
        return _as_stored(verdicts, inner, said, apart=0)
    return FoundFields("film", weave, _tally([weave[place] for place in inner]) + said)


def _leaning(letters: list[str], header: Header) -> tuple[FieldOrder, int] | None:
    """The field that video shows first under a header that says interlaced, and the number of
    moving frames that lean to it; none where they do not tell video."""
    if header in ("progressive", "unknown"):
        return None
    top, bottom, film = (sum(letter in one for letter in letters) for one in ("tT", "bB", "pnPN"))
    is_top = top > bottom if header == "interlaced" else header == "top"
    agreeing, leaners = (top, "tT") if is_top else (bottom, "bB")
    halves = letters[: len(letters) // 2], letters[len(letters) // 2 :]
    tells = (
        agreeing >= max(_LEAN_LEAST, _LEAN_SHARE * len(letters))
        and all(sum(one in leaners for one in half) >= _LEAN_HALF * len(half) for half in halves)
        and agreeing >= _LEAN_PURE * (top + bottom)
        and film <= _LEAN_FILM * len(letters)
    )
    return ("top" if is_top else "bottom", agreeing) if tells else None


def _overwhelms(course: NDArray[np.intp], frames: int) -> bool:
    least = max(_OVERWHELMING, _OVERWHELMING_MOVING * len(course), _OVERWHELMING_ALL * frames)
    return bool(np.count_nonzero(course) >= least)


def _as_stored(verdicts: str, moving: NDArray[np.intp], said: str, apart: int) -> FoundFields:
    """A movie that is left as it is stored. `apart` is the number of moving frames whose likeliest
    material is not progressive, and that the header outweighs."""
    combing = max(apart, sum(verdicts[place] not in "stb" for place in moving))
    evidence = f"{combing} of {len(moving)} moving frames comb"
    if combing:
        strong = combing > _STRONG * len(moving)
        evidence += ", not surely enough to change them" if strong else ", too few to change them"
        said += "; if they are fields, set fields = 'top' for it in film.toml" if strong else ""
    return FoundFields("progressive", "s" * len(verdicts), evidence + said)


def _header_words(header: Header) -> str:
    words = {
        "progressive": "; its header says progressive",
        "top": "; its header says interlaced, top field first",
        "bottom": "; its header says interlaced, bottom field first",
        "interlaced": "; its header says interlaced",
    }
    return words.get(header, "")


def _tally(letters: list[str]) -> str:
    """`letters` are those of the moving frames."""
    before, after, torn = (letters.count(letter) for letter in "pnx")
    return (
        f"of {len(letters)} moving frames {before} fit the bottom field of the frame before, "
        f"{after} that of the frame after, {torn} none"
    )


def _course(letters: list[str], header: Header) -> NDArray[np.intp]:
    """The most likely material of each moving frame, a row of `_CHANCES`."""
    gains = _gains(header)[:, [_VERDICTS.index(letter) for letter in letters]].T
    leave = {"progressive": _PROGRESSIVE_HEADER, "unknown": _NO_HEADER}.get(
        header, _INTERLACED_HEADER
    )
    costs = np.full((len(_CHANCES), len(_CHANCES)), leave)
    costs[:, 0] = _BACK
    np.fill_diagonal(costs, 0.0)
    score = gains[0] - costs[0]
    came_from = np.empty((len(letters), len(_CHANCES)), np.int8)
    for place, gain in enumerate(gains[1:], 1):
        ways = score[:, None] - costs
        came_from[place] = ways.argmax(axis=0)
        score = ways.max(axis=0) + gain
    course = np.empty(len(letters), np.intp)
    course[-1] = score.argmax()
    for place in range(len(letters) - 1, 0, -1):
        course[place - 1] = came_from[place, course[place]]
    return course


def _gains(header: Header) -> NDArray[np.float64]:
    """Of each material (rows) by each verdict, in nats. A verdict that the header does not let
    count for video gains nothing over progressive."""
    gains: NDArray[np.float64] = np.log(_CHANCES)
    mute = {"progressive": _TIES + "o", "unknown": _TIES}.get(header, "")
    for place in map(_VERDICTS.index, mute):
        gains[:, place] = np.minimum(gains[:, place], gains[_PROGRESSIVE, place])
    return gains


def _heard(verdicts: str, moving: NDArray[np.intp], header: Header) -> list[str]:
    """The verdicts of moving frames. Where the header says interlaced the second of two equal ties
    in a row counts as one that combs: a frame that is shown twice ties with the one before once,
    video does so for ever."""
    letters = [(verdicts[place], verdicts[place - 1].lower()) for place in moving.tolist()]
    if header in ("progressive", "unknown"):
        return [letter for letter, _ in letters]
    return [
        letter.upper() if letter in _TIES and letter == before else letter
        for letter, before in letters
    ]


def _first_field(leanings: NDArray[np.float32], header: Header) -> FieldOrder:
    leaning = float(leanings.mean())
    if abs(leaning) < _DECIDED and header in ("top", "bottom"):
        return "top" if header == "top" else "bottom"
    return "top" if leaning >= 0 else "bottom"


def _letters(verdicts: str, moving: NDArray[np.intp], course: NDArray[np.intp]) -> str:
    """The weave of each frame, by its verdict and the material around it."""
    if not course.any():
        return "s" * len(verdicts)
    places = np.arange(len(verdicts))
    after = np.searchsorted(moving, places).clip(0, len(moving) - 1)
    before = (after - 1).clip(0)
    nearer = np.abs(moving[before] - places) <= np.abs(moving[after] - places)
    material = course[np.where(nearer, before, after)]
    return "".join(
        _letter(verdicts, place, int(material[place]), moving, int(after[place]))
        for place in places.tolist()
    )


def _letter(verdicts: str, place: int, material: int, moving: NDArray[np.intp], after: int) -> str:
    verdict = verdicts[place]
    if material == _PROGRESSIVE:
        return "s"
    if verdict == "-":
        around = {verdicts[near].lower() for near in moving[max(0, after - 2) : after + 2]}
        return around.pop() if len(around) == 1 and around <= {"p", "n"} else "s"
    if verdict in "TBo":
        return "x"
    return verdict.lower() if verdict in "pnPN" else "s"


def rewoven(
    numbered: Iterable[tuple[int, av.VideoFrame]], weave: str, first: int
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames whose bottom fields are those that fit.

    Args:
        numbered: frames with their numbers, one following the other.
        weave: letters of `Cadence.weave`.
        first: the number of the frame that the first letter is of.
    """
    before: av.VideoFrame | None = None
    now: tuple[int, av.VideoFrame] | None = None
    for after in chain(numbered, (None,)):
        if now is not None:
            number, frame = now
            place = number - first
            letter = weave[place] if 0 <= place < len(weave) else "s"
            other = {"p": before, "n": after[1] if after is not None else None}.get(letter)
            yield number, _with_bottom(frame, other, alone=letter == "x")
            before = frame
        now = after


def _with_bottom(
    frame: av.VideoFrame, other: av.VideoFrame | None, *, alone: bool
) -> av.VideoFrame:
    """A frame with the bottom field of another; where its top field stands alone, with that field
    interpolated; else as it is."""
    if other is None and not alone:
        return frame
    woven = av.VideoFrame(frame.width, frame.height, frame.format.name)
    for index in range(len(frame.planes)):
        lines = plane_lines(frame, index)
        into = plane_lines(woven, index)
        into[0::2] = lines[0::2]
        into[1::2] = (
            _between(lines[0::2])[: len(into) // 2]
            if other is None
            else plane_lines(other, index)[1::2]
        )
    return woven


def _between(lines: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Lines (h, w), each the mean of one and the next."""
    below = np.concatenate([lines[1:], lines[-1:]])
    mean: NDArray[np.uint16] = ((lines.astype(np.int32) + below) // 2).astype(lines.dtype)
    return mean
