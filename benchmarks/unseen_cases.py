"""Cases of the benchmark of the unseen: pictures to fit, and pictures that show something else.

The truths have the luma of the sources. A weight of 0 excludes a pixel from the fit or the score.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from simulated_shots import (
    SimulatedShot,
    at_source_luma,
    chosen_pairs,
    number_in_film,
    simulated_shots,
)
from torch import Tensor

from unfade.color.difference import rgb_to_lab
from unfade.color.ycbcr import luma, rgb_to_ycbcr
from unfade.media import read_picture

SPLITS = ("development", "test")
"""Methods and constants are chosen on the first; the second is not looked at for that."""
HALVES = {"development": ("friends",), "test": ("mission-kill", "candy")}
"""Whole frames, by split."""
DEVELOPMENT_CROPS = tuple(f"candy-candy-{number:02d}" for number in (4, 8, 12, 16, 20, 24))
"""Shots of crops on which methods are chosen; all others are test shots."""
FILMS = {
    "development": (("bikes-1", "sintel-autumn", "bbb-1"), ("bikes-3", "carphone", "flower")),
    "test": (("bikes-2", "sintel-face", "bbb-2"), ("bikes-4", "asl-book", "sintel-city")),
}
"""Simulated films of six shots: when one group has pairs, the other has none."""
FILM_ORDER = {
    "development": ("bikes-1", "bikes-3", "carphone", "flower", "sintel-autumn", "bbb-1"),
    "test": ("bikes-2", "bikes-4", "asl-book", "sintel-face", "sintel-city", "bbb-2"),
}
"""The shots of each film in its order, from which they are numbered."""
REFERENCES = ("clean", "rough")
SEVERITY = "hard"
PAIRS = 4
"""Training pairs of each shot of a simulated film that has pairs."""

CREDITS_BLUR_PX = 1.0
"""Deviation of the blur before lumas are compared: the registration is that exact."""
CREDITS_CONTRAST = 0.25
"""Difference of luma, of range 1, above which scan and reference show something else: more than
their gradings differ by, less than credits differ from the picture."""
CREDITS_MARGIN_PX = 3
"""Margin around such pixels: the soft edge of a letter."""
BORDER_LUMA = 0.05
"""Mean luma, of range 1, of a row or column of the reference below which it is black border."""
BORDER_MARGIN_PX = 6
"""Margin inside the border: its soft edge."""

FAMILIES: dict[str, tuple[float, float, float, float]] = {
    "green": (95.0, 170.0, 10.0, 200.0),
    "skin": (35.0, 80.0, 12.0, 45.0),
    "sky": (225.0, 310.0, 10.0, 200.0),
}
"""Colour families: lowest and highest CIELAB hue in degrees, lowest and highest chroma. Below the
lowest chroma hues are grain; more chroma than skin has is clothes and paint."""
FAMILY_MARGIN_PX = 4
"""Margin in pixels around a family that is not fitted either: the radius of the degrain, and more
than references are misaligned by."""
MIN_FAMILY_SHARE = 0.02
"""Share of a frame above which a family is scored there; smaller ones are edges and noise."""


@dataclass(frozen=True)
class Picture:
    """A source and its truth (3, H, W) and weight (1, H, W), 0 or 1, of a frame of a shot.

    `truth_rgb` is the reference where the picture is fitted.
    """

    source_rgb: Tensor
    truth_rgb: Tensor
    weight: Tensor
    shot: int = 1
    frame: int = 0


@dataclass(frozen=True)
class Trial:
    """Pictures that are scored together; `seen` if the fit was shown their like."""

    name: str
    seen: bool
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Case:
    """A fit to `train`, scored in `trials`. Figures of a `film` are means over its cases."""

    film: str
    train: tuple[Picture, ...]
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class Choice:
    """Which cases to load: `splits` of `SPLITS`, `references` of `REFERENCES`, and of these only
    films whose name contains one of `only`, if there are any."""

    data: Path
    cache: Path
    splits: Sequence[str]
    references: Sequence[str]
    only: Sequence[str] = ()

    def includes(self, film: str) -> bool:
        """Whether a film is chosen by its name."""
        return not self.only or any(part in film for part in self.only)


def halves(choice: Choice) -> Iterator[Case]:
    """Each half of a frame, cut out, from its other half."""
    for name in (name for split in choice.splits for name in HALVES[split]):
        if choice.includes(name):
            frame = _frame(choice.data, name)
            height, width = frame.weight.shape[1:]
            left, right = slice(0, width // 2), slice(width // 2, width)
            top, bottom = slice(0, height // 2), slice(height // 2, height)
            everything = slice(None)
            parts = {
                "left": (everything, left),
                "right": (everything, right),
                "top": (top, everything),
                "bottom": (bottom, everything),
            }
            for one, other in (("right", "left"), ("left", "right"), ("bottom", "top"),
                               ("top", "bottom")):  # fmt: skip
                test, train = (_cut_out(frame, *parts[part]) for part in (one, other))
                yield Case(name, (train,), (Trial(f"{one} from {other}", False, (test,)),))


def crops(choice: Choice) -> Iterator[Case]:
    """Each crop of a shot from the other two."""
    folder = choice.data / "copycat-crops"
    for name in sorted(path.name for path in folder.iterdir() if path.is_dir()):
        split = SPLITS[0] if name in DEVELOPMENT_CROPS else SPLITS[1]
        if split in choice.splits and choice.includes(name):
            pictures = [
                _picture(
                    *(folder / name / f"{kind}.{number:04d}.png" for kind in ("source", "truth")),
                    frame=number,
                )
                for number in (1, 2, 3)
            ]
            for third in pictures:
                train = tuple(picture for picture in pictures if picture is not third)
                yield Case(name, train, (Trial(f"crop {third.frame}", False, (third,)),))


def shots(choice: Choice) -> Iterator[Case]:
    """Held-out frames of the shots of a simulated film of which half have pairs."""
    for split, reference in _films(choice):
        for trained in FILMS[split]:
            name = f"{', '.join(trained)}; {reference}"
            if choice.includes(name):
                train, trials = [], []
                for number, shot in _film(choice, split):
                    if shot.name in trained:
                        train += _pairs(shot, number, reference)
                    trials.append(Trial(shot.name, shot.name in trained, _held_out(shot, number)))
                yield Case(name, tuple(train), tuple(trials))


def families(choice: Choice) -> Iterator[Case]:
    """Held-out frames of a simulated film whose pairs lack a family of colours."""
    for split, reference in _films(choice):
        for family in FAMILIES:
            name = f"{split} without {family}; {reference}"
            if choice.includes(name):
                train, trials = [], []
                for number, shot in _film(choice, split):
                    train += _pairs(shot, number, reference, family)
                    held_out = _held_out(shot, number)
                    for title, seen in ((family, False), ("other colours", True)):
                        if pictures := _of_family(held_out, family, seen):
                            trials.append(Trial(f"{shot.name}, {title}", seen, pictures))
                yield Case(name, tuple(train), tuple(trials))


CASES: dict[str, Callable[[Choice], Iterator[Case]]] = {
    "halves": halves,
    "crops": crops,
    "shots": shots,
    "families": families,
}


def _frame(data: Path, name: str) -> Picture:
    """A whole frame. The weight is 0 in the black border of the reference of "candy", and where
    scan and reference show different credits."""
    folder = data / ("alignment" if name == "candy" else "halves")
    source, reference = (folder / f"{name}-{kind}.png" for kind in ("input", "reference"))
    picture = _picture(source, reference)
    if name != "candy":
        return picture
    source_y, reference_y = (luma(read_picture(str(path))) for path in (source, reference))
    differs = (_blurred(source_y) - _blurred(reference_y)).abs() > CREDITS_CONTRAST
    shown = ~_dilated(differs, CREDITS_MARGIN_PX) & _inside_border(reference_y)
    return replace(picture, weight=shown.float())


def _blurred(y: Tensor) -> Tensor:
    """Luma (1, H, W), blurred by `CREDITS_BLUR_PX`."""
    return torch.from_numpy(cv2.GaussianBlur(y[0].numpy(), (0, 0), CREDITS_BLUR_PX))[None]


def _inside_border(y: Tensor) -> Tensor:
    """Where luma (1, H, W) lies inside a black border, (1, H, W)."""
    inside = torch.zeros_like(y, dtype=torch.bool)
    rows, columns = (torch.nonzero(y[0].mean(dim=axis) > BORDER_LUMA) for axis in (1, 0))
    top, left = (int(one.min()) + BORDER_MARGIN_PX for one in (rows, columns))
    bottom, right = (int(one.max()) + 1 - BORDER_MARGIN_PX for one in (rows, columns))
    inside[:, top:bottom, left:right] = True
    return inside


def _picture(source: Path, reference: Path, frame: int = 0) -> Picture:
    source_rgb, reference_rgb = (read_picture(str(path)) for path in (source, reference))
    truth_rgb = at_source_luma(source_rgb, rgb_to_ycbcr(reference_rgb)[1:])
    return Picture(source_rgb, truth_rgb, torch.ones_like(source_rgb[:1]), frame=frame)


def _cut_out(picture: Picture, rows: slice, columns: slice) -> Picture:
    return replace(
        picture,
        source_rgb=picture.source_rgb[:, rows, columns].contiguous(),
        truth_rgb=picture.truth_rgb[:, rows, columns].contiguous(),
        weight=picture.weight[:, rows, columns].contiguous(),
    )


def _films(choice: Choice) -> Iterator[tuple[str, str]]:
    """Split and reference of each chosen simulated film."""
    return ((split, reference) for split in choice.splits for reference in choice.references)


def _film(choice: Choice, split: str) -> Iterator[tuple[int, SimulatedShot]]:
    """The numbered shots of a simulated film, of which one is in memory at a time."""
    names = FILM_ORDER[split]
    return enumerate(simulated_shots(choice.data, choice.cache, SEVERITY, names), start=1)


def _pairs(
    shot: SimulatedShot, number: int, reference: str, without: str | None = None
) -> Iterator[Picture]:
    """Training pairs of a shot; pixels whose true colour belongs to the family `without` have
    weight 0, and pairs that keep no other are left out."""
    for frame in chosen_pairs(shot, PAIRS):
        truth_rgb = frame.clean_rgb if reference == "clean" else frame.rough_rgb
        weight = torch.ones_like(truth_rgb[:1])
        if without is not None:
            belongs = _belongs(frame.truth_rgb, without)
            weight = (~_dilated(belongs, FAMILY_MARGIN_PX)).float()
        if weight.any():
            in_film = number_in_film(frame, number)
            yield Picture(frame.source_rgb, truth_rgb, weight, number, in_film)


def _held_out(shot: SimulatedShot, number: int) -> tuple[Picture, ...]:
    return tuple(
        Picture(
            frame.source_rgb,
            frame.truth_rgb,
            torch.ones_like(frame.source_rgb[:1]),
            number,
            number_in_film(frame, number),
        )
        for frame in shot.held_out
    )


def _of_family(pictures: Sequence[Picture], family: str, seen: bool) -> tuple[Picture, ...]:
    """Pictures with the weight of a family, or of what is fitted if `seen`, where there is enough
    of it."""
    weighted = []
    for picture in pictures:
        belongs = _belongs(picture.truth_rgb, family)
        scored = ~_dilated(belongs, FAMILY_MARGIN_PX) if seen else belongs
        if scored.float().mean() >= MIN_FAMILY_SHARE:
            weighted.append(replace(picture, weight=scored.float()))
    return tuple(weighted)


def _belongs(truth_rgb: Tensor, family: str) -> Tensor:
    """Whether the colours of a picture (3, H, W) belong to a family, (1, H, W)."""
    _, a, b = rgb_to_lab(truth_rgb).split(1)
    hue, chroma = torch.rad2deg(torch.atan2(b, a)) % 360, torch.hypot(a, b)
    low_hue, high_hue, low_chroma, high_chroma = FAMILIES[family]
    in_hue = (hue >= low_hue) & (hue <= high_hue)
    return in_hue & (chroma >= low_chroma) & (chroma <= high_chroma)


def _dilated(mask: Tensor, margin_px: int) -> Tensor:
    """A mask (1, H, W) with a margin around it."""
    kernel = np.ones((2 * margin_px + 1, 2 * margin_px + 1), np.uint8)
    return torch.from_numpy(cv2.dilate(mask[0].numpy().astype(np.uint8), kernel) > 0)[None]
