"""Builds the provenance record of a delivery."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from unfade.deliver.content import DeliveryContent
from unfade.film.clip import Clip
from unfade.film.model import TrainedModel
from unfade.film.provenance import (
    DIGITAL_SOURCE_TYPE,
    PROVENANCE_FILE,
    RECOVERY,
    Provenance,
    ProvenanceElement,
    ProvenanceModel,
    ProvenancePair,
    ProvenancePeople,
)
from unfade.film.used_frames import UsedFrames, UsedPair
from unfade.report.figures import file_name
from unfade.work.software import software_versions

PROVENANCE_SCHEMA = "provenance.schema.json"
"""Name, in a bag, of the file with the schema of the provenance."""


def provenance_texts(
    delivered: DeliveryContent,
    used: UsedFrames,
    settings: Mapping[str, Any],
    files: Mapping[str, str],
) -> dict[str, str]:
    """The provenance and its schema, by name of the file; the arguments are those of
    `provenance`."""
    record = provenance(delivered, used, settings, files)
    schema = json.dumps(Provenance.json_schema(), indent=2, ensure_ascii=False)
    return {PROVENANCE_FILE: record.to_json(), PROVENANCE_SCHEMA: schema + "\n"}


def provenance(
    delivered: DeliveryContent,
    used: UsedFrames,
    settings: Mapping[str, Any],
    files: Mapping[str, str],
) -> Provenance:
    """The record of a delivery.

    Args:
        delivered: its content.
        used: the frames of pairs, in order of their source frames.
        settings: of film.toml, as they are delivered.
        files: SHA-256 of the payload's files, by path.
    """
    rendering, report = delivered.rendering, delivered.report
    deliver = delivered.project.deliver
    frames = [frame.frame for frame in rendering.frames]
    return Provenance(
        film=delivered.project.film.title,
        version=rendering.version,
        first=min(frames),
        last=max(frames),
        date=delivered.date,
        digital_source_type=DIGITAL_SOURCE_TYPE,
        recovery=RECOVERY,
        verdict=report.verdict,
        reasons=report.reasons,
        people=ProvenancePeople(
            institution=deliver.institution,
            restorationist=deliver.restorationist,
            decisions=delivered.approvals.decisions,
            dismissals=delivered.dismissals.entries,
            bookmarks=delivered.bookmarks.marks,
        ),
        software=software_versions(),
        elements=tuple(_elements(delivered)),
        pairs=tuple(_pairs(delivered, used)),
        series=delivered.model.series,
        carried=used.between,
        model=_model(delivered.model),
        settings=dict(settings),
        masters_sha256=rendering.masters_sha256(),
        files=dict(sorted(files.items())),
    )


def _model(model: TrainedModel) -> ProvenanceModel:
    return ProvenanceModel(
        id=model.id,
        size=model.size,
        parameters=model.parameters,
        steps=model.steps,
        step=model.step,
        best_step=model.best_step,
        started_from=model.started_from,
    )


def _elements(delivered: DeliveryContent) -> Iterator[ProvenanceElement]:
    yield _element("faded scan", delivered.clips.source)
    for name, clip in delivered.clips.references.items():
        yield _element(f"reference {name}", clip)


def _element(role: str, clip: Clip) -> ProvenanceElement:
    return ProvenanceElement(
        role=role,
        file=file_name(clip.path),
        first=clip.frames.first,
        last=clip.frames.last,
        rate=str(clip.rate),
        width=clip.width,
        height=clip.height,
        colorspace=clip.colorspace,
    )


def _pairs(delivered: DeliveryContent, used: UsedFrames) -> Iterator[ProvenancePair]:
    """The admitted pairs of which frames are listed, in order of their source frames."""
    frames: dict[int | None, UsedPair] = {one.source.frame: one for one in used.pairs}
    for alignment in sorted(delivered.alignments.admitted, key=lambda one: one.pair.source):
        pair = alignment.pair
        assumed = delivered.assumptions.get(pair.source)
        yield ProvenancePair(
            shot=pair.shot,
            role=pair.role,
            kind=pair.kind,
            chosen_by=pair.chosen_by,
            of=pair.of,
            source=frames[pair.source].source,
            reference=frames[pair.source].reference,
            transform=alignment.kind,
            matrix=alignment.matrix,
            is_warped=alignment.warp is not None,
            residual=alignment.residual,
            points_residual=alignment.points_residual,
            focal_points=assumed.points if assumed else (),
        )
