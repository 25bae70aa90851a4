"""The frames that a model learned from and was measured on, with their checksums."""

from typing import Literal

from unfade.film.noun import Artefact, Noun

ChecksumOf = Literal["file", "decoded frame"]
"""What a checksum is of: the bytes of a still's file, or the samples of a movie's frame as decoded,
before deinterlacing, plane after plane without padding: what ``ffmpeg -f framehash`` prints."""


class UsedFrame(Noun):
    """One frame that was used.

    `frame` is its number in the clip; None for a picture file. `file` is the name of the file
    that holds it. `sha256` is in hexadecimal.
    """

    frame: int | None = None
    file: str
    sha256: str
    checksum_of: ChecksumOf


class UsedPair(Noun):
    """The frames of an admitted pair: of the source, and of a reference or a picture."""

    source: UsedFrame
    reference: UsedFrame


class UsedFrames(Artefact):
    """The frames of all admitted pairs, and those `between` them, without a pair, that received
    their colour."""

    SCHEMA = "UsedFrames.1"
    PATH = "04-target/frames.json"

    pairs: tuple[UsedPair, ...]
    between: tuple[UsedFrame, ...] = ()
