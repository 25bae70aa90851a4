"""A small film for the viewer, made of artefacts and files without running a stage."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import OpenImageIO as oiio
import torch
from numpy.typing import NDArray
from starlette.testclient import TestClient

from unfade import media
from unfade.film.alignment import Alignments
from unfade.film.bookmark import Bookmarks
from unfade.film.clip import SOURCE_PROXY, Area, Clips, reference_proxy
from unfade.film.match import MatchRecord, ReferenceMatches
from unfade.film.model import LossCurve, LossPoint
from unfade.film.pair import Pair, PairList
from unfade.film.report import Report
from unfade.film.shot import Shot
from unfade.film.target import Target, Targets
from unfade.film.time import FrameRange
from unfade.film.working_space import WORKING_SPACE
from unfade.model import ResidualNetworks, load_model, save_model
from unfade.model.files import MODEL_SCHEMA, load_tensors, save_tensors
from unfade.model.uncertainty import Uncertainty
from unfade.project.file import load_project
from unfade.studio.app import make_app
from unfade.studio.films import place_of
from unfade.studio.studio import Studio
from unfade.train.fit.checkpoint import save_checkpoint
from unfade.train.fit.loop import State
from unfade.train.newest import CHECKPOINT, CLOSED_FORM
from unfade.work.job import Job
from unfade.work.lock import LOCK
from unfade.work.progress import SilentProgress
from unfade.work.receipt import UNFINISHED
from unfade.work.writing import write_text

from ..fixtures import (
    make_alignment,
    make_clip,
    make_model,
    make_outlier,
    make_rendered_frame,
    make_rendering,
    write_grey_baseline,
    write_small_model,
)

WIDTH, HEIGHT = 64, 48
FRAMES = FrameRange(first=1, last=8)
CHART, PAIRED, MASTERED, HELD_OUT, UNMATCHED = 1, 2, 3, 6, 8
"""Frames: a chart of values, one with an aligned pair, one with a master, a hold-out pair, and one
that no reference shows."""

MODEL_ID = "0123456789ab"

TOML = """
[film]
title = "Small"
{film}
[source]
path = "scan/s.%04d.exr"
[reference]
path = "dvd/d.%04d.exr"
name = "dvd"
"""


def chart() -> NDArray[np.float16]:
    """Values 0 to 4 of scene light: a ramp of grey, primaries, skin, negative components, and the
    brightest and the smallest half float, in tiles of 8 pixels."""
    tiles = np.zeros((6, 8, 3), np.float32)
    tiles[:4] = (np.linspace(0, 1, 32) ** 2 * 4).reshape(4, 8, 1)
    tiles[4, :7] = [
        [0.4, 0.1, 0.02],
        [0.1, 0.5, 0.05],
        [0.05, 0.08, 0.6],
        [0.35, 0.22, 0.15],
        [1.5, 0.9, 0.2],
        [-0.05, 0.2, 0.4],
        [2.0, 2.5, 3.0],
    ]
    tiles[5] = np.geomspace(0.001, 0.9, 8)[:, None] * [1.0, 0.8, 0.5]
    tiles[5, 0], tiles[5, 1] = 65504.0, 2.0**-24
    return tiles.repeat(8, axis=0).repeat(8, axis=1).astype(np.float16)


def write_halves(path: Path, halves: NDArray[np.float16]) -> None:
    """Writes half floats as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width, channels = halves.shape
    image = oiio.ImageOutput.create(str(path))
    assert image.open(str(path), oiio.ImageSpec(width, height, channels, "half"))
    assert image.write_image(halves)
    assert image.close()


def random_halves(seed: int) -> NDArray[np.float16]:
    return np.random.default_rng(seed).uniform(0.02, 0.9, (HEIGHT, WIDTH, 3)).astype(np.float16)


def write_viewer_film(folder: Path, film: str = "") -> Path:
    """Writes the film; `film` are more lines of its section [film]."""
    folder.mkdir(parents=True)
    (folder / "film.toml").write_text(TOML.format(film=film), encoding="utf-8")
    for frame in FRAMES.frames():
        halves = chart() if frame == CHART else random_halves(frame)
        write_halves(folder / f"scan/s.{frame:04d}.exr", halves)
        write_halves(folder / f"dvd/d.{frame:04d}.exr", random_halves(100 + frame)[::2, ::2])
    job = Job(load_project(folder / "film.toml"), folder, SilentProgress())
    _write_choice(job)
    _write_model(job)
    _write_master(job)
    return folder


