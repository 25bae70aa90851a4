"""The reference pictures of pairs, from a clip or from files, cut to what lies on the source."""

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

from unfade.errors import ProjectError
from unfade.film.clip import Area, Clip, Clips
from unfade.film.pair import Pair
from unfade.geometry.crop import crop
from unfade.media.reading import read
from unfade.media.stills import read_picture


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
