"""The method by which each shot gets its colour, and who or what chose it."""

from functools import cached_property
from typing import Literal

from unfade.film.noun import Noun

Method = Literal["networks", "law", "lut"]
"""The networks on top of the closed form, the closed-form law alone, or the LUT of the report."""

MethodSetting = Literal["auto", "networks", "law", "lut"]
"""A method for the whole film, or "auto" for the choice that train made for each shot."""

METHODS: tuple[Method, ...] = ("networks", "law", "lut")
"""All methods, the default first."""

ChosenBy = Literal["shot", "film", "default", "person"]

CHOSEN_BY_WORDS: dict[ChosenBy, str] = {
    "shot": "hold-out pairs of the shot",
    "film": "hold-out pairs of the film",
    "default": "default, without a hold-out pair",
    "person": "a person",
}
"""What chose a method, for headers and pages."""


class MethodErrors(Noun):
    """Mean CIEDE2000 of each method over whole pictures of hold-out pairs, at source luma."""

    networks: float
    law: float
    lut: float


class ChosenMethod(Noun):
    """A method and what chose it.

    `errors` are those on the shot's own hold-out pairs, or on the film's if the shot has none; None
    if the film has none.
    """

    method: Method = "networks"
    chosen_by: ChosenBy = "default"
    errors: MethodErrors | None = None

    def chosen_by_in_words(self) -> str:
        """What chose the method, such as "hold-out pairs of the shot"."""
        return CHOSEN_BY_WORDS[self.chosen_by]


class ShotMethod(ChosenMethod):
    """The method of a shot that has hold-out pairs."""

    shot: int


class Methods(Noun):
    """The methods of a film: `shots` are those with hold-out pairs, all others follow `film`."""

    film: ChosenMethod = ChosenMethod()
    shots: tuple[ShotMethod, ...] = ()

    def of(self, shot: int) -> ChosenMethod:
        """The method of a shot."""
        return self._by_shot.get(shot, self.film)

    @cached_property
    def _by_shot(self) -> dict[int, ShotMethod]:
        return {one.shot: one for one in self.shots}

    def used(self, setting: MethodSetting) -> "Methods":
        """The methods in use with a setting of film.toml: these, or a person's for all shots."""
        if setting == "auto":
            return self
        choice = {"method": setting, "chosen_by": "person"}
        return Methods(
            film=self.film.model_copy(update=choice),
            shots=tuple(one.model_copy(update=choice) for one in self.shots),
        )
