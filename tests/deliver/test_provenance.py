"""Provenance, its published schema, the events of PREMIS, and film.toml in a bag."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from unfade.deliver import stage
from unfade.deliver.premis import NAMESPACE
from unfade.film.approval import Approval, Approvals
from unfade.film.bookmark import Bookmarks
from unfade.film.delivery import Delivery
from unfade.film.dismissal import Dismissals
from unfade.film.provenance import DIGITAL_SOURCE_TYPE, Provenance
from unfade.film.rendering import Rendering
from unfade.project.file import load_project
from unfade.project.settings import Project
from unfade.work.approvals import add_approval
from unfade.work.bookmarks import add_bookmark
from unfade.work.digest_cache import digest
from unfade.work.dismissals import add_dismissal
from unfade.work.job import Job

from ..fixtures import make_bookmark, make_dismissal
from .test_deliver_stage import validated_film

PUBLISHED = Path(__file__).parents[2] / "docs/provenance.schema.json"

CHILDREN = {
    "premis": ("object", "event", "agent"),
    "object": ("objectIdentifier", "significantProperties", "originalName"),
    "objectIdentifier": ("objectIdentifierType", "objectIdentifierValue"),
    "significantProperties": ("significantPropertiesType", "significantPropertiesValue"),
    "event": (
        "eventIdentifier",
        "eventType",
        "eventDateTime",
        "eventDetailInformation",
        "eventOutcomeInformation",
        "linkingAgentIdentifier",
        "linkingObjectIdentifier",
    ),
    "eventIdentifier": ("eventIdentifierType", "eventIdentifierValue"),
    "eventDetailInformation": ("eventDetail",),
    "eventOutcomeInformation": ("eventOutcome",),
    "linkingAgentIdentifier": (
        "linkingAgentIdentifierType",
        "linkingAgentIdentifierValue",
        "linkingAgentRole",
    ),
    "linkingObjectIdentifier": (
        "linkingObjectIdentifierType",
        "linkingObjectIdentifierValue",
        "linkingObjectRole",
    ),
    "agent": ("agentIdentifier", "agentName", "agentType"),
    "agentIdentifier": ("agentIdentifierType", "agentIdentifierValue"),
}
"""The elements that Unfade writes, in the order of the PREMIS Data Dictionary 3.0, which is that of
its schema."""


DISMISSAL = make_dismissal(reason="a <gate> &\x1b[2J", by="Grace & Co", model_id="0123456789ab")
BOOKMARK = make_bookmark(note="</script>\x07", by="")


def approval(job: Job) -> Approval:
    rendering = job.load(Rendering)
    return Approval(
        by="Ada \x07Byron",
        decision="approved",
        date="2026-11-30T12:00:00+01:00",
        note="skin & sky",
        version=2,
        frames=3,
        model_id=rendering.model_id,
        verdict="review",
        masters_sha256=rendering.masters_sha256(),
        report_sha256="0" * 64,
    )


@pytest.fixture(scope="module")
def job(shared_folder: Path) -> Job:
    """A validated film."""
    return validated_film(shared_folder)


@pytest.fixture(scope="module")
def data(job: Job) -> Path:
    """The payload of the delivery of an approved film with a bookmark and a dismissed outlier."""
    add_approval(job.root, approval(job))
    add_dismissal(job.root, DISMISSAL)
    add_bookmark(job.root, BOOKMARK)
    stage.run(job)
    return job.folder("deliver") / job.load(Delivery).bag / "data"


def test_provenance_names_people_elements_pairs_software_settings_and_files(
    job: Job, data: Path
) -> None:
    record = Provenance.from_json((data / "provenance.json").read_text(encoding="utf-8"))
    assert record.digital_source_type == DIGITAL_SOURCE_TYPE
    assert record.digital_source_type.startswith("http://cv.iptc.org/newscodes/digitalsourcetype/")
    people = record.people
    assert (people.institution, people.restorationist) == ("An\nArchive", "A Person")
    assert people.decisions == Approvals.from_json((data / "approvals.json").read_text()).decisions
    assert (people.dismissals, people.bookmarks) == ((DISMISSAL,), (BOOKMARK,))
    assert [one.file for one in record.elements] == ["scan.%04d.dpx"]
    (pair,) = record.pairs
    assert (pair.source.frame, pair.reference.file, pair.kind) == (2, "2.png", "constructed")
    assert (pair.transform, pair.focal_points) == ("identity", ())
    assert {"unfade", "torch", "python"} <= record.software.keys()
    assert record.settings["render"]["version"] == 1
    assert record.settings["source"]["path"] == "scan.%04d.dpx"
    later = {"provenance.json", "provenance.schema.json", "premis.xml", "README.txt"}
    present = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
    assert record.files.keys() == present - later
    assert all(digest(data / name) == sha256 for name, sha256 in record.files.items())
    assert record.masters_sha256 == job.load(Rendering).masters_sha256()


def test_provenance_fits_the_published_schema_and_a_changed_one_does_not(data: Path) -> None:
    schema = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert json.loads((data / "provenance.schema.json").read_text(encoding="utf-8")) == schema
    jsonschema.Draft202012Validator.check_schema(schema)
    record: dict[str, Any] = json.loads((data / "provenance.json").read_text(encoding="utf-8"))
    jsonschema.validate(record, schema)
    for change in (
        {"schema": "Provenance.2"},
        {"verdict": "fine"},
        {"people": {"institution": "x"}},
        {"colour": 1},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(record | change, schema)
    assert record.keys() - schema["required"] == {"series"}, "a record may lack it"
    for key in schema["required"]:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({k: v for k, v in record.items() if k != key}, schema)


def local(tag: str) -> str:
    return tag.removeprefix(f"{{{NAMESPACE}}}")


def test_events_have_the_elements_of_premis_in_their_order(data: Path) -> None:
    root = ElementTree.parse(data / "premis.xml").getroot()
    assert root.attrib == {"version": "3.0"}
    for element in root.iter():
        assert element.tag.startswith(f"{{{NAMESPACE}}}")
        order, children = CHILDREN.get(local(element.tag), ()), [local(one.tag) for one in element]
        assert sorted(children, key=order.index) == children
        required = [tag for tag in order if tag.endswith(("Type", "Value", "Identifier", "Time"))]
        if local(element.tag) not in ("event", "premis"):
            assert set(required) <= set(children)


def test_events_name_stages_and_decisions_and_link_to_what_exists(data: Path) -> None:
    root = ElementTree.parse(data / "premis.xml").getroot()
    names = {"p": NAMESPACE}
    kinds = [one.text for one in root.findall("p:event/p:eventType", names)]
    assert kinds[3:] == [
        "creation",
        "creation",
        "creation",
        "validation",
        *["quality review"] * 3,
        "information package creation",
    ]
    for kind in ("Agent", "Object"):
        path = f"p:{kind.lower()}/p:{kind.lower()}Identifier/p:{kind.lower()}IdentifierValue"
        existing = {one.text for one in root.findall(path, names)}
        value = f"p:event/p:linking{kind}Identifier/p:linking{kind}IdentifierValue"
        linked = {one.text for one in root.findall(value, names)}
        assert linked <= existing
    agents = [one.text for one in root.findall("p:agent/p:agentName", names)]
    assert agents[1:] == ["Ada Byron", "Grace & Co", "A Person", "An\nArchive"]
    outcomes = [one.text for one in root.findall(".//p:eventOutcome", names)]
    assert outcomes == [
        "review",
        "approved by Ada  Byron on 2026-11-30: skin & sky",
        "wrong colour, shot 1, frames 10 to 12, dismissed by Grace & Co on 2026-11-30: a <gate> & "
        "[2J",
        "frame 12, on 2026-11-30: </script> ",
    ]


def test_notes_of_people_are_in_note_and_files_of_the_bag(job: Job, data: Path) -> None:
    note = " ".join((data / "validation-note.txt").read_text(encoding="utf-8").split())
    assert "NOTES OF PEOPLE wrong colour, shot 1, frames 10 to 12, dismissed by Grace" in note
    assert "frame 12, on 2026-11-30: </script>" in note
    for record in (Dismissals, Bookmarks):
        assert (data / record.PATH).read_bytes() == (job.root / record.PATH).read_bytes()


def test_film_toml_in_the_bag_gives_the_same_settings(data: Path) -> None:
    text = (data / "film.toml").read_text(encoding="utf-8")
    assert text.startswith("# The keys that film.toml sets")
    settings = Project.model_validate_json((data / "settings.json").read_text(encoding="utf-8"))
    assert load_project(data / "film.toml") == settings
