"""A balance: a grade of the faded source at the model's input; masters do not contain it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from unfade.film.noun import Artefact, Noun

Gamma = Annotated[float, Field(ge=0.1, le=10.0)]
"""Exponent; the bounds only exclude typing errors."""
Level = Annotated[float, Field(ge=-10.0, le=10.0)]
"""Value of the working space, white at 1; the bounds only exclude typing errors."""


class Balance(Noun):
    """Lift, gamma and gain of red, green and blue, as in Nuke's Grade node.

    R'G'B' of the working space becomes ``(x * (gain - lift) + lift) ** (1 / gamma)``.
    """

    lift: tuple[Level, Level, Level] = Field(
        default=(0.0, 0.0, 0.0),
        description="Display value that black becomes, for red, green and blue.",
        json_schema_extra={"unit": "display value, 0 to 1"},
    )
    gamma: tuple[Gamma, Gamma, Gamma] = Field(
        default=(1.0, 1.0, 1.0),
        description="Exponent of the midtones, for red, green and blue; above 1 is lighter.",
    )
    gain: tuple[Level, Level, Level] = Field(
        default=(1.0, 1.0, 1.0),
        description="Display value that white becomes, for red, green and blue; above lift.",
        json_schema_extra={"unit": "display value, 0 to 1"},
    )

    @model_validator(mode="after")
    def _gain_above_lift(self) -> "Balance":
        if any(gain <= lift for lift, gain in zip(self.lift, self.gain, strict=True)):
            raise ValueError("'gain' is not above 'lift' in every channel; raise 'gain' there")
        return self


IDENTITY_BALANCE = Balance()
"""The balance that leaves a picture unchanged."""


_Term = Annotated[float, Field(ge=-1000.0, le=1000.0)]
"""A term of a map of logarithms; the bounds only exclude damage."""
_Row = tuple[_Term, _Term, _Term, _Term]


class DyeBalance(Noun):
    """What the dyes of a film have lost, an estimate, and what undoes it.

    `lost` are the shares of cyan, magenta and yellow, relative to magenta, negative for a dye that
    has lost less. `log_map`, 3 rows of 4, is the affine map of `unfade.color.log_light.logarithm`.
    """

    lost: tuple[float, float, float]
    log_map: tuple[_Row, _Row, _Row]

    def in_words(self) -> str:
        """The losses, as sentences give them."""
        cyan, _, yellow = (
            f"{abs(share):.0%} {'less' if share < 0 else 'more'}".replace("%", " %")
            for share in self.lost
        )
        return f"cyan {cyan} than magenta, yellow {yellow} than magenta"


MeasuredBalance = Literal["auto", "dyes"]
"""How a balance is measured: neutral lift, gamma and gain, or losses of dyes."""

FilmGrade = Balance | DyeBalance
"""What makes a film neutral at the model's input."""


def dye_losses(grade: FilmGrade) -> str:
    """A sentence on estimated losses of dyes; empty if a balance undoes none."""
    if not isinstance(grade, DyeBalance):
        return ""
    return (
        "The model saw the scan with the losses of its dyes undone, which are an estimate from the "
        f"scan alone: {grade.in_words()}."
    )


class FilmBalance(Artefact):
    """The balance of a film, which is applied to the source before the model."""

    SCHEMA = "FilmBalance.1"
    PATH = "02-curate/balance.json"

    grade: FilmGrade
