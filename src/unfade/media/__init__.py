"""The only door to pictures and movies on disk, and to colour spaces.

Behind it all pixels are float32 tensors (3, height, width), R'G'B' in the working space.
"""

from unfade.media.ahead import side_by_side
from unfade.media.behind import writing_behind
from unfade.media.color_management import (
    check_colorspace,
    config_in_use,
    is_aces,
    to_space,
    use_config,
)
from unfade.media.masters import write_master
from unfade.media.movie_writer import MovieWriter
from unfade.media.pairs import read_pairs, read_references
from unfade.media.probe import Surveys, probe
from unfade.media.reading import read, read_frame
from unfade.media.sequences import sequence_around
from unfade.media.still_writers import write_dpx, write_exr, write_png, write_tiff
from unfade.media.stills import read_entries, read_picture, read_plane
from unfade.media.tags import FrameTags, read_tags

__all__ = [
    "FrameTags",
    "MovieWriter",
    "Surveys",
    "check_colorspace",
    "config_in_use",
    "is_aces",
    "probe",
    "read",
    "read_entries",
    "read_frame",
    "read_pairs",
    "read_picture",
    "read_plane",
    "read_references",
    "read_tags",
    "sequence_around",
    "side_by_side",
    "to_space",
    "use_config",
    "write_dpx",
    "write_exr",
    "write_master",
    "write_png",
    "write_tiff",
    "writing_behind",
]
