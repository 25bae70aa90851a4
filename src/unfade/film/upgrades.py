"""Upgrades of artefacts: how the fields of an earlier schema become those of the next one.

An upgrade stands here if what is new can be told from the old: a fact that the earlier version did
not know of, and of which there was none. The others are made again by the stage that wrote them,
because they lack something that only the pictures tell: the names of references (Clips.1,
MatchRecord.1, PairList.1, Alignments.2, Targets.1), the share of colours beyond all pairs
(Rendering.1), contents of inputs (Receipt.1), what was carried of a reference (TrainedModel.1).
"""

from collections.abc import Callable
from typing import Any

Fields = dict[str, Any]
"""The fields of an artefact as stored, without its schema."""


def _with_damage(fields: Fields) -> Fields:
    """Clips: a damaged frame was an error, so that every frame of a clip was good."""
    return fields


def _without_carried_colour(fields: Fields) -> Fields:
    """Targets: no colour was carried to frames without a pair."""
    return fields | {"between": None}


def _by_networks(fields: Fields) -> Fields:
    """TrainedModel: all shots got the colour of the networks."""
    return fields | {"methods": {"film": {"method": "networks", "chosen_by": "default"}}}


def _without_decision(fields: Fields) -> Fields:
    """Delivery: no decision of a person was on record."""
    return fields | {"decision": None}


def _without_notes(fields: Fields) -> Fields:
    """Provenance: neither dismissals nor bookmarks went into a bag."""
    return fields | {"people": fields["people"] | {"dismissals": [], "bookmarks": []}}


def _without_focal_points(fields: Fields) -> Fields:
    """Provenance: no frame was constructed from focal points."""
    return fields | {"pairs": [pair | {"focal_points": []} for pair in fields["pairs"]]}


def _in_columns(fields: Fields) -> Fields:
    """Receipt: the facts of each output file stood together."""
    files = fields["outputs"]
    return fields | {
        "outputs": {
            "names": list(files),
            "sizes": [one["size"] for one in files.values()],
            "mtimes_ns": [one["mtime_ns"] for one in files.values()],
            "sha256": {name: one["sha256"] for name, one in files.items() if one["sha256"]},
        }
    }


UPGRADES: dict[str, tuple[str, Callable[[Fields], Fields]]] = {
    "Clips.2": ("Clips.3", _with_damage),
    "Targets.2": ("Targets.3", _without_carried_colour),
    "TrainedModel.2": ("TrainedModel.3", _by_networks),
    "Delivery.1": ("Delivery.2", _without_decision),
    "Receipt.2": ("Receipt.3", _in_columns),
    "Provenance.1": ("Provenance.2", _without_notes),
    "Provenance.2": ("Provenance.3", _without_focal_points),
}
"""The next schema, and the fields in it, by each earlier schema that can be upgraded."""


def upgraded(schema: object, fields: Fields, wanted: str) -> tuple[object, Fields]:
    """The newest schema, up to the one that is wanted, to which fields can be upgraded, and the
    fields in it.

    Raises:
        ValueError: a field is missing, or is of another kind.
    """
    while isinstance(schema, str) and schema != wanted and schema in UPGRADES:
        schema, upgrade = UPGRADES[schema]
        try:
            fields = upgrade(fields)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"a value that {wanted} needs is missing ({error})") from error
    return schema, fields
