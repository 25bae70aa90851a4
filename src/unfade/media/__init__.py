"""The only access to pictures and movies on disk, and to colour spaces.

All pixels are float32 tensors (3, height, width), R'G'B' in the working space.
Torch, which takes two seconds to import, is imported where a tensor is made: probing makes none.
"""

from unfade.media.banding import deband
from unfade.media.checksums import frame_checksums
from unfade.media.color_management import (
    check_colorspace,
    check_config,
    is_aces,
    to_space,
)
from unfade.media.content_credentials import SIGNED_FORMATS, check_signer, sign
from unfade.media.gpu_view import GpuView, gpu_view
from unfade.media.luts import CUBE_NODES, write_conversion, write_lut
from unfade.media.movies.codecs import MOVIE_CODECS
from unfade.media.movies.writer import MovieWriter
from unfade.media.pair_pictures import read_pairs
from unfade.media.probe import Surveys, probe
from unfade.media.reading import read, read_frame, read_or_fault, stored_path
from unfade.media.scene_pictures import (
    SceneLight,
    display_light,
    scene_frame,
    scene_light,
    scene_still,
)
from unfade.media.side_by_side import map_frames
from unfade.media.stills.clips import picture_size
from unfade.media.stills.masters import read_master, write_master
from unfade.media.stills.reader import read_entries, read_picture, read_plane
from unfade.media.stills.sequences import sequence_around
from unfade.media.stills.tags import FrameTags, read_tags
from unfade.media.stills.writers import write_dpx, write_exr, write_png, write_tiff
from unfade.media.threads.write_behind import write_behind

__all__ = [
    "CUBE_NODES",
    "MOVIE_CODECS",
    "SIGNED_FORMATS",
    "FrameTags",
    "GpuView",
    "MovieWriter",
    "SceneLight",
    "Surveys",
    "check_colorspace",
    "check_config",
    "check_signer",
    "deband",
    "display_light",
    "frame_checksums",
    "gpu_view",
    "is_aces",
    "map_frames",
    "picture_size",
    "probe",
    "read",
    "read_entries",
    "read_frame",
    "read_master",
    "read_or_fault",
    "read_pairs",
    "read_picture",
    "read_plane",
    "read_tags",
    "scene_frame",
    "scene_light",
    "scene_still",
    "sequence_around",
    "sign",
    "stored_path",
    "to_space",
    "write_behind",
    "write_conversion",
    "write_dpx",
    "write_exr",
    "write_lut",
    "write_master",
    "write_png",
    "write_tiff",
]
