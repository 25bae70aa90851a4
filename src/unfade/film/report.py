"""The report: measures with their limits, and a verdict."""

from typing import Literal

from unfade.film.noun import Artefact, Noun
from unfade.film.outlier import OutlierRun

Verdict = Literal["accept", "review", "reject"]


class Measure(Noun):
    """One figure. `limit` and `ok` are None if the figure only informs."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    ok: bool | None = None


class Diagnosis(Noun):
    """What is wrong with a film in general, the evidence in figures, and what to do, all in
    words."""

    problem: str
    evidence: str
    remedy: str


class Report(Artefact):
    """The result of validate. `reasons` are sentences for the verdict."""

    SCHEMA = "Report.1"
    PATH = "07-validate/report.json"

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    measures: tuple[Measure, ...]
    outliers: tuple[OutlierRun, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
