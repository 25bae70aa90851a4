"""Compares the size of the masters with the free space of the disk, before hours of work."""

import shutil
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

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

DWAA_SHARE = 0.5
"""Largest size of a DWAA file as a share of that without compression: half floats of grain took 0.1
to 0.3 at the default level, and more at lower ones."""


def check_disk_space(job: Job, source: Clip) -> None:
    """Checks that the masters fit on the disk; says so if compressed ones may not.

    Masters of an earlier run count as free, because they stay or are replaced. Those that a bag
    also holds need no space if they stay, and free none if they are replaced: only if there is no
    room in both cases, it is an error. The validation range is not checked: it has at most 100
    frames.

    Raises:
        WorkError: masters without compression do not fit.
    """
    settings = job.project.render
    if settings.range == "validation":
        return
    folder = job.root / folder_name("render")
    count = len(settings.wanted(source.frames))
    needed = count * source.width * source.height * _bytes_a_pixel(settings)
    own, shared = _sizes(folder)
    free = shutil.disk_usage(folder if folder.is_dir() else job.root).free + own
    if needed <= free:
        return
    masters = f"{counted(count, 'master')} of {source.width} x {source.height} pixels"
    remedy = "make free space, or render parts of the film with 'render.first' and 'render.last'"
    sizes = f"{_in_words(needed)}, and {_in_words(free)} are free"
    if settings.compression == "none" and needed - shared > free:
        raise WorkError(f"{folder}: {masters} take {sizes}; {remedy}")
    job.progress.say(f"{folder}: {masters} take up to {sizes}; {remedy}")


def _bytes_a_pixel(settings: RenderSection) -> float:
    """Bytes of a pixel; for ZIP those without compression, because grain hardly compresses."""
    if settings.bits == 10:
        return BYTES_A_10_BIT_PIXEL
    return BYTES_A_PIXEL * (DWAA_SHARE if settings.compression == "dwaa" else 1.0)


def _sizes(folder: Path) -> tuple[int, int]:
    """Bytes of the files in a folder that are nowhere else, and of those that a bag holds, too."""
    own = shared = 0
    for path in folder.glob("**/*"):
        with suppress(OSError):
            stat = path.lstat()
            if S_ISREG(stat.st_mode) and stat.st_nlink == 1:
                own += stat.st_size
            elif S_ISREG(stat.st_mode):
                shared += stat.st_size
    return own, shared


def _in_words(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
