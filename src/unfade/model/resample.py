"""Window means, and pictures made smaller and larger by whole factors.

OpenCV computes them on the CPU, several times as fast as torch; torch does on an accelerator.
"""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def box_mean(picture: Tensor, radius: int) -> Tensor:
    """Mean of (C, H, W) over squares of 2 * `radius` + 1 pixels; the border is repeated."""
    size = (2 * radius + 1, 2 * radius + 1)
    planes = [
        cv2.boxFilter(plane, -1, size, borderType=cv2.BORDER_REPLICATE)
        for plane in picture.contiguous().numpy()
    ]
    return torch.from_numpy(np.stack(planes))


def downsample(picture: Tensor, factor: int) -> Tensor:
    """(C, H, W) averaged over squares of `factor` pixels; partial squares at the edge count too.

    On the CPU OpenCV averages whole squares in half of torch's time.
    """
    if factor == 1:
        return picture
    if picture.device.type != "cpu":
        return _pooled(picture, factor)
    lines, columns = (size // factor for size in picture.shape[1:])
    averaged = picture.new_empty(len(picture), *(-(-size // factor) for size in picture.shape[1:]))
    if lines and columns:
        for plane, small in zip(picture, averaged, strict=True):
            squares = plane.numpy()[: lines * factor, : columns * factor]
            whole = cv2.resize(squares, (columns, lines), interpolation=cv2.INTER_AREA)
            small[:lines, :columns] = torch.from_numpy(whole)
    below, right = picture[:, lines * factor :], picture[:, :, columns * factor :]
    if below.numel():
        averaged[:, lines:] = _pooled(below, factor)
    if right.numel():
        averaged[:, :, columns:] = _pooled(right, factor)
    return averaged


def _pooled(picture: Tensor, factor: int) -> Tensor:
    averaged: Tensor = functional.avg_pool2d(
        picture[None], factor, ceil_mode=True, count_include_pad=False
    )
    return averaged[0]


def upsample(planes: Tensor, factor: int, height: int, width: int) -> Tensor:
    """Inverse of `downsample`: (C, height, width), bilinear."""
    if factor == 1:
        return planes
    if planes.device.type != "cpu":
        whole_planes: Tensor = functional.interpolate(
            planes[None], scale_factor=factor, mode="bilinear", align_corners=False
        )
        return whole_planes[0, :, :height, :width]
    count, lines, columns = planes.shape
    whole = planes.new_empty(count, lines * factor, columns * factor)
    for plane, enlarged in zip(planes.contiguous().numpy(), whole.numpy(), strict=True):
        cv2.resize(plane, enlarged.shape[::-1], enlarged, interpolation=cv2.INTER_LINEAR)
    return whole[:, :height, :width]
