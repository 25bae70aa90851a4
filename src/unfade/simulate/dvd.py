"""The better-coloured reference: a PAL DVD of the clean film with the faults of old transfers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
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
from unfade.media.movies.writer import MovieWriter
from unfade.simulate.gate import PICTURE_HEIGHT, PICTURE_WIDTH
from unfade.simulate.random_streams import Stream, random_generator
from unfade.simulate.record import DvdWarp
from unfade.simulate.transfer import Transfer

DVD_WIDTH = 720
DVD_HEIGHT = 576
"""Stored raster of a PAL DVD, in pixels."""

RATE = Fraction(25)
"""Frames per second of scan and DVD: that of PAL."""

_DVD_OPTIONS = {"g": "12", "bf": "2", "maxrate": "8000000", "bufsize": "1835008"}
"""Encoder options within the limits of DVD Video: group length, B frames, peak rate, buffer."""

DVD_LIVE_AREA = Area(x=8, y=3, width=704, height=570)
"""The picture on the DVD; the border around it is black, as on most DVDs."""

_SQUARE_PIXEL_WIDTH = DVD_HEIGHT * 16 // 9
"""Width of a 16:9 DVD picture on a display with square pixels."""

_BLACK_FRAMES = 5
"""Black frames of the lead-in before the title."""

_BLUR_SIGMA_PX = (0.8, 0.7)
"""Standard deviation of the telecine's blur across and down, in pixels of the film."""

_CONTRAST_PIVOT = 0.45
"""Display value that the contrast of the grading leaves unchanged: about mid grey."""

_SUBTITLE_TEXTS = (
    "Where have you been?",
    "I was waiting for you.",
    "It is getting late.",
    "We should go now.",
)


@dataclass(frozen=True)
class DvdGeometry:
    """Mapping from film to DVD: the homography `matrix` from pixels of the clean picture to those
    of the DVD, and a smooth warp besides."""

    matrix: Matrix
    warp: DvdWarp

    def film_points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Film coordinates x and y of every DVD pixel, (DVD_HEIGHT, DVD_WIDTH), without weave."""
        y, x = np.mgrid[0:DVD_HEIGHT, 0:DVD_WIDTH].astype(np.float64)
        points = np.stack([x, y, np.ones_like(x)], axis=-1) @ np.linalg.inv(self.matrix).T
        off_x, off_y = self.warp.at(x / DVD_WIDTH, y / DVD_HEIGHT)
        return points[..., 0] / points[..., 2] + off_x, points[..., 1] / points[..., 2] + off_y


def dvd_geometry(transfer: Transfer, seed: int) -> DvdGeometry:
    """The geometry of a DVD: constant over the film, apart from the weave."""
    draws = random_generator(seed, Stream.FRAMING)
    left, top, right, bottom = draws.uniform(*transfer.crop, 4)
    angle = np.deg2rad(transfer.rotation) * draws.choice((-1, 1))
    corners = draws.uniform(-transfer.corners, transfer.corners, (4, 2))

    centre = np.array([PICTURE_WIDTH, PICTURE_HEIGHT]) / 2
    x = np.array([left, 1 - right]) * PICTURE_WIDTH
    y = np.array([top, 1 - bottom]) * PICTURE_HEIGHT
    on_film = _corners(x, y) - centre
    on_film[:, 0] *= transfer.anamorphic
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    on_film = on_film @ rotation.T + centre + corners
    if transfer.mirrored:
        on_film = on_film[[1, 0, 3, 2]]

    area = DVD_LIVE_AREA
    on_dvd = _corners(
        np.array([area.x, area.x + area.width]), np.array([area.y, area.y + area.height])
    )
    half_a_pixel = 0.5
    matrix = cv2.getPerspectiveTransform(
        (on_film - half_a_pixel).astype(np.float32), (on_dvd - half_a_pixel).astype(np.float32)
    )
    phases = random_generator(seed, Stream.WARP).uniform(0, 1, 4)
    return DvdGeometry(
        scaled_matrix(np.asarray(matrix, np.float64)),
        DvdWarp(pixels=transfer.warp, phases=tuple(phases.tolist())),
    )


class Telecine:
    """Turns film frames into DVD pictures, before interlacing and compression."""

    def __init__(self, transfer: Transfer, geometry: DvdGeometry) -> None:
        self._transfer = transfer
        x, y = geometry.film_points()
        self._x, self._y = x.astype(np.float32), y.astype(np.float32)

    def scan(self, rgb: Tensor, weave: tuple[float, float] = (0.0, 0.0)) -> Tensor:
        """The DVD picture of a film frame: blurred, warped, graded, with a black border.

        Args:
            rgb: (3, PICTURE_HEIGHT, PICTURE_WIDTH) R'G'B'.
            weave: shift of the sampling points right and down, in film pixels.

        Returns:
            (3, DVD_HEIGHT, DVD_WIDTH).
        """
        x, y = self._x + np.float32(weave[0]), self._y + np.float32(weave[1])
        planes = []
        for plane in rgb.numpy():
            blurred = cv2.GaussianBlur(plane, (0, 0), _BLUR_SIGMA_PX[0], sigmaY=_BLUR_SIGMA_PX[1])
            planes.append(
                cv2.remap(blurred, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
            )
        graded = grade(torch.from_numpy(np.stack(planes)), self._transfer)
        area = DVD_LIVE_AREA
        rows, columns = slice(area.y, area.y + area.height), slice(area.x, area.x + area.width)
        dvd = torch.zeros_like(graded)
        dvd[:, rows, columns] = graded[:, rows, columns]
        return dvd


def grade(rgb: Tensor, transfer: Transfer) -> Tensor:
    """R'G'B' (3, H, W) in the grading of the DVD, clamped to 0..1."""
    grey = luma(rgb)
    graded = grey + transfer.saturation * (rgb - grey)
    graded = _CONTRAST_PIVOT + transfer.contrast * (graded - _CONTRAST_PIVOT)
    return (graded * torch.tensor(transfer.cast)[:, None, None]).clamp_(0.0, 1.0)


