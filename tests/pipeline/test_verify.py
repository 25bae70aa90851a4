"""Verification of a delivery: every flipped byte is found, and so is every changed luma."""

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bagit
import pytest

import unfade
from unfade import media
from unfade.errors import UnfadeError, WorkError
from unfade.film.delivery import Delivery
from unfade.film.rendering import Rendering
from unfade.film.working_space import WORKING_SPACE
from unfade.pipeline.verify import VerificationError, verify
from unfade.work.elements import digest
from unfade.work.progress import SilentProgress

UNFADE = (sys.executable, "-m", "unfade")
SILENT = SilentProgress()


@pytest.fixture(scope="module")
def film(shared_folder: Path, write_small_film: Callable[[Path], None]) -> Path:
    """The folder of a film that was run to its end and approved before."""
    folder = shared_folder / "film"
    write_small_film(folder)
    opened = unfade.open(folder)
    opened.run(last="validate")
    opened.approve("Ada Byron")
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
    for path in sorted(path for path in bag.rglob("*") if path.is_file()):
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
    records.write_text(rendering.model_copy(update={"frames": frames}).to_json())
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


def test_the_command_says_what_it_checked(film: Path, bag: Path) -> None:
    command = [*UNFADE, "verify", str(bag), "--original", scan(film), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    files, masters, decision = done.stdout.splitlines()
    assert files.endswith("files, each as it was delivered")
    assert masters == "  4 masters, each with the luma of the original"
    assert decision.startswith("  approved by Ada Byron on ")
    with (bag / "data/report.json").open("ab") as file:
        file.write(b" ")
    failed = subprocess.run(command, capture_output=True, text=True)
    assert failed.returncode == 2
    assert failed.stderr.strip().endswith(
        "report.json: was changed after delivery; take it from another copy"
    )


def test_a_lut_is_written_for_the_film_and_a_shot_that_has_none_is_named(
    film: Path, bag: Path, tmp_path: Path
) -> None:
    written = tmp_path / "film.cube"
    assert subprocess.run([*UNFADE, "lut", str(film), str(written)], check=True)
    delivered = list((bag / "data/luts").glob("*-33.cube"))
    assert [path.read_bytes() for path in delivered] == [written.read_bytes()]
    refused = subprocess.run(
        [*UNFADE, "lut", str(film), str(written), "--shot", "99"], capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("unfade: --shot: 99 has no LUT of its own; shots that have")
