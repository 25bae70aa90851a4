"""The rounds of improvement: pairs that were added, what they changed, and why it ended."""

from unfade.film.noun import Artefact, Noun


class AddedPair(Noun):
    """A frame that a round added as a training pair, its shot, and the reason in words."""

    source: int
    shot: int
    why: str


class Round(Noun):
    """A round; number 0 is the film before the first. Errors are mean CIEDE2000.

    `added` are the pairs that training used and that film.toml still lists after the round.
    `pairs` counts the admitted training pairs. `held_out` is over the hold-out pairs, which choose
    whether a round stays; `by_shot` the same of each shot, by its number. `tested` is over the test
    pairs, which choose nothing; None without such pairs, or if the round was undone. `outliers`
    counts outlier frames of the validation range, `verdict` is that of the report; None if the
    round was undone.
    """

    number: int
    added: tuple[AddedPair, ...] = ()
    pairs: int
    held_out: float
    by_shot: dict[int, float]
    tested: float | None = None
    outliers: int | None = None
    verdict: str | None = None
    kept: bool = True


class Improvement(Artefact):
    """All rounds of the last run, and in words why there were no more; None while it goes on.

    `settled` are the shots that more pairs did not help. The next run leaves them alone if the
    film is as the last kept round left it. `earlier` are the kept rounds of earlier runs that added
    pairs which film.toml still lists.
    """

    SCHEMA = "Improvement.1"
    PATH = "09-improve/rounds.json"

    rounds: tuple[Round, ...]
    ended: str | None
    settled: tuple[int, ...] = ()
    earlier: tuple[Round, ...] = ()
