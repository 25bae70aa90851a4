"""Values that tests of several rooms make: small films, clips, jobs and a silent progress."""

from dataclasses import dataclass

from unfade.film.cadence import Cadence


@dataclass(frozen=True)
class Telecine:
    """A movie of fields: the film frame in the top and in the bottom field of each movie frame."""

    top: tuple[int, ...]
    bottom: tuple[int, ...]

    @classmethod
    def of(cls, field_counts: list[int], *, top_first: bool) -> "Telecine":
        """Each film frame is shown for a number of fields; a last odd field is left out."""
        fields = [frame for frame, count in enumerate(field_counts) for _ in range(count)]
        fields = fields[: len(fields) // 2 * 2]
        first, second = tuple(fields[0::2]), tuple(fields[1::2])
        return cls(first, second) if top_first else cls(second, first)

    def cadence(self) -> Cadence:
        """The cadence that belongs to the fields."""
        weave = "".join(self._weave(frame) for frame in range(len(self.top)))
        repeats = "".join(
            "r" if frame and self.top[frame] == self.top[frame - 1] else "."
            for frame in range(len(self.top))
        )
        return Cadence(weave=weave, repeats=repeats)

    def _weave(self, frame: int) -> str:
        for letter, other in (("s", frame), ("p", frame - 1), ("n", frame + 1)):
            if 0 <= other < len(self.bottom) and self.bottom[other] == self.top[frame]:
                return letter
        return "x"
