"""Compares the size of the masters with the free space of the disk, before hours of work."""

import os
import shutil
from contextlib import suppress

from unfade.errors import WorkError
from unfade.film.clip import Clip
from unfade.film.stage_names import folder_name
from unfade.film.wording import counted
from unfade.project.render_settings import RenderSection
from unfade.work.job import Job

BYTES_A_PIXEL = 6
"""Bytes of a pixel without compression: three samples of 16 bits."""

BYTES_A_10_BIT_PIXEL = 4
"""Bytes of a pixel of 10 bits in DPX: three samples in a word of 32 bits."""

DWAA_SHARE = 0.2
"""Size of a DWAA file as a share of the size without compression, at the default level."""


def check_disk_space(job: Job, source: Clip) -> None:
    """Checks that the masters fit on the disk; says so if compressed ones may not.

    Masters of an earlier run count as free, because they stay or are replaced. The validation range
    is not checked: it has at most 100 frames.

    Raises:
        WorkError: masters without compression do not fit.
    """
    settings = job.project.render
    if settings.range == "validation":
        return
    folder = job.root / folder_name("render")
    count = len(settings.wanted(source.frames))
    needed = count * source.width * source.height * _bytes_a_pixel(settings)
    free = shutil.disk_usage(job.root).free + _size_of(str(folder))
    if needed <= free:
        return
    masters = f"{counted(count, 'master')} of {source.width} x {source.height} pixels"
    remedy = "make free space, or render parts of the film with 'render.first' and 'render.last'"
    sizes = f"{_in_words(needed)}, and {_in_words(free)} are free"
    if settings.compression == "none":
        raise WorkError(f"{folder}: {masters} take {sizes}; {remedy}")
    about = "about" if settings.compression == "dwaa" else "up to"
    job.progress.say(f"{folder}: {masters} take {about} {sizes}; {remedy}")


def _bytes_a_pixel(settings: RenderSection) -> float:
    """Bytes of a pixel; for ZIP those without compression, because grain hardly compresses."""
    if settings.bits == 10:
        return BYTES_A_10_BIT_PIXEL
    return BYTES_A_PIXEL * (DWAA_SHARE if settings.compression == "dwaa" else 1.0)


def _size_of(folder: str) -> int:
    """Bytes of the files in a folder; 0 if there is none."""
    with suppress(OSError):
        return sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file())
    return 0


def _in_words(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"
