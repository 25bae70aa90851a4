"""Looks at a painted picture before it becomes a pair: whether it can be read, and its place."""

from unfade.errors import MissingFactError, ProjectError
from unfade.film.clip import Clips
from unfade.media.color_management import check_config
from unfade.media.reading import read_frame
from unfade.media.stills.reader import read_picture
from unfade.project.settings import PairSection
from unfade.work.job import Job

_MAX_UNPAINTED_DIFFERENCE = 1.5 / 255
"""Difference from the scan, range 1, up to which a picture counts as unpainted: one code of 8 bits,
which saving in a program of 8 bits may add, with a margin."""


def describe_placement(job: Job, section: PairSection) -> str:
    """How align will lay the picture of a pair on the scan, in words.

    Before ingest has run, the scan's size is unknown, and the picture is only read as a check.

    Raises:
        MediaError: the picture cannot be read.
        ProjectError: its colour space is unknown, or nothing has been painted on it.
    """
    check_config(job.colors)
    picture = str(section.reference)
    try:
        if (job.root / Clips.PATH).exists():
            return _placement(job, section.source, picture, section.colorspace)
        read_picture(job.resolve(picture), section.colorspace, colors=job.colors)
    except MissingFactError as error:
        raise ProjectError(
            f"{picture}: does not name a known colour space ({error.known}); name one with "
            "--colorspace, or convert it to sRGB"
        ) from error
    return "its place on the scan is found when the scan has been read"


def _placement(job: Job, frame: int, picture: str, colorspace: str | None) -> str:
    """How align will lay a picture on a frame of the scan; `colorspace` None reads it from the
    file."""
    pixels = read_picture(job.resolve(picture), colorspace, colors=job.colors)
    source = job.clips().source
    size = pixels.shape[-1], pixels.shape[-2]
    if size == (source.width, source.height):
        faded = read_frame(source, frame, job.colors).clamp(0.0, 1.0)
        if float((pixels - faded).abs().max()) < _MAX_UNPAINTED_DIFFERENCE:
            raise ProjectError(
                f"{picture}: is frame {frame} as the scan has it; paint it first, and save it there"
            )
        return "it has the scan's raster"
    if size == (source.live_area.width, source.live_area.height):
        return "it has the size of the scan's live area"
    return f"it is {size[0]} x {size[1]} pixels, so its place on the scan is searched"
