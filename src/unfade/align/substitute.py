"""Substitutes for rejected pairs."""

from collections.abc import Iterable

from unfade.film.pair import Pair, Rejection


def substitutes(
    rejected: Iterable[Rejection], alternates: tuple[Pair, ...], tried: Iterable[Pair]
) -> dict[Pair, Pair]:
    """The next pair to try for each rejected pair of the machine: substitute to rejected pair.

    A substitute has the same shot and role. The same frame with another reference comes first, then
    another frame that has not been tried.

    Args:
        rejected: rejections without a substitute.
        alternates: alternates, in order of preference.
        tried: all pairs so far.
    """
    used, frames = {*tried}, {pair.source for pair in tried}
    replaced: dict[Pair, Pair] = {}
    for rejection in rejected:
        rejected_pair = rejection.pair
        if rejected_pair.chosen_by == "person":
            continue
        candidates = [
            pair
            for pair in alternates
            if (pair.shot, pair.role) == (rejected_pair.shot, rejected_pair.role)
            and pair not in used
            and (pair.source == rejected_pair.source or pair.source not in frames)
        ]
        if candidates:
            best = min(candidates, key=lambda pair: pair.source != rejected_pair.source)
            replaced[best] = rejected_pair
            used.add(best)
            frames.add(best.source)
    return replaced
