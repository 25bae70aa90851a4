"""Scores and tables that the benchmarks share."""

import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import torch
from torch import Tensor

from unfade.color.difference import ciede2000, light_to_lab
from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.film.working_space import WORKING_GAMMA

ROOT = Path(__file__).resolve().parent.parent


class Curve(Enum):
    """Transfer curve from code values 0 to 1 to light, for CIELAB."""

    WORKING = "gamma 2.4"
    """The project's own curve, of its masters and of a reference display."""

    SRGB = "sRGB"
    """IEC 61966-2-1, for comparison with figures of other systems, which were measured with it."""

    def light(self, rgb: Tensor) -> Tensor:
        """Linear light of display R'G'B', clamped to 0..1."""
        rgb = rgb.clamp(0.0, 1.0)
        if self is Curve.WORKING:
            return rgb**WORKING_GAMMA
        return torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


@dataclass(frozen=True)
class Score:
    """Errors of a picture against its truth.

    `ciede2000` is the mean and `p95` the 95th percentile over its pixels by the working curve;
    `srgb` is the mean CIEDE2000 with values read as sRGB. `chroma` is the mean absolute error of Cb
    and Cr, `psnr` the PSNR of R'G'B' clamped to 0..1 in dB, `luma` the largest luma error.
    """

    ciede2000: float
    srgb: float
    p95: float
    chroma: float
    psnr: float
    luma: float

    def mean(self, curve: Curve) -> float:
        """Mean CIEDE2000 by a curve."""
        return self.ciede2000 if curve is Curve.WORKING else self.srgb


def difference(one_rgb: Tensor, other_rgb: Tensor, curve: Curve) -> Tensor:
    """CIEDE2000 (1, H, W) between two display pictures (3, H, W) by a curve."""
    one, other = (light_to_lab(curve.light(rgb)) for rgb in (one_rgb, other_rgb))
    return ciede2000(one, other)


def score(truth_rgb: Tensor, recovered_rgb: Tensor) -> Score:
    """Score of a picture (3, H, W) against its truth (3, H, W)."""
    working, srgb = (difference(truth_rgb, recovered_rgb, curve).flatten() for curve in Curve)
    truth_ycbcr, ycbcr = rgb_to_ycbcr(truth_rgb), rgb_to_ycbcr(recovered_rgb)
    square = (truth_rgb.clamp(0, 1) - recovered_rgb.clamp(0, 1)).square().mean()
    return Score(
        float(working.mean()),
        float(srgb.mean()),
        float(working.kthvalue(int(0.95 * working.numel())).values),
        float((truth_ycbcr[1:] - ycbcr[1:]).abs().mean()),
        float(-10 * torch.log10(square.clamp_min(1e-12))),
        float((luma(truth_rgb) - luma(recovered_rgb)).abs().max()),
    )


def mean_score(scores: Sequence[Score]) -> Score:
    """Mean over pictures; of `luma` the maximum."""
    count = len(scores)
    return Score(
        sum(one.ciede2000 for one in scores) / count,
        sum(one.srgb for one in scores) / count,
        sum(one.p95 for one in scores) / count,
        sum(one.chroma for one in scores) / count,
        sum(one.psnr for one in scores) / count,
        max(one.luma for one in scores),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    """Markdown table; floats get two decimals."""
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    for row in rows:
        cells = [f"{cell:.2f}" if isinstance(cell, float) else cell for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def score_rows(scores: Mapping[str, Score], seconds: Mapping[str, float]) -> list[list[str]]:
    """Rows of a table, one for each method, with the columns of `SCORE_HEAD`."""
    return [
        [
            method,
            f"{one.ciede2000:.2f}",
            f"{one.srgb:.2f}",
            f"{one.p95:.2f}",
            f"{one.chroma:.4f}",
            f"{one.psnr:.1f}",
            f"{one.luma:.4f}",
            f"{seconds[method]:.1f}" if method in seconds else "",
        ]
        for method, one in scores.items()
    ]


SCORE_HEAD = ("method", "CIEDE2000", "as sRGB", "p95", "chroma", "PSNR dB", "max luma", "seconds")


def circumstances() -> str:
    """One line with commit, processor, threads and versions."""
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return (
        f"commit {commit}; {_processor()}, {os.cpu_count()} cores, "
        f"{torch.get_num_threads()} threads; torch {torch.__version__}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
