"""Makes the pictures of a frame, one function for each kind. Torch is imported when one is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from unfade import media
from unfade.errors import MatchError
from unfade.film.clip import Area, Clip
from unfade.film.pair import Pair
from unfade.film.target import Targets
from unfade.film.working_space import WORKING_SPACE
from unfade.geometry.crop import crop
from unfade.studio.pictures.film import OpenFilm
from unfade.studio.pictures.picture import PictureKind, ViewerPicture
from unfade.work.memory import return_freed_memory

if TYPE_CHECKING:
    from torch import Tensor

    from unfade.film.alignment import Alignment


def make_picture(film: OpenFilm, frame: int, kind: PictureKind) -> ViewerPicture:
    """A frame as one kind of picture.

    Raises:
        UnfadeError: it cannot be read or made, in one sentence.
    """
    film.check_frame(frame)
    try:
        return _MAKERS[kind](film, frame)
    finally:
        return_freed_memory()


def is_computed(film: OpenFilm, frame: int, kind: PictureKind) -> bool:
    """Whether a picture takes all cores for a while, because it is more than a file."""
    if kind == "recovered":
        return film.master_file(frame) is None
    return kind not in ("source", "reference")


def _source(film: OpenFilm, frame: int) -> ViewerPicture:
    clip = film.clips.source
    scene = media.scene_frame(clip, frame, film.job.colors)
    name = _file_of(clip, frame)
    return ViewerPicture(
        scene.halves, _raster(clip), f"scan, {clip.colorspace}", name, scene.beyond
    )


def _reference(film: OpenFilm, frame: int) -> ViewerPicture:
    """The reference of a frame: laid on the scan if the frame has an aligned pair, else alone."""
    alignment, pair = film.alignment_at.get(frame), film.pair_at.get(frame)
    if alignment is not None:
        return _laid_on_scan(film, alignment)
    if pair is not None:
        rgb = _picture_of_pair(film, pair)
        return _as_picture(film, rgb, f"{_name(film, pair)} alone, not aligned", _file(film, pair))
    return _matched(film, frame)


def _laid_on_scan(film: OpenFilm, alignment: Alignment) -> ViewerPicture:
    """The picture of an aligned pair on the source's live area; black where it shows nothing."""
    import torch

    from unfade.geometry.warp import warp

    live, pair = film.clips.source.live_area, alignment.pair
    rgb = _picture_of_pair(film, pair)
    laid_rgb = warp(rgb, alignment.matrix, live.height, live.width, alignment.warp)
    seen, covered = torch.zeros_like(laid_rgb), alignment.coverage
    lines = slice(covered.y, covered.y + covered.height)
    columns = slice(covered.x, covered.x + covered.width)
    seen[:, lines, columns] = laid_rgb[:, lines, columns]
    what = f"{_name(film, pair)}, laid on the scan ({pair.role} pair)"
    return _as_picture(film, seen, what, _file(film, pair))


def _picture_of_pair(film: OpenFilm, pair: Pair) -> Tensor:
    read = media.read_pairs([pair], film.clips, film.job.picture, film.job.colors, offsets=(0,))
    return next(iter(read))[2][0]


def _matched(film: OpenFilm, frame: int) -> ViewerPicture:
    """The frame of a reference that curate matched, as it is.

    Raises:
        MatchError: no reference shows the frame.
    """
    found = matched_frame(film, frame)
    if found is None:
        raise MatchError(f"frame {frame}: no frame of a reference shows it")
    name, number = found
    clip = film.clips.references[name]
    rgb = crop(media.read_frame(clip, number, film.job.colors), clip.live_area)
    what = f"frame {number} of {name} alone, matched but not aligned"
    return _as_picture(film, rgb, what, _file_of(clip, number))


def matched_frame(film: OpenFilm, frame: int) -> tuple[str, int] | None:
    """The name of the reference that shows a frame best, and the number of its frame there."""
    matches = film.matches
    if matches is None or frame not in matches.frames:
        return None
    index = frame - matches.frames.first
    name = matches.of[index]
    number = matches.references[name].reference[index] if name is not None else None
    return None if name is None or number is None else (name, number)


def _lut(film: OpenFilm, frame: int) -> ViewerPicture:
    rgb = lut_rgb(film, _live(film, frame), film.shot_of(frame).number)
    return _as_picture(film, rgb, "LUT baseline, on the live area")


def lut_rgb(film: OpenFilm, source_rgb: Tensor, shot: int) -> Tensor:
    """A picture (3, H, W) of a shot with the chroma of the LUT baseline."""
    import torch

    from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb

    y = luma(source_rgb)
    cbcr = limit_chroma(y, film.baseline().predict(source_rgb, shot))
    return ycbcr_to_rgb(torch.cat([y, cbcr]))


