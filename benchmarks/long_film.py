"""A long simulated film at the size of a 2K scan, for `whole_line.py --long`.

The shots show five of the demo's real moving pictures in a cycle, four at a time side by side,
because one alone is too small to have the detail of a 2K scan. Each shot shows another part with a
slow pan, and every second round is mirrored. Fading, grain, dirt, weave and exposure are the
simulator's, new for each frame of the first half. The second half of the film shows the shots of
the first half again, each backwards: its files of the scan are hard links, so that a scan of 2,000
frames takes 13 GB and not 25. Every frame is still a file that is read, and the reference is
encoded for all frames.

The reference is an interlaced PAL DVD of the fresh print, with the faults of the simulator's fair
transfer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unfade import media
from unfade.film.time import FrameRange
from unfade.project.settings import ClipSection
from unfade.project.template import TemplateElement, project_text
from unfade.simulate import SEVERITIES, TRANSFERS, ClipCut, demo_clips
from unfade.simulate.clips import fit_picture
from unfade.simulate.dvd import (
    RATE,
    Telecine,
    burn_subtitle,
    interlaced,
    lead_in,
    open_dvd,
)
from unfade.simulate.gate import PICTURE_HEIGHT, PICTURE_WIDTH
from unfade.simulate.plan import FIRST_FRAME, Plan, plan_film
from unfade.simulate.print_film import (
    MAX_DYE_AMOUNT,
    density_to_display,
    display_to_dyes,
    dyes_to_density,
)
from unfade.simulate.scan import exposure_for_white, scan_print
from unfade.work.cores import on_all_cores

PICTURE_SHARE = 15 / 16
"""Width and height of the picture as shares of the scan; the rest is dark border."""
ZOOM = (0.75, 0.95)
"""Smallest and largest height of the part that a shot shows, as shares of that of its clips."""
PAN = 0.05
"""Distance that a shot pans in each direction, as a share of the height of its clips."""
MIN_CLIP_PX = 200
"""Smallest height of a clip that is used: smaller ones are too soft."""
PIXEL_ASPECT = Fraction(16, 15)
"""Pixel aspect of 4:3 on 720 x 576."""


@dataclass(frozen=True)
class FilmSize:
    """Number of frames and of shots, both even, and width and height of the scan in pixels."""

    frames: int
    shots: int
    width: int
    height: int


def make_long_film(folder: Path, size: FilmSize, severity: str, seed: int) -> None:
    """Makes scan, DVD and film.toml in a folder.

    Raises:
        UnfadeError: the clips of the demo are not installed, or a file cannot be written.
    """
    film = _LongFilm(size, severity, seed)
    (folder / "scan").mkdir(parents=True)
    frames = range(len(film.shown) // 2)
    paths = list(on_all_cores(lambda frame: film.write_scan(folder, frame), frames))
    for frame in range(len(paths), len(film.shown)):
        _scan_path(folder, frame).hardlink_to(paths[film.shown[frame]])
    film.write_dvd(folder / "dvd.mpg")
    (folder / "film.toml").write_text(_project(folder), encoding="utf-8")


class _LongFilm:
    """The pictures of a long film; frames are indices from 0.

    `shown` has, for each frame of the film, the frame of the first half that it shows.
    """

    def __init__(self, size: FilmSize, severity: str, seed: int) -> None:
        self._size = size
        cuts = [cut for cut in demo_clips() if cut.crop is None or cut.crop.height >= MIN_CLIP_PX]
        self._clips = [_clip_frames(cut) for cut in cuts]
        parts = np.array_split(np.arange(size.frames // 2), size.shots // 2)
        self._shots: list[list[int]] = [part.tolist() for part in parts]
        backwards = [frame for shot in self._shots for frame in reversed(shot)]
        self.shown = [*range(len(backwards)), *backwards]
        self._plan = self._planned(severity, seed)
        middles = [shot[len(shot) // 2] for shot in self._shots]
        samples = [(frame, display_to_dyes(self._small(frame))) for frame in middles]
        self._exposure = exposure_for_white(samples, self._plan)

    def write_scan(self, folder: Path, frame: int) -> Path:
        """Writes the scan of a frame of the first half; returns its path."""
        size, path = self._size, _scan_path(folder, frame)
        width, height = (round(side * PICTURE_SHARE) for side in (size.width, size.height))
        left, top = (size.width - width) // 2, (size.height - height) // 2
        dyes = torch.full((3, size.height, size.width), MAX_DYE_AMOUNT)
        picture = self._picture(frame, width, height, self._plan.weave_of(frame))
        dyes[:, top : top + height, left : left + width] = display_to_dyes(picture)
        scan_rgb = scan_print(dyes, self._plan, frame, self._exposure)
        media.write_dpx(path, scan_rgb)
        return path

    def write_dvd(self, path: Path) -> None:
        """Writes the DVD of the whole film."""
        pictures = interlaced(self._telecine_pictures(), self._plan.programme.video_frames)
        with open_dvd(path, self._plan.transfer, PIXEL_ASPECT) as movie:
            for picture in pictures:
                movie.write(picture)

    def _planned(self, severity: str, seed: int) -> Plan:
        cuts = [
            ClipCut(path="", frames=FrameRange(first=0, last=len(shot) - 1))
            for shot in self._shots * 2
        ]
        return plan_film(cuts, SEVERITIES[severity], seed, TRANSFERS["fair"])

    def _telecine_pictures(self) -> Iterator[Tensor]:
        """The pictures of the DVD before interlacing."""
        plan = self._plan
        telecine = Telecine(plan.transfer, plan.geometry)
        for index, film_frame in enumerate(plan.programme.film_frames):
            if film_frame.frame is None:
                yield lead_in(index)
                continue
            dyes = display_to_dyes(self._small(self.shown[film_frame.frame]))
            picture = telecine.scan(density_to_display(dyes_to_density(dyes)))
            subtitle = plan.subtitle_of(film_frame.frame)
            yield picture if subtitle is None else burn_subtitle(picture, subtitle)

    def _small(self, frame: int) -> Tensor:
        """The picture at the size of the simulator's film, which its telecine takes."""
        return self._picture(frame, PICTURE_WIDTH, PICTURE_HEIGHT)

    def _picture(
        self, frame: int, width: int, height: int, shift: tuple[float, float] = (0.0, 0.0)
    ) -> Tensor:
        """The true picture of a frame of the first half, (3, height, width), moved right and down
        by `shift`."""
        number = next(n for n, shot in enumerate(self._shots) if frame <= shot[-1])
        time = frame - self._shots[number][0]
        still = self._still(number, time)
        matrix = self._part(number, time, still.shape[:2])
        matrix = matrix @ np.diag([1 / width, 1 / height, 1])
        matrix = matrix @ np.array([[1, 0, 0.5 - shift[0]], [0, 1, 0.5 - shift[1]], [0, 0, 1]])
        matrix[:2, 2] -= 0.5
        picture = cv2.warpAffine(
            still,
            matrix[:2],
            (width, height),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return torch.from_numpy(picture.transpose(2, 0, 1).copy()).clamp_(0.0, 1.0)

    def _still(self, number: int, time: int) -> NDArray[np.float32]:
        """Frames of four clips side by side, which run forwards and backwards, (H, W, 3)."""
        clips = [self._clips[(number + k) % len(self._clips)] for k in range(4)]
        frames = []
        for clip in clips:
            step = time % (2 * len(clip) - 2)
            frames.append(clip[min(step, 2 * len(clip) - 2 - step)])
        rows = [np.hstack(frames[:2]), np.hstack(frames[2:])]
        return np.vstack(rows).astype(np.float32) / np.float32(255)

    def _part(self, number: int, time: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Maps the unit square to the part of a picture of `shape` that a shot shows at a time."""
        draws = np.random.default_rng([self._plan.seed, number])
        height, width = shape
        part = np.array([0.0, height * draws.uniform(*ZOOM)])
        part[0] = part[1] * self._size.width / self._size.height
        margin = np.maximum(np.array([width, height]) - part, 0)
        start = margin * draws.uniform(0, 1, 2)
        end = np.clip(start + draws.choice((-1, 1), 2) * PAN * height, 0, margin)
        start += (end - start) * time / len(self._shots[number])
        if number // len(self._clips) % 2:
            return np.array([[-part[0], 0, start[0] + part[0]], [0, part[1], start[1]], [0, 0, 1]])
        return np.array([[part[0], 0, start[0]], [0, part[1], start[1]], [0, 0, 1]])


def _clip_frames(cut: ClipCut) -> list[NDArray[np.uint8]]:
    """The frames of a clip at the size of the simulator's film, 8-bit display values (h, w, 3)."""
    clip = media.probe(cut.path, ClipSection(path=cut.path))
    return [
        (fit_picture(rgb, clip, cut) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        for _, rgb in media.read(clip, cut.frames.frames())
    ]


def _scan_path(folder: Path, frame: int) -> Path:
    return folder / "scan" / f"scan.{FIRST_FRAME + frame:06d}.dpx"


def _project(folder: Path) -> str:
    scan, dvd = "scan/scan.%06d.dpx", "dvd.mpg"
    source = media.probe(str((folder / scan).absolute()), ClipSection(path=scan, rate=RATE))
    reference = media.probe(str((folder / dvd).absolute()), ClipSection(path=dvd))
    return project_text(
        "Long film",
        TemplateElement("scan", scan, source),
        [TemplateElement("dvd", dvd, reference)],
    )
