"""unfade merge: luma of the original, chroma of a version recovered by another program."""

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
from unfade.film.wording import counted
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

    Frames of two sequences are matched by number, other frames by order. Numbers, timecode, rate
    and tags of the masters are those of the original. A sequence may be split by shots, like the
    masters of Unfade: a folder or a pattern with ``*`` then stands for sequences with continuous
    frame numbers.

    Args:
        original: the scan; its `first` and `last` limit the range.
        recovered: the same frames in colour, of the same size; a movie may also have all frames
            of the original.
        folder: for the masters; missing or empty.
        settings: of the masters.
        progress: for messages and progress.
        colors: colour management of both clips and of the masters.

    Returns:
        The masters.

    Raises:
        MediaError: a clip is missing or damaged, or the two differ in size or frames.
        ProjectError: the colour space is unknown.
        WorkError: the folder holds files, or cannot be made.
    """
    check_is_folder(folder)
    media.check_colorspace(settings.colorspace, colors)
    source, reference, offset = _match(original, recovered, colors)
    make_folder(folder)
    with lock_folder(folder, progress.say):
        _check_empty(folder)
        return _merge(source, reference, offset, folder, settings, progress, colors)


def _merge(
    source: "_Footage",
    reference: "_Footage",
    offset: int,
    folder: Path,
    settings: RenderSection,
    progress: Progress,
    colors: ColorManagement,
) -> list[Path]:
    """Merges each frame n of the source with frame n + `offset` of the reference."""
    title = slug(PurePath(source.path).stem.split(".")[0])
    entries: dict[str, str | int] = {
        "Software": f"unfade {__version__}",
        "unfade:recovery": "chroma: luma of the source, chroma of the reference",
        "unfade:source": PurePath(source.path).name,
        "unfade:reference": PurePath(reference.path).name,
    }
    wanted = source.frames
    pairs = zip(
        source.read(wanted),
        reference.read(range(wanted.start + offset, wanted.stop + offset)),
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
            tags = media.read_tags(source.clip_of(frame), frame)
            write_later(media.write_master, path, merged_rgb, settings, own, tags, colors)
            masters.append(path)
    return masters


@dataclass(frozen=True)
class _Footage:
    """The frames of one clip, or of several clips with continuous frame numbers."""

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
        """Yields (frame number, picture) of the wanted frames, in order."""
        for clip in self.clips:
            held = [frame for frame in wanted if frame in clip.frames]
            yield from media.read(clip, held, self.colors)

    def clip_of(self, frame: int) -> Clip:
        return next(clip for clip in self.clips if frame in clip.frames)


def _match(
    original: ClipSection, recovered: ClipSection, colors: ColorManagement
) -> tuple[_Footage, _Footage, int]:
    """Source and reference, and the offset from a source frame to its reference frame.

    Raises:
        MediaError: a clip is missing or damaged, or the two differ in size or frames.
    """
    source = _footage(original, colors)
    limits = {"first": original.first, "last": original.last}
    is_part = limits != {"first": None, "last": None}
    by_number = source.is_sequence and not os.path.isfile(recovered.path)
    if by_number and is_part:
        recovered = recovered.model_copy(update=limits)
    reference = _footage(recovered, colors)
    _check_size(source, reference)
    if is_part and not by_number:
        whole = _footage(original.model_copy(update=dict.fromkeys(limits)), colors).frames
        if len(reference.frames) == len(whole):
            return source, reference, reference.frames.start - whole.start
    _check_frames(source, reference)
    return source, reference, reference.frames.start - source.frames.start


def _footage(section: ClipSection, colors: ColorManagement) -> _Footage:
    """
    Raises:
        MediaError: it is missing or damaged, or its shots have no continuous frame numbers.
    """
    path = os.path.abspath(section.path)
    patterns = _shot_patterns(path)
    if len(patterns) < 2:
        return _Footage(section.path, (media.probe(path, section, colors=colors),), colors)
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
    _check_continuous(section, clips)
    return _Footage(section.path, tuple(clips), colors)


def _shot_patterns(path: str) -> list[FilePattern]:
    """The sequences in a folder, or those whose names match a pattern with ``*``."""
    folder, name = (path, "*") if os.path.isdir(path) else os.path.split(path)
    if os.path.isfile(path) or not os.path.isdir(folder) or "*" not in name:
        return []
    wildcard = re.sub(r"%0?\d*d|#+", "*", name)
    entries = sorted(fnmatch.filter(os.listdir(folder), wildcard))
    stills = [one for one in entries if PurePath(one).suffix.lower() in STILL_SUFFIXES]
    found = patterns_of([one for one in stills if not one.startswith(".")])
    return [FilePattern(os.path.join(folder, one.prefix), one.width, one.suffix) for one in found]


def _check_continuous(section: ClipSection, clips: list[Clip]) -> None:
    """
    Raises:
        MediaError: there is none, or the clips overlap, leave a gap, or differ.
    """
    if not clips:
        raise MediaError(
            f"{section.path}: has no frame from {section.first} to {section.last}; correct "
            "--first and --last"
        )
    for before, after in pairwise(clips):
        names = f"{PurePath(before.path).name} and {PurePath(after.path).name}"
        if after.frames.first <= before.frames.last:
            raise MediaError(
                f"{section.path}: {names} both have frame {after.frames.first}; give a pattern "
                "that matches one version only, such as film_s*_v001_*.%07d.exr"
            )
        if after.frames.first > before.frames.last + 1:
            raise MediaError(
                f"{section.path}: frame {before.frames.last + 1} is missing between {names}; "
                "restore the files, or set --first and --last"
            )
        if (after.width, after.height, after.colorspace) != (
            before.width,
            before.height,
            before.colorspace,
        ):
            raise MediaError(
                f"{section.path}: {names} differ in size or colour space; render them alike"
            )


def _check_size(source: _Footage, reference: _Footage) -> None:
    """
    Raises:
        MediaError: they differ in size.
    """
    sizes = [(film.clips[0].width, film.clips[0].height) for film in (source, reference)]
    if sizes[0] != sizes[1]:
        raise MediaError(
            f"{reference.path}: is {sizes[1][0]} x {sizes[1][1]} pixels, but {source.path} is "
            f"{sizes[0][0]} x {sizes[0][1]}; render it at the size of the original"
        )


def _check_frames(source: _Footage, reference: _Footage) -> None:
    """
    Raises:
        MediaError: they differ in the number of frames, or in their numbers.
    """
    if len(source.frames) != len(reference.frames):
        raise MediaError(
            f"{reference.path}: has {counted(len(reference.frames), 'frame')}, but "
            f"{source.path} has {len(source.frames)}; set --first and --last so that both have the "
            "same"
        )
    both_numbered = source.is_sequence and reference.is_sequence
    if both_numbered and source.frames.start != reference.frames.start:
        raise MediaError(
            f"{reference.path}: starts at frame {reference.frames.start}, but {source.path} at "
            f"{source.frames.start}; give the files of one frame the same number"
        )


def _check_empty(folder: Path) -> None:
    """
    Raises:
        WorkError: it holds files.
    """
    holds = sorted(path.name for path in folder.iterdir() if path.name != LOCK)
    if holds:
        raise WorkError(f"{folder}: holds {holds[0]} already; choose an empty folder")
