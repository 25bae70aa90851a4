"""How a film came onto its DVD: framing, timing, grading and compression, and presets of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from unfade.film.noun import Noun


class Transfer(Noun):
    """What was done to the film on its way to the DVD.

    Geometry: `crop` is the least and the greatest share of the picture that each side loses,
    `anamorphic` how much too wide the picture was taken, `rotation` is in degrees, `corners` the
    pixels of the film that each corner is off at most, `warp` those of a smooth distortion
    besides, `weave` those that a picture is off its place in the telecine at most.

    Time: `cadence` is "shifted" where each stored frame holds the bottom field of the next film
    frame, "pulldown" where film frames last two and three fields in turn, with the turn broken
    now and then. `missing` and `repeated` are shares of the stored frames, `cut_shots` is how
    many shots the DVD lacks. `reordered` swaps shots, `mirrored` the picture's left and right.

    Grading: `contrast` about the middle, `saturation`, and `cast`, the gain of red, green, blue.
    `subtitles` is the share of every second shot that has one. `bit_rate` is in bits a second.
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
"""The gradings lie within about 2 and 6 CIEDE2000 of the film itself."""
