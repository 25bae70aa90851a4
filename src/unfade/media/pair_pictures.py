"""Reads the pictures of pairs, from clips or picture files, cropped to the area that overlaps the
source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from unfade.errors import ProjectError
from unfade.film.clip import Area, Clip, Clips
from unfade.film.pair import Pair
from unfade.geometry.crop import crop
from unfade.media.reading import read
from unfade.media.stills.reader import read_picture
from unfade.project.color_config import PINNED, ColorManagement

if TYPE_CHECKING:
    from torch import Tensor

WITH_NEIGHBOURS = (-1, 0, 1)
"""Offsets in frames of a reference frame and its neighbours."""


def read_pairs(
    pairs: Sequence[Pair],
    clips: Clips,
    picture_of: Callable[[Pair], str],
    colors: ColorManagement = PINNED,
    offsets: Sequence[int] = WITH_NEIGHBOURS,
) -> Iterator[tuple[Pair, Tensor, dict[int, Tensor]]]:
    """Every pair with its source picture, its reference picture and the neighbouring reference
    frames.

    All clips are read in parallel, and only the pictures of one pair are held. Where the frames of
    a reference go back, because its shots are in another order, the clip is read again.

    Args:
        pairs: in order of their source frames.
        clips: as ingest stored them.
        picture_of: returns the absolute path of a pair's picture file.
        colors: the config that has the colour spaces.
        offsets: of the reference frames to read, in frames from that of the pair, 0 among them.

    Yields:
        pair; live area of its source frame, (3, H, W) in the working space; reference pictures by
        their offset in frames, where they exist, (3, H, W) in the working space: the live area of
        the reference or the whole picture file; for an aligned pair, the part that overlaps the
        source's live area.

    Raises:
        MediaError: a picture cannot be read.
        ProjectError: the picture of an aligned pair has another size than the source.
    """
    for run in _ascending(pairs):
        sources = read(clips.source, [pair.source for pair in run], colors)
        references = _references(run, clips, picture_of, colors, offsets)
        for (_, source), (pair, reference_pictures) in zip(sources, references, strict=True):
            yield pair, crop(source, clips.source.live_area), reference_pictures


def _ascending(pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """Pairs in groups within which the frames of each reference ascend."""
    group: list[Pair] = []
    last: dict[str | None, int] = {}
    for pair in pairs:
        if pair.reference is not None and pair.reference < last.get(pair.of, -1):
            yield group
            group, last = [], {}
        group.append(pair)
        if pair.reference is not None:
            last[pair.of] = pair.reference
    if group:
        yield group


def _references(
    pairs: list[Pair],
    clips: Clips,
    picture_of: Callable[[Pair], str],
    colors: ColorManagement,
    offsets: Sequence[int],
) -> Iterator[tuple[Pair, dict[int, Tensor]]]:
    """The reference pictures of pairs with ascending reference frames, and their neighbours."""
    readers = {
        of: _NeighbourReader(
            clip,
            [p.reference for p in pairs if p.of == of and p.reference is not None],
            colors,
            offsets,
        )
        for of, clip in clips.references.items()
    }
    for pair in pairs:
        if pair.picture is not None:
            picture = read_picture(picture_of(pair), pair.colorspace, colors=colors)
            whole_area = Area(x=0, y=0, width=picture.shape[-1], height=picture.shape[-2])
            yield pair, {0: _crop_to_source(pair, pair.picture, picture, clips.source, whole_area)}
            continue
        assert pair.of is not None
        assert pair.reference is not None
        clip = clips.references[pair.of]
        numbered = readers[pair.of].frame_and_neighbours(pair.reference)
        pictures = {}
        for offset, (frame, picture) in numbered.items():
            name = f"{clip.path}: frame {frame}"
            pictures[offset] = _crop_to_source(pair, name, picture, clips.source, clip.live_area)
        yield pair, pictures


class _NeighbourReader:
    """Reads a clip forwards and buffers the neighbours of one wanted frame."""

    def __init__(
        self, clip: Clip, wanted: Sequence[int], colors: ColorManagement, offsets: Sequence[int]
    ) -> None:
        """`wanted` are frame numbers, ascending; `offsets` those of the neighbours, with 0."""
        self._clip, self._offsets = clip, offsets
        needed = sorted({frame + k for frame in wanted for k in offsets})
        self._pictures = read(clip, [frame for frame in needed if frame in clip.frames], colors)
        self._buffer: dict[int, Tensor] = {}

    def frame_and_neighbours(self, wanted: int) -> dict[int, tuple[int, Tensor]]:
        """Number and picture of a frame and of its neighbours that exist, by offset."""
        frames = {k: wanted + k for k in self._offsets if wanted + k in self._clip.frames}
        self._buffer = {f: self._buffer[f] for f in frames.values() if f in self._buffer}
        while max(frames.values()) not in self._buffer:
            frame, picture = next(self._pictures)
            self._buffer[frame] = picture
        return {k: (frame, self._buffer[frame]) for k, frame in frames.items()}


def _unmirrored(pair: Pair, picture: Tensor) -> Tensor:
    """The picture, flipped horizontally if the reference is mirrored."""
    return picture.flip(-1) if pair.mirrored else picture


def _crop_to_source(pair: Pair, name: str, picture: Tensor, source: Clip, live: Area) -> Tensor:
    """The part of a pair's picture that overlaps the source's live area."""
    height, width = picture.shape[-2:]
    wanted = source.live_area
    if not pair.aligned or (live.width, live.height) == (wanted.width, wanted.height):
        return _unmirrored(pair, crop(picture, live))
    if (width, height) == (source.width, source.height):
        return _unmirrored(pair, crop(picture, wanted))
    raise ProjectError(
        f"{name} is {live.width} x {live.height} pixels, but the aligned pair at source frame "
        f"{pair.source} needs {wanted.width} x {wanted.height} (live area) or {source.width} x "
        f"{source.height} (the whole scan); scale it, or remove 'aligned'"
    )
