"""BagIt bags: built in a hidden folder, validated, and then moved into place as a whole.

Source: RFC 8493, "The BagIt File Packaging Format (V1.0)".
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import bagit

from unfade import __version__
from unfade.errors import WorkError
from unfade.work.digest_cache import digest
from unfade.work.progress import Track
from unfade.work.record_files import read_record

SOFTWARE_AGENT = "Unfade"
"""First word of Bag-Software-Agent, by which bags of Unfade are recognised."""

MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
"""Files of a bag with the checksums of its payload, and of its other files."""

BUILDING_SUFFIX, REPLACED_SUFFIX = "building", "older"
"""Suffixes of hidden folders beside a bag: a bag being built, and a bag being replaced."""


class ChangedFilesError(WorkError):
    """Files of a bag changed after their checksums were taken; `names` are paths in the payload."""

    def __init__(self, message: str, names: Sequence[str]) -> None:
        super().__init__(message)
        self.names = tuple(names)


def remove_leftovers(folder: Path) -> None:
    """Removes hidden folders of a killed delivery, and restores a bag that it was replacing."""
    for replaced in folder.glob(f".*.{REPLACED_SUFFIX}"):
        name = replaced.name.removeprefix(".").removesuffix(f".{REPLACED_SUFFIX}")
        bag = replaced.with_name(name)
        if not bag.exists():
            replaced.rename(bag)
    for suffix in (BUILDING_SUFFIX, REPLACED_SUFFIX):
        for leftover in folder.glob(f".*.{suffix}"):
            shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def build_folder(bag: Path) -> Iterator[Path]:
    """An empty hidden folder beside `bag`, for its files; it is removed at the end in any case.

    Raises:
        WorkError: `bag` exists and is not a bag of Unfade.
    """
    _check_replaceable(bag)
    folder = _sibling(bag, BUILDING_SUFFIX)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def link_or_copy(original: Path, copy: Path) -> None:
    """Makes a hard link to a file, or a copy if the file system has no links.

    Raises:
        WorkError: the original is missing, or there is no space for a copy.
    """
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(original, copy)
    except FileNotFoundError as error:
        raise WorkError(
            f"{original}: is missing; run the stage that writes this folder again"
        ) from error
    except OSError:
        copy_file(original, copy)


def seal(
    folder: Path, facts: Mapping[str, str], known: Mapping[str, str], track: Track
) -> dict[str, str]:
    """Turns a folder into a bag and validates it; validation reads every file once.

    Args:
        folder: from `build_folder`; its files become the payload.
        facts: for bag-info.txt, by label.
        known: SHA-256 taken earlier, by path in the payload; those of other files are taken now.
        track: shows the progress over files whose checksum is taken.

    Returns:
        The SHA-256 of every file of the payload, by path in the payload.

    Raises:
        ChangedFilesError: a file does not have its known checksum.
        WorkError: the bag cannot be made or is not valid.
    """
    try:
        digests = _move_into_payload(folder, known, track)
        info = {label: " ".join(value.split()) for label, value in facts.items() if value}
        info["Bag-Software-Agent"] = f"{SOFTWARE_AGENT} {__version__}"
        sizes = [(folder / "data" / name).stat().st_size for name in digests]
        info["Payload-Oxum"] = f"{sum(sizes)}.{len(sizes)}"
        _write_tags(folder, digests, info)
        bagit.Bag(str(folder)).validate()
    except (bagit.BagError, OSError) as error:
        details = getattr(error, "details", None) or ()
        changed = [one.path for one in details if isinstance(one, bagit.ChecksumMismatch)]
        if changed:
            names = [name.removeprefix("data/") for name in changed]
            raise ChangedFilesError(
                f"{folder.parent}: {names[0]} changed while it was packed; run 'unfade deliver' "
                "again",
                names,
            ) from error
        raise WorkError(
            f"{folder.parent}: the bag cannot be made ({error}); check write permission and free "
            "space there and run 'unfade deliver' again"
        ) from error
    return digests


def _move_into_payload(folder: Path, known: Mapping[str, str], track: Track) -> dict[str, str]:
    """Moves the content of a folder into its payload folder; returns the checksums."""
    content = list(folder.iterdir())
    data = folder / "data"
    data.mkdir()
    for path in content:
        path.rename(data / path.name)
    files = sorted(path for path in data.rglob("*") if path.is_file())
    names = [path.relative_to(data).as_posix() for path in files]
    return {
        name: known.get(name) or digest(data / name)
        for name in track(names, "Taking checksums", len(names))
    }


def _write_tags(folder: Path, digests: Mapping[str, str], facts: Mapping[str, str]) -> None:
    """Writes the tag files and the manifests of a bag."""
    tags = {
        "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": "".join(f"{label}: {facts[label]}\n" for label in sorted(facts)),
        MANIFEST: _manifest({f"data/{name}": sha for name, sha in digests.items()}),
    }
    for name, text in tags.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    manifest = _manifest({name: digest(folder / name) for name in tags})
    (folder / TAG_MANIFEST).write_text(manifest, encoding="utf-8", newline="\n")


def _manifest(digests: Mapping[str, str]) -> str:
    """The text of a manifest; CR, LF and % in a path are percent-encoded (RFC 8493)."""
    encoded = {
        name.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D"): sha
        for name, sha in digests.items()
    }
    return "".join(f"{encoded[name]}  {name}\n" for name in sorted(encoded))


def read_manifest(bag: Path) -> dict[str, str]:
    """The checksums of a bag's payload from its manifest, by path in the payload.

    Raises:
        OSError: there is no manifest.
    """
    entries = manifest_entries(bag / MANIFEST)
    return {name.removeprefix("data/"): checksum for name, checksum in entries.items()}


def manifest_entries(manifest: Path) -> dict[str, str]:
    """The checksums in a manifest, by path in the bag.

    Raises:
        OSError: there is no manifest.
        ValueError: a line is not a checksum and a path.
    """
    entries = {}
    lines = read_record(manifest).removesuffix("\n").split("\n")
    for number, line in enumerate(lines if lines != [""] else [], start=1):
        try:
            checksum, name = line.split(maxsplit=1)
        except ValueError as error:
            raise ValueError(f"line {number} is not a checksum and a path") from error
        if "\0" in name:
            raise ValueError(f"line {number} names no file")
        name = name.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        entries[name] = checksum
    return entries


def move_into_place(folder: Path, bag: Path) -> None:
    """Renames a sealed folder to `bag`, replacing an older bag of Unfade."""
    replaced = _sibling(bag, REPLACED_SUFFIX)
    if bag.exists():
        bag.rename(replaced)
    folder.rename(bag)
    shutil.rmtree(replaced, ignore_errors=True)


def _check_replaceable(bag: Path) -> None:
    if not bag.exists() and not bag.is_symlink():
        return
    info = bag / "bag-info.txt"
    with suppress(OSError, ValueError):
        if f"Bag-Software-Agent: {SOFTWARE_AGENT} " in read_record(info):
            return
    raise WorkError(
        f"{bag}: is not a bag that Unfade made, so it is not replaced; move it elsewhere"
    )


def copy_file(original: Path, copy: Path) -> None:
    """Copies a file of the user, who may change it later; a hard link would change the bag, too.

    Raises:
        WorkError: the original is missing, or there is no space for a copy.
    """
    copy.parent.mkdir(parents=True, exist_ok=True)
    if not original.is_file():
        raise WorkError(f"{original}: is missing; restore the file or correct its path")
    try:
        shutil.copyfile(original, copy)
    except OSError as error:
        raise WorkError(
            f"{copy}: cannot be written ({error.strerror}); check write permission and free space "
            "there"
        ) from error


def _sibling(bag: Path, suffix: str) -> Path:
    """The hidden folder beside a bag for a purpose."""
    return bag.with_name(f".{bag.name}.{suffix}")
