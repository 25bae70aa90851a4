"""Outliers that a person has looked at and finds right."""

from unfade.film.noun import Artefact, Noun
from unfade.film.outlier import OutlierKind, OutlierRun
from unfade.film.wording import frames_in_words, printable


class Dismissal(Noun):
    """A person's word that an outlier is no fault, or with `withdrawn` that it is one after all.

    It holds for outliers of `kind` whose frames all lie in `first` to `last` of `shot`. `date` is
    ISO 8601 with the time zone. `model_id` is that of the rendering that the person looked at.
    """

    kind: OutlierKind
    shot: int
    first: int
    last: int
    reason: str
    by: str
    date: str
    model_id: str
    withdrawn: bool = False

    def covers(self, run: OutlierRun) -> bool:
        """Whether it is about an outlier."""
        is_inside = self.first <= run.first and run.last <= self.last
        return is_inside and (self.kind, self.shot) == (run.kind, run.shot)

    @property
    def decision(self) -> str:
        """What the person decided."""
        return "opened again" if self.withdrawn else "dismissed"

    def frames_in_words(self) -> str:
        """The frames: ``"1012 to 1019"``, or one."""
        return frames_in_words(self.first, self.last)

    def in_words(self) -> str:
        """What was decided, by whom and why: "banding, shot 3, frames 10 to 12, dismissed by Ada
        Byron on 2026-11-30: fog"."""
        frames = "frame" if self.first == self.last else "frames"
        return printable(
            f"{self.kind}, shot {self.shot}, {frames} {self.frames_in_words()}, {self.decision} "
            f"by {self.by} on {self.date.partition('T')[0]}: {self.reason}"
        )


class Dismissals(Artefact):
    """All dismissals of a film, oldest first; none is ever removed.

    They change no figure and no verdict of the report, which a person approves or rejects.
    """

    SCHEMA = "Dismissals.1"
    PATH = "dismissals.json"

    entries: tuple[Dismissal, ...] = ()

    def of(self, run: OutlierRun) -> Dismissal | None:
        """The dismissal of an outlier; None if there is none, or if the newest is withdrawn."""
        newest = next((one for one in self.entries[::-1] if one.covers(run)), None)
        return newest if newest is not None and not newest.withdrawn else None
