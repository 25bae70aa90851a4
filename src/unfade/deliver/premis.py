"""The events of a recovery as XML of PREMIS, for the systems of archives.

Source: PREMIS Data Dictionary for Preservation Metadata, version 3.0, and its XML schema; types of
events are terms of the Library of Congress (id.loc.gov/vocabulary/preservation/eventType).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from unfade.deliver.content import DeliveryContent
from unfade.film.approval import Approval
from unfade.film.bookmark import Bookmark
from unfade.film.clip import Clip
from unfade.film.dismissal import Dismissal
from unfade.film.rendering import Rendering
from unfade.report.figures import file_name

PREMIS = "premis.xml"
"""Name, in a bag, of the file."""

NAMESPACE = "http://www.loc.gov/premis/v3"
"""Namespace of PREMIS 3.0."""

PersonRecord = Approval | Dismissal | Bookmark
"""What a person put on record."""

_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_LOCAL = "local"
"""Type of identifiers that are unique within the file."""

_MASTERS, _SCAN, _SOFTWARE = "masters", "scan", "software"
"""Identifiers of objects and agents."""

STAGE_EVENTS = {
    "ingest": ("metadata extraction", "Facts about scan and references were read."),
    "curate": ("metadata extraction", "Pairs of frames of scan and references were chosen."),
    "align": ("metadata extraction", "References were laid on the scan, and pairs were judged."),
    "target": ("creation", "Ground truths of luma of the scan and chroma of pairs were built."),
    "train": ("creation", "A model that predicts chroma was trained on the pairs."),
    "render": ("creation", "Masters with luma of the scan and predicted chroma were written."),
    "validate": ("validation", "Masters were compared with scan and hold-out pairs."),
}
"""Type and detail of the event of each stage."""


MASTERS_ROLES = {"render": "outcome", "validate": "source"}
"""What the masters are in the events of stages."""


@dataclass(frozen=True)
class _Event:
    """An event; `outcome` may be empty, `objects` and `agents` have a role by identifier."""

    kind: str
    date: str
    detail: str
    outcome: str
    agents: Mapping[str, str]
    objects: Mapping[str, str]


def premis(delivered: DeliveryContent, done: Mapping[str, str], delivered_at: str) -> str:
    """The text of the file.

    Args:
        delivered: the content of the delivery.
        done: when each stage wrote its record, by its name: ISO 8601 with the time zone.
        delivered_at: the time of delivery, ISO 8601 with the time zone.
    """
    ElementTree.register_namespace("premis", NAMESPACE)
    root = ElementTree.Element(f"{{{NAMESPACE}}}premis", {"version": "3.0"})
    for one in _objects(delivered):
        root.append(one)
    for number, event in enumerate(_events(delivered, done, delivered_at), start=1):
        root.append(_event(number, event))
    for one in _agents(delivered):
        root.append(one)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _events(
    delivered: DeliveryContent, done: Mapping[str, str], delivered_at: str
) -> Iterator[_Event]:
    """The events of stages, people and delivery, in this order."""
    used = {_SCAN: "source"} | {_reference(name): "source" for name in delivered.clips.references}
    software = {_SOFTWARE: "executing program"}
    for stage, (kind, detail) in STAGE_EVENTS.items():
        if stage in done:
            outcome = delivered.report.verdict if stage == "validate" else ""
            objects = used | {_MASTERS: MASTERS_ROLES[stage]} if stage in MASTERS_ROLES else used
            yield _Event(kind, done[stage], detail, outcome, software, objects)
    for person, record in _people(delivered):
        detail, role, seen = _review(record, delivered.rendering)
        agents = {person: role} if record.by else {}
        yield _Event("quality review", record.date, detail, record.in_words(), agents, seen)
    detail = "Masters, model and records were packed with a SHA-256 of each file."
    kind, objects = "information package creation", {_MASTERS: "source"}
    yield _Event(kind, delivered_at, detail, "", software, objects)


def _people(delivered: DeliveryContent) -> Iterator[tuple[str, PersonRecord]]:
    """What people put on record, each with the identifier of the person."""
    records: tuple[PersonRecord, ...] = (
        *delivered.approvals.decisions,
        *delivered.dismissals.entries,
        *delivered.bookmarks.marks,
    )
    return ((f"person-{number}", record) for number, record in enumerate(records, start=1))


def _review(record: PersonRecord, rendering: Rendering) -> tuple[str, str, Mapping[str, str]]:
    """The detail of an event, the role of the person, and the objects."""
    these = {_MASTERS: "source"}
    if isinstance(record, Bookmark):
        return "A person set a bookmark on a frame.", "implementer", {_SCAN: "source"}
    if isinstance(record, Dismissal):
        objects = these if record.model_id == rendering.model_id else {}
        return "A person decided whether an outlier is a fault.", "authorizer", objects
    if record.masters_sha256 == rendering.masters_sha256():
        return "A person decided on these masters.", "authorizer", these
    return f"A person decided on other masters, of version {record.version}.", "authorizer", {}


def _objects(delivered: DeliveryContent) -> Iterator[ElementTree.Element]:
    frames, clips = delivered.rendering.frames, delivered.clips
    masters = {
        "masters": str(len(frames)),
        "SHA-256 over names and checksums of all masters": delivered.rendering.masters_sha256(),
        "colour space": delivered.rendering.colorspace,
    }
    yield _representation(_MASTERS, masters, delivered.name)
    yield _representation(_SCAN, _facts(clips.source), file_name(clips.source.path))
    for name, clip in clips.references.items():
        yield _representation(_reference(name), _facts(clip), file_name(clip.path))


def _facts(clip: Clip) -> dict[str, str]:
    frames = f"{clip.frames.first} to {clip.frames.last}"
    return {"frames": frames, "frames a second": str(clip.rate), "colour space": clip.colorspace}


def _representation(
    identifier: str, properties: Mapping[str, str], name: str
) -> ElementTree.Element:
    element = ElementTree.Element(f"{{{NAMESPACE}}}object", {_TYPE: "premis:representation"})
    _identifier(element, "objectIdentifier", identifier)
    for kind, value in properties.items():
        significant = _add(element, "significantProperties")
        _add(significant, "significantPropertiesType", kind)
        _add(significant, "significantPropertiesValue", value)
    _add(element, "originalName", name)
    return element


def _event(number: int, event: _Event) -> ElementTree.Element:
    element = ElementTree.Element(f"{{{NAMESPACE}}}event")
    _identifier(element, "eventIdentifier", f"event-{number}")
    _add(element, "eventType", event.kind)
    _add(element, "eventDateTime", event.date)
    _add(_add(element, "eventDetailInformation"), "eventDetail", event.detail)
    if event.outcome:
        _add(_add(element, "eventOutcomeInformation"), "eventOutcome", event.outcome)
    for kind, linked in (("Agent", event.agents), ("Object", event.objects)):
        for identifier, role in linked.items():
            link = _identifier(element, f"linking{kind}Identifier", identifier)
            _add(link, f"linking{kind}Role", role)
    return element


def _agents(delivered: DeliveryContent) -> Iterator[ElementTree.Element]:
    yield _agent(_SOFTWARE, delivered.software, "software")
    for person, record in _people(delivered):
        if record.by:
            yield _agent(person, record.by, "person")
    deliver = delivered.project.deliver
    for identifier, name, kind in (
        ("restorationist", deliver.restorationist, "person"),
        ("institution", deliver.institution, "organization"),
    ):
        if name:
            yield _agent(identifier, name, kind)


def _agent(identifier: str, name: str, kind: str) -> ElementTree.Element:
    element = ElementTree.Element(f"{{{NAMESPACE}}}agent")
    _identifier(element, "agentIdentifier", identifier)
    _add(element, "agentName", name)
    _add(element, "agentType", kind)
    return element


def _reference(name: str) -> str:
    return f"reference-{name}"


def _identifier(parent: ElementTree.Element, tag: str, value: str) -> ElementTree.Element:
    element = _add(parent, tag)
    _add(element, f"{tag}Type", _LOCAL)
    _add(element, f"{tag}Value", value)
    return element


def _add(parent: ElementTree.Element, tag: str, text: str | None = None) -> ElementTree.Element:
    """A child; characters that XML forbids are left out of its text."""
    element = ElementTree.SubElement(parent, f"{{{NAMESPACE}}}{tag}")
    if text is not None:
        element.text = "".join(one for one in text if _is_allowed(ord(one)))
    return element


def _is_allowed(code: int) -> bool:
    """Whether XML 1.0 allows a character."""
    return code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF
