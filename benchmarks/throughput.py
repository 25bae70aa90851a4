"""Claim: rendering a scan takes little longer than reading and writing it.

Makes frames of 2048x1556 as half-float EXR in ACES2065-1, renders them with an untrained model, and
renders them again without the model, in one run and with the same code. Prints frames a second of
both, their ratio, and the number of busy cores:

    python benchmarks/throughput.py [--frames 24] [--size medium] [--rounds 2]
"""

import argparse
import os
import platform
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, cast

from unfade.commands.runtime import configure_process

configure_process()

import torch  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402

from unfade import media  # noqa: E402
from unfade.film.alignment import Alignments  # noqa: E402
from unfade.film.balance import Balance  # noqa: E402
from unfade.film.clip import Area, Clips  # noqa: E402
from unfade.film.model import ModelSize, TrainedModel  # noqa: E402
from unfade.film.pair import PairList  # noqa: E402
from unfade.film.shot import Shot  # noqa: E402
from unfade.film.working_space import WORKING_SPACE  # noqa: E402
from unfade.model import (  # noqa: E402
    ChromaModel,
    ResidualNetworks,
    save_model,
)
from unfade.model.chroma_model import ErrorMap  # noqa: E402
from unfade.model.uncertainty import ERROR_TERMS, Uncertainty  # noqa: E402
from unfade.project.settings import ClipSection, Project  # noqa: E402
from unfade.render import stage, units  # noqa: E402
from unfade.render.recover import RecoveredFrame  # noqa: E402
from unfade.train.fit.laws import ColourSamples, fit_laws  # noqa: E402
from unfade.work.job import Job  # noqa: E402
from unfade.work.progress import SilentProgress  # noqa: E402

WIDTH, HEIGHT = 2048, 1556
"""Size of the frames: a 2K scan."""
GRAIN_DEVIATION = 0.02
"""Standard deviation of the grain, of range 1; frames with grain compress as scans do."""
ALL_FAMILIAR, NONE_FAMILIAR = 1e6, 0.0
"""Distances to training, in standard deviations, up to which a pixel counts as familiar."""


def main() -> None:
    """Prints a table with one row for each round."""
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="throughput-", dir=options.folder))
    try:
        job = make_job(folder, options.frames, options.size)
        recover: Any = units.recover
        print(
            f"{options.frames} frames of {WIDTH}x{HEIGHT}, {options.size} model, "
            f"{os.cpu_count()} cores, {platform.machine()}"
        )
        print(
            "| round | frames/s without the model | cores busy | with it, familiar | cores busy | "
            "ratio | with it, unfamiliar | cores busy | ratio |"
        )
        print("| --- " * 9 + "|")
        for number in range(1, options.rounds + 1):
            bare_rate, cores = _measure(job, _unchanged)
            cells = [f"{bare_rate:.2f}", f"{cores:.2f}"]
            for limit in (ALL_FAMILIAR, NONE_FAMILIAR):
                rate, cores = _measure(job, partial(_recover, recover, limit))
                cells += [f"{rate:.2f}", f"{cores:.2f}", f"{rate / bare_rate:.2f}"]
            print(f"| {number} | {' | '.join(cells)} |", flush=True)
    finally:
        shutil.rmtree(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--size", default="medium")
    parser.add_argument("--folder", type=Path, default=None)
    return parser.parse_args()


def _recover(
    recover: Any, limit: float, source_rgb: Tensor, live_area: Area, model: ChromaModel, shot: int
) -> RecoveredFrame:
    """Recovers a frame with pixels up to a distance to training counted as familiar."""
    model.residual.familiarity.near.fill_(limit)
    model.residual.familiarity.far.fill_(limit)
    recovered: RecoveredFrame = recover(source_rgb, live_area, model, shot)
    return recovered


def _unchanged(source_rgb: Tensor, *_: object) -> RecoveredFrame:
    """The frame without recovery."""
    return RecoveredFrame(source_rgb, ErrorMap(torch.zeros(1, 1, 1), torch.zeros(1, 1, 1)))


def _measure(job: Job, recover: Any) -> tuple[float, float]:
    """Frames a second of a render of all frames, and the mean number of busy cores."""
    shutil.rmtree(job.folder("render"))
    job.forget_made()
    cast(Any, units).recover = recover
    start, cpu_start = time.perf_counter(), time.process_time()
    stage.run(job)
    seconds = time.perf_counter() - start
    cores = (time.process_time() - cpu_start) / seconds
    return len(job.load(Clips).source.frames) / seconds, cores


def make_job(folder: Path, frames: int, size: ModelSize) -> Job:
    """A job with everything that render needs: scan, clips, pairs, alignments and a model."""
    _write_scan(folder / "scan", frames)
    fields = {
        "film": {"title": "Throughput"},
        "source": {"path": "scan/s.%04d.exr"},
        "pair": [{"source": 1, "reference": "none.png"}],
    }
    job = Job(Project.model_validate(fields), folder, SilentProgress())
    section = ClipSection(path="scan/s.%04d.exr")
    clip = media.probe(job.resolve(section.path), section)
    job.save(Clips(source=clip))
    job.save(PairList(shots=(Shot(number=1, frames=clip.frames),), pairs=()))
    job.save(Alignments(crop=clip.live_area, admitted=()))
    rgb = torch.rand(3, 4000, generator=torch.Generator().manual_seed(1))
    sample = ColourSamples(rgb=rgb, cbcr=torch.zeros(2, 4000), weight=torch.ones(4000))
    grade = Balance(lift=(-0.3, -0.1, -0.1), gamma=(0.9, 1.1, 1.0), gain=(1.1, 1.1, 1.1))
    laws = fit_laws({1: sample}, torch.eye(3) * GRAIN_DEVIATION**2)
    doubt = Uncertainty(torch.ones(ERROR_TERMS))
    model = ChromaModel(size, laws, ResidualNetworks(size), uncertainty=doubt, grade=grade)
    model_id = save_model(job.folder("train") / "model.safetensors", model, {})
    job.save(
        TrainedModel(
            id=model_id,
            size=size,
            parameters=sum(part.numel() for part in model.residual.parameters()),
            steps=1,
            best_step=1,
            colorspace=WORKING_SPACE,
            file="model.safetensors",
            baseline_file="none",
            train_frames=(),
            holdout_frames=(),
            held_out=None,
            baseline_held_out=None,
            faded_held_out=None,
        )
    )
    return job


def _write_scan(folder: Path, frames: int) -> None:
    """Writes frames of soft shapes with grain."""
    folder.mkdir()
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 12, 16, generator=generator)
    scene = functional.interpolate(coarse, size=(HEIGHT, WIDTH), mode="bicubic")[0]
    for frame in range(1, frames + 1):
        grain = torch.randn(3, HEIGHT, WIDTH, generator=generator) * GRAIN_DEVIATION
        pixels = (scene.roll(4 * frame, dims=2) * 0.8 + 0.1 + grain).clamp_min(0.001)
        media.write_exr(folder / f"s.{frame:04d}.exr", pixels, colorspace="ACES2065-1")


if __name__ == "__main__":
    main()
