"""Damaged frames: those of a sequence that are missing or cannot be used, and why."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Literal

from pydantic import model_validator

from unfade.errors import MediaError
from unfade.film.noun import Noun
from unfade.film.time import FrameRange
from unfade.film.wording import counted, frames_in_words

MAX_RANGES_NAMED = 10
"""Number of ranges of damaged frames that a sentence lists; it gives the number of frames in the
others."""

MAX_DAMAGED_SHARE = 0.5
"""Largest share of damaged frames in a sequence that is read at all: half, because a frame is also
damaged by differing from most. Numbers that are dates or that count several reels leave larger
gaps, which are no damage."""

DAMAGE_REMEDY = "restore the files, or set 'first' and 'last'"
"""What a person can do about damaged frames."""

DamageSetting = Literal["error", "hold", "skip"]
"""`source.damaged` of film.toml. "hold": a damaged frame shows the nearest earlier good frame, or a
later one at the start. "skip": it gets no master."""


class DamagedFrames(FrameRange):
    """Consecutive frames with the same fault: ``"missing"``, ``"cannot be read (...)"``."""

    fault: str

    def in_words(self) -> str:
        """The numbers and the fault: ``"105 to 108: missing"``."""
        return f"{frames_in_words(self.first, self.last)}: {self.fault}"


class Damage(Noun):
    """The damaged frames of a clip, ascending, and what is done about them."""

    frames: tuple[DamagedFrames, ...] = ()
    setting: DamageSetting = "error"

    @model_validator(mode="after")
    def _ascending(self) -> "Damage":
        for before, after in pairwise(self.frames):
            if after.first <= before.last:
                raise ValueError(f"damaged frame {after.first} does not follow frame {before.last}")
        return self

    def __len__(self) -> int:
        """Number of damaged frames."""
        return sum(map(len, self.frames))

    def __bool__(self) -> bool:
        return bool(self.frames)

    def __contains__(self, frame: object) -> bool:
        return isinstance(frame, int) and self._index(frame) is not None

    def fault_of(self, frame: int) -> str | None:
        """What is wrong with a frame; None if it is not damaged."""
        return self.frames[index].fault if (index := self._index(frame)) is not None else None

    def skipped(self, frames: Iterable[int]) -> "Damage":
        """Those of some frames, ascending, that get no master."""
        if self.setting != "skip":
            return Damage()
        faults = ((frame, self.fault_of(frame)) for frame in frames)
        skipped = ((frame, fault) for frame, fault in faults if fault is not None)
        return Damage(setting="skip").with_faults(skipped)

    def shown_frame(self, frame: int, first: int) -> int:
        """The frame whose picture a frame shows: its own, or that of the nearest earlier good frame
        if it is damaged; of the next good one if all frames from `first` on are damaged."""
        earlier, index = frame, self._index(frame)
        while index is not None:
            earlier = self.frames[index].first - 1
            index = self._index(earlier)
        if earlier >= first:
            return earlier
        while (index := self._index(frame)) is not None:
            frame = self.frames[index].last + 1
        return frame

    def with_faults(self, faults: Iterable[tuple[int, str]]) -> "Damage":
        """The damage with more frames: their numbers and faults, in any order.

        Raises:
            ValidationError: one of them is damaged already.
        """
        ranges = [DamagedFrames(first=frame, last=frame, fault=fault) for frame, fault in faults]
        return Damage(frames=tuple(_merged([*self.frames, *ranges])), setting=self.setting)

    def caveat(self) -> str:
        """What was done about the frames, in words; empty if there are none."""
        if not self:
            return ""
        done = {
            "hold": " that show the nearest good frame",
            "skip": " without a master",
            "error": "",
        }
        return f"damaged frames{done[self.setting]} ({self.in_words()})"

    def in_words(self) -> str:
        """The frames with their faults: ``"103: missing, 105 to 106: empty"``."""
        listed = [one.in_words() for one in self.frames[:MAX_RANGES_NAMED]]
        if rest := sum(map(len, islice(self.frames, MAX_RANGES_NAMED, None))):
            listed.append(f"and {rest} more")
        return ", ".join(listed)

    def message(self, path: str, frames: FrameRange, remedy: str) -> str:
        """The sentence of an error about a sequence that has these frames."""
        count = f"{len(self)} of {counted(len(frames), 'frame')}"
        return f"{path}: {count} cannot be used, {self.in_words()}; {remedy}"

    def check_share(self, path: str, frames: FrameRange) -> None:
        """
        Raises:
            MediaError: most frames of the sequence are damaged.
        """
        if len(self) > MAX_DAMAGED_SHARE * len(frames):
            raise MediaError(self.message(path, frames, DAMAGE_REMEDY))

    def _index(self, frame: int) -> int | None:
        """The index of the range that holds a frame."""
        index = bisect_right(self.frames, frame, key=lambda one: one.first) - 1
        return index if index >= 0 and frame in self.frames[index] else None


def missing_frames(existing: list[int], frames: FrameRange) -> Iterator[DamagedFrames]:
    """The gaps between frames that exist, ascending."""
    for before, after in pairwise([frames.first - 1, *existing, frames.last + 1]):
        if after > before + 1:
            yield DamagedFrames(first=before + 1, last=after - 1, fault="missing")


def _merged(ranges: list[DamagedFrames]) -> Iterator[DamagedFrames]:
    """Ranges in ascending order; adjacent ones with the same fault are one."""
    pending: DamagedFrames | None = None
    for one in sorted(ranges, key=lambda one: one.first):
        if pending is not None and (pending.last + 1, pending.fault) == (one.first, one.fault):
            pending = pending.model_copy(update={"last": one.last})
            continue
        if pending is not None:
            yield pending
        pending = one
    if pending is not None:
        yield pending
