"""Severity of fade and defects: parameters with their units, and three presets."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field

from unfade.film.noun import Noun


class Fade(Noun):
    """Fading of the dyes.

    `cyan`, `magenta` and `yellow` are the lost share of each dye, 0 to 1; in dark fading the loss
    is nearly proportional to the amount. `unevenness` is the variation of the losses over the
    frame, `flicker` their standard deviation from frame to frame, both as shares of the losses.
    `stain` is the density in blue that ageing adds everywhere, `fog` the density of the base.
    """

    cyan: float = Field(ge=0, lt=1)
    magenta: float = Field(ge=0, lt=1)
    yellow: float = Field(ge=0, lt=1)
    unevenness: float = Field(ge=0, le=0.3)
    flicker: float = Field(ge=0, le=0.1)
    stain: float = Field(ge=0, le=0.5)
    fog: float = Field(ge=0, le=0.5)


class Defects(Noun):
    """Defects of the print and of its scan.

    `grain` is the standard deviation of each dye at an amount of 1, `weave` that of the picture's
    position in pixels, `exposure` that of the scan's density from frame to frame. `specks`,
    `hairs` and `sparkles` are mean counts per frame.
    """

    grain: float = Field(ge=0, le=0.2)
    weave: float = Field(ge=0, le=2)
    exposure: float = Field(ge=0, le=0.1)
    specks: float = Field(ge=0, le=1000)
    hairs: float = Field(ge=0, le=100)
    sparkles: float = Field(ge=0, le=1000)


class Severity(Noun):
    """A fade with matching defects."""

    fade: Fade
    defects: Defects


SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {
        "mild": Severity(
            fade=Fade(
                cyan=0.35,
                magenta=0.02,
                yellow=0.10,
                unevenness=0.04,
                flicker=0.006,
                stain=0.03,
                fog=0.03,
            ),
            defects=Defects(
                grain=0.015, weave=0.2, exposure=0.002, specks=2, hairs=0.2, sparkles=1
            ),
        ),
        "medium": Severity(
            fade=Fade(
                cyan=0.55,
                magenta=0.04,
                yellow=0.25,
                unevenness=0.08,
                flicker=0.012,
                stain=0.05,
                fog=0.04,
            ),
            defects=Defects(
                grain=0.025, weave=0.35, exposure=0.004, specks=5, hairs=0.5, sparkles=3
            ),
        ),
        "hard": Severity(
            fade=Fade(
                cyan=0.68,
                magenta=0.06,
                yellow=0.42,
                unevenness=0.12,
                flicker=0.02,
                stain=0.08,
                fog=0.05,
            ),
            defects=Defects(
                grain=0.04, weave=0.5, exposure=0.008, specks=10, hairs=1.0, sparkles=6
            ),
        ),
    }
)
"""Presets by name. Nine real faded frames have lost 40 to 75 % of cyan and 0 to 30 % of yellow."""
