"""What takes the place of a pair that was turned down."""

from collections.abc import Iterable

from unfade.film.pair import Pair, Rejection


def substitutes(
    rejected: Iterable[Rejection], standing_by: tuple[Pair, ...], tried: Iterable[Pair]
) -> dict[Pair, Pair]:
    """The next pair to try for each of the machine's that was turned down: by it, what it replaces.

    It is of the same shot and role: the same frame in another reference, or else another frame
    that has not been tried.

    Args:
        rejected: those that have no substitute yet.
        standing_by: alternates, in order of preference.
        tried: all pairs so far.
    """
    known, frames = {*tried}, {pair.source for pair in tried}
    found: dict[Pair, Pair] = {}
    for one in rejected:
        gone = one.pair
        if gone.chosen_by == "person":
            continue
        fitting = [
            pair
            for pair in standing_by
            if (pair.shot, pair.role) == (gone.shot, gone.role)
            and pair not in known
            and (pair.source == gone.source or pair.source not in frames)
        ]
        if fitting:
            best = min(fitting, key=lambda pair: pair.source != gone.source)
            found[best] = gone
            known.add(best)
            frames.add(best.source)
    return found
