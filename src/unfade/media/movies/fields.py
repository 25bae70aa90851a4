"""Detects the field structure of a movie.

Each movie consists of one or more of four materials: progressive frames, video with the top field
first, video with the bottom field first, and film in fields (pull-down of any cadence, or fields
out of phase). Each frame gets its own verdict (`CombEnergies.verdict`). Dynamic programming
(Viterbi) then finds the most likely material of each frame over the whole movie; a departure from
what the header says has the highest cost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unfade.film.clip import FieldOrder
from unfade.media.movies.combing import FieldMeter

HeaderFields = Literal["progressive", "top", "bottom", "interlaced", "unknown"]
"""Field structure that a movie's header claims; "interlaced" does not name the first field."""

_PROGRESSIVE, _TOP, _BOTTOM, _FILM = range(4)
"""Materials: rows of `_VERDICT_PROBABILITIES`."""

_VERDICTS = "stbTBopnPN"
"""Letters of `CombEnergies.verdict` for moving frames: columns of `_VERDICT_PROBABILITIES`."""

_VERDICT_PROBABILITIES = np.array(
    [
        [0.70, 0.14, 0.14, 0.004, 0.004, 0.003, 0.003, 0.003, 0.0015, 0.0015],
        [0.08, 0.28, 0.02, 0.42, 0.03, 0.10, 0.03, 0.02, 0.01, 0.01],
        [0.08, 0.02, 0.28, 0.03, 0.42, 0.10, 0.02, 0.03, 0.01, 0.01],
        [0.40, 0.08, 0.08, 0.02, 0.02, 0.02, 0.07, 0.07, 0.12, 0.12],
    ]
)
"""Probability of each verdict (column) for a moving frame of each material (row), from counts of
`benchmarks/fields.py` on its development clips. None of their 380 progressive frames had one of
the last five verdicts; animation on twos alternates between "t" and "b"."""

_LEAVE_COST_NATS: Mapping[HeaderFields, float] = {
    "progressive": 30.0,
    "unknown": 18.0,
    "top": 14.0,
    "bottom": 14.0,
    "interlaced": 14.0,
}
"""Cost in nats of a change from progressive to another material, by the header's claim. A frame
that clearly combs gains 4 to 5 nats and a frame that fits as stored loses 1 to 2, so seven combing
frames in a row outweigh a progressive header and three are enough under an interlaced one."""

_RETURN_COST_NATS = 6.0
"""Cost in nats of a change back to progressive; lower than the cost to leave it, because to
deinterlace progressive frames does more harm."""

_MIN_MEAN_SCORE = 0.05
"""Mean `top_first_score` in nats, below which the header and not the pictures names the first
field."""

_VIDEO_MIN_MOVING_SHARE = 2 / 3
"""Share of moving frames that are video, above which the whole movie is deinterlaced."""

_VIDEO_MIN_TOTAL_SHARE = 1 / 4
"""Share of all frames that are video, above which the whole movie is deinterlaced where the header
does not say interlaced; with fewer, only single frames are changed, because deinterlacing costs the
others lines."""

_OVERRULE_MIN_FRAMES = 16
"""Number of frames that must be non-progressive to overrule a header that says progressive: to
deinterlace a progressive scan does more harm than to leave video as it is stored."""

_OVERRULE_MIN_MOVING_SHARE = 1 / 3
"""Share of the moving frames that must be non-progressive to overrule it."""

_OVERRULE_MIN_TOTAL_SHARE = 1 / 10
"""Share of all frames that must be non-progressive to overrule it."""

_HINT_MIN_MOVING_SHARE = 1 / 4
"""Share of moving frames that comb, above which the message names the key that overrules the
header."""

_TIE_VERDICTS = "tb"
"""Verdicts of two equal weaves without combing. They count as video only where the header says
interlaced, because a progressive title that rolls by two lines a frame gives the same verdicts."""

_ORDER_MIN_FRAMES = 8
"""Number of moving frames that must show the same first field for a movie to be video although
nothing combs, if its header says interlaced. Grain and DVD quantisation hide the combing of video
but not the order of its fields; progressive frames show both orders equally."""

_ORDER_MIN_SHARE = 0.3
"""Share of all moving frames that must show this first field."""

_ORDER_MIN_HALF_SHARE = 0.2
"""Share of the moving frames in each half of the movie that must show it; one shot cannot decide
alone."""

_ORDER_MIN_PURITY = 0.9
"""Share of the frames with either field order that must show it."""

_ORDER_MAX_FILM_SHARE = 0.15
"""Largest share of moving frames that may fit a neighbour, as film in fields does."""


@dataclass(frozen=True)
class DetectedFields:
    """The field structure of a movie, which determines how its frames are read.

    `weave` has one letter of `Cadence` for each frame; `evidence` gives the reason in words.
    """

    fields: FieldOrder
    weave: str
    evidence: str


