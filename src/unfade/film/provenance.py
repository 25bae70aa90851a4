"""The provenance of a delivery: who made it, from what, with what, by which settings."""

from typing import Any

from pydantic import Field

from unfade.film.alignment import AlignmentKind, Matrix
from unfade.film.approval import Approval
from unfade.film.assumptions import AssumedPoint
from unfade.film.bookmark import Bookmark
from unfade.film.dismissal import Dismissal
from unfade.film.noun import Artefact, Noun
from unfade.film.pair import ChosenBy, PairKind, PairRole
from unfade.film.report import Verdict
from unfade.film.series import SeriesFilm
from unfade.film.used_frames import UsedFrame

DIGITAL_SOURCE_TYPE = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)
"""Digital source type of the IPTC: a composite with parts that a trained model generated."""

RECOVERY = "chroma: luma of the source, predicted chroma"
"""What was done to the picture, as masters and bags say it."""

PROVENANCE_FILE = "provenance.json"
"""Name of the record in the payload of a bag."""


class ProvenancePair(Noun):
    """A pair that was used, its frames, and how the reference lies on the scan.

    `transform` and `matrix` are as in alignments.json, which has the displacement field, too, if
    `is_warped`. `residual` is the median displacement that remains, in pixels of the scan;
    `points_residual` is the root mean square distance of control points placed by hand, if there
    are any. `focal_points` are what the colour of a constructed frame was derived from.
    """

    shot: int
    role: PairRole
    kind: PairKind
    chosen_by: ChosenBy
    of: str | None = Field(description="Name of the reference; null for a picture.")
    source: UsedFrame
    reference: UsedFrame
    transform: AlignmentKind
    matrix: Matrix
    is_warped: bool
    residual: float
    points_residual: float | None = None
    focal_points: tuple[AssumedPoint, ...]


class ProvenanceElement(Noun):
    """A clip that was read: the scan, or a reference. `file` is a name or a pattern."""

    role: str
    file: str
    first: int
    last: int
    rate: str = Field(description="Frames a second, as a fraction.")
    width: int
    height: int
    colorspace: str


class ProvenanceModel(Noun):
    """The model that gave the colour: its networks are those of `step`, which is `best_step` unless
    a person chose another checkpoint."""

    id: str
    size: str
    parameters: int
    steps: int
    step: int
    best_step: int
    started_from: str | None


class ProvenancePeople(Noun):
    """Who made the delivery, and what people put on record, oldest first: decisions on masters,
    outliers that they dismissed, and notes on frames."""

    institution: str
    restorationist: str
    decisions: tuple[Approval, ...]
    dismissals: tuple[Dismissal, ...]
    bookmarks: tuple[Bookmark, ...]


class Provenance(Artefact):
    """The record, in a bag, of how its masters were made.

    `settings` are those of film.toml, all with their values. `files` has the SHA-256, in
    hexadecimal, of the other files of the payload by path, masters included, except those that
    are written after it. `masters_sha256` is over names and checksums of all masters.
    """

    SCHEMA = "Provenance.3"
    PATH = PROVENANCE_FILE

    film: str
    version: int
    first: int
    last: int
    date: str = Field(description="Day of delivery, ISO 8601.")
    digital_source_type: str = Field(description="URI of the IPTC.")
    recovery: str = Field(description="What was kept, and what was predicted, in words.")
    verdict: Verdict
    reasons: tuple[str, ...]
    people: ProvenancePeople
    software: dict[str, str] = Field(description="Versions by name of package.")
    elements: tuple[ProvenanceElement, ...]
    pairs: tuple[ProvenancePair, ...]
    series: tuple[SeriesFilm, ...] = Field(
        default=(), description="Other films of the series whose pairs the model learned from."
    )
    carried: tuple[UsedFrame, ...] = Field(
        description="Frames of the scan without a pair that received the colour of pairs."
    )
    model: ProvenanceModel
    settings: dict[str, Any]
    masters_sha256: str
    files: dict[str, str]

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The schema of the file, as JSON Schema 2020-12."""
        schema = cls.model_json_schema(mode="serialization")
        name = {"const": cls.SCHEMA, "description": "Name and version of this schema."}
        properties = {"schema": name, **schema.pop("properties")}
        required = ["schema", *schema.pop("required")]
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": cls.SCHEMA,
            **{key: value for key, value in schema.items() if key != "title"},
            "required": required,
            "properties": properties,
        }
