"""unfade merge: the luma of an original with the colour of a version rendered elsewhere."""

import fnmatch
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePath

from torch import Tensor

from unfade import __version__, media
from unfade.color.ycbcr import merge_chroma
from unfade.errors import MediaError, WorkError
from unfade.film.clip import Clip
from unfade.film.file_pattern import FilePattern
from unfade.film.naming import slug
from unfade.media.stills.reader import STILL_SUFFIXES
from unfade.media.stills.sequences import frames_of, patterns_of
from unfade.project.color_config import ColorManagement
from unfade.project.settings import ClipSection, RenderSection
from unfade.work.lock import LOCK, lock_folder
from unfade.work.progress import Progress
from unfade.work.writing import check_is_folder, make_folder


def merge(
    original: ClipSection,
    recovered: ClipSection,
    folder: Path,
    settings: RenderSection,
    progress: Progress,
    colors: ColorManagement,
) -> list[Path]:
    """Writes a master for every frame: luma of the original, chroma of the recovered version.

    Frames of two sequences belong together by number, others by order. Numbers, timecode, rate
    and tags of the masters are the original's. A sequence may be cut by shots, as Unfade's masters
    are: a folder, or a pattern with ``*``, of sequences whose numbers go on from one to the next.

    Args:
        original: the scan; its `first` and `last` limit what is merged.
        recovered: the same frames in colour, of the same size; or those of the whole original.
        folder: for the masters; missing or empty.
        settings: of the masters.
        progress: whom to tell.
        colors: the config that knows the names of colour spaces.

    Returns:
        The masters.

    Raises:
        MediaError: a clip is missing or damaged, or the two do not fit each other.
        ProjectError: there is no such colour space.
        WorkError: the folder holds files, or cannot be made.
    """
    check_is_folder(folder)
    media.check_colorspace(settings.colorspace, colors)
    ours, theirs, step = _fitting(original, recovered, colors)
    make_folder(folder)
    with lock_folder(folder, progress.say):
        _check_empty(folder)
        return _merge(ours, theirs, step, folder, settings, progress, colors)


def _merge(
    ours: "_Film",
    theirs: "_Film",
    step: int,
    folder: Path,
    settings: RenderSection,
    progress: Progress,
    colors: ColorManagement,
) -> list[Path]:
    """Merges each frame of ours with the one of theirs that is `step` numbers on."""
    title = slug(PurePath(ours.path).stem.split(".")[0])
    entries: dict[str, str | int] = {
        "Software": f"unfade {__version__}",
        "unfade:recovery": "chroma: luma of the source, chroma of the reference",
        "unfade:source": PurePath(ours.path).name,
        "unfade:reference": PurePath(theirs.path).name,
    }
    wanted = ours.frames
    pairs = zip(
        ours.read(wanted),
        theirs.read(range(wanted.start + step, wanted.stop + step)),
        strict=True,
    )
    masters: list[Path] = []
    with media.write_behind() as write_later:
        for (frame, original_rgb), (_, recovered_rgb) in progress.track(
            pairs, "Merging", len(wanted)
        ):
            merged_rgb = merge_chroma(original_rgb, recovered_rgb)
            path = folder / f"{title}_merged.{frame:07d}.exr"
            own = entries | {"unfade:frame": frame}
            tags = media.read_tags(ours.clip_of(frame), frame)
            write_later(media.write_master, path, merged_rgb, settings, own, tags, colors)
            masters.append(path)
    return masters


@dataclass(frozen=True)
class _Film:
    """Moving pictures in one clip, or in several that follow one another without a gap."""

    path: str
    clips: tuple[Clip, ...]
    colors: ColorManagement

    @property
    def frames(self) -> range:
        return range(self.clips[0].frames.first, self.clips[-1].frames.last + 1)

    @property
    def is_sequence(self) -> bool:
        return self.clips[0].kind == "sequence"

    def read(self, wanted: range) -> Iterator[tuple[int, Tensor]]:
        """Those frames, as `media.read` gives them."""
        for clip in self.clips:
            held = [frame for frame in wanted if frame in clip.frames]
            yield from media.read(clip, held, self.colors)

    def clip_of(self, frame: int) -> Clip:
        return next(clip for clip in self.clips if frame in clip.frames)


def _fitting(
    original: ClipSection, recovered: ClipSection, colors: ColorManagement
) -> tuple[_Film, _Film, int]:
    """Both films, and how many numbers on the recovered frame of an original's frame is.

    Raises:
        MediaError: a clip is missing or damaged, or they do not fit each other.
    """
    ours = _film(original, colors)
    limits = {"first": original.first, "last": original.last}
    is_part = limits != {"first": None, "last": None}
    by_number = ours.is_sequence and not os.path.isfile(recovered.path)
    if by_number and is_part:
        recovered = recovered.model_copy(update=limits)
    theirs = _film(recovered, colors)
    _check_size(ours, theirs)
    if is_part and not by_number:
        whole = _film(original.model_copy(update=dict.fromkeys(limits)), colors).frames
        if len(theirs.frames) == len(whole):
            return ours, theirs, theirs.frames.start - whole.start
    _check_frames(ours, theirs)
    return ours, theirs, theirs.frames.start - ours.frames.start


