"""The golden matching: shots, matches, pairs and alignments of a small synthetic film, kept in
golden_matching.json.

If a change of curate or align is intended, check the differences, then write the file again:

    python tests/golden/golden_matching.py
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.nn import functional

from unfade import media
from unfade.film.alignment import Alignment, Alignments, weight_file
from unfade.film.balance import FilmBalance
from unfade.film.match import MatchRecord
from unfade.film.pair import PairList
from unfade.pipeline import run as pipeline
from unfade.project.file import load_project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

GOLDEN_FILE = Path(__file__).with_name("golden_matching.json")
HEIGHT, WIDTH = 270, 360
FRAMES_PER_SHOT = 14
SOURCE_SHOTS = (1, 2, 3)
REFERENCE_SHOTS = (1, 4, 2, 3)
"""Seeds of the shots; the reference has an inserted shot."""
WEIGHT_CELLS = (3, 4)
REFERENCE_CORNERS = ((0.0, 0.0), (299.0, 0.0), (299.0, 239.0), (0.0, 239.0))
DYE_LOSS = (0.95, 0.6, 0.7)
WARP_PX = 3.0
"""Amplitude of the smooth warp of the reference, in pixels."""
PROJECT = """
[film]
title = "Golden"
[source]
path = "scan/s.%04d.dpx"
colorspace = "Gamma 2.4 Encoded Rec.709"
live_area = [0, 0, 360, 270]
[[reference]]
path = "dvd/d.%04d.png"
name = "dvd"
colorspace = "Gamma 2.4 Encoded Rec.709"
live_area = [0, 0, 300, 240]
[[pair]]
source = 5
reference = 20
[curate]
pairs_per_shot = 2
most_per_shot = 2
"""


def golden(folder: Path) -> dict[str, dict[str, Any]]:
    """The results of curate and align for the film, which is written to a folder.

    "exact" has whole numbers and words, "px" has pixels, "share" has values from 0 to about 1.
    """
    write_film(folder)
    job = Job(load_project(folder / "film.toml"), folder, SilentProgress())
    pipeline.run(job, last="align")
    return results(job)


def results(job: Job) -> dict[str, dict[str, Any]]:
    """The results of curate and align in a work directory."""
    pairs, record = job.load(PairList), job.load(MatchRecord)
    alignments, grade = job.load(Alignments), job.load(FilmBalance).grade
    matches = record.references["dvd"]
    exact = {
        "shots": [[shot.frames.first, shot.frames.last] for shot in pairs.shots],
        "scenes": pairs.scenes,
        "pairs": [[pair.source, pair.reference, pair.role] for pair in pairs.pairs],
        "alternates": [[pair.source, pair.reference, pair.role] for pair in pairs.alternates],
        "matched": matches.reference,
        "state": record.state,
        "admitted": [[one.pair.source, one.kind] for one in alignments.admitted],
        "rejected": [one.pair.source for one in alignments.rejected],
    }
    px = {
        "crop": alignments.crop.model_dump(),
        **{f"{one.pair.source}": _geometry_px(one) for one in alignments.admitted},
    }
    share = {
        "similarity": matches.similarity,
        "lag": matches.lag,
        "balance": [*grade.lift, *grade.gamma, *grade.gain],
        **{f"{one.pair.source}": _weight_cells(job, one) for one in alignments.admitted},
    }
    return {"exact": exact, "px": px, "share": share}


def _geometry_px(one: Alignment) -> list[float]:
    """Where an alignment lays the corners of the reference, its nodes, residuals and coverage."""
    laid = cv2.perspectiveTransform(np.array([REFERENCE_CORNERS]), np.array(one.matrix))
    assert one.warp is not None
    assert one.residual_moving is not None
    assert one.residual_edges is not None
    nodes = np.array([one.warp.x, one.warp.y])
    area = one.coverage
    residuals = (one.residual, one.residual_p95, one.residual_moving, one.residual_edges)
    coverage = (area.x, area.y, area.width, area.height)
    return [*laid.flatten().tolist(), *nodes.flatten().tolist(), *residuals, *coverage]


def _weight_cells(job: Job, one: Alignment) -> list[float]:
    """The means of a pair's weight over a grid of cells."""
    weight = media.read_plane(job.root / weight_file(one.pair.source))
    return functional.adaptive_avg_pool2d(weight, WEIGHT_CELLS).flatten().tolist()


