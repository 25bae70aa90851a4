"""Augmentation: pictures shifted, scaled, and lighter or darker.

Exposure scales source and ground truth alike, so that the relation of chroma to light is kept.
There are no flips: the networks know left from right only by the position in the frame, and the
position must not be flipped, because the fade is not.
"""

from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor

from unfade.color.ycbcr import rgb_to_ycbcr, ycbcr_to_rgb
from unfade.film.series import frame_in_film
from unfade.film.working_space import WORKING_GAMMA
from unfade.geometry.affine import affine
from unfade.train.data.pixels import NetworkPicture

MAX_SCALE_CHANGE = 0.1
"""Largest change of size, as a share of the size: the guide's small scale (decisions/18)."""

MAX_SHIFT = 0.05
"""Largest shift of the centre, as a share of the width: the guide's small translation."""

MAX_EXPOSURE_CHANGE = 0.1
"""Largest change of light, as a share of it: the guide's value."""


def augmented(picture: NetworkPicture, seed: int) -> NetworkPicture:
    """The picture with a random scale, shift and exposure; pixels from outside have no weight."""
    frame = picture.frame
    random = np.random.default_rng([seed, frame_in_film(frame.number)])
    scale = 1 + random.uniform(-MAX_SCALE_CHANGE, MAX_SCALE_CHANGE)
    exposure = 1 + random.uniform(-MAX_EXPOSURE_CHANGE, MAX_EXPOSURE_CHANGE)
    height, width = picture.weight.shape[1:]
    shift = random.uniform(-MAX_SHIFT, MAX_SHIFT, 2) * width
    centre = np.array([width - 1, height - 1]) / 2
    offset = centre + shift - scale * centre
    matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]])
    gain = exposure ** (1 / WORKING_GAMMA)

    def warped(planes: Tensor, border: int = cv2.BORDER_REPLICATE) -> Tensor:
        return torch.from_numpy(affine(planes.numpy(), matrix, border)).clamp(0, 1)

    return replace(
        picture,
        frame=replace(
            frame,
            source_rgb=warped(frame.source_rgb) * gain,
            clean_rgb=warped(frame.clean_rgb) * gain,
        ),
        truth_ycbcr=rgb_to_ycbcr(warped(ycbcr_to_rgb(picture.truth_ycbcr)) * gain),
        weight=warped(picture.weight, cv2.BORDER_CONSTANT),
    )
