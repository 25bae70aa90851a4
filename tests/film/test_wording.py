from markupsafe import Markup

from unfade.film.wording import counted, for_page


def test_a_noun_is_singular_after_one_alone() -> None:
    assert [counted(number, "hold-out pair") for number in (0, 1, 2)] == [
        "0 hold-out pairs",
        "1 hold-out pair",
        "2 hold-out pairs",
    ]


def test_a_page_writes_out_what_steers_or_turns_a_text() -> None:
    assert for_page("a\x1b[2J\u202eb\r\nc\td\u2028\x7f") == "a\\x1b[2J\\u202eb\nc\td\\u2028\\x7f"
    harmless = "e\u0301 \u05d0 \U0001f468\u200d\U0001f469"
    assert for_page(harmless) == harmless
    assert for_page(3) == 3
    assert for_page(Markup("<b>\u202e</b>")) == Markup("<b>\u202e</b>")
