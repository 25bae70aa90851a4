"""Checksums of frames of clips."""

from collections.abc import Callable, Iterable
from pathlib import Path

from unfade.film.clip import Clip
from unfade.film.used_frames import UsedFrame
from unfade.media.movies.reader import checksums_of_movie
from unfade.media.stills.sequences import parse_pattern


def frame_checksums(
    clip: Clip, frames: Iterable[int], digest_of: Callable[[Path], str]
) -> dict[int, UsedFrame]:
    """The checksums of frames of a clip, by number: of the files of a sequence, of the decoded
    frames of a movie.

    Args:
        clip: as `probe` returns it.
        frames: frame numbers, in any order.
        digest_of: gives the SHA-256 of a file.

    Raises:
        MediaError: the movie is damaged, or ends before a frame.
        OSError: a file of the sequence cannot be read.
    """
    numbers = sorted(set(frames))
    if clip.kind == "movie":
        name = Path(clip.path).name
        return {
            frame: UsedFrame(frame=frame, file=name, sha256=sha256, checksum_of="decoded frame")
            for frame, sha256 in checksums_of_movie(clip, numbers).items()
        }
    pattern = parse_pattern(clip.path) if clip.kind == "sequence" else None
    paths = {frame: Path(pattern.path(frame) if pattern else clip.path) for frame in numbers}
    return {
        frame: UsedFrame(frame=frame, file=path.name, sha256=digest_of(path), checksum_of="file")
        for frame, path in paths.items()
    }
