"""The reference pictures of pairs, from a clip or from files, cut to what lies on the source."""

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

from unfade.errors import ProjectError
from unfade.film.clip import Area, Clip, Clips
from unfade.film.pair import Pair
from unfade.geometry.crop import crop
from unfade.media.reading import read
from unfade.media.stills.reader import read_picture
from unfade.project.color_config import PINNED, ColorManagement

_BESIDE = (-1, 0, 1)
"""A reference frame and its neighbours."""


def read_references(
    pairs: Sequence[Pair],
    clips: Clips,
    picture_of: Callable[[Pair], str],
    colors: ColorManagement = PINNED,
) -> Iterator[tuple[Pair, Tensor]]:
    """Every pair with its reference picture; each clip is read once, in order of its frames.

    Args:
        pairs: in any order; those of the references come first, by their frames.
        clips: what ingest found.
        picture_of: gives the absolute path of the picture that a pair has.
        colors: the config that knows the names of colour spaces.

    Yields:
        a pair, and (3, H, W) in the working space: the live area of the reference, or for a
        picture file the whole of it, or for an aligned pair as much as lies on the source's
        live area.

    Raises:
        MediaError: a picture cannot be read.
        ProjectError: an aligned pair's picture has neither the size of the source's live area
            nor that of its whole raster.
    """
    for of, clip in clips.references.items():
        by_frame: dict[int, list[Pair]] = {}
        for pair in pairs:
            if pair.reference is not None and pair.of == of:
                by_frame.setdefault(pair.reference, []).append(pair)
        for frame, picture in read(clip, sorted(by_frame), colors):
            for pair in by_frame[frame]:
                name = f"{clip.path}: frame {frame}"
                yield pair, _cut(pair, name, picture, clips.source, clip.live_area)
    for pair in pairs:
        if pair.picture is not None:
            picture = read_picture(picture_of(pair), pair.colorspace, colors=colors)
            whole = Area(x=0, y=0, width=picture.shape[-1], height=picture.shape[-2])
            yield pair, _cut(pair, pair.picture, picture, clips.source, whole)


def read_pairs(
    pairs: Sequence[Pair],
    clips: Clips,
    picture_of: Callable[[Pair], str],
    colors: ColorManagement = PINNED,
) -> Iterator[tuple[Pair, Tensor, dict[int, Tensor]]]:
    """Every pair with its source picture and its reference picture, and those beside that.

    All clips are read side by side, and no more is held than the pictures of one pair. Where a
    reference's frames go back, because its shots have another order, it is read anew.

    Args:
        pairs: in order of their source frames.
        clips: what ingest found.
        picture_of: gives the absolute path of the picture that a pair has.
        colors: the config that knows the names of colour spaces.

    Yields:
        a pair; the live area of its source, (3, H, W) in the working space; by their distance in
        frames, 0 and as far as they exist -1 and 1, its reference picture and those beside it, cut
        as `read_references` does.

    Raises:
        MediaError: a picture cannot be read.
        ProjectError: an aligned pair's picture has another size than the source.
    """
    for run in _ascending(pairs):
        sources = read(clips.source, [pair.source for pair in run], colors)
        references = _references(run, clips, picture_of, colors)
        for (_, source), (pair, found) in zip(sources, references, strict=True):
            yield pair, crop(source, clips.source.live_area), found


def _ascending(pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """Pairs in groups in which the frames of each reference ascend."""
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
    pairs: list[Pair], clips: Clips, picture_of: Callable[[Pair], str], colors: ColorManagement
) -> Iterator[tuple[Pair, dict[int, Tensor]]]:
    """The reference pictures of pairs whose reference frames ascend, with those beside them."""
    readers = {
        of: _Reader(
            clip,
            [p.reference for p in pairs if p.of == of and p.reference is not None],
            colors,
        )
        for of, clip in clips.references.items()
    }
    for pair in pairs:
        if pair.picture is not None:
            picture = read_picture(picture_of(pair), pair.colorspace, colors=colors)
            whole = Area(x=0, y=0, width=picture.shape[-1], height=picture.shape[-2])
            yield pair, {0: _cut(pair, pair.picture, picture, clips.source, whole)}
            continue
        assert pair.of is not None
        assert pair.reference is not None
        clip = clips.references[pair.of]
        yield (
            pair,
            {
                k: _cut(pair, f"{clip.path}: frame {f}", picture, clips.source, clip.live_area)
                for k, (f, picture) in readers[pair.of].around(pair.reference).items()
            },
        )


class _Reader:
    """Reads a clip onwards, and holds what lies around one of the frames that are wanted of it."""

    def __init__(self, clip: Clip, wanted: Sequence[int], colors: ColorManagement) -> None:
        """`wanted` are frame numbers, ascending."""
        self._clip = clip
        near = sorted({frame + k for frame in wanted for k in _BESIDE})
        self._pictures = read(clip, [frame for frame in near if frame in clip.frames], colors)
        self._held: dict[int, Tensor] = {}

    def around(self, wanted: int) -> dict[int, tuple[int, Tensor]]:
        """A frame and its neighbours, as far as there are any: numbers and pictures."""
        frames = {k: wanted + k for k in _BESIDE if wanted + k in self._clip.frames}
        self._held = {f: self._held[f] for f in frames.values() if f in self._held}
        while max(frames.values()) not in self._held:
            frame, picture = next(self._pictures)
            self._held[frame] = picture
        return {k: (frame, self._held[frame]) for k, frame in frames.items()}


def _upright(pair: Pair, picture: Tensor) -> Tensor:
    """A picture as the source has it, left and right changed where the reference is mirrored."""
    return picture.flip(-1) if pair.mirrored else picture


def _cut(pair: Pair, name: str, picture: Tensor, source: Clip, live: Area) -> Tensor:
    """The part of a pair's picture that is laid on the source's live area."""
    height, width = picture.shape[-2:]
    wanted = source.live_area
    if not pair.aligned or (live.width, live.height) == (wanted.width, wanted.height):
        return _upright(pair, crop(picture, live))
    if (width, height) == (source.width, source.height):
        return _upright(pair, crop(picture, wanted))
    raise ProjectError(
        f"{name} is {live.width} x {live.height} pixels, but the aligned pair at source frame "
        f"{pair.source} needs {wanted.width} x {wanted.height} (the picture) or {source.width} x "
        f"{source.height} (the whole scan); scale it or take 'aligned' out"
    )
