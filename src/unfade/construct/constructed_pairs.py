"""Which pairs of a film have a constructed picture; imports little, because every command asks."""

import os

from unfade.film.construction import construct_path
from unfade.work.job import Job


def constructed_frames(job: Job) -> list[int]:
    """The frames of the scan whose picture in film.toml is one that was constructed for them."""
    return [
        pair.source
        for pair in job.project.pair
        if isinstance(pair.reference, str)
        and os.path.normpath(job.resolve(pair.reference))
        == os.path.normpath(job.resolve(construct_path(pair.source, ".exr")))
    ]
