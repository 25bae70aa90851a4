"""The search for a pair's registration."""

import numpy as np

from unfade.align.identity_framing import identity_registration
from unfade.align.prepare import PreparedPair
from unfade.align.transform.register import Registration
from unfade.align.transform.shared_framing import align_pair


def search(
    one: PreparedPair, shared: Registration | None, framings: list[np.ndarray]
) -> Registration | None:
    """The registration of a pair without control points; None if the search finds none.

    Args:
        one: the pair.
        shared: the framing that the pairs of the reference share.
        framings: result of `identity_framings`.
    """
    if one.pair.aligned:
        return Registration(np.eye(3), 0)
    if (identity := identity_registration(one, framings)) is not None:
        return identity
    searched = align_pair(one.luma_pair, shared)
    return (
        searched if searched is None else identity_registration(one, framings, searched) or searched
    )
