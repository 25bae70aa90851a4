"""Pictures shown a second time, a little otherwise: moved, scaled, lighter or darker.

Nothing that alters how chroma goes with light: exposure scales source and truth alike. Flips are
left out, as the network knows left from right by the place in the frame alone, and the place must
not be flipped, because the fade is not.
"""

from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor

from unfade.film.working_space import WORKING_GAMMA
from unfade.train.data.pixels import Picture

SCALE = 0.1
"""Most that a picture is made larger or smaller, as a share of its size."""

SHIFT = 0.05
"""Most that its middle is moved, as a share of its width."""

EXPOSURE = 0.1
"""Most that its light is changed, as a share of it."""


def augmented(shown: Picture, seed: int) -> Picture:
    """The picture a little otherwise; what comes into the frame from outside has no weight."""
    draws = np.random.default_rng([seed, shown.frame])
    scale, exposure = 1 + draws.uniform(-SCALE, SCALE), 1 + draws.uniform(-EXPOSURE, EXPOSURE)
    height, width = shown.source_rgb.shape[1:]
    shift = draws.uniform(-SHIFT, SHIFT, 2) * width
    middle = np.array([width - 1, height - 1]) / 2
    offset = middle + shift - scale * middle
    matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]])
    gain = exposure ** (1 / WORKING_GAMMA)

    def moved(planes: Tensor, border: int) -> Tensor:
        warped = [
            cv2.warpAffine(plane, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=border)
            for plane in planes.numpy()
        ]
        return torch.from_numpy(np.stack(warped))

    return replace(
        shown,
        source_rgb=moved(shown.source_rgb, cv2.BORDER_REPLICATE).clamp(0, 1) * gain,
        truth_rgb=moved(shown.truth_rgb, cv2.BORDER_REPLICATE).clamp(0, 1) * gain,
        weight=moved(shown.weight, cv2.BORDER_CONSTANT).clamp(0, 1),
    )
