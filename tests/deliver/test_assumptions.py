"""What a delivery says of constructed frames: files, provenance, note, and their verification."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import bagit
import pytest

from unfade.construct.records import (
    as_toml,
    construction_file,
    read_construction,
    read_palette,
    write_construction,
)
from unfade.deliver import handover, stage
from unfade.deliver.content import delivery_content
from unfade.deliver.note import validation_note
from unfade.errors import ProjectError, UnfadeError
from unfade.film.alignment import Alignments
from unfade.film.assumptions import AssumedPoint, Assumptions
from unfade.film.balance import DyeBalance, FilmBalance
from unfade.film.construction import Construction, FocalPoint, Palette, PaletteColour
from unfade.film.pair import Pair, PairList
from unfade.film.provenance import Provenance
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.film.used_frames import UsedFrames
from unfade.model import ChromaModel
from unfade.pipeline.verify import VerificationError, verify
from unfade.work.digest_cache import digest
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

from ..fixtures import make_alignment, make_used_pair
from .test_deliver_stage import AREA, bag_of, validated_film

PICTURE = "construct/0000002.exr"
CONSTRUCTED = Pair(source=2, picture=PICTURE, shot=1, kind="constructed", aligned=True)
POINTS = (
    AssumedPoint(
        at=((1.0, 1.0), (2.0, 1.5)),
        area=False,
        colour="#4a5b3c",
        source="costume in a museum",
        author="Ada Byron",
        note="the sleeve",
        left_out_for=None,
    ),
    AssumedPoint(
        at=((3.0, 2.0),),
        area=False,
        colour="#00c040",
        source="memory",
        author="Grace",
        note="",
        left_out_for="#353939",
    ),
)
CONSTRUCTION = Construction(
    frame=2,
    author="Ada Byron",
    point=(
        FocalPoint(at=POINTS[0].at, colour="coat", note="the sleeve"),
        FocalPoint(at=POINTS[1].at, colour="#00c040", source="memory", author="Grace"),
    ),
)
PALETTE = Palette(
    colour=(PaletteColour(name="coat", colour="#4a5b3c", source="costume in a museum"),)
)


def film_with_constructed_frame(folder: Path) -> Job:
    """A validated film with a constructed frame. Its files are no pictures, because deliver reads
    none."""
    job = validated_film(folder)
    pair = job.project.pair[0].model_copy(update={"reference": PICTURE})
    job = Job(job.project.model_copy(update={"pair": (pair,)}), folder, SilentProgress())
    write_construction(folder, CONSTRUCTION)
    points = construction_file(folder, 2)
    points.write_text(f"# scanned from {folder}\n" + points.read_text())
    (folder / "palette.toml").write_text(as_toml(PALETTE))
    picture, sheet = folder / PICTURE, folder / "construct/0000002.png"
    picture.write_bytes(b"picture")
    sheet.write_bytes(b"sheet")
    record = Assumptions(
        frame=2,
        points=POINTS,
        uncertainty=0.02,
        picture_sha256=digest(picture),
        sheet_sha256=digest(sheet),
    )
    (folder / "construct/0000002.json").write_text(record.to_json())
    shot = Shot(number=1, frames=FrameRange(first=1, last=3))
    job.save(FilmBalance(grade=DyeBalance(lost=(0.41, 0.0, 0.2), log_map=((1.0,) * 4,) * 3)))
    job.save(PairList(shots=(shot,), pairs=(CONSTRUCTED,)))
    alignment = make_alignment(CONSTRUCTED, AREA)
    job.save(Alignments(crop=AREA, admitted=(alignment,), rejected=()))
    job.save(UsedFrames(pairs=(make_used_pair(2, digest(picture)),)))
    return job


@pytest.fixture(scope="module")
def delivered(shared_folder: Path) -> Iterator[Job]:
    """A delivered film, which no test changes."""

    def write(model: ChromaModel, stems: Mapping[int, Path]) -> None:
        """Stands for `write_shots`, which takes seconds."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handover, "write_shots", write)
        job = film_with_constructed_frame(shared_folder)
        stage.run(job)
        yield job


def test_the_bag_has_points_record_sheet_and_palette(delivered: Job) -> None:
    data = bag_of(delivered) / "data"
    assert read_construction(data, 2) == CONSTRUCTION
    assert read_palette(data) == PALETTE
    assert (data / "sheets/constructed/0000002.png").read_bytes() == b"sheet"
    assert (data / "construct/0000002.json").read_bytes() == (
        delivered.root / "construct/0000002.json"
    ).read_bytes()
    readme = (data / "README.txt").read_text(encoding="utf-8")
    for name in ("construct/0000002.toml", "construct/0000002.json", "palette.toml"):
        assert f"\n  {name}\n" in readme


def test_no_comment_of_a_person_leaves_the_machine(delivered: Job) -> None:
    for path in bag_of(delivered).rglob("*"):
        if path.is_file():
            assert str(delivered.root).encode() not in path.read_bytes(), path


def test_the_provenance_has_every_point(delivered: Job) -> None:
    text = (bag_of(delivered) / "data/provenance.json").read_text(encoding="utf-8")
    (pair,) = Provenance.from_json(text).pairs
    assert pair.focal_points == POINTS