def _write_choice(job: Job) -> None:
    facts = {"colorspace": "ACES2065-1"}
    job.save(
        Clips(
            source=make_clip(
                "scan/s.%04d.exr", FRAMES, WIDTH, HEIGHT, timecode="01:00:00:00", **facts
            ),
            references={
                "dvd": make_clip("dvd/d.%04d.exr", FRAMES, WIDTH // 2, HEIGHT // 2, **facts)
            },
        )
    )
    for path in (SOURCE_PROXY, reference_proxy("dvd")):
        np.save(job.root / path, np.full((len(FRAMES), 12, 16, 3), 100, np.uint8))
    shots = (
        Shot(number=1, frames=FrameRange(first=1, last=4)),
        Shot(number=2, frames=FrameRange(first=5, last=8)),
    )
    pairs = tuple(
        Pair(source=frame, reference=frame, of="dvd", shot=shot, role=role)
        for frame, shot, role in ((PAIRED, 1, "train"), (HELD_OUT, 2, "holdout"))
    )
    job.save(PairList(shots=shots, pairs=pairs))
    matched = tuple(None if frame == UNMATCHED else frame for frame in FRAMES.frames())
    numbers = (0.9,) * len(FRAMES)
    job.save(
        MatchRecord(
            frames=FRAMES,
            references={
                "dvd": ReferenceMatches(reference=matched, similarity=numbers, lag=numbers)
            },
            of=tuple(None if one is None else "dvd" for one in matched),
            state=("free",) * len(FRAMES),
        )
    )
    half = Area(x=8, y=8, width=WIDTH - 16, height=HEIGHT - 16)
    twice = ((2.0, 0.0, 0.5), (0.0, 2.0, 0.5), (0.0, 0.0, 1.0))
    alignments = tuple(make_alignment(one, half, matrix=twice) for one in pairs)
    job.save(Alignments(crop=half, admitted=alignments))
    truth = torch.full((3, HEIGHT, WIDTH), 0.5)
    job.folder("target")
    media.write_exr(job.root / "04-target/truth.exr", truth, colorspace=WORKING_SPACE, half=False)
    names = dict.fromkeys(("source", "truth", "weight"), "truth.exr")
    job.save(Targets(targets=(Target(pair=pairs[1], sha256="0" * 64, **names),), luma_parity=0.0))


def _write_model(job: Job) -> None:
    folder = job.folder("train")
    write_small_model(folder / "first.safetensors")
    model = load_model(folder / "first.safetensors")
    weights = torch.tensor([0.01, 1.0, 1.0, 1.0, 1.0])
    save_model(folder / "model.safetensors", replace(model, uncertainty=Uncertainty(weights)), {})
    write_grey_baseline(folder / "baseline.safetensors", 1)
    job.save(make_model(id=MODEL_ID))


def _write_master(job: Job) -> None:
    write_halves(job.folder("render") / "m.0003.exr", random_halves(200))
    record = make_rendered_frame(MASTERED, file="m.0003.exr")
    job.save(make_rendering([record], model_id=MODEL_ID))
    job.folder("validate")
    outlier = make_outlier(first=5, last=7, worst=HELD_OUT, shot=2)
    job.save(Report(verdict="review", measures=(), outliers=(outlier,)))


def write_training(folder: Path, step: int) -> None:
    """Writes what a training leaves at a checkpoint; each step has other networks."""
    train = folder / "05-train"
    law, description = load_tensors(train / "model.safetensors", MODEL_SCHEMA)
    facts = {"facts": json.dumps({"key": "this"})}
    save_tensors(train / CLOSED_FORM, law, description | facts)
    torch.manual_seed(step)
    networks = ResidualNetworks("small")
    torch.nn.init.normal_(networks.memory.weights[-1], std=0.3)
    torch.nn.init.normal_(networks.context.weights[-1], std=0.3)
    weights = networks.state_dict()
    points = (LossPoint(step=0, loss=1.0), LossPoint(step=step, loss=0.5))
    state = State(step, weights, {}, weights, step, points)
    for path in (folder / LOCK, train / UNFINISHED):
        if not path.exists():
            path.touch()
    save_checkpoint(train / CHECKPOINT, state, "this")
    write_text(folder / LossCurve.PATH, LossCurve(points=points, baseline=None).to_json())


def end_training(folder: Path) -> None:
    """Removes what tells that a training works."""
    for path in (folder / "05-train" / UNFINISHED, folder / LOCK):
        path.unlink()


def read_marks(folder: Path) -> Bookmarks:
    return Bookmarks.from_json((folder / Bookmarks.PATH).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class ViewerAnswer:
    """An answer of the viewer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def facts(self) -> dict[str, Any]:
        """The facts in its header."""
        found: dict[str, Any] = json.loads(unquote(self.headers["x-unfade-facts"]))
        return found

    @property
    def halves(self) -> NDArray[np.float16]:
        """Its half floats, (H, W, C)."""
        shape = (self.facts["height"], self.facts["width"], self.facts["channels"])
        return np.frombuffer(self.content, "<f2").reshape(shape)

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.content)
        return found


class ViewerClient:
    """A client of the pages of one film, without the guard."""

    def __init__(self, folder: Path) -> None:
        self.client = TestClient(make_app(Studio(folder.parent, False)))
        self.film = f"/film/{place_of(folder.parent, folder / 'film.toml').id}"

    def get(self, address: str) -> ViewerAnswer:
        answer = self.client.get(self.film + address)
        return ViewerAnswer(answer.status_code, answer.headers, answer.content)

    def post(self, address: str, **command: object) -> ViewerAnswer:
        answer = self.client.post(self.film + address, json=command)
        return ViewerAnswer(answer.status_code, answer.headers, answer.content)

    def picture(self, frame: int, kind: str, query: str = "") -> ViewerAnswer:
        return self.get(f"/picture/{frame}/{kind}{query}")