def subtitle_mask(number: int) -> Tensor:
    """Mask of the pixels that a subtitle covers: bool (DVD_HEIGHT, DVD_WIDTH)."""
    return _text_mask(_SUBTITLE_TEXTS[number % len(_SUBTITLE_TEXTS)], outline=3) > 0.5


def burn_subtitle(rgb: Tensor, number: int) -> Tensor:
    """A DVD picture with subtitle `number` burned in, white with a dark outline."""
    text = _SUBTITLE_TEXTS[number % len(_SUBTITLE_TEXTS)]
    outline = _text_mask(text, outline=3)
    letters = _text_mask(text)
    return rgb * (1 - outline) + 0.95 * letters


def lead_in(index: int) -> Tensor:
    """Frame `index` of the lead-in: black, then a title, (3, DVD_HEIGHT, DVD_WIDTH)."""
    if index < _BLACK_FRAMES:
        return torch.zeros(3, DVD_HEIGHT, DVD_WIDTH)
    ramp = torch.linspace(0.15, 0.35, DVD_HEIGHT)[:, None].expand(DVD_HEIGHT, DVD_WIDTH)
    background = torch.stack([0.5 * ramp, 0.7 * ramp, ramp])
    letters = _text_mask("UNFADE PICTURES presents", baseline=DVD_HEIGHT // 2)
    return background * (1 - letters) + 0.8 * letters


def weave_fields(top: Tensor, bottom: Tensor) -> Tensor:
    """An interlaced picture: even lines of `top`, odd lines of `bottom`."""
    interlaced = top.clone()
    interlaced[:, 1::2] = bottom[:, 1::2]
    return interlaced


def interlaced(
    pictures: Iterable[Tensor], video_frames: Iterable[tuple[int, int]]
) -> Iterator[Tensor]:
    """The interlaced pictures of a DVD, in order.

    Args:
        pictures: of the telecine, (3, H, W).
        video_frames: numbers from 0 of the pictures of the top and the bottom field of each frame.
    """
    remaining = enumerate(pictures)
    held: dict[int, Tensor] = {}
    for top, bottom in video_frames:
        while bottom not in held:
            index, picture = next(remaining)
            held[index] = picture
        held = {index: one for index, one in held.items() if index >= top}
        yield weave_fields(held[top], held[bottom])


def open_dvd(path: Path, transfer: Transfer, pixel_aspect: Fraction) -> MovieWriter:
    """The movie file of a DVD, open for its interlaced pictures."""
    return MovieWriter(
        path,
        codec="mpeg2video",
        width=DVD_WIDTH,
        height=DVD_HEIGHT,
        rate=RATE,
        matrix="bt601",
        interlaced=True,
        bit_rate=transfer.bit_rate,
        pixel_aspect=pixel_aspect,
        options=_DVD_OPTIONS,
    )


def scaled_matrix(matrix: NDArray[np.float64]) -> Matrix:
    """A homography (3, 3) as plain numbers, scaled so that the last one is 1."""
    return as_matrix(matrix / matrix[2, 2])


def _corners(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]], np.float64)


def _text_mask(text: str, *, outline: int = 0, baseline: int = DVD_HEIGHT * 7 // 8) -> Tensor:
    """Coverage of a centred line of text, 0 to 1, (DVD_HEIGHT, DVD_WIDTH).

    `outline` is the number of pixels by which the letters are dilated.
    """
    font, scale, thickness = cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2
    (width, _), _ = cv2.getTextSize(text, font, scale, thickness)
    mask: NDArray[Any] = np.zeros((DVD_HEIGHT, _SQUARE_PIXEL_WIDTH), np.uint8)
    start = ((_SQUARE_PIXEL_WIDTH - width) // 2, baseline)
    cv2.putText(mask, text, start, font, scale, 255, thickness, cv2.LINE_AA)
    if outline:
        size = 2 * outline + 1
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    stored = cv2.resize(mask, (DVD_WIDTH, DVD_HEIGHT), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(stored.astype(np.float32) / 255)
