"""The better-coloured copy: a PAL DVD of the clean film, made with the vices of its time."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unfade.color.ycbcr import luma
from unfade.film.alignment import Matrix
from unfade.film.clip import Area
from unfade.geometry.warp import as_matrix
from unfade.simulate.chance import Draw, generator
from unfade.simulate.gate import PICTURE_HEIGHT, PICTURE_WIDTH
from unfade.simulate.record import DvdWarp
from unfade.simulate.transfer import Transfer

DVD_WIDTH = 720
DVD_HEIGHT = 576

DVD_LIVE_AREA = Area(x=8, y=3, width=704, height=570)
"""Where the DVD shows picture; around it, it is black."""

_SHOWN_WIDTH = DVD_HEIGHT * 16 // 9  # pixels, when the display has made them square
_BLACK = 5  # frames before the title

_SOFTNESS = (0.8, 0.7)  # standard deviation of the blur, pixels of the film across and down
_PIVOT = 0.45  # the level that contrast leaves as it is

_SUBTITLES = (
    "Where have you been?",
    "I was waiting for you.",
    "It is getting late.",
    "We should go now.",
)


@dataclass(frozen=True)
class Geometry:
    """Where the DVD shows the film: `matrix`, from pixels of the clean picture to those of the
    DVD, but for a smooth warp."""

    matrix: Matrix
    warp: DvdWarp

    def film_points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """For every pixel of the DVD, where in the film it lies: x and y, (DVD_HEIGHT, DVD_WIDTH).

        A picture without weave is meant.
        """
        y, x = np.mgrid[0:DVD_HEIGHT, 0:DVD_WIDTH].astype(np.float64)
        points = np.stack([x, y, np.ones_like(x)], axis=-1) @ np.linalg.inv(self.matrix).T
        off_x, off_y = self.warp.at(x / DVD_WIDTH, y / DVD_HEIGHT)
        return points[..., 0] / points[..., 2] + off_x, points[..., 1] / points[..., 2] + off_y


def geometry(transfer: Transfer, seed: int) -> Geometry:
    """The geometry of a DVD: the same over the whole film, but for the weave."""
    draws = generator(seed, Draw.FRAMING)
    left, top, right, bottom = draws.uniform(*transfer.crop, 4)
    turn = np.deg2rad(transfer.rotation) * draws.choice((-1, 1))
    corners = draws.uniform(-transfer.corners, transfer.corners, (4, 2))

    centre = np.array([PICTURE_WIDTH, PICTURE_HEIGHT]) / 2
    x = np.array([left, 1 - right]) * PICTURE_WIDTH
    y = np.array([top, 1 - bottom]) * PICTURE_HEIGHT
    seen = _corners(x, y) - centre
    seen[:, 0] *= transfer.anamorphic
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    seen = seen @ rotation.T + centre + corners
    if transfer.mirrored:
        seen = seen[[1, 0, 3, 2]]

    area = DVD_LIVE_AREA
    shown = _corners(
        np.array([area.x, area.x + area.width]), np.array([area.y, area.y + area.height])
    )
    half_a_pixel = 0.5
    matrix = cv2.getPerspectiveTransform(
        (seen - half_a_pixel).astype(np.float32), (shown - half_a_pixel).astype(np.float32)
    )
    phases = generator(seed, Draw.WARP).uniform(0, 1, 4)
    return Geometry(
        scaled_matrix(np.asarray(matrix, np.float64)),
        DvdWarp(pixels=transfer.warp, phases=tuple(phases.tolist())),
    )


class Telecine:
    """Makes DVD pictures of clean ones, before they are woven and compressed."""

    def __init__(self, transfer: Transfer, placed: Geometry) -> None:
        self._transfer = transfer
        x, y = placed.film_points()
        self._x, self._y = x.astype(np.float32), y.astype(np.float32)

    def show(self, rgb: Tensor, weave: tuple[float, float] = (0.0, 0.0)) -> Tensor:
        """A picture as the DVD has it.

        Args:
            rgb: (3, PICTURE_HEIGHT, PICTURE_WIDTH) R'G'B'.
            weave: how far right and down in the film the DVD looks for it, in film pixels.

        Returns:
            (3, DVD_HEIGHT, DVD_WIDTH).
        """
        x, y = self._x + np.float32(weave[0]), self._y + np.float32(weave[1])
        planes = []
        for plane in rgb.numpy():
            soft = cv2.GaussianBlur(plane, (0, 0), _SOFTNESS[0], sigmaY=_SOFTNESS[1])
            planes.append(cv2.remap(soft, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
        graded = grade(torch.from_numpy(np.stack(planes)), self._transfer)
        area = DVD_LIVE_AREA
        rows, columns = slice(area.y, area.y + area.height), slice(area.x, area.x + area.width)
        dvd = torch.zeros_like(graded)
        dvd[:, rows, columns] = graded[:, rows, columns]
        return dvd


def grade(rgb: Tensor, transfer: Transfer) -> Tensor:
    """R'G'B' (3, H, W) in the colours of the DVD, 0 to 1."""
    grey = luma(rgb)
    graded = grey + transfer.saturation * (rgb - grey)
    graded = _PIVOT + transfer.contrast * (graded - _PIVOT)
    return (graded * torch.tensor(transfer.cast)[:, None, None]).clamp_(0.0, 1.0)


