"""BagIt bags: built aside, proven, and put in place whole.

Source: RFC 8493, "The BagIt File Packaging Format (V1.0)".
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import bagit

from unfade import __version__
from unfade.errors import WorkError
from unfade.work.elements import digest
from unfade.work.progress import Track

AGENT = "Unfade"
"""What the Bag-Software-Agent of a bag of Unfade begins with."""


BUILDING, OLDER = "building", "older"
"""Ends of the names of folders beside a bag: of one that is filled, and of one that goes."""


class ChangedError(WorkError):
    """Files of a bag do not hold what they are known to hold. `names` are their paths in it."""

    def __init__(self, message: str, names: Sequence[str]) -> None:
        super().__init__(message)
        self.names = tuple(names)


def clear_up(folder: Path) -> None:
    """Removes what a killed delivery left in a folder of bags; a bag that it had moved aside
    goes back to its place."""
    for left in folder.glob(f".*.{OLDER}"):
        place = left.with_name(left.name.removeprefix(".").removesuffix(f".{OLDER}"))
        if not place.exists():
            left.rename(place)
    for purpose in (BUILDING, OLDER):
        for left in folder.glob(f".*.{purpose}"):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def building(place: Path) -> Iterator[Path]:
    """An empty folder beside `place` to fill, that is gone afterwards whatever happens.

    Raises:
        WorkError: there is something at `place` that Unfade did not make.
    """
    _check_replaceable(place)
    folder = _aside(place, BUILDING)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def place_file(original: Path, copy: Path) -> None:
    """Gives a file a second name, without a second copy where the file system can do that.

    Raises:
        WorkError: the original is missing, or there is no room for a copy.
    """
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(original, copy)
    except FileNotFoundError as error:
        raise WorkError(
            f"{original}: is missing; run the stage that writes that folder again"
        ) from error
    except OSError:
        copy_file(original, copy)


def seal(
    folder: Path, facts: Mapping[str, str], known: Mapping[str, str], track: Track
) -> dict[str, str]:
    """Makes a filled folder a bag and proves it: every file is read once, against its checksum.

    Args:
        folder: from `building`; its files become the payload.
        facts: for bag-info.txt, by label.
        known: SHA-256 of files that were taken before, by path in the payload; others are taken
            now.
        track: is told of the files whose checksum is taken.

    Returns:
        The SHA-256 of every file of the payload, by path in the payload.

    Raises:
        ChangedError: a file is no longer what is known of it.
        WorkError: the bag cannot be made or is not valid.
    """
    try:
        digests = _take_in(folder, known, track)
        shown = {label: " ".join(value.split()) for label, value in facts.items() if value}
        shown["Bag-Software-Agent"] = f"{AGENT} {__version__}"
        sizes = [(folder / "data" / name).stat().st_size for name in digests]
        shown["Payload-Oxum"] = f"{sum(sizes)}.{len(sizes)}"
        _write_tags(folder, digests, shown)
        bagit.Bag(str(folder)).validate()
    except (bagit.BagError, OSError) as error:
        details = getattr(error, "details", None) or ()
        changed = [one.path for one in details if isinstance(one, bagit.ChecksumMismatch)]
        if changed:
            names = [name.removeprefix("data/") for name in changed]
            raise ChangedError(
                f"{folder.parent}: {names[0]} changed while it was packed; run 'unfade deliver' "
                "again",
                names,
            ) from error
        raise WorkError(
            f"{folder.parent}: the bag cannot be made ({error}); see to write permission and free "
            "space there and run 'unfade deliver' again"
        ) from error
    return digests


def _take_in(folder: Path, known: Mapping[str, str], track: Track) -> dict[str, str]:
    """Moves what a folder holds into its payload, and gives the checksums."""
    held = list(folder.iterdir())
    data = folder / "data"
    data.mkdir()
    for path in held:
        path.rename(data / path.name)
    places = sorted(path for path in data.rglob("*") if path.is_file())
    names = [path.relative_to(data).as_posix() for path in places]
    return {
        name: known.get(name) or digest(data / name)
        for name in track(names, "Taking checksums", len(names))
    }


def _write_tags(folder: Path, digests: Mapping[str, str], facts: Mapping[str, str]) -> None:
    """The tag files of a bag, and the manifests."""
    tags = {
        "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": "".join(f"{label}: {facts[label]}\n" for label in sorted(facts)),
        "manifest-sha256.txt": _manifest({f"data/{name}": one for name, one in digests.items()}),
    }
    for name, text in tags.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    own = {name: digest(folder / name) for name in tags}
    (folder / "tagmanifest-sha256.txt").write_text(_manifest(own), encoding="utf-8", newline="\n")


def _manifest(digests: Mapping[str, str]) -> str:
    """Lines of a manifest; RFC 8493 has CR, LF and % of a path in percent-encoding."""
    encoded = {
        name.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D"): one
        for name, one in digests.items()
    }
    return "".join(f"{encoded[name]}  {name}\n" for name in sorted(encoded))


def read_manifest(bag: Path) -> dict[str, str]:
    """The checksums of the payload of a bag that `seal` made, by path in the payload.

    Raises:
        OSError: there is no manifest.
    """
    lines = (bag / "manifest-sha256.txt").read_text(encoding="utf-8").splitlines()
    found = (line.partition("  ") for line in lines)
    return {name.removeprefix("data/"): checksum for checksum, _, name in found}


def put(folder: Path, place: Path) -> None:
    """Moves a sealed folder to its place, where it replaces an older bag of Unfade."""
    older = _aside(place, OLDER)
    if place.exists():
        place.rename(older)
    folder.rename(place)
    shutil.rmtree(older, ignore_errors=True)


def _check_replaceable(place: Path) -> None:
    if not place.exists() and not place.is_symlink():
        return
    info = place / "bag-info.txt"
    if info.is_file() and f"Bag-Software-Agent: {AGENT} " in info.read_text(encoding="utf-8"):
        return
    raise WorkError(
        f"{place}: is not a bag that Unfade made, so it is not replaced; move it elsewhere"
    )


def copy_file(original: Path, copy: Path) -> None:
    """Copies a file that stays somebody else's to change.

    Raises:
        WorkError: it is missing, or there is no room for a copy.
    """
    copy.parent.mkdir(parents=True, exist_ok=True)
    if not original.is_file():
        raise WorkError(f"{original}: is missing; restore the file or correct its path")
    try:
        shutil.copyfile(original, copy)
    except OSError as error:
        raise WorkError(
            f"{copy}: cannot be written ({error.strerror}); see to write permission and free "
            "space there"
        ) from error


def _aside(place: Path, purpose: str) -> Path:
    return place.with_name(f".{place.name}.{purpose}")
