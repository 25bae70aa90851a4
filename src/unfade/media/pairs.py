"""The reference pictures of pairs, from a clip or from files, cut to what lies on the source."""

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

from unfade.errors import ProjectError
from unfade.film.clip import Area, Clip, Clips
from unfade.film.pair import Pair
from unfade.geometry.crop import crop
from unfade.media.reading import read
from unfade.media.stills import read_picture

_BESIDE = (-1, 0, 1)
"""A reference frame and its neighbours."""


def read_references(
    pairs: Sequence[Pair], clips: Clips, resolve: Callable[[str], str]
) -> Iterator[tuple[Pair, Tensor]]:
    """Every pair with its reference picture; the clip is read once, in order of its frames.

    Args:
        pairs: in any order; those of the reference clip come first, by its frames.
        clips: what ingest found.
        resolve: makes a path of film.toml absolute.

    Yields:
        a pair, and (3, H, W) in the working space: the live area of the reference, or for a
        picture file the whole of it, or for an aligned pair as much as lies on the source's
        live area.

    Raises:
        MediaError: a picture cannot be read.
        ProjectError: an aligned pair's picture has neither the size of the source's live area
            nor that of its whole raster.
    """
    by_frame: dict[int, list[Pair]] = {}
    for pair in pairs:
        if pair.reference is not None:
            by_frame.setdefault(pair.reference, []).append(pair)
    if clips.reference is not None and by_frame:
        clip = clips.reference
        for frame, picture in read(clip, sorted(by_frame)):
            for pair in by_frame[frame]:
                name = f"{clip.path}: frame {frame}"
                yield pair, _cut(pair, name, picture, clips.source, clip.live_area)
    for pair in pairs:
        if pair.picture is not None:
            picture = read_picture(resolve(pair.picture))
            whole = Area(x=0, y=0, width=picture.shape[-1], height=picture.shape[-2])
            yield pair, _cut(pair, pair.picture, picture, clips.source, whole)


def read_pairs(
    pairs: Sequence[Pair], clips: Clips, resolve: Callable[[str], str]
) -> Iterator[tuple[Pair, Tensor, dict[int, Tensor]]]:
    """Every pair with its source picture and its reference picture, and those beside that.

    Both clips are read side by side, and no more is held than the pictures of one pair. Where the
    reference's frames go back, because its shots have another order, it is read anew.

    Args:
        pairs: in order of their source frames.
        clips: what ingest found.
        resolve: makes a path of film.toml absolute.

    Yields:
        a pair; the live area of its source, (3, H, W) in the working space; by their distance in
        frames, 0 and as far as they exist -1 and 1, its reference picture and those beside it, cut
        as `read_references` does.

    Raises:
        MediaError: a picture cannot be read.
        ProjectError: an aligned pair's picture has another size than the source.
    """
    for run in _ascending(pairs):
        sources = read(clips.source, [pair.source for pair in run])
        references = _references(run, clips, resolve)
        for (_, source), (pair, found) in zip(sources, references, strict=True):
            yield pair, crop(source, clips.source.live_area), found


def _ascending(pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """Pairs in groups whose reference frames ascend."""
    group: list[Pair] = []
    last = -1
    for pair in pairs:
        if pair.reference is not None and pair.reference < last:
            yield group
            group, last = [], -1
        group.append(pair)
        last = last if pair.reference is None else pair.reference
    if group:
        yield group


def _references(
    pairs: list[Pair], clips: Clips, resolve: Callable[[str], str]
) -> Iterator[tuple[Pair, dict[int, Tensor]]]:
    """The reference pictures of pairs whose reference frames ascend, with those beside them."""
    clip = clips.reference
    wanted = [pair.reference for pair in pairs if pair.reference is not None]
    near = sorted({frame + k for frame in wanted for k in _BESIDE})
    pictures = read(clip, [f for f in near if f in clip.frames]) if clip and wanted else iter(())
    held: dict[int, Tensor] = {}
    for pair in pairs:
        if pair.picture is not None:
            picture = read_picture(resolve(pair.picture))
            whole = Area(x=0, y=0, width=picture.shape[-1], height=picture.shape[-2])
            yield pair, {0: _cut(pair, pair.picture, picture, clips.source, whole)}
            continue
        assert clip is not None
        assert pair.reference is not None
        frames = {k: pair.reference + k for k in _BESIDE if pair.reference + k in clip.frames}
        held = {frame: held[frame] for frame in frames.values() if frame in held}
        while max(frames.values()) not in held:
            frame, picture = next(pictures)
            held[frame] = picture
        yield (
            pair,
            {
                k: _cut(pair, f"{clip.path}: frame {f}", held[f], clips.source, clip.live_area)
                for k, f in frames.items()
            },
        )


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