def test_the_note_lists_authors_sources_and_what_was_left_out(delivered: Job) -> None:
    text = (bag_of(delivered) / "data/validation-note.txt").read_text(encoding="utf-8")
    assert (
        "Source frame 2: 1 focal point by Ada Byron: costume in a museum (1) "
        "Source frame 2: point 2 (#00c040, memory, by Grace) was left out, because the others say "
        "#353939 Source frame 2: construct/0000002.toml lists its 2 points, "
        "sheets/constructed/0000002.png shows them"
    ) in " ".join(text.split())
    assert (
        "which are an estimate from the scan alone: cyan 41 % more than magenta, yellow 20 % more"
    ) in " ".join(text.split())
    assert "1 training pair (0 direct, 1 constructed), which taught" in text


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("construct/0000002.json", "Grace", "Grade", "has other points than provenance.json"),
        ("construct/0000002.json", "Assumptions", "Assumption", "cannot be read (holds Assumption"),
        ("sheets/constructed/0000002.png", "sheet", "shoot", "is of another picture or sheet"),
        ("references/0000002.exr", "picture", "pasture", "is of another picture or sheet"),
    ],
)
def test_a_forged_file_is_found_although_its_checksum_fits(
    delivered: Job, tmp_path: Path, name: str, old: str, new: str, words: str
) -> None:
    bag = Path(shutil.copytree(bag_of(delivered), tmp_path / "bag"))
    verify(bag, None, SilentProgress())
    path = bag / "data" / name
    path.write_text(path.read_text().replace(old, new))
    bagit.Bag(str(bag)).save(manifests=True)
    with pytest.raises(UnfadeError) as error:
        verify(bag, None, SilentProgress())
    faults = (
        error.value.faults if isinstance(error.value, VerificationError) else [str(error.value)]
    )
    assert any(words in fault for fault in faults), faults


def test_points_that_the_provenance_does_not_name_are_found(delivered: Job, tmp_path: Path) -> None:
    bag = Path(shutil.copytree(bag_of(delivered), tmp_path / "bag"))
    path = bag / "data/provenance.json"
    record = Provenance.from_json(path.read_text(encoding="utf-8"))
    (pair,) = record.pairs
    bare = record.model_copy(update={"pairs": (pair.model_copy(update={"focal_points": ()}),)})
    path.write_text(bare.to_json(), encoding="utf-8")
    bagit.Bag(str(bag)).save(manifests=True)
    with pytest.raises(VerificationError, match=r"0000002\.json: has other points than"):
        verify(bag, None, SilentProgress())


def test_points_that_were_changed_since_are_not_delivered(delivered: Job, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(delivered.root, tmp_path / "film"))
    write_construction(
        folder, CONSTRUCTION.model_copy(update={"author": "Eve", "point": CONSTRUCTION.point[:1]})
    )
    with pytest.raises(ProjectError, match="its points or the palette were changed after frame 2"):
        stage.run(Job(delivered.project, folder, SilentProgress()))


def test_a_frame_constructed_anew_during_the_run_is_not_delivered(
    delivered: Job, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(delivered.root, tmp_path / "film"))
    job = Job(delivered.project, folder, SilentProgress())
    job.save(UsedFrames(pairs=(make_used_pair(2, "0" * 64),)))
    with pytest.raises(ProjectError, match="frame 2 was constructed anew after the run had read"):
        stage.run(job)


def test_a_constructed_frame_that_align_rejected_is_not_in_the_bag(
    delivered: Job, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(delivered.root, tmp_path / "film"))
    job = Job(delivered.project, folder, SilentProgress())
    job.save(UsedFrames(pairs=()))
    content = delivery_content(job, {2: "references/0000002.exr"})
    assert content.assumptions == {}


def test_points_that_are_changed_while_they_are_delivered_end_it(
    delivered: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(delivered.root, tmp_path / "film"))
    add_files = stage._add_files

    def meanwhile(*arguments: Any) -> dict[str, str]:
        changed = CONSTRUCTION.model_copy(update={"point": CONSTRUCTION.point[:1]})
        write_construction(folder, changed)
        return add_files(*arguments)

    monkeypatch.setattr(stage, "_add_files", meanwhile)
    with pytest.raises(ProjectError, match="its points or the palette were changed after frame 2"):
        stage.run(Job(delivered.project, folder, SilentProgress()))


def test_a_record_that_is_missing_is_one_fault_of_all(delivered: Job, tmp_path: Path) -> None:
    bag = Path(shutil.copytree(bag_of(delivered), tmp_path / "bag"))
    (bag / "data/construct/0000002.json").unlink()
    (bag / "data/validation-note.txt").unlink()
    with pytest.raises(VerificationError) as error:
        verify(bag, None, SilentProgress())
    assert any("0000002.json: is missing" in fault for fault in error.value.faults)
    assert any("validation-note.txt" in fault for fault in error.value.faults)


def test_the_note_counts_pairs_that_neither_taught_nor_judged_apart(delivered: Job) -> None:
    content = delivery_content(delivered, {2: "references/0000002.exr"})
    direct = Pair(source=1, reference=1, of="dvd", shot=1)
    idle = CONSTRUCTED.model_copy(update={"role": "holdout"})
    admitted = (make_alignment(direct, AREA), make_alignment(idle, AREA))
    alignments = content.alignments.model_copy(update={"admitted": admitted})
    words = " ".join(validation_note(replace(content, alignments=alignments)).split())
    assert "1 training pair, which taught, 0 hold-out pairs, which chose" in words
    assert "besides, 1 constructed pair that neither taught nor judged" in words
