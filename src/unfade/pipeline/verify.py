"""Verification of a delivery: its files, its records, and the luma of its masters."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

import bagit
from torch import Tensor

from unfade.deliver.bag import MANIFEST, TAG_MANIFEST, manifest_entries
from unfade.errors import UnfadeError, WorkError
from unfade.film.approval import Approvals
from unfade.film.clip import Clips
from unfade.film.provenance import Provenance
from unfade.film.rendering import RenderedFrame, Rendering
from unfade.film.wording import counted
from unfade.film.working_space import WORKING_SPACE
from unfade.media import map_frames, read_picture, to_space
from unfade.media.content_credentials import (
    MISSING_PACKAGE,
    SIDECAR_SUFFIX,
    SIGNED_FORMATS,
    fault_of_signature,
    is_available,
    signed_facts,
)
from unfade.pipeline.verify_records import read_record, record_faults, unreadable
from unfade.project.settings import Project
from unfade.validate.frames import LOSSLESS_COMPRESSIONS
from unfade.validate.luma import LumaFigures, check_master
from unfade.validate.verdict import MAX_LOSSY_LUMA_DIFFERENCE
from unfade.work import record_files
from unfade.work.cores import on_all_cores
from unfade.work.digest_cache import digest
from unfade.work.job import Job
from unfade.work.progress import Progress


class VerificationError(UnfadeError):
    """A delivery is not what it was; `faults` are sentences that each name a file."""

    def __init__(self, faults: list[str]) -> None:
        more = len(faults) - 1
        others = f"; {counted(more, 'more fault')} found" if more else ""
        super().__init__(faults[0] + others)
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Verified:
    """A delivery without a fault: the number of its files, who decided on its masters, the number
    of masters whose luma was compared with the original's, and what is known of signatures."""

    files: int
    decision: str
    compared: int
    signatures: tuple[str, ...] = ()


def verify(bag: Path, original: str | None, progress: Progress) -> Verified:
    """Checks every file of a delivery against its checksum, and its records against each other.

    Args:
        bag: the folder of the delivery.
        original: path of the scan, to compare the luma of every master with; none to leave it out.
        progress: shows how far the work is.

    Raises:
        VerificationError: a file is missing, was changed or added, or a master has another luma.
        WorkError: the folder is not a delivery of Unfade.
        MediaError: the original cannot be read.
    """
    if not (bag / "bagit.txt").is_file() and not (bag / TAG_MANIFEST).is_file():
        raise WorkError(
            f"{bag}: is not a delivery; name the folder that holds bagit.txt, in 08-deliver"
        )
    _raise(_kind_faults(bag))
    _raise(_tag_faults(bag))
    checksums = _entries(bag / MANIFEST)
    _raise([*_checksum_faults(bag, checksums, progress), *_added_faults(bag, checksums)])
    _raise(_form_faults(bag))
    rendering = read_record(bag, Rendering)
    _raise(_master_faults(bag, rendering, checksums))
    _raise(record_faults(bag, rendering, checksums))
    signatures = _check_signatures(bag, checksums)
    compared = 0
    if original is not None:
        compared = _compare_with_original(bag, rendering, original, progress)
    decision = read_record(bag, Approvals).in_words(rendering.masters_sha256())
    return Verified(len(checksums), decision, compared, signatures)


def _raise(faults: list[str]) -> None:
    if faults:
        raise VerificationError(faults)


def _kind_faults(bag: Path) -> list[str]:
    """Links and special files, whose content may change without the bag."""
    return [
        f"{path}: is a link or a special file, and a delivery has none; take it from another copy"
        for path in sorted(bag.rglob("*"))
        if path.is_symlink() or not (path.is_file() or path.is_dir())
    ]


def _entries(manifest: Path) -> dict[str, str]:
    """The checksums in a manifest by path.

    Raises:
        VerificationError: it cannot be read, or names a path outside the bag.
    """
    try:
        entries = manifest_entries(manifest)
    except (OSError, ValueError) as error:
        raise VerificationError(
            [f"{manifest}: cannot be read ({error}); take it from another copy"]
        ) from error
    outside = [name for name in entries if PurePath(name).is_absolute() or ".." in name.split("/")]
    _raise(
        [
            f"{manifest}: names '{name}', which is not in the delivery; take it from another copy"
            for name in outside
        ]
    )
    return entries


def _tag_faults(bag: Path) -> list[str]:
    """Faults of the files that describe the bag; without them nothing else can be checked."""
    expected = _entries(bag / TAG_MANIFEST)
    missing = [name for name in ("bagit.txt", MANIFEST) if name not in expected]
    faults = [
        f"{bag / TAG_MANIFEST}: has no checksum of {name}; take it from another copy"
        for name in missing
    ]
    for name, checksum in expected.items():
        faults += _fault_of(bag, name, checksum)
    return faults


def _fault_of(bag: Path, name: str, checksum: str) -> list[str]:
    path = bag / name
    try:
        found = digest(path)
    except FileNotFoundError:
        return [f"{path}: is missing; take it from another copy"]
    except OSError as error:
        return [f"{path}: cannot be read ({error.strerror}); take it from another copy"]
    if found != checksum.lower():
        return [f"{path}: was changed after delivery; take it from another copy"]
    return []


