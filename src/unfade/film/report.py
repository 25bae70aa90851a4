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


class Report(Artefact):
    """The result of validate. `reasons` are sentences for the verdict."""

    SCHEMA = "Report.1"
    PATH = "07-validate/report.json"

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    measures: tuple[Measure, ...]
    outliers: tuple[OutlierRun, ...] = ()
