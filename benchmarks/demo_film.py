"""Claim: on the demo film, recovered colour is far closer to the truth than the faded scan's and
clearly closer than a LUT's, and it is as steady along motion as the truth.

Runs the demo if it is not complete. Then scores every frame at source luma, over the live area,
against the truth that the simulator kept and the pipeline never reads:

    python benchmarks/demo_film.py [--folder DIR] [--severity medium] [--seed 0]
"""

import argparse
import math
import platform
import subprocess
import sys
from pathlib import Path

import torch

from unfade import media
from unfade.color.difference import rgb_difference
from unfade.color.ycbcr import luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.commands.runtime import configure_process
from unfade.film.clip import Clips
from unfade.film.model import TrainedModel
from unfade.film.rendering import Rendering
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.model import load_baseline
from unfade.project.settings import ClipSection
from unfade.validate.steadiness import SmallFrame, chroma_change, small_frame

FIGURES = (
    "faded scan",
    "LUT baseline",
    "recovered",
    "change along motion, truth",
    "recovered",
    "luma difference",
)
"""Columns of the table. The two changes are the mean absolute change of chroma along motion."""
ERROR_COLUMNS = 3
"""The first columns, which are CIEDE2000."""


def main() -> None:
    """Prints a table of means over the frames of each shot, and of the film."""
    configure_process()
    options = _options()
    folder = options.folder
    command = [sys.executable, "-m", "unfade", "demo", str(folder), "--quiet"]
    command += ["--severity", options.severity, "--seed", str(options.seed)]
    subprocess.run(command, check=True)
    rows = list(score_frames(folder))
    print(f"\n{options.severity}, seed {options.seed}, {platform.machine()}, {len(rows)} frames")
    print("| shot | frames | " + " | ".join(FIGURES) + " |")
    print("| --- " * (len(FIGURES) + 2) + "|")
    for shot in sorted({row[0] for row in rows}):
        _print_row(str(shot), [figures for number, figures in rows if number == shot])
    _print_row("film", [figures for _, figures in rows])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo"))
    parser.add_argument("--severity", default="medium")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def score_frames(folder: Path):  # type: ignore[no-untyped-def]
    """Yields the shot and figures of every frame."""
    scan = _load(folder, Clips).source
    source = scan.model_copy(update={"path": str((folder / scan.path).absolute())})
    rendering = _load(folder, Rendering)
    trained = _load(folder, TrainedModel)
    baseline = load_baseline(folder / "05-train" / trained.baseline_file)
    section = ClipSection(path="unused", colorspace=WORKING_SPACE)
    truth = media.probe(str((folder / "elements/truth/truth.%06d.dpx").absolute()), section)
    area = source.live_area
    numbers = [frame.frame for frame in rendering.frames]
    before: SmallFrame | None = None
    pictures = zip(media.read(source, numbers), media.read(truth, numbers), strict=True)
    for frame, ((_, scan_rgb), (_, unfaded_rgb)) in zip(rendering.frames, pictures, strict=True):
        master_rgb = media.read_picture(
            str(folder / "06-render" / frame.file), rendering.colorspace
        )
        source_rgb, recovered_rgb = crop(scan_rgb, area), crop(master_rgb, area)
        y = luma(source_rgb)
        truth_cbcr = rgb_to_ycbcr(crop(unfaded_rgb, area))[1:]
        lut_cbcr = baseline.predict(source_rgb, frame.shot)
        candidates = (rgb_to_ycbcr(source_rgb)[1:], lut_cbcr, rgb_to_ycbcr(recovered_rgb)[1:])
        truth_rgb = ycbcr_to_rgb(torch.cat([y, truth_cbcr]))
        errors = [
            float(rgb_difference(ycbcr_to_rgb(torch.cat([y, cbcr])), truth_rgb).mean())
            for cbcr in candidates
        ]
        now = small_frame(frame.frame, frame.shot, truth_rgb, recovered_rgb)
        change, before = chroma_change(before, now), now
        changes = [change.source, change.recovered] if change else [math.nan, math.nan]
        yield frame.shot, [*errors, *changes, float((luma(recovered_rgb) - y).abs().max())]


def _load(folder: Path, kind):  # type: ignore[no-untyped-def]
    return kind.from_json((folder / kind.PATH).read_text(encoding="utf-8"))


def _print_row(name: str, rows: list[list[float]]) -> None:
    means = torch.tensor(rows).nanmean(dim=0).tolist()
    largest = max(row[-1] for row in rows)
    cells = [f"{value:.2f}" for value in means[:ERROR_COLUMNS]]
    cells += [f"{value:.5f}" for value in (*means[ERROR_COLUMNS:-1], largest)]
    print(f"| {name} | {len(rows)} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
