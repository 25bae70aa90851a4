"""Targets of `fuzz.py`: model files and proxies."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from fuzz_film import job_of, place

from unfade.film.model import TrainedModel
from unfade.model import load_baseline, load_model
from unfade.model.checkpoints import load_chosen
from unfade.train.fit.checkpoint import load_checkpoint
from unfade.train.newest import newest_step
from unfade.work.proxies import load_proxy

# Model files, proxies


def model_seeds(film: Path) -> Iterator[bytes]:
    for name in ("model", "baseline", "checkpoint", "checkpoints"):
        path = film / f"05-train/{name}.safetensors"
        yield path.name.encode() + b"\n" + path.read_bytes()


def read_model(film: Path, data: bytes) -> None:
    name, _, content = data.partition(b"\n")
    known = ("model", "baseline", "checkpoint", "checkpoints")
    stem = next((one for one in known if name == f"{one}.safetensors".encode()), known[0])
    path = film / f"05-train/{stem}.safetensors"
    saved = path.read_bytes()
    place(path, content)
    try:
        if stem == "model":
            _predict(load_model(path))
        elif stem == "baseline":
            load_baseline(path)
        elif stem == "checkpoint":
            newest_step(path.parent)
            load_checkpoint(path, _key_in(content), "small")
        else:
            trained = job_of(film).load(TrainedModel)
            other = next(one.step for one in trained.checkpoints)
            _predict(load_chosen(path.parent, trained.model_copy(update={"chosen_step": other})))
    finally:
        place(path, saved)


def _key_in(content: bytes) -> str:
    """The key in a checkpoint, so that what follows it is read."""
    found = re.search(rb'"key\\": \\"([0-9a-f]+)', content[:200_000].replace(b"\\", b"\\"))
    return found[1].decode() if found else ""


def _predict(model: object) -> None:
    for shot in (1, 2):
        model.predict(torch.rand(3, 24, 32), shot)


def proxy_seeds(film: Path) -> Iterator[bytes]:
    small = np.zeros((2, 4, 8, 3), np.uint8)
    for number, array in enumerate((small, np.array([object()]), np.zeros(3, "M8[s]"))):
        path = film.parent / f"proxy{number}.npy"
        np.save(path, array, allow_pickle=True)
        yield path.read_bytes()
    np.savez(film.parent / "proxy.npz", small)
    yield (film.parent / "proxy.npz").read_bytes()


def read_proxy(film: Path, data: bytes) -> None:
    path = place(film / "01-ingest/source-proxy.npy", data)
    pictures = load_proxy(path, 2)
    int(pictures[:1].sum())
