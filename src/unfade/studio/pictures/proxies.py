"""Proxies for scrubbing: small 8-bit display pictures of many frames at once, from ingest's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unfade.errors import ProjectError, WorkError
from unfade.film.clip import SOURCE_PROXY, reference_proxy
from unfade.studio.pictures.film import OpenFilm
from unfade.studio.pictures.kinds import lut_rgb, matched_frame
from unfade.studio.pictures.picture import PictureKind
from unfade.work.proxies import load_proxy

MAX_PROXIES = 256
"""Proxies in one answer: ten seconds of film, some 10 MB."""

COLOUR_OF_PROXY: dict[PictureKind, PictureKind] = {
    "source": "source",
    "reference": "reference",
    "lut": "lut",
    "recovered": "lut",
    "difference": "source",
    "error": "source",
    "checkpoint": "source",
}
"""What proxies show in place of a kind: the model is too slow for them, and maps have none."""


@dataclass(frozen=True)
class ProxyPictures:
    """Proxies (n, h, w, 3) uint8, display values of the working space on the live area; and the
    kind that they show."""

    pixels: NDArray[np.uint8]
    shows: PictureKind


def proxies(film: OpenFilm, frames: Sequence[int], kind: PictureKind) -> ProxyPictures:
    """The proxies of frames.

    Raises:
        ProjectError: too many frames are asked for, or none.
        MediaError: the film has no such frame.
        WorkError: a proxy is missing or damaged.
    """
    if not 0 < len(frames) <= MAX_PROXIES:
        raise ProjectError(
            f"the address asks for {len(frames)} proxies; ask for 1 to {MAX_PROXIES} at a time"
        )
    for frame in frames:
        film.check_frame(frame)
    shows = COLOUR_OF_PROXY[kind]
    if shows == "lut" and film.trained is None:
        shows = "source"
    if shows == "reference":
        return ProxyPictures(_references(film, frames), shows)
    source = load_proxy(film.job.root / SOURCE_PROXY, len(film.frames))
    pixels = np.stack([source[frame - film.frames.first] for frame in frames])
    if shows == "lut":
        graded = [_graded(film, frame, one) for frame, one in zip(frames, pixels, strict=True)]
        pixels = np.stack(graded)
    return ProxyPictures(pixels, shows)


def _references(film: OpenFilm, frames: Sequence[int]) -> NDArray[np.uint8]:
    """Proxies of the matched frames of the references; black where there is none."""
    by_name = {
        name: load_proxy(film.job.root / reference_proxy(name), len(clip.frames))
        for name, clip in film.clips.references.items()
    }
    if not by_name:
        raise WorkError(
            "the film has no reference clip, and pictures have no proxies; look at the scan"
        )
    height, width = next(iter(by_name.values())).shape[1:3]
    pixels = np.zeros((len(frames), height, width, 3), np.uint8)
    for index, frame in enumerate(frames):
        found = matched_frame(film, frame)
        if found is None:
            continue
        name, number = found
        picture = by_name[name][number - film.clips.references[name].frames.first]
        lines, columns = min(height, picture.shape[0]), min(width, picture.shape[1])
        pixels[index, :lines, :columns] = picture[:lines, :columns]
    return pixels


def _graded(film: OpenFilm, frame: int, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import torch

    rgb = torch.from_numpy(picture.transpose(2, 0, 1).astype(np.float32) / 255)
    graded = lut_rgb(film, rgb, film.shot_of(frame).number).clamp(0.0, 1.0)
    return np.asarray((graded * 255).round().permute(1, 2, 0).numpy(), np.uint8)
