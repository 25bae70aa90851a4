"""Checks that the records of a delivery can be read and agree with one another and its files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

from unfade.deliver.assumed import sheet_path
from unfade.deliver.premis import NAMESPACE, PREMIS
from unfade.deliver.readme import README, missing_in
from unfade.errors import WorkError
from unfade.film.alignment import Alignments
from unfade.film.assumptions import Assumptions
from unfade.film.construction import construct_path
from unfade.film.noun import Artefact
from unfade.film.provenance import DIGITAL_SOURCE_TYPE, Provenance
from unfade.film.rendering import Rendering
from unfade.film.used_frames import UsedFrames
from unfade.work import record_files

AnArtefact = TypeVar("AnArtefact", bound=Artefact)

REMEDY = "take it from another copy"
"""What to do about a damaged record."""


def unreadable(path: Path, error: Exception) -> WorkError:
    """The error for a record that this version of Unfade cannot read."""
    return WorkError(
        f"{path}: cannot be read ({error}); verify with the version of Unfade that "
        "bag-info.txt names"
    )


def read_record(bag: Path, kind: type[AnArtefact]) -> AnArtefact:
    """A record of the bag.

    Raises:
        WorkError: this version of Unfade cannot read it.
    """
    path = bag / "data" / Path(kind.PATH).name
    try:
        return kind.from_json(record_files.read_record(path))
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def record_faults(bag: Path, rendering: Rendering, checksums: Mapping[str, str]) -> list[str]:
    """What is wrong, in sentences that each name a file.

    Args:
        bag: the folder of the delivery.
        rendering: the record of its masters.
        checksums: SHA-256 of the payload's files, by path in the bag.

    Raises:
        WorkError: this version of Unfade cannot read a record.
    """
    used = read_record(bag, UsedFrames)
    return [
        *_readme_faults(bag, checksums),
        *_pair_faults(bag, used, checksums),
        *_provenance_faults(bag, used, rendering, checksums),
        *_assumption_faults(bag, checksums),
        *_premis_faults(bag),
    ]


def _readme_faults(bag: Path, checksums: Mapping[str, str]) -> Iterator[str]:
    path = bag / "data" / README
    try:
        text = record_files.read_record(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    for name in missing_in(text, (name.removeprefix("data/") for name in checksums)):
        yield f"{bag / 'data' / name}: is not in the list of {README}; remove it"


def _pair_faults(bag: Path, used: UsedFrames, checksums: Mapping[str, str]) -> Iterator[str]:
    """Admitted pairs without checksums, and pictures that are not those that were used."""
    frames = {one.source.frame: one for one in used.pairs}
    for alignment in read_record(bag, Alignments).admitted:
        pair = alignment.pair
        listed = frames.get(pair.source)
        path = bag / "data" / Path(UsedFrames.PATH).name
        if listed is None or listed.reference.frame != pair.reference:
            yield f"{path}: has no checksums of the pair of source frame {pair.source}; {REMEDY}"
        elif pair.picture is not None:
            name = f"data/{pair.picture}"
            if checksums.get(name) != listed.reference.sha256:
                yield (
                    f"{bag / name}: is not the picture that the pair of source frame {pair.source} "
                    f"used; {REMEDY}"
                )


def _provenance_faults(
    bag: Path, used: UsedFrames, rendering: Rendering, checksums: Mapping[str, str]
) -> Iterator[str]:
    """Where the provenance does not agree with the other records and the files."""
    record = read_record(bag, Provenance)
    path = bag / "data" / Provenance.PATH
    if record.digital_source_type != DIGITAL_SOURCE_TYPE:
        yield f"{path}: has another digital source type than {DIGITAL_SOURCE_TYPE}; {REMEDY}"
    if record.masters_sha256 != rendering.masters_sha256():
        yield f"{path}: is of other masters; {REMEDY}"
    frames = [(one.source, one.reference) for one in record.pairs]
    if frames != [(one.source, one.reference) for one in used.pairs] or (
        record.carried != used.between
    ):
        yield f"{path}: names other frames than {Path(UsedFrames.PATH).name}; {REMEDY}"
    for name, sha256 in record.files.items():
        if checksums.get(f"data/{name}") != sha256:
            yield f"{bag / 'data' / name}: is not the file that {Provenance.PATH} names; {REMEDY}"


def _assumption_faults(bag: Path, checksums: Mapping[str, str]) -> Iterator[str]:
    """Constructed frames whose points, sheet or picture are not those of the provenance."""
    record = read_record(bag, Provenance)
    pictures = {one.pair.source: one.pair.picture for one in read_record(bag, Alignments).admitted}
    for pair in record.pairs:
        frame = pair.source.frame
        name = f"data/{construct_path(frame, '.json')}" if frame is not None else ""
        if frame is None or not (pair.focal_points or name in checksums):
            continue
        path = bag / name
        try:
            assumed = Assumptions.from_json(record_files.read_record(path))
        except FileNotFoundError:
            yield f"{path}: is missing; {REMEDY}"
            continue
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from error
        if assumed.points != pair.focal_points:
            yield f"{path}: has other points than {Provenance.PATH}; {REMEDY}"
        for other, sha256 in (
            (sheet_path(frame), assumed.sheet_sha256),
            (pictures.get(frame), assumed.picture_sha256),
        ):
            if checksums.get(f"data/{other}") != sha256:
                yield f"{path}: is of another picture or sheet than that in the delivery; {REMEDY}"


def _premis_faults(bag: Path) -> Iterator[str]:
    path = bag / "data" / PREMIS
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        yield f"{path}: cannot be read ({error}); {REMEDY}"
        return
    if root.tag != f"{{{NAMESPACE}}}premis" or root.find(f"{{{NAMESPACE}}}event") is None:
        yield f"{path}: holds no events of PREMIS 3.0; {REMEDY}"