def subtitle_area(number: int) -> Tensor:
    """Where a subtitle covers the DVD's picture: bool (DVD_HEIGHT, DVD_WIDTH)."""
    return _lettering(_SUBTITLES[number % len(_SUBTITLES)], outline=3) > 0.5


def burn_subtitle(rgb: Tensor, number: int) -> Tensor:
    """A DVD picture with one of the subtitles in it, white with a dark outline."""
    text = _SUBTITLES[number % len(_SUBTITLES)]
    outline = _lettering(text, outline=3)
    letters = _lettering(text)
    return rgb * (1 - outline) + 0.95 * letters


def lead_in(index: int) -> Tensor:
    """What the DVD shows before the film: black, then a title, (3, DVD_HEIGHT, DVD_WIDTH)."""
    if index < _BLACK:
        return torch.zeros(3, DVD_HEIGHT, DVD_WIDTH)
    ramp = torch.linspace(0.15, 0.35, DVD_HEIGHT)[:, None].expand(DVD_HEIGHT, DVD_WIDTH)
    background = torch.stack([0.5 * ramp, 0.7 * ramp, ramp])
    letters = _lettering("UNFADE PICTURES presents", base_line=DVD_HEIGHT // 2)
    return background * (1 - letters) + 0.8 * letters


def weave_fields(top: Tensor, bottom: Tensor) -> Tensor:
    """One stored picture of two moments: even lines of `top`, odd lines of `bottom`."""
    woven = top.clone()
    woven[:, 1::2] = bottom[:, 1::2]
    return woven


def scaled_matrix(matrix: NDArray[np.float64]) -> Matrix:
    """A 3x3 array as plain numbers, the last of them 1."""
    return as_matrix(matrix / matrix[2, 2])


def _corners(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]], np.float64)


def _lettering(text: str, *, outline: int = 0, base_line: int = DVD_HEIGHT * 7 // 8) -> Tensor:
    """Where a line of text is, centred: (DVD_HEIGHT, DVD_WIDTH), 0 to 1.

    `outline` is how far it is widened, in pixels.
    """
    font, scale, thickness = cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2
    (width, _), _ = cv2.getTextSize(text, font, scale, thickness)
    mask: NDArray[Any] = np.zeros((DVD_HEIGHT, _SHOWN_WIDTH), np.uint8)
    place = ((_SHOWN_WIDTH - width) // 2, base_line)
    cv2.putText(mask, text, place, font, scale, 255, thickness, cv2.LINE_AA)
    if outline:
        size = 2 * outline + 1
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    stored = cv2.resize(mask, (DVD_WIDTH, DVD_HEIGHT), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(stored.astype(np.float32) / 255)
