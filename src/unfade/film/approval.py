"""The decisions of people on renderings."""

from typing import Literal

from unfade.film.noun import Artefact, Noun
from unfade.film.report import Verdict
from unfade.film.wording import printable

Decision = Literal["approved", "rejected"]


class Approval(Noun):
    """A person's decision on a rendering, and what it was decided on.

    `date` is ISO 8601 with the time zone. `verdict` is that of the report; `masters_sha256` is as
    of `Rendering`, `report_sha256` that of ``report.json``. `frames` counts the masters.
    """

    by: str
    decision: Decision
    date: str
    note: str = ""
    version: int
    frames: int
    model_id: str
    verdict: Verdict
    masters_sha256: str
    report_sha256: str

    def in_words(self) -> str:
        """Who decided what and when: "approved by Ada Byron on 2026-11-30: good skin"."""
        day = self.date.partition("T")[0]
        words = f"{self.decision} by {self.by} on {day}" + (f": {self.note}" if self.note else "")
        return printable(words)


class Approvals(Artefact):
    """All decisions on the renderings of a film, oldest first; none is ever removed."""

    SCHEMA = "Approvals.1"
    PATH = "approvals.json"

    decisions: tuple[Approval, ...] = ()

    def of(self, masters_sha256: str) -> Approval | None:
        """The newest decision on masters, by `Rendering.masters_sha256`; none if there is none."""
        decisions = self.decisions[::-1]
        return next((one for one in decisions if one.masters_sha256 == masters_sha256), None)

    def in_words(self, masters_sha256: str) -> str:
        """The decision on masters, or that there is none, and which older one there is."""
        decision = self.of(masters_sha256)
        if decision is not None:
            return decision.in_words()
        if not self.decisions:
            return "no person has decided on these masters"
        newest = self.decisions[-1]
        return (
            "no person has decided on these masters; older ones, version "
            f"{newest.version} by model {newest.model_id}, were {newest.in_words()}"
        )
