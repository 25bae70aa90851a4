"""Files that a stranger made to harm, which `faults.py` plants besides: paths that lead out of the
project, huge sizes, links, texts that steer the terminal, a pickle."""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from fault_film import SIZE_PX
from fault_list import FRAME, MASTERS, Fault, Plant, first_of, replaced, written

from unfade import media
from unfade.work.lock import LOCK

_CLIPS, _RENDERING = "01-ingest/clips.json", "06-render/rendering.json"
_OUTSIDE = "../../precious"
"""A file beside the folder of films, which has to stay as it is."""


def hostile_faults() -> Iterator[Fault]:
    """All of them, in the order of the table."""
    for name, plant in (*_media_faults(), *_record_faults()):
        yield Fault(name, plant, may_pass=True)
    for name, plant in _clips_faults():
        yield Fault(name, plant, arguments=("pairs", "list", "film.toml"), may_pass=True)
    yield Fault(
        "the lock is a link out of the project",
        lambda film: (film / LOCK).symlink_to(_OUTSIDE),
        starts_finished=False,
    )
    yield Fault(
        "the manifest of a delivery names a file outside",
        _outside_in_manifest,
        arguments=("verify", "08-deliver/faults-v001"),
    )


def _media_faults() -> list[tuple[str, Plant]]:
    return [
        ("a frame of a few bytes claims a million pixels squared", _claiming_png),
        ("a text in a frame's header steers the terminal", _with_steering_header),
        ("film.toml is a named pipe", replaced("film.toml", os.mkfifo)),
    ]


def _record_faults() -> list[tuple[str, Plant]]:
    delivery, model = "08-deliver/delivery.json", "05-train/model.json"
    outside = f'"file": "{_OUTSIDE}'
    return [
        ("rendering.json names a file outside", _exchanged(_RENDERING, '"file": "', outside)),
        ("model.json names weights outside", _exchanged(model, '"model.', f'"{_OUTSIDE}/model.')),
        ("delivery.json names the root of the disk", _exchanged(delivery, "faults-v001", "/")),
        ("the proxy of the scan is a pickle", _pickle_as_proxy),
        ("a model is all header", _anew("05-train/model.safetensors", b"\xff" * 64)),
        ("a master is a link out of the project", _linked_master),
    ]


def _clips_faults() -> list[tuple[str, Plant]]:
    steering = "\\u001b[2J"
    return [
        ("clips.json is a named pipe", replaced(_CLIPS, os.mkfifo)),
        ("clips.json is nested 100,000 deep", _anew(_CLIPS, b"[" * 100_000)),
        ("clips.json claims 2,000,000,000 frames", _exchanged(_CLIPS, "6\n", "2000000000\n")),
        ("clips.json has a key that steers the terminal", _exchanged(_CLIPS, "codec", steering)),
        ("clips.json is of an earlier version", _exchanged(_CLIPS, "Clips.3", "Clips.2")),
    ]


def _anew(name: str, content: bytes) -> Plant:
    """Another file in place of one that a bag may be linked to."""

    def plant(film: Path) -> None:
        (film / name).unlink()
        written(name, content)(film)

    return plant


def _exchanged(name: str, old: str, new: str) -> Plant:
    def plant(film: Path) -> None:
        text = (film / name).read_text(encoding="utf-8")
        assert old in text
        _anew(name, text.replace(old, new).encode("utf-8"))(film)

    return plant


def _claiming_png(film: Path) -> None:
    path = film / FRAME
    media.write_png(path.with_suffix(".png"), torch.full((3, *SIZE_PX), 0.5))
    content = bytearray(path.with_suffix(".png").read_bytes())
    content[16:24] = (1_000_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    path.write_bytes(content)
    path.with_suffix(".png").unlink()


def _with_steering_header(film: Path) -> None:
    for path in (film / "scan").glob("*.exr"):
        content = path.read_bytes()
        assert b"lin_ap1" in content
        path.write_bytes(content.replace(b"lin_ap1", b"\x1b[2J\x07\r\n"))


def _pickle_as_proxy(film: Path) -> None:
    path = film / "01-ingest/source-proxy.npy"
    path.unlink()
    np.save(path, np.array([{"a": 1}]), allow_pickle=True)


def _linked_master(film: Path) -> None:
    path = first_of(film / MASTERS, "*.exr")
    outside = film.parent / "linked.exr"
    outside.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(outside)


def _outside_in_manifest(film: Path) -> None:
    path = first_of(film / "08-deliver", "*/manifest-sha256.txt")
    text = path.read_text(encoding="utf-8")
    _anew(str(path.relative_to(film)), f"{text}{'0' * 64}  {_OUTSIDE}\n".encode())(film)
