"""BagIt bags: built aside, proven, and put in place whole.

Source: RFC 8493, "The BagIt File Packaging Format (V1.0)".
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import bagit

from unfade import __version__
from unfade.errors import WorkError

AGENT = "Unfade"
"""What the Bag-Software-Agent of a bag of Unfade begins with."""


@contextmanager
def building(place: Path) -> Iterator[Path]:
    """An empty folder beside `place` to fill, that is gone afterwards whatever happens.

    Raises:
        WorkError: there is something at `place` that Unfade did not make.
    """
    _check_replaceable(place)
    folder = _aside(place, "building")
    shutil.rmtree(folder, ignore_errors=True)
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
        _copy(original, copy)


def seal(folder: Path, facts: Mapping[str, str]) -> dict[str, str]:
    """Makes a filled folder a bag and proves it.

    Args:
        folder: from `building`; its files become the payload.
        facts: for bag-info.txt, by label.

    Returns:
        The SHA-256 of every file of the payload, by path in the payload.

    Raises:
        WorkError: the bag cannot be made or is not valid.
    """
    shown = {label: " ".join(value.split()) for label, value in facts.items() if value}
    shown["Bag-Software-Agent"] = f"{AGENT} {__version__}"
    try:
        bag = bagit.make_bag(str(folder), shown, checksums=["sha256"])
        bag.validate()
    except (bagit.BagError, OSError) as error:
        raise WorkError(
            f"{folder}: the bag cannot be made ({error}); see to write permission and free space "
            "there and run 'unfade deliver' again"
        ) from error
    return {
        name.removeprefix("data/"): digests["sha256"]
        for name, digests in bag.payload_entries().items()
    }


def put(folder: Path, place: Path) -> None:
    """Moves a sealed folder to its place, where it replaces an older bag of Unfade."""
    older = _aside(place, "older")
    shutil.rmtree(older, ignore_errors=True)
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


def _copy(original: Path, copy: Path) -> None:
    try:
        shutil.copy2(original, copy)
    except OSError as error:
        raise WorkError(
            f"{copy}: cannot be written ({error.strerror}); see to write permission and free "
            "space there"
        ) from error


def _aside(place: Path, purpose: str) -> Path:
    return place.with_name(f".{place.name}.{purpose}")