def _added_faults(bag: Path, checksums: dict[str, str]) -> list[str]:
    present = {one.relative_to(bag).as_posix() for one in bag.rglob("*") if one.is_file()}
    known = {*checksums, *_entries(bag / TAG_MANIFEST), TAG_MANIFEST}
    added = sorted(present - known)
    return [f"{bag / name}: was added after delivery; remove it" for name in added]


def _form_faults(bag: Path) -> list[str]:
    try:
        bagit.Bag(str(bag)).validate(completeness_only=True)
    except (bagit.BagError, OSError, ValueError) as error:
        return [f"{bag}: is not a valid bag ({error}); take it from another copy"]
    return []


def _checksum_faults(bag: Path, checksums: dict[str, str], progress: Progress) -> list[str]:
    found = on_all_cores(lambda item: _fault_of(bag, *item), checksums.items())
    checked = progress.track(found, "Taking checksums", len(checksums))
    return [fault for faults in checked for fault in faults]


def _settings(bag: Path) -> Project:
    """The settings of the delivery.

    Raises:
        WorkError: this version of Unfade cannot read them.
    """
    path = bag / "data" / "settings.json"
    try:
        return Project.model_validate_json(record_files.read_record(path))
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def _check_signatures(bag: Path, checksums: dict[str, str]) -> tuple[str, ...]:
    """Checks the signed manifests, and says in words who signed what.

    Raises:
        VerificationError: a signature does not hold, or is of another provenance.
    """
    sidecars = sorted(name for name in checksums if name.endswith(SIDECAR_SUFFIX))
    if not sidecars:
        return ()
    if not is_available():
        return (f"{counted(len(sidecars), 'signature')} not checked: {MISSING_PACKAGE}",)
    faults, words = [], []
    for name in sidecars:
        signed = [
            bag / one
            for one in checksums
            if one.rpartition(".")[0] == name.removesuffix(SIDECAR_SUFFIX)
            and Path(one).suffix in SIGNED_FORMATS
        ]
        if len(signed) != 1:
            faults.append(f"{bag / name}: signs no file of the delivery; remove it")
            continue
        (path,) = signed
        fault = fault_of_signature(path)
        if fault is None:
            signer, facts = signed_facts(path)
            words.append(f"{path.name} is signed by {signer}")
            if facts.get("provenance_sha256") != checksums.get(f"data/{Provenance.PATH}"):
                fault = "its signature is of another delivery"
        if fault is not None:
            faults.append(f"{path}: {fault}; take it and {name} from another copy")
    _raise(faults)
    return tuple(words)


def _master_faults(bag: Path, rendering: Rendering, checksums: dict[str, str]) -> list[str]:
    """Masters that are not those that were rendered."""
    faults = []
    for frame in rendering.frames:
        name = f"data/masters/{frame.file}"
        if checksums.get(name) != frame.sha256:
            faults.append(
                f"{bag / name}: is not the master of frame {frame.frame} that was rendered; take "
                "it from another copy"
            )
    return faults


def _compare_with_original(
    bag: Path, rendering: Rendering, original: str, progress: Progress
) -> int:
    """Compares the luma of every master with the scan's; returns the number of masters.

    Raises:
        VerificationError: a master has another luma, or another size.
        MediaError: the scan cannot be read.
    """
    colors = Job(_settings(bag), bag / "data", progress).colors
    source = read_record(bag, Clips).source.model_copy(
        update={"path": str(Path(original).absolute())}
    )
    by_frame = {frame.frame: frame for frame in rendering.frames}
    decode = partial(to_space, source=rendering.colorspace, target=WORKING_SPACE, colors=colors)

    def fault(number: int, source_rgb: Tensor) -> list[str]:
        frame = by_frame[number]
        path = bag / "data" / "masters" / frame.file
        written = read_picture(str(path), WORKING_SPACE)
        if written.shape != source_rgb.shape:
            return [f"{path}: has another size than the original; name the scan of this film"]
        luma, _ = check_master(source_rgb, written, rendering, frame, decode)
        return list(_luma_faults(path, frame, luma, rendering.compression))

    found = map_frames(fault, source, list(by_frame), colors)
    checked = progress.track(found, "Comparing luma with the original", len(by_frame))
    _raise([one for faults in checked for one in faults])
    return len(by_frame)


def _luma_faults(
    path: Path, frame: RenderedFrame, luma: LumaFigures, compression: str
) -> Iterator[str]:
    is_lossless = compression in LOSSLESS_COMPRESSIONS
    beyond = (
        luma.excess_max > 0 if is_lossless else luma.difference_mean > MAX_LOSSY_LUMA_DIFFERENCE
    )
    if beyond or luma.non_finite:
        yield (
            f"{path}: frame {frame.frame} has not the luma of the original, it differs by up to "
            f"{luma.difference_max:.2g} of the range; render it again, or name the scan that it "
            "was made from"
        )
