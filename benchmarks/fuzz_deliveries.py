"""Targets of `fuzz.py`: bags, and the pages of the studio."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fuzz_film import ARTEFACTS, BAG, PEOPLE, RuleBreak, place
from fuzz_inputs import (
    MARKUP,
)
from starlette.testclient import TestClient

from unfade.deliver.bag import MANIFEST, TAG_MANIFEST, manifest_entries
from unfade.pipeline.verify import verify
from unfade.studio.app import make_app
from unfade.studio.studio import Studio
from unfade.work.digest_cache import digest
from unfade.work.progress import SilentProgress

# Bags


def bag_seeds(film: Path) -> Iterator[bytes]:
    bag = film / BAG
    for path in sorted(bag.rglob("*")):
        if path.is_file() and path.stat().st_size < 20_000:
            yield path.relative_to(bag).as_posix().encode() + b"\n" + path.read_bytes()
    yield b"data/masters/../../../../x\n"
    yield b"fetch.txt\nhttp://127.0.0.1:9/x 10 data/x\n"


def read_bag(film: Path, data: bytes) -> None:
    """Puts a hostile file into a bag. The manifests follow, so that what is in it is read."""
    name, _, content = data.partition(b"\n")
    bag = film / BAG
    relative = name.decode("utf-8", "replace").replace("\0", "")[:120]
    path = (bag / relative).resolve()
    lies_in_file = any(one.is_file() for one in path.parents)
    if path.is_dir() or lies_in_file or not path.is_relative_to(bag.resolve()):
        return
    kept = {one: (bag / one).read_bytes() for one in (MANIFEST, TAG_MANIFEST)}
    saved = path.read_bytes() if path.exists() else None
    place(path, content)
    try:
        if relative not in kept:
            _reseal(bag, path)
        elif relative == MANIFEST:
            _reseal(bag, bag / MANIFEST)
        verify(bag, None, SilentProgress())
    finally:
        path.unlink(missing_ok=True)
        if saved is not None:
            place(path, saved)
        for one, before in kept.items():
            place(bag / one, before)


def _reseal(bag: Path, changed: Path) -> None:
    relative = changed.relative_to(bag.resolve()).as_posix() if changed.is_absolute() else ""
    relative = relative if relative != "." else ""
    with suppress(ValueError, OSError):
        entries = manifest_entries(bag / MANIFEST)
        if relative.startswith("data/"):
            entries[relative] = digest(changed)
            place(bag / MANIFEST, "".join(f"{v}  {k}\n" for k, v in entries.items()).encode())
        tags = manifest_entries(bag / TAG_MANIFEST)
        tags = {name: digest(bag / name) for name in (*tags, MANIFEST)}
        if relative and not relative.startswith("data/"):
            tags[relative] = digest(changed)
        place(bag / TAG_MANIFEST, "".join(f"{v}  {k}\n" for k, v in tags.items()).encode())


# Pages of the studio

_PAGES = (
    "run", "viewer", "viewer/facts", "pairs", "pairs/facts?source=2", "training", "training/curve",
    "outliers", "report", "pairs/frame?frame=3&width=320",
    "pairs/picture?source=4&reference=4&of=dvd&width=320",
    "pairs/judgement?source=4&reference=4&of=dvd", "picture/2/source?width=64",
    "proxies/source?frames=1,2", "proxies/reference?frames=1", "proxies/lut?frames=3",
)  # fmt: skip


def page_seeds(film: Path) -> Iterator[bytes]:
    yield b"film.toml\n" + (film / "film.toml").read_bytes()
    for kind in (*ARTEFACTS, *PEOPLE):
        path = film / kind.PATH
        if path.exists():
            yield kind.PATH.encode() + b"\n" + path.read_bytes()
    yield from _people_seeds()
    for name in ("01-ingest/receipt.json", "05-train/receipt.json"):
        yield name.encode() + b"\n" + (film / name).read_bytes()


def _people_seeds() -> Iterator[bytes]:
    text = "x"
    mark = {"frame": 2, "note": text, "by": "A", "at": "2026-11-30T12:00:00+01:00"}
    yield b"bookmarks.json\n" + json.dumps({"schema": "Bookmarks.1", "marks": [mark]}).encode()


def show_pages(film: Path, data: bytes) -> None:
    name, _, content = data.partition(b"\n")
    relative = name.decode("utf-8", "replace").replace("\0", "")[:120]
    path = film / relative
    if ".." in relative or relative.startswith("/") or not path.parent.is_dir() or path.is_dir():
        return
    saved = path.read_bytes() if path.exists() else None
    place(path, content)
    try:
        client = TestClient(make_app(Studio(film.parent, read_only=True)), follow_redirects=False)
        front = client.get("/").text
        ids = front.split('href="/film/')[1:2]
        pages = [f"/film/{ids[0].split('/')[0]}/{page}" for page in _PAGES] if ids else []
        for page in ("/", *pages):
            answer = client.get(page)
            if answer.status_code >= 500:
                raise RuleBreak(f"{page} answers {answer.status_code}: {answer.text[:300]}")
            if "html" in answer.headers.get("content-type", "") and MARKUP in answer.text:
                raise RuleBreak(f"{page} holds markup of a file")
    finally:
        path.unlink(missing_ok=True)
        if saved is not None:
            place(path, saved)
