"""Verification of a delivery: every flipped byte is found, and so is every changed luma."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bagit
import pytest

import unfade
from unfade import media
from unfade.commands.failures import EXIT_USER_ERROR
from unfade.errors import UnfadeError, WorkError
from unfade.film.delivery import Delivery
from unfade.film.rendering import Rendering
from unfade.film.working_space import WORKING_SPACE
from unfade.media import content_credentials as credentials
from unfade.pipeline.verify import VerificationError, verify
from unfade.work.bookmarks import add_bookmark
from unfade.work.digest_cache import digest
from unfade.work.dismissals import add_dismissal
from unfade.work.progress import SilentProgress

from ..fixtures import make_bookmark, make_dismissal, write_certificates

Run = Callable[..., tuple[int, str]]
SILENT = SilentProgress()


@pytest.fixture(scope="module")
def film(shared_folder: Path, copy_small_film: Callable[[Path, str], Path]) -> Path:
    """The folder of a film that was run to its end, and approved and noted on before."""
    folder = copy_small_film(shared_folder / "film", "validate")
    if credentials.is_available():
        write_certificates(folder)
        names = 'c2pa_certificate = "archive.pem"\nc2pa_key = "archive.key"\n'
        with (folder / "film.toml").open("a", encoding="utf-8") as project:
            project.write(names)
    opened = unfade.open(folder)
    opened.approve("Ada Byron")
    add_dismissal(folder, make_dismissal())
    add_bookmark(folder, make_bookmark())
    opened.run()
    return folder


@pytest.fixture
def bag(film: Path, tmp_path: Path) -> Path:
    """A copy of its delivery, elsewhere."""
    delivery = Delivery.from_json((film / Delivery.PATH).read_text(encoding="utf-8"))
    return Path(shutil.copytree(film / "08-deliver" / delivery.bag, tmp_path / "bag"))


def scan(film: Path) -> str:
    return str(film / "scan" / "s.%04d.exr")


def sealed_again(bag: Path) -> None:
    """Makes the checksums of a bag those of its files, as one who forges it would."""
    opened = bagit.Bag(str(bag))
    opened.save(manifests=True)


def test_a_delivery_is_as_it_was_delivered(film: Path, bag: Path) -> None:
    verified = verify(bag, scan(film), SILENT)
    assert verified.files == sum(path.is_file() for path in (bag / "data").rglob("*"))
    assert verified.decision.startswith("approved by Ada Byron on ")
    assert verified.compared == 4
    assert verify(bag, None, SILENT).compared == 0


def test_one_flipped_bit_anywhere_is_found_and_its_file_named(bag: Path) -> None:
    draws = random.Random(3)
    paths = sorted(path for path in bag.rglob("*") if path.is_file())
    folders = {path.relative_to(bag / "data").parts[0] for path in paths if "data" in path.parts}
    records = {"provenance.json", "bookmarks.json", "dismissals.json"}
    assert {"masters", "model", "review", "sheets", "references", *records} <= folders
    for path in paths:
        whole = path.read_bytes()
        place = draws.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(UnfadeError) as error:
            verify(bag, None, SILENT)
        # A checksum of the tag manifest that is wrong looks like a change of the file it is of.
        names = [path.name]
        if path.name == "tagmanifest-sha256.txt":
            names += ["bagit.txt", "bag-info.txt", "manifest-sha256.txt"]
        assert any(name in str(error.value) for name in names), path
        path.write_bytes(whole)
    verify(bag, None, SILENT)


def test_missing_and_added_files_are_named(bag: Path) -> None:
    (bag / "data/report.html").rename(bag / "data/page.html")
    with pytest.raises(VerificationError) as error:
        verify(bag, None, SILENT)
    assert [fault.split(": ")[0] for fault in error.value.faults] == [
        str(bag / "data/report.html"),
        str(bag / "data/page.html"),
    ]
    assert str(error.value).endswith("take it from another copy; 1 more fault found")


def test_a_changed_luma_in_one_pixel_of_one_master_is_found(film: Path, bag: Path) -> None:
    """Even if all checksums are those of the changed file."""
    records = bag / "data" / Path(Rendering.PATH).name
    rendering = Rendering.from_json(records.read_text(encoding="utf-8"))
    frame = rendering.frames[2]
    master = bag / "data/masters" / frame.file
    written = media.read_picture(master, WORKING_SPACE)
    written[:, 40, 50] *= 1.02
    media.write_exr(master, written, colorspace=rendering.colorspace)
    changed = frame.model_copy(update={"sha256": digest(master)})
    frames = tuple(changed if one is frame else one for one in rendering.frames)
    forged = rendering.model_copy(update={"frames": frames})
    records.write_text(forged.to_json())
    for name in ("provenance.json", "premis.xml"):
        text = (bag / "data" / name).read_text(encoding="utf-8")
        text = text.replace(frame.sha256, changed.sha256)
        text = text.replace(rendering.masters_sha256(), forged.masters_sha256())
        (bag / "data" / name).write_text(text, encoding="utf-8")
    provenance = json.loads((bag / "data/provenance.json").read_text(encoding="utf-8"))
    provenance["files"][records.name] = digest(records)
    (bag / "data/provenance.json").write_text(json.dumps(provenance), encoding="utf-8")
    for signature in (bag / "data").rglob("*.c2pa"):
        signature.unlink()
    sealed_again(bag)
    verify(bag, None, SILENT)
    with pytest.raises(VerificationError, match=f"{frame.file}: frame {frame.frame} has not the"):
        verify(bag, scan(film), SILENT)


def test_another_scan_is_not_the_original(film: Path, bag: Path) -> None:
    with pytest.raises(VerificationError, match="has not the luma of the original"):
        verify(bag, str(film / "dvd" / "d.%04d.exr"), SILENT)


def test_masters_exchanged_for_others_are_named(bag: Path) -> None:
    masters = sorted((bag / "data/masters").glob("*.exr"))
    shutil.copy(masters[0], masters[1])
    sealed_again(bag)
    with pytest.raises(VerificationError, match=f"{masters[1].name}: is not the master of frame"):
        verify(bag, None, SILENT)


def test_a_folder_that_is_no_delivery_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        WorkError, match=r"is not a delivery; name the folder that holds bagit\.txt"
    ):
        verify(tmp_path, None, SILENT)


def test_the_command_says_what_it_checked(film: Path, bag: Path, run: Run) -> None:
    arguments = ["verify", str(bag), "--original", scan(film), "--quiet"]
    command = [sys.executable, "-m", "unfade", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    files, masters, *signatures, decision = done.stdout.splitlines()
    assert files.endswith("files, each as it was delivered")
    assert masters == "  4 masters, each with the luma of the original"
    assert decision.startswith("  approved by Ada Byron on ")
    assert all(line.endswith(" is signed by Ada Byron") for line in signatures)
    assert len(signatures) == (2 if credentials.is_available() else 0)
    with (bag / "data/report.json").open("ab") as file:
        file.write(b" ")
    status, output = run(*arguments)
    assert status == EXIT_USER_ERROR
    assert output.strip().endswith(
        "report.json: was changed after delivery; take it from another copy"
    )


@pytest.mark.parametrize("kind", ["file", "folder", "loop", "fifo"])
def test_links_and_special_files_are_named(bag: Path, tmp_path: Path, kind: str) -> None:
    """What they lead to may change without the delivery, and a pipe would never end."""
    path = bag / "data/report.json"
    if kind == "file":
        shutil.move(path, tmp_path / "elsewhere.json")
        path.symlink_to(tmp_path / "elsewhere.json")
    elif kind == "folder":
        path = bag / "data/more"
        path.symlink_to(tmp_path)
    elif kind == "loop":
        path = bag / "loop"
        path.symlink_to(path)
    else:
        path.unlink()
        os.mkfifo(path)
    with pytest.raises(VerificationError, match=f"{path.name}: is a link or a special file"):
        verify(bag, None, SILENT)


def test_a_file_added_beside_the_payload_is_named(bag: Path) -> None:
    (bag / "notes.txt").write_text("mine")
    with pytest.raises(VerificationError, match=r"notes\.txt: was added after delivery"):
        verify(bag, None, SILENT)


@pytest.mark.parametrize("line", ["0" * 64 + "  ../../etc/passwd", "0" * 64 + "  /dev/zero"])
def test_no_path_outside_the_delivery_is_read(bag: Path, line: str) -> None:
    manifest = bag / "manifest-sha256.txt"
    manifest.write_text(manifest.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    tags = bag / "tagmanifest-sha256.txt"
    lines = [one for one in tags.read_text().splitlines() if "manifest-sha256" not in one]
    tags.write_text("\n".join([*lines, f"{digest(manifest)}  {manifest.name}"]) + "\n")
    with pytest.raises(VerificationError, match="which is not in the delivery"):
        verify(bag, None, SILENT)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("README.txt", "premis.xml", "events.xml", r"premis\.xml: is not in the list of README"),
        ("frames.json", '"frame": 4', '"frame": 5', r"frames\.json: has no checksums of the pair"),
        ("references/2.exr", "", "x", r"references/2\.exr: is not the picture that the pair of"),
        ("provenance.json", "Film Archive", "Another", "schema|is of another delivery"),
        ("provenance.json", '"masters_sha256": "', '"masters_sha256": "0', "is of other masters"),
        ("provenance.json", "compositeWithTrained", "digitalCapture", "digital source type"),
        ("provenance.json", '"verdict": "', '"verdict": "un', r"provenance\.json: cannot be read"),
        ("settings.json", '"version": 1', '"version": 2', r"settings\.json: is not the file that"),
        ("bookmarks.json", "green", "blue", r"bookmarks\.json: is not the file that provenance"),
        ("dismissals.json", "right", "wrong", r"dismissals\.json: is not the file that prov"),
        ("premis.xml", "<premis:event>", "<premis:event", r"premis\.xml: cannot be read"),
        ("premis.xml", "premis/v3", "premis/v2", r"premis\.xml: holds no events"),
    ],
)
def test_records_that_do_not_agree_are_found_although_all_checksums_hold(
    bag: Path, name: str, old: str, new: str, words: str
) -> None:
    path = bag / "data" / name
    if name.startswith("references"):
        path.write_bytes(path.read_bytes() + b"x")
    elif old == "Film Archive":
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        if not credentials.is_available():
            pytest.skip("the extra unfade[c2pa] is not installed")
    else:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    sealed_again(bag)
    with pytest.raises(UnfadeError) as error:
        verify(bag, None, SILENT)
    faults = getattr(error.value, "faults", [str(error.value)])
    assert any(re.search(words, fault) for fault in faults), faults


def test_signatures_that_cannot_be_checked_are_said_to_be_unchecked(
    bag: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not credentials.is_available():
        pytest.skip("the extra unfade[c2pa] is not installed")
    monkeypatch.setattr(credentials, "find_spec", lambda name: None)
    (words,) = verify(bag, None, SILENT).signatures
    assert words.startswith("2 signatures not checked: the package c2pa-python is not installed")


def test_no_file_of_a_delivery_has_a_path_of_this_machine(film: Path, bag: Path) -> None:
    for path in bag.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for folder in (film, film.parent, Path.home()):
                assert str(folder).encode() not in content, path


def test_a_lut_is_written_for_the_film_and_a_shot_that_has_none_is_named(
    film: Path, bag: Path, tmp_path: Path, run: Run
) -> None:
    written = tmp_path / "film.cube"
    assert run("lut", film, written)[0] == 0
    delivered = list((bag / "data/luts").glob("*-33.cube"))
    assert [path.read_bytes() for path in delivered] == [written.read_bytes()]
    status, output = run("lut", film, written, "--shot", 99)
    assert status == EXIT_USER_ERROR
    assert output.startswith("unfade: --shot: 99 has no LUT of its own; shots that have")
