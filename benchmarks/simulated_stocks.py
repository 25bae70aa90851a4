"""A frame of each simulated shot, on films of several dye stocks, with known truth.

The dyes of a stock are a table of spectral densities. The simulator gets them in the place of its
own; the solver keeps those that it always assumes. Frames are stored in a cache folder.
"""

import csv
import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from simulated_shots import (
    INSET_PX,
    SEED,
    SHOTS,
    TEN_BIT_WHITE,
    at_source_luma,
    clip_cut,
    dyes_of_frames,
    film_exposure,
    scan_and_truth,
)
from torch import Tensor

from unfade.color.ycbcr import rgb_to_ycbcr
from unfade.simulate import SEVERITIES, print_film
from unfade.simulate.plan import plan_film

STOCKS = ("5383", "2383", "5384", "5247_II", "fuji_3513di", "technicolor_v")
"""Of three makers: by Kodak's numbers three print films and, for dyes that differ more, a negative
film; a print film of Fujifilm, and the dyes of Technicolor's prints of 1954."""
OWN_DYES = Path(__file__).parent / "dyes"
"""Tables that are not among the data handed to the benchmarks; NOTICE names their source."""
DEVELOPMENT_STOCKS = ("5383", "2383")
DEVELOPMENT_SHOTS = ("bikes-1", "bikes-3", "carphone", "flower", "sintel-face", "bbb-1")
"""Shots and stocks on which the solver's constants were chosen; nothing was tuned on others."""


@dataclass(frozen=True, eq=False)
class StockFrame:
    """A scan, its true chroma (2, H, W), and the truth (3, H, W) at the scan's luma."""

    stock: str
    shot: str
    source_rgb: Tensor
    cbcr: Tensor
    truth_rgb: Tensor

    @property
    def is_development(self) -> bool:
        """Whether constants were chosen on this shot of this stock."""
        return self.stock in DEVELOPMENT_STOCKS and self.shot in DEVELOPMENT_SHOTS

    @property
    def is_new(self) -> bool:
        """Whether they were chosen neither on this shot nor on this stock."""
        return self.stock not in DEVELOPMENT_STOCKS and self.shot not in DEVELOPMENT_SHOTS


def stock_film(data: Path, cache: Path, severity: str, stock: str) -> list[StockFrame]:
    """The middle frame of every shot of a film with a severity of fading."""
    densities = stock_densities(data, stock)
    with mock.patch.object(print_film, "dye_densities", return_value=densities):
        return list(_frames(data, cache, severity, stock))


def _frames(data: Path, cache: Path, severity: str, stock: str) -> Iterator[StockFrame]:
    cuts = [clip_cut(data, SHOTS[name]) for name in SHOTS]
    plan = plan_film(cuts, SEVERITIES[severity], SEED + STOCKS.index(stock))
    key = json.dumps(
        [SHOTS, plan.severity.model_dump(), plan.seed, INSET_PX, _listed()],
        default=lambda a: a.__dict__,
    )
    folder = cache / f"{severity}-{stock}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, cut, shot in zip(SHOTS, cuts, plan.shots, strict=True):
        path = folder / f"{name}.npz"
        if not path.exists():
            middle = len(cut.frames) // 2
            index = shot.frames.first - plan.shots[0].frames.first + middle
            ((_, dyes),) = dyes_of_frames(cut, [cut.frames.first + middle])
            scan, truth = scan_and_truth(dyes, plan, index, film_exposure(folder, cuts, plan))
            np.savez(path, scan=scan, truth=truth)
        with np.load(path) as stored:
            source_rgb, print_rgb = (
                torch.from_numpy(stored[key]).float() / TEN_BIT_WHITE for key in ("scan", "truth")
            )
        cbcr = rgb_to_ycbcr(print_rgb)[1:]
        yield StockFrame(stock, name, source_rgb, cbcr, at_source_luma(source_rgb, cbcr))


def _listed() -> list[list[float]]:
    densities: list[list[float]] = print_film.dye_densities().tolist()
    return densities


def stock_densities(data: Path, stock: str) -> Tensor:
    """`print_film.dye_densities` of another stock, in the simulator's scanner bands."""
    path = OWN_DYES / f"{stock}.csv"
    if not path.exists():
        path = data / "film-dyes" / f"kodak_{stock}_dye_density_380-780_5nm.csv"
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    wavelengths = torch.tensor([float(row["nm"]) for row in rows], dtype=torch.float64)
    spectra = torch.tensor(
        [[float(row[dye] or 0) for row in rows] for dye in print_film.DYES], dtype=torch.float64
    )
    centres = torch.tensor(print_film._BAND_CENTRES_NM, dtype=torch.float64)
    sigma = print_film._BAND_WIDTH_NM / (2 * math.sqrt(2 * math.log(2)))
    bands = torch.exp(-(((wavelengths - centres[:, None]) / sigma) ** 2) / 2)
    densities = (bands / bands.sum(dim=1, keepdim=True)) @ spectra.T
    return (densities / densities.sum(dim=1, keepdim=True)).to(torch.float32)
