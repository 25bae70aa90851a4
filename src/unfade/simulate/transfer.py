"""The transfer of a film to its DVD: framing, timing, grading, compression, and two presets."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from unfade.film.noun import Noun


class Transfer(Noun):
    """Faults and settings of a transfer.

    Geometry: `crop` is the smallest and largest share of the picture that each side loses,
    `anamorphic` a horizontal stretch of the framing, `rotation` an angle in degrees. In pixels of
    the film, `corners` is the largest displacement of a corner, `warp` that of a smooth
    distortion, `weave` that of the telecine's gate weave. `mirrored` swaps left and right.

    Time: in the cadence "shifted" each frame of the DVD has the bottom field of the next film
    frame; in "pulldown" film frames last two and three fields in turn, and the turn sometimes
    breaks. `missing` and `repeated` are shares of the DVD's frames, `cut_shots` is the number of
    shots that the DVD lacks, `reordered` changes the order of shots.

    Grading: `contrast` about mid grey, `saturation`, and `cast`, the gains of red, green and blue.
    `subtitles` is the share of every second shot that has a subtitle. `bit_rate` is in bits per
    second.
    """

    crop: tuple[float, float]
    anamorphic: float = Field(gt=0.9, lt=1.1)
    rotation: float = Field(ge=0, le=5)
    corners: float = Field(ge=0, le=10)
    warp: float = Field(ge=0, le=20)
    weave: float = Field(ge=0, le=5)
    cadence: Literal["shifted", "pulldown"]
    missing: float = Field(ge=0, le=0.5)
    repeated: float = Field(ge=0, le=0.5)
    cut_shots: int = Field(ge=0)
    reordered: bool = False
    mirrored: bool = False
    contrast: float = Field(gt=0, le=2)
    saturation: float = Field(ge=0, le=2)
    cast: tuple[float, float, float]
    subtitles: float = Field(ge=0, le=1)
    bit_rate: int = Field(ge=1_000_000)


TRANSFERS: Mapping[str, Transfer] = MappingProxyType(
    {
        "fair": Transfer(
            crop=(0.04, 0.06),
            anamorphic=1.005,
            rotation=0.3,
            corners=2.0,
            warp=0.0,
            weave=0.0,
            cadence="shifted",
            missing=0.0,
            repeated=0.0,
            cut_shots=0,
            contrast=1.03,
            saturation=0.93,
            cast=(1.010, 1.0, 0.985),
            subtitles=0.5,
            bit_rate=5_000_000,
        ),
        "hard": Transfer(
            crop=(0.055, 0.065),
            anamorphic=1.01,
            rotation=1.5,
            corners=2.0,
            warp=4.0,
            weave=2.0,
            cadence="pulldown",
            missing=0.05,
            repeated=0.03,
            cut_shots=2,
            contrast=1.12,
            saturation=0.85,
            cast=(1.04, 1.0, 0.93),
            subtitles=0.6,
            bit_rate=4_000_000,
        ),
    }
)
"""Presets by name. Their gradings differ from the film by up to about 2 and 6 CIEDE2000."""