def write_film(folder: Path) -> None:
    """Writes film.toml, a faded scan and a reference with another framing and a smooth warp."""
    for name in ("scan", "dvd"):
        (folder / name).mkdir(parents=True)
    (folder / "film.toml").write_text(PROJECT, encoding="utf-8")
    scan = [picture for seed in SOURCE_SHOTS for picture in _shot(seed)]
    dvd = [picture for seed in REFERENCE_SHOTS for picture in _shot(seed)]
    draws = np.random.default_rng(0)
    for number, picture in enumerate(scan, start=1):
        faded = picture * np.array(DYE_LOSS) + 0.03 + draws.normal(0, 0.01, picture.shape)
        place = folder / f"scan/s.{number:04d}.dpx"
        media.write_dpx(place, _tensor(faded), bits=10, colorspace="Gamma 2.4 Encoded Rec.709")
    for number, picture in enumerate(dvd, start=1):
        media.write_png(folder / f"dvd/d.{number:04d}.png", _tensor(_reframed(picture, draws)))


def _shot(seed: int) -> list[np.ndarray]:
    """Frames of a panned scene with an object that moves against the pan, (H, W, 3)."""
    draws = np.random.default_rng(seed)
    scene, thing = _texture(draws, 2 * HEIGHT, 2 * WIDTH), _texture(draws, 90, 90)
    speed, start = draws.integers(2, 5), draws.integers(20, 60, 2)
    frames = []
    for frame in range(FRAMES_PER_SHOT):
        left, top = start[0] + speed * frame, start[1] + frame
        picture = scene[top : top + HEIGHT, left : left + WIDTH].copy()
        x = WIDTH // 2 - 2 * speed * frame + 60
        picture[100:190, x : x + 90] = thing
        frames.append(picture)
    return frames


def _texture(draws: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Noise of three scales around a colour, 0.05 to 0.95, (height, width, 3)."""
    texture = np.broadcast_to(draws.uniform(0.2, 0.7, 3), (height, width, 3)).copy()
    for cell_px, contrast in ((60, 0.5), (16, 0.3), (5, 0.2)):
        cells = draws.uniform(-0.5, 0.5, (height // cell_px + 2, width // cell_px + 2, 3))
        texture += contrast * cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(texture, 0.05, 0.95)


def _reframed(picture: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """A frame with the framing, the warp and the weave of the reference, (240, 300, 3)."""
    y, x = np.mgrid[0:240, 0:300].astype(np.float64)
    weave = draws.normal(0, 0.5, 2)
    across = 14 + 1.10 * x + 0.01 * y + weave[0] + WARP_PX * np.sin(2 * np.pi * y / 240)
    down = 9 - 0.01 * x + 1.04 * y + weave[1] + WARP_PX * np.sin(2 * np.pi * x / 300)
    place = across.astype(np.float32), down.astype(np.float32)
    return np.asarray(cv2.remap(picture, *place, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))


def _tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.clip(picture, 0, 1)).permute(2, 0, 1).float()


def text_of(found: dict[str, dict[str, Any]]) -> str:
    """JSON with a line for each quantity."""
    sections = (
        f"{json.dumps(name)}: {{\n"
        + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in values.items())
        + "\n }"
        for name, values in found.items()
    )
    return "{\n " + ",\n ".join(sections) + "\n}\n"


if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        GOLDEN_FILE.write_text(text_of(golden(Path(scratch))), encoding="utf-8")
