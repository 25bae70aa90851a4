"""Makes the pictures of a frame, one function for each kind. Torch is imported when one is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from unfade.studio.pictures.picture import (
    Halves,
    PictureKind,
    ViewerPicture,
    averaged,
    averaged_planes,
)
from unfade.work.memory import return_freed_memory

if TYPE_CHECKING:
    from torch import Tensor

    from unfade.film.alignment import Alignment
    from unfade.model import ChromaModel


STRIP_PIXELS = 1 << 19
"""Pixels that are converted at a time: a whole picture of 4096 x 3112 pixels and what is computed
on the way take 1.2 GB."""


HALO_LINES = 16
"""Lines on either side of a strip that its degrained picture depends on, with a margin."""


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


def make_small_picture(
    film: OpenFilm, frame: int, kind: PictureKind, width: int
) -> ViewerPicture | None:
    """A frame as one kind of picture, computed from a scan of this width; None if this kind has
    none, because it is not computed from the scan alone.

    Raises:
        UnfadeError: it cannot be made, in one sentence.
    """
    make = _SMALL_MAKERS.get(kind)
    return None if make is None else make(film, frame, width)


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
    if film.matches is None:
        raise MatchError(
            f"frame {frame} has no match in a reference yet; run the film to 'curate' first"
        )
    if found is None:
        raise MatchError(f"no frame of a reference shows frame {frame}; look at another frame")
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


def _lut(film: OpenFilm, frame: int, width: int | None = None) -> ViewerPicture:
    """The LUT baseline on the live area, some lines at a time."""
    whole_rgb, live = _scan(film, frame, width)
    source_rgb, shot = crop(whole_rgb, live).contiguous(), film.shot_of(frame).number
    own_height, own_width = source_rgb.shape[1:]
    halves, beyond = np.empty((own_height, own_width, 3), np.float16), 0
    for lines in _strips(own_height, own_width):
        above = min(HALO_LINES, lines.start)
        part_rgb = source_rgb[:, lines.start - above : lines.stop + HALO_LINES].contiguous()
        rgb = lut_rgb(film, part_rgb, shot)[:, above : above + lines.stop - lines.start]
        scene = media.scene_light(rgb, WORKING_SPACE, film.job.colors)
        halves[lines] = scene.halves
        beyond += scene.beyond
    area, what = film.clips.source.live_area, _computed("LUT baseline, on the live area", width)
    return ViewerPicture(halves, area, what, None, beyond, width is None)


def lut_rgb(film: OpenFilm, source_rgb: Tensor, shot: int) -> Tensor:
    """A picture (3, H, W) of a shot with the chroma of the LUT baseline."""
    import torch

    from unfade.color.ycbcr import limit_chroma, luma, ycbcr_to_rgb

    y = luma(source_rgb)
    cbcr = limit_chroma(y, film.baseline().predict(source_rgb, shot))
    return ycbcr_to_rgb(torch.cat([y, cbcr]))


def _strips(height: int, width: int) -> Iterator[slice]:
    """Parts of `STRIP_PIXELS`, as slices of lines; all but the last have an even number of lines,
    because grain is found on squares of two pixels."""
    lines = max(2, STRIP_PIXELS // width // 2 * 2)
    return (slice(top, min(top + lines, height)) for top in range(0, height, lines))


def _recovered(film: OpenFilm, frame: int) -> ViewerPicture:
    path, masters = film.master_file(frame), film.masters
    if path is None or masters is None:
        return _predicted(film, frame)
    scene = media.scene_still(path, masters.colorspace, film.job.colors)
    is_old = film.trained is not None and film.trained.id != masters.model_id
    age = ", an earlier model" if is_old else ""
    what = f"master, version {masters.version}, model {masters.model_id}{age}"
    return ViewerPicture(scene.halves, _raster(film.clips.source), what, path.name, scene.beyond)


def _predicted(film: OpenFilm, frame: int, width: int | None = None) -> ViewerPicture:
    """The whole raster as render recovers it."""
    what = f"predicted now by model {film.record_of_model().id}; there is no master"
    return _by_model(film, frame, width, film.model(), what)


def _checkpoint(film: OpenFilm, frame: int, width: int | None = None) -> ViewerPicture:
    """The whole raster by the newest checkpoint of the training under way."""
    step, model = film.model_in_training()
    what = f"predicted by checkpoint {step:,} of the training under way"
    return _by_model(film, frame, width, model, what)


def _by_model(
    film: OpenFilm, frame: int, width: int | None, model: ChromaModel, what: str
) -> ViewerPicture:
    from unfade.render.recover import recover_rgb

    source_rgb, live = _scan(film, frame, width)
    rgb = recover_rgb(source_rgb, live, model, film.shot_of(frame).number)
    scene = media.scene_light(rgb, WORKING_SPACE, film.job.colors)
    area, what = _raster(film.clips.source), _computed(what, width)
    return ViewerPicture(scene.halves, area, what, None, scene.beyond, width is None)


def _computed(what: str, width: int | None) -> str:
    """What a picture is, with the width of the scan that it was computed from if that is less."""
    return what if width is None else f"{what}, at {width:,} pixels"


def _scan(film: OpenFilm, frame: int, width: int | None) -> tuple[Tensor, Area]:
    """A frame of the scan in the working space, and its live area in pixels: whole, or averaged to
    a width. Scene light is averaged before it is converted, because a whole frame takes longer."""
    clip, colors = film.clips.source, film.job.colors
    if width is None:
        return media.read_frame(clip, frame, colors), clip.live_area
    height = max(1, round(clip.height * width / clip.width))
    if media.is_aces(clip.colorspace, colors):
        halves = averaged(media.scene_frame(clip, frame, colors).halves, width, height)
        source_rgb = media.display_light(media.SceneLight(halves), colors)
    else:
        source_rgb = averaged_planes(media.read_frame(clip, frame, colors), width, height)
    return source_rgb, _scaled(clip.live_area, width / clip.width, height / clip.height)


def _scaled(area: Area, across: float, down: float) -> Area:
    x, y = round(area.x * across), round(area.y * down)
    right, bottom = round((area.x + area.width) * across), round((area.y + area.height) * down)
    return Area(x=x, y=y, width=max(1, right - x), height=max(1, bottom - y))


def _difference(film: OpenFilm, frame: int) -> ViewerPicture:
    """CIEDE2000 between the recovered picture and the ground truth of a pair, or else the LUT
    baseline."""
    live = film.clips.source.live_area
    recovered = _recovered(film, frame).planes[_inside(live)]
    return_freed_memory()
    target, alignments = film.target_at.get(frame), film.alignments
    if target is None or alignments is None:
        map_ = _map_of(film, recovered, _lut(film, frame).planes)
        what = "recovered and LUT baseline, because the frame has no ground truth"
        return ViewerPicture(map_, live, f"CIEDE2000 between {what}")
    folder = (film.job.root / Targets.PATH).parent
    truth_rgb = media.read_picture(folder / target.truth, WORKING_SPACE)
    truth = media.scene_light(truth_rgb, WORKING_SPACE, film.job.colors).halves
    part = alignments.crop
    shared = part.model_copy(update={"x": live.x + part.x, "y": live.y + part.y})
    map_ = _map_of(film, recovered[_inside(part)], truth[_inside(part)])
    what = f"recovered and ground truth of its {target.pair.role} pair, where all pairs reach"
    return ViewerPicture(map_, shared, f"CIEDE2000 between {what}")


def _map_of(film: OpenFilm, one: Halves, other: Halves) -> Halves:
    """CIEDE2000 (H, W, 1) of two pictures in scene light, as the film's view shows them."""
    from unfade.color.difference import rgb_difference

    height, width = one.shape[:2]
    map_ = np.empty((height, width, 1), np.float16)
    for lines in _strips(height, width):
        pictures = (media.SceneLight(np.ascontiguousarray(half[lines])) for half in (one, other))
        first_rgb, second_rgb = (media.display_light(half, film.job.colors) for half in pictures)
        map_[lines, :, 0] = rgb_difference(first_rgb, second_rgb)[0].numpy()
    return map_


def _inside(area: Area) -> tuple[slice, slice]:
    return slice(area.y, area.y + area.height), slice(area.x, area.x + area.width)


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


def _as_map(film: OpenFilm, values: Tensor, what: str) -> ViewerPicture:
    """A map (1, H, W) that covers the source's live area."""
    planes = np.ascontiguousarray(values.permute(1, 2, 0).numpy().astype(np.float16))
    return ViewerPicture(planes, film.clips.source.live_area, what)


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
    """The name of the file that shows a frame, and why, if it is that of another one."""
    name, fault = PurePath(media.stored_path(clip, frame)).name, clip.damage.fault_of(frame)
    return name if fault is None else f"{name}, because frame {frame} is damaged ({fault})"


_MAKERS: dict[PictureKind, Callable[[OpenFilm, int], ViewerPicture]] = {
    "source": _source,
    "reference": _reference,
    "lut": _lut,
    "recovered": _recovered,
    "difference": _difference,
    "error": _error,
    "checkpoint": _checkpoint,
}

_SMALL_MAKERS: dict[PictureKind, Callable[[OpenFilm, int, int], ViewerPicture]] = {
    "lut": _lut,
    "recovered": _predicted,
    "checkpoint": _checkpoint,
}
