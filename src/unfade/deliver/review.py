"""Facts of the review movies: raster, timecode, burned-in text."""

from opentimelineio.opentime import RationalTime

from unfade.drawing.movie_frame import MovieRaster, movie_raster
from unfade.film.clip import Clip
from unfade.film.time import MAX_TIMECODE_RATE, format_timecode, timecode_base
from unfade.project.settings import DeliverSection


def raster_of(source: Clip, settings: DeliverSection) -> MovieRaster:
    """The raster of the movies of a scan."""
    area = source.live_area
    return movie_raster(
        area.width,
        area.height,
        float(source.pixel_aspect),
        settings.movie_size(),
        padding=settings.padding,
    )


def start_timecode(source: Clip, frame: int) -> str | None:
    """The timecode of a movie that starts at a frame: that of the scan. Without one, frames count
    from midnight as in the timeline; None at rates without timecode."""
    timecode, rate = source.timecode_of(frame), source.rate
    has_timecode = timecode_base(rate) <= MAX_TIMECODE_RATE
    if timecode is None and has_timecode and RationalTime.is_smpte_timecode_rate(float(rate)):
        return format_timecode(frame, rate, drop=False)
    return timecode


def burn_in(source: Clip, frame: int) -> str:
    """Burned-in text of a movie: frame number and timecode."""
    timecode = source.timecode_of(frame)
    return f"Frame {frame}  {timecode}" if timecode else f"Frame {frame}"
