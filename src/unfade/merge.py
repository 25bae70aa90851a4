"""unfade merge: the luma of an original with the colour of a version rendered elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from torch import Tensor

from unfade import __version__, media
from unfade.color.ycbcr import merge_chroma
from unfade.errors import MediaError, WorkError
from unfade.film.clip import Clip
from unfade.film.naming import slug
from unfade.film.project import ClipSection, RenderSection
from unfade.film.work import Progress


def merge(
    original: ClipSection,
    recovered: ClipSection,
    folder: Path,
    settings: RenderSection,
    progress: Progress,
) -> list[Path]:
    """Writes a master for every frame: luma of the original, chroma of the recovered version.

    Frames of two sequences belong together by number, others by order. Numbers, timecode, rate
    and tags of the masters are the original's.

    Args:
        original: the scan.
        recovered: the same frames in colour, of the same size.
        folder: for the masters; missing or empty.
        settings: of the masters.
        progress: whom to tell.

    Returns:
        The masters.

    Raises:
        MediaError: a clip is missing or damaged, or the two do not fit each other.
        ProjectError: there is no such colour space.
        WorkError: the folder holds files, or cannot be made.
    """
    media.check_colorspace(settings.colorspace)
    original_clip, recovered_clip = _probe(original), _probe(recovered)
    _check_fit(original_clip, recovered_clip)
    _make_empty(folder)
    title = slug(PurePath(original.path).stem.split(".")[0])
    entries: dict[str, str | int] = {
        "Software": f"unfade {__version__}",
        "unfade:recovery": "chroma: luma of the source, chroma of the reference",
        "unfade:source": PurePath(original.path).name,
        "unfade:reference": PurePath(recovered.path).name,
    }
    pairs = zip(_read(original_clip), _read(recovered_clip), strict=True)
    masters: list[Path] = []
    with media.writing_behind() as write_later:
        shown = progress.track(pairs, "Merging", len(original_clip.frames))
        for (frame, original_rgb), (_, recovered_rgb) in shown:
            merged_rgb = merge_chroma(original_rgb, recovered_rgb)
            path = folder / f"{title}_merged.{frame:07d}.exr"
            own = entries | {"unfade:frame": frame}
            tags = media.read_tags(original_clip, frame)
            write_later(media.write_master, path, merged_rgb, settings, own, tags)
            masters.append(path)
    return masters


def _probe(section: ClipSection) -> Clip:
    return media.probe(os.path.abspath(section.path), section)


def _read(clip: Clip) -> Iterator[tuple[int, Tensor]]:
    return media.read(clip, clip.frames.frames())


def _check_fit(original: Clip, recovered: Clip) -> None:
    """
    Raises:
        MediaError: they differ in size, in the number of frames, or in their numbers.
    """
    sizes = [(clip.width, clip.height) for clip in (original, recovered)]
    if sizes[0] != sizes[1]:
        raise MediaError(
            f"{recovered.path}: is {sizes[1][0]} x {sizes[1][1]} pixels, but {original.path} is "
            f"{sizes[0][0]} x {sizes[0][1]}; render it at the size of the original"
        )
    if len(original.frames) != len(recovered.frames):
        raise MediaError(
            f"{recovered.path}: has {len(recovered.frames)} frames, but {original.path} has "
            f"{len(original.frames)}; set first and last frame so that both have the same"
        )
    both_numbered = original.kind == recovered.kind == "sequence"
    if both_numbered and original.frames.first != recovered.frames.first:
        raise MediaError(
            f"{recovered.path}: starts at frame {recovered.frames.first}, but {original.path} at "
            f"{original.frames.first}; give the files of one frame the same number"
        )


def _make_empty(folder: Path) -> None:
    """
    Raises:
        WorkError: it holds files, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        holds = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise WorkError(
            f"{folder}: cannot be made ({error.strerror}); choose one that you may write to"
        ) from error
    if holds:
        raise WorkError(f"{folder}: holds {holds[0]} already; choose an empty folder")