def _film(section: ClipSection, colors: ColorManagement) -> _Film:
    """
    Raises:
        MediaError: it is missing or damaged, or its shots do not follow one another.
    """
    path = os.path.abspath(section.path)
    patterns = _shots(path)
    if len(patterns) < 2:
        return _Film(section.path, (media.probe(path, section, colors=colors),), colors)
    clips = []
    for numbers, pattern in sorted(
        ((frames_of(one), one) for one in patterns), key=lambda pair: pair[0]
    ):
        first, last = numbers[0], numbers[-1]
        if section.first is not None and last < section.first:
            continue
        if section.last is not None and first > section.last:
            continue
        limits = {
            "first": None if section.first is None else max(first, section.first),
            "last": None if section.last is None else min(last, section.last),
        }
        limited = section.model_copy(update=limits)
        clips.append(media.probe(str(pattern), limited, colors=colors))
    _check_clips(section, clips)
    return _Film(section.path, tuple(clips), colors)


def _shots(path: str) -> list[FilePattern]:
    """The sequences of a folder, or those whose names fit a pattern with ``*``."""
    folder, name = (path, "*") if os.path.isdir(path) else os.path.split(path)
    if os.path.isfile(path) or not os.path.isdir(folder) or "*" not in name:
        return []
    wildcard = re.sub(r"%0?\d*d|#+", "*", name)
    entries = sorted(fnmatch.filter(os.listdir(folder), wildcard))
    stills = [one for one in entries if PurePath(one).suffix.lower() in STILL_SUFFIXES]
    found = patterns_of([one for one in stills if not one.startswith(".")])
    return [FilePattern(os.path.join(folder, one.prefix), one.width, one.suffix) for one in found]


def _check_clips(section: ClipSection, clips: list[Clip]) -> None:
    """
    Raises:
        MediaError: there is none, or the clips overlap, leave a gap, or differ.
    """
    if not clips:
        raise MediaError(
            f"{section.path}: has no frame from {section.first} to {section.last}; correct first "
            "and last"
        )
    for before, after in pairwise(clips):
        names = f"{PurePath(before.path).name} and {PurePath(after.path).name}"
        if after.frames.first <= before.frames.last:
            raise MediaError(
                f"{section.path}: {names} both have frame {after.frames.first}; name the sequences "
                "of one version, such as film_s*_v001_*.%07d.exr"
            )
        if after.frames.first > before.frames.last + 1:
            raise MediaError(
                f"{section.path}: frame {before.frames.last + 1} is missing between {names}; "
                "restore the files, or set first and last"
            )
        if (after.width, after.height, after.colorspace) != (
            before.width,
            before.height,
            before.colorspace,
        ):
            raise MediaError(
                f"{section.path}: {names} differ in size or colour space; make them alike"
            )


def _check_size(ours: _Film, theirs: _Film) -> None:
    """
    Raises:
        MediaError: they differ in size.
    """
    sizes = [(film.clips[0].width, film.clips[0].height) for film in (ours, theirs)]
    if sizes[0] != sizes[1]:
        raise MediaError(
            f"{theirs.path}: is {sizes[1][0]} x {sizes[1][1]} pixels, but {ours.path} is "
            f"{sizes[0][0]} x {sizes[0][1]}; render it at the size of the original"
        )


def _check_frames(ours: _Film, theirs: _Film) -> None:
    """
    Raises:
        MediaError: they differ in the number of frames, or in their numbers.
    """
    if len(ours.frames) != len(theirs.frames):
        raise MediaError(
            f"{theirs.path}: has {len(theirs.frames)} frames, but {ours.path} has "
            f"{len(ours.frames)}; set --first and --last so that both have the same"
        )
    both_numbered = ours.is_sequence and theirs.is_sequence
    if both_numbered and ours.frames.start != theirs.frames.start:
        raise MediaError(
            f"{theirs.path}: starts at frame {theirs.frames.start}, but {ours.path} at "
            f"{ours.frames.start}; give the files of one frame the same number"
        )


def _check_empty(folder: Path) -> None:
    """
    Raises:
        WorkError: it holds files.
    """
    holds = sorted(path.name for path in folder.iterdir() if path.name != LOCK)
    if holds:
        raise WorkError(f"{folder}: holds {holds[0]} already; choose an empty folder")