def header_fields(field_order: int, interlaced: int, frames: int) -> HeaderFields:
    """The field structure that the header claims.

    Args:
        field_order: of the stream, as FFmpeg's `AVFieldOrder`: 1 is progressive; 2 and 5 show the
            top field first, 3 and 4 the bottom field.
        interlaced: number of frames that are flagged as interlaced.
        frames: number of all frames.
    """
    if 2 * interlaced > frames:
        orders: dict[int, HeaderFields] = {2: "top", 5: "top", 3: "bottom", 4: "bottom"}
        return orders.get(field_order, "interlaced")
    return "progressive" if field_order == 1 else "unknown"


def detect_fields(meter: FieldMeter, header: HeaderFields) -> DetectedFields:
    """The field structure of a movie whose frames have all been added to the meter."""
    meter.finish()
    verdicts = meter.verdicts
    moving = np.array([frame for frame, letter in enumerate(verdicts) if letter != "-"], np.intp)
    header_phrase = _header_phrase(header)
    inner = moving[(moving > 0) & (moving < len(verdicts) - 1)]
    if not len(inner):
        evidence = f"no frame moves, so its fields cannot be compared{header_phrase}"
        return DetectedFields("progressive", "s" * len(verdicts), evidence)
    materials = _likely_materials(_observations(verdicts, inner, header), header)
    if header == "progressive" and not _overrules_header(materials, len(verdicts)):
        return _as_stored(
            verdicts, inner, header_phrase, not_progressive=int(np.count_nonzero(materials))
        )
    video = (materials == _TOP) | (materials == _BOTTOM)
    if video.mean() > _VIDEO_MIN_MOVING_SHARE and (
        header not in ("progressive", "unknown")
        or video.sum() > _VIDEO_MIN_TOTAL_SHARE * len(verdicts)
    ):
        order = _field_order(meter.top_first_scores[inner[video]], header)
        evidence = (
            f"{video.sum()} of {len(inner)} moving frames comb as stored and fit no neighbour"
            f"{header_phrase}"
        )
        return DetectedFields(order, "s" * len(verdicts), evidence)
    consistent = _consistent_order([verdicts[frame] for frame in inner], header)
    if consistent is not None:
        order, agreeing = consistent
        evidence = (
            f"{agreeing} of {len(inner)} moving frames show the {order} field first{header_phrase}"
        )
        return DetectedFields(order, "s" * len(verdicts), evidence)
    weave = _weave(verdicts, inner, materials)
    if set(weave) == {"s"}:
        return _as_stored(verdicts, inner, header_phrase, not_progressive=0)
    return DetectedFields(
        "film", weave, _film_evidence([weave[frame] for frame in inner]) + header_phrase
    )


