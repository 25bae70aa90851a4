"""Which pairs teach or judge."""

from unfade.film.pair import Pair, PairKind, PairRole, counting_pairs


def pair(source: int, shot: int, kind: PairKind, role: PairRole) -> Pair:
    return Pair(source=source, picture=f"{source}.exr", shot=shot, kind=kind, role=role)


def test_a_constructed_pair_judges_only_where_no_direct_pair_is() -> None:
    pairs = [
        pair(1, 1, "direct", "train"),
        pair(2, 1, "constructed", "train"),
        pair(3, 1, "constructed", "holdout"),
        pair(4, 1, "constructed", "test"),
        pair(5, 2, "constructed", "holdout"),
        pair(6, 1, "direct", "test"),
    ]
    assert [one.source for one in counting_pairs(pairs)] == [1, 2, 5, 6]
