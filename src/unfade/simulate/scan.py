"""The faded print as a scanner sees it."""

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

_WHITE = 0.9  # where the technician puts the luma that 99.5 % of the picture stays below
_WHITE_PERCENTILE = 99.5


def scan_print(dyes: Tensor, plan: Plan, index: int, exposure: float) -> Tensor:
    """The scan of a frame.

    Args:
        dyes: of the fresh print in the gate, (3, H, W).
        plan: of the film.
        index: of the frame.
        exposure: what `level` gave.

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


def level(samples: Iterable[tuple[int, Tensor]], plan: Plan) -> float:
    """The exposure, in density, that the technician sets once for the whole film.

    Args:
        samples: frames (index, dyes of the picture alone) that stand for the film.
        plan: of the film.
    """
    lumas = []
    for index, dyes in samples:
        height, width = dyes.shape[-2:]
        loss = loss_map(plan.fade, index, height, width)
        shown = density_to_display(_faded_density(dyes, plan, loss))
        lumas.append(luma(shown).flatten())
    white = float(np.percentile(torch.cat(lumas).numpy(), _WHITE_PERCENTILE))
    return float(WORKING_GAMMA * np.log10(_WHITE / white))


def _faded_density(dyes: Tensor, plan: Plan, loss: Tensor) -> Tensor:
    return dyes_to_density(dyes * (1 - loss)) + stain_density(plan.severity.fade)
