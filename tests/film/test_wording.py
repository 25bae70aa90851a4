from unfade.film.wording import counted


def test_a_noun_is_singular_after_one_alone() -> None:
    assert [counted(number, "hold-out pair") for number in (0, 1, 2)] == [
        "0 hold-out pairs",
        "1 hold-out pair",
        "2 hold-out pairs",
    ]
