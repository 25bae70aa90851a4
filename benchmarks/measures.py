"""What every benchmark measures and how it is shown."""

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
    """By which code values 0 to 1 are read as light for CIELAB."""

    WORKING = "gamma 2.4"
    """The project's own: what its masters hold, and what a reference display shows."""

    SRGB = "sRGB"
    """IEC 61966-2-1, for comparison with figures of other systems, which were taken so."""

    def light(self, rgb: Tensor) -> Tensor:
        """Linear light of display R'G'B', cut to 0..1."""
        rgb = rgb.clamp(0.0, 1.0)
        if self is Curve.WORKING:
            return rgb**WORKING_GAMMA
        return torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


@dataclass(frozen=True)
class Score:
    """How far a picture is from its truth.

    `ciede2000` and `p95` are over its pixels by the working curve, `srgb` is the mean CIEDE2000
    with its values read as sRGB, `chroma` the mean absolute error of Cb and Cr, `psnr` that of
    R'G'B' cut to 0..1 in dB, `luma` the greatest luma error.
    """

    ciede2000: float
    srgb: float
    p95: float
    chroma: float
    psnr: float
    luma: float

    def mean(self, curve: Curve) -> float:
        """The mean CIEDE2000 by a curve."""
        return self.ciede2000 if curve is Curve.WORKING else self.srgb


def difference(one_rgb: Tensor, other_rgb: Tensor, curve: Curve) -> Tensor:
    """CIEDE2000 (1, H, W) of two display pictures (3, H, W) by a curve."""
    one, other = (light_to_lab(curve.light(rgb)) for rgb in (one_rgb, other_rgb))
    return ciede2000(one, other)


def score(truth_rgb: Tensor, recovered_rgb: Tensor) -> Score:
    """The score of a picture (3, H, W) against its truth (3, H, W)."""
    own, srgb = (difference(truth_rgb, recovered_rgb, curve).flatten() for curve in Curve)
    truth_ycbcr, ycbcr = rgb_to_ycbcr(truth_rgb), rgb_to_ycbcr(recovered_rgb)
    square = (truth_rgb.clamp(0, 1) - recovered_rgb.clamp(0, 1)).square().mean()
    return Score(
        float(own.mean()),
        float(srgb.mean()),
        float(own.kthvalue(int(0.95 * own.numel())).values),
        float((truth_ycbcr[1:] - ycbcr[1:]).abs().mean()),
        float(-10 * torch.log10(square.clamp_min(1e-12))),
        float((luma(truth_rgb) - luma(recovered_rgb)).abs().max()),
    )


def mean_score(scores: Sequence[Score]) -> Score:
    """The mean over pictures, but of `luma` the greatest."""
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
    """A Markdown table; numbers get two decimals."""
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    for row in rows:
        cells = [f"{cell:.2f}" if isinstance(cell, float) else cell for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def score_rows(scores: Mapping[str, Score], seconds: Mapping[str, float]) -> list[list[str]]:
    """A row a method: CIEDE2000 by both curves, 95th percentile, chroma, PSNR, luma, seconds."""
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
    """Hardware and commit, in one line."""
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
    place = Path("/proc/cpuinfo")
    if place.exists():
        for line in place.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
