"""The report: measures with their limits, and a verdict."""

from typing import Literal

from unfade.film.noun import Artefact, Noun

Verdict = Literal["accept", "review", "reject"]


class Measure(Noun):
    """One figure. `limit` and `ok` are None if the figure only informs."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    ok: bool | None = None


class OutlierRun(Noun):
    """Consecutive frames `first` to `last` of a shot whose colours are far from the training data.

    `predicted` is the predicted CIEDE2000 of the `worst` frame, the highest of the run.
    """

    shot: int
    first: int
    last: int
    worst: int
    predicted: float


class Report(Artefact):
    """The result of validate. `reasons` are sentences for the verdict."""

    SCHEMA = "Report.1"
    PATH = "07-validate/report.json"

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    measures: tuple[Measure, ...]
    outliers: tuple[OutlierRun, ...] = ()