def _consistent_order(letters: list[str], header: HeaderFields) -> tuple[FieldOrder, int] | None:
    """The first field of video under a header that says interlaced, and the number of moving frames
    that show it. None if the frames do not agree on one order."""
    if header in ("progressive", "unknown"):
        return None
    top, bottom, film = (
        sum(letter in group for letter in letters) for group in ("tT", "bB", "pnPN")
    )
    is_top = top > bottom if header == "interlaced" else header == "top"
    agreeing, order_verdicts = (top, "tT") if is_top else (bottom, "bB")
    halves = letters[: len(letters) // 2], letters[len(letters) // 2 :]
    is_video = (
        agreeing >= max(_ORDER_MIN_FRAMES, _ORDER_MIN_SHARE * len(letters))
        and all(
            sum(letter in order_verdicts for letter in half) >= _ORDER_MIN_HALF_SHARE * len(half)
            for half in halves
        )
        and agreeing >= _ORDER_MIN_PURITY * (top + bottom)
        and film <= _ORDER_MAX_FILM_SHARE * len(letters)
    )
    return ("top" if is_top else "bottom", agreeing) if is_video else None


def _overrules_header(materials: NDArray[np.intp], frames: int) -> bool:
    min_frames = max(
        _OVERRULE_MIN_FRAMES,
        _OVERRULE_MIN_MOVING_SHARE * len(materials),
        _OVERRULE_MIN_TOTAL_SHARE * frames,
    )
    return bool(np.count_nonzero(materials) >= min_frames)


def _as_stored(
    verdicts: str, moving: NDArray[np.intp], header_phrase: str, not_progressive: int
) -> DetectedFields:
    """A movie that is left as it is stored, because the header outweighs the pictures.
    `not_progressive` is the number of moving frames whose most likely material is not
    progressive."""
    combing = max(not_progressive, sum(verdicts[frame] not in "stb" for frame in moving))
    evidence = f"{combing} of {len(moving)} moving frames comb"
    if combing:
        is_hinted = combing > _HINT_MIN_MOVING_SHARE * len(moving)
        evidence += (
            ", not clearly enough to change them" if is_hinted else ", too few to change them"
        )
        if is_hinted:
            header_phrase += "; if it is interlaced video, set fields = 'top' for it in film.toml"
    return DetectedFields("progressive", "s" * len(verdicts), evidence + header_phrase)


def _header_phrase(header: HeaderFields) -> str:
    words = {
        "progressive": "; its header says progressive",
        "top": "; its header says interlaced, top field first",
        "bottom": "; its header says interlaced, bottom field first",
        "interlaced": "; its header says interlaced",
    }
    return words.get(header, "")


def _film_evidence(letters: list[str]) -> str:
    """The number of moving frames by where their bottom field comes from. `letters` are their
    weaves."""
    before, after, unmatched = (letters.count(letter) for letter in "pnx")
    return (
        f"of {len(letters)} moving frames {before} match the bottom field of the frame before, "
        f"{after} that of the frame after, {unmatched} none"
    )


def _likely_materials(letters: list[str], header: HeaderFields) -> NDArray[np.intp]:
    """The most likely material of each moving frame, as a row of `_VERDICT_PROBABILITIES`."""
    gains = _log_likelihoods(header)[:, [_VERDICTS.index(letter) for letter in letters]].T
    costs = np.full(
        (len(_VERDICT_PROBABILITIES), len(_VERDICT_PROBABILITIES)), _LEAVE_COST_NATS[header]
    )
    costs[:, 0] = _RETURN_COST_NATS
    np.fill_diagonal(costs, 0.0)
    score = gains[0] - costs[0]
    back_pointers = np.empty((len(letters), len(_VERDICT_PROBABILITIES)), np.int8)
    for step, gain in enumerate(gains[1:], 1):
        scores = score[:, None] - costs
        back_pointers[step] = scores.argmax(axis=0)
        score = scores.max(axis=0) + gain
    materials = np.empty(len(letters), np.intp)
    materials[-1] = score.argmax()
    for step in range(len(letters) - 1, 0, -1):
        materials[step - 1] = back_pointers[step, materials[step]]
    return materials


def _log_likelihoods(header: HeaderFields) -> NDArray[np.float64]:
    """Log probability in nats of each verdict (columns) for each material (rows). Verdicts that the
    header does not accept as evidence of video gain nothing over progressive."""
    gains: NDArray[np.float64] = np.log(_VERDICT_PROBABILITIES)
    discounted = {"progressive": _TIE_VERDICTS + "o", "unknown": _TIE_VERDICTS}.get(header, "")
    for column in map(_VERDICTS.index, discounted):
        gains[:, column] = np.minimum(gains[:, column], gains[_PROGRESSIVE, column])
    return gains


def _observations(verdicts: str, moving: NDArray[np.intp], header: HeaderFields) -> list[str]:
    """The verdicts of the moving frames.

    Where the header says interlaced, the second of two equal ties in a row counts as combing: a
    frame that is shown twice ties with the one before once, and video does so in every frame.
    """
    letters = [(verdicts[frame], verdicts[frame - 1].lower()) for frame in moving.tolist()]
    if header in ("progressive", "unknown"):
        return [letter for letter, _ in letters]
    return [
        letter.upper() if letter in _TIE_VERDICTS and letter == before else letter
        for letter, before in letters
    ]


def _field_order(top_first_scores: NDArray[np.float32], header: HeaderFields) -> FieldOrder:
    top_first_score = float(top_first_scores.mean())
    if abs(top_first_score) < _MIN_MEAN_SCORE and header in ("top", "bottom"):
        return "top" if header == "top" else "bottom"
    return "top" if top_first_score >= 0 else "bottom"


def _weave(verdicts: str, moving: NDArray[np.intp], materials: NDArray[np.intp]) -> str:
    """The weave of each frame, from its verdict and the material of the nearest moving frame."""
    if not materials.any():
        return "s" * len(verdicts)
    frames = np.arange(len(verdicts))
    after = np.searchsorted(moving, frames).clip(0, len(moving) - 1)
    before = (after - 1).clip(0)
    nearer = np.abs(moving[before] - frames) <= np.abs(moving[after] - frames)
    material = materials[np.where(nearer, before, after)]
    return "".join(
        _weave_letter(verdicts, frame, int(material[frame]), moving, int(after[frame]))
        for frame in frames.tolist()
    )


def _weave_letter(
    verdicts: str, frame: int, material: int, moving: NDArray[np.intp], after: int
) -> str:
    verdict = verdicts[frame]
    if material == _PROGRESSIVE:
        return "s"
    if verdict == "-":
        neighbours = {verdicts[near].lower() for near in moving[max(0, after - 2) : after + 2]}
        return neighbours.pop() if len(neighbours) == 1 and neighbours <= {"p", "n"} else "s"
    if verdict in "TBo":
        return "x"
    return verdict.lower() if verdict in "pnPN" else "s"