def _recovered(film: OpenFilm, frame: int) -> ViewerPicture:
    path, masters = film.master_file(frame), film.masters
    if path is not None and masters is not None:
        scene = media.scene_still(path, masters.colorspace, film.job.colors)
        is_old = film.trained is not None and film.trained.id != masters.model_id
        age = ", an earlier model" if is_old else ""
        what = f"master, version {masters.version}, model {masters.model_id}{age}"
        area = _raster(film.clips.source)
        return ViewerPicture(scene.halves, area, what, path.name, scene.beyond)
    scene = media.scene_light(_predicted_rgb(film, frame), WORKING_SPACE, film.job.colors)
    what = f"predicted now by model {film.record_of_model().id}; there is no master"
    return ViewerPicture(scene.halves, _raster(film.clips.source), what, None, scene.beyond)


def _predicted_rgb(film: OpenFilm, frame: int) -> Tensor:
    """The whole raster as render recovers it, (3, H, W) in the working space."""
    from unfade.render.recover import recover

    clip, shot = film.clips.source, film.shot_of(frame).number
    source_rgb = media.read_frame(clip, frame, film.job.colors)
    return recover(source_rgb, clip.live_area, film.model(), shot).rgb


def _difference(film: OpenFilm, frame: int) -> ViewerPicture:
    """CIEDE2000 between the recovered picture and the ground truth of a pair, or else the LUT
    baseline."""
    from unfade.color.difference import rgb_difference

    scene = media.SceneLight(_recovered(film, frame).planes)
    rgb = crop(media.display_light(scene, film.job.colors), film.clips.source.live_area)
    target, alignments = film.target_at.get(frame), film.alignments
    if target is None or alignments is None:
        lut = lut_rgb(film, _live(film, frame), film.shot_of(frame).number)
        what = "recovered and LUT baseline, because the frame has no ground truth"
        return _as_map(film, rgb_difference(rgb, lut), f"CIEDE2000 between {what}")
    folder = (film.job.root / Targets.PATH).parent
    truth_rgb = media.read_picture(folder / target.truth, WORKING_SPACE)
    map_ = rgb_difference(crop(rgb, alignments.crop), crop(truth_rgb, alignments.crop))
    what = f"recovered and ground truth of its {target.pair.role} pair, where all pairs reach"
    return _as_map(film, map_, f"CIEDE2000 between {what}", alignments.crop)


def _error(film: OpenFilm, frame: int) -> ViewerPicture:
    model = film.model()
    inputs = model.inputs_of_frame(_live(film, frame), film.shot_of(frame).number)
    error = model.predict_error(inputs)
    return _as_map(film, error.ciede2000, "CIEDE2000 that the model expects of itself")


def _live(film: OpenFilm, frame: int) -> Tensor:
    """The live area of a source frame, in the working space."""
    clip = film.clips.source
    return crop(media.read_frame(clip, frame, film.job.colors), clip.live_area).contiguous()


def _as_picture(film: OpenFilm, rgb: Tensor, what: str, file: str | None = None) -> ViewerPicture:
    """Pixels of the working space that cover the source's live area."""
    scene = media.scene_light(rgb, WORKING_SPACE, film.job.colors)
    return ViewerPicture(scene.halves, film.clips.source.live_area, what, file, scene.beyond)


def _as_map(film: OpenFilm, values: Tensor, what: str, part: Area | None = None) -> ViewerPicture:
    """A map (1, H, W) that covers the source's live area, or a part of it."""
    planes = np.ascontiguousarray(values.permute(1, 2, 0).numpy().astype(np.float16))
    area = film.clips.source.live_area
    if part is not None:
        area = part.model_copy(update={"x": area.x + part.x, "y": area.y + part.y})
    return ViewerPicture(planes, area, what)


def _raster(clip: Clip) -> Area:
    return Area(x=0, y=0, width=clip.width, height=clip.height)


def _name(film: OpenFilm, pair: Pair) -> str:
    return "picture" if pair.picture is not None else f"frame {pair.reference} of {pair.of}"


def _file(film: OpenFilm, pair: Pair) -> str:
    if pair.picture is not None:
        return PurePath(pair.picture).name
    assert pair.of is not None
    assert pair.reference is not None
    return _file_of(film.clips.references[pair.of], pair.reference)


def _file_of(clip: Clip, frame: int) -> str:
    """The name of the file that holds a frame."""
    return PurePath(media.stored_path(clip, frame)).name


_MAKERS: dict[PictureKind, Callable[[OpenFilm, int], ViewerPicture]] = {
    "source": _source,
    "reference": _reference,
    "lut": _lut,
    "recovered": _recovered,
    "difference": _difference,
    "error": _error,
}
