"""The scan of the faded print."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from unfade.color.ycbcr import luma
from unfade.film.working_space import WORKING_GAMMA
from unfade.simulate.defects import add_grain, dirt, sparkles
from unfade.simulate.fading import loss_map, stain_density
from unfade.simulate.plan import Plan
from unfade.simulate.print_film import density_to_display, dyes_to_density

_WHITE_LUMA = 0.9
"""Luma to which the scanner's exposure raises the white of the film: headroom for highlights."""

_WHITE_PERCENTILE = 99.5
"""Percentile of luma taken as white, so that a few sparkling pixels do not decide."""


def scan_print(dyes: Tensor, plan: Plan, index: int, exposure: float) -> Tensor:
    """The scan of a frame.

    Args:
        dyes: of the fresh print in the gate, (3, H, W).
        plan: of the film.
        index: of the frame.
        exposure: from `exposure_for_white`.

    Returns:
        (3, H, W) R'G'B'.
    """
    height, width = dyes.shape[-2:]
    defects = plan.severity.defects
    white_dirt = sparkles(defects.sparkles, height, width, plan.seed, index)
    black_dirt = dirt(defects.specks, defects.hairs, height, width, plan.seed, index)
    grainy = add_grain(dyes * (1 - white_dirt), defects.grain, plan.seed, index)
    density = _faded_density(grainy, plan, loss_map(plan.fade, index, height, width))
    return density_to_display(density + black_dirt + float(plan.exposure[index]) - exposure)


def exposure_for_white(samples: Iterable[tuple[int, Tensor]], plan: Plan) -> float:
    """The scanner's exposure, in density, constant over the film: it puts white at luma 0.9.

    Args:
        samples: representative frames: (index, dyes of the picture without borders).
        plan: of the film.
    """
    lumas = []
    for index, dyes in samples:
        height, width = dyes.shape[-2:]
        loss = loss_map(plan.fade, index, height, width)
        faded_rgb = density_to_display(_faded_density(dyes, plan, loss))
        lumas.append(luma(faded_rgb).flatten())
    white = float(np.percentile(torch.cat(lumas).numpy(), _WHITE_PERCENTILE))
    return float(WORKING_GAMMA * np.log10(_WHITE_LUMA / white))


def _faded_density(dyes: Tensor, plan: Plan, loss: Tensor) -> Tensor:
    return dyes_to_density(dyes * (1 - loss)) + stain_density(plan.severity.fade)
