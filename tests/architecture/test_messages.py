"""The form of every sentence that a user can meet, and the list of all of them.

An error is one sentence: the thing, what is wrong with it, and after a semicolon what to do.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache

import pytest

from . import messages
from .messages import Message, literal

UNRESOLVED = {
    "commands/console.py: say: self.line()": "the line of progress, drawn from counts",
    "commands/failures.py: failure: usage_message(error)": "the help of a verb without arguments",
    "commands/pair_verbs.py: print: sentence": "the sentences of work/why.py, which are no errors",
    "commands/stages.py: print: film.decision": "the decision of a person, in their words",
    "curate/stage.py: say: sentence": "the remarks, which are listed where they are written",
    "media/stills/sequences.py: MediaError: str(error)": "a ValueError of film/file_pattern.py",
    "pipeline/verify.py: VerificationError: faults": "the faults, listed where they are written",
    "pipeline/watch.py: say: message": "what is said elsewhere, and listed there",
    "project/file.py: ProjectError: explain_options(error, section, options)": (
        "a ValueError of a section, with options in the place of its keys"
    ),
    "studio/pages.py: answer: str(error)": "the error of a page, listed where it is raised",
    "studio/pair_laying.py: ProjectError: str(error)": "a ValueError of align/placed_by_hand.py",
    "studio/pair_laying.py: ProjectError: str(words)": "a ValueError of film/control_points.py",
}
"""Messages that the syntax tree does not show, with what they are."""

DEFECTS = {
    "drawing/sheets.py",
    "geometry/crop.py",
    "media/movies/writer.py",
    "media/reading.py",
    "media/stills/process_history.py",
}
"""Modules whose ValueErrors mean a wrong call, which no input of a user makes."""

IN_BRACKETS = {
    "deliver/bag.py",
    "film/alignment.py",
    "film/cadence.py",
    "film/clip.py",
    "film/construction.py",
    "film/damage.py",
    "film/match.py",
    "film/noun.py",
    "film/pair.py",
    "film/time.py",
    "film/upgrades.py",
    "media/content_credentials.py",
    "model/files.py",
    "model/tensor_shapes.py",
    "project/file.py",
    "render/record.py",
    "studio/pictures/masters.py",
    "work/receipt.py",
    "work/record_files.py",
}
"""Modules whose ValueErrors say in brackets why an error arose, which itself says what to do."""

REMEDY = re.compile(
    r"(first |or |and |then )?(add|ask|change|check|choose|close|connect|convert|correct|"
    r"create|cut|drop|edit|exchange|export|fill|give|go|hide|ingest|install|leave|let|"
    r"load|look|make|mark|mend|mount|move|name|number|open|place|paint|"
    r"put|raise|remove|rename|render|repeat|replace|report|restore|run|save|"
    r"scale|scan|see|set|shorten|spread|start|stop|swap|take|type|use|verify|"
    r"wait|write)\b"
)
"""Words that begin what a person can do."""

PROGRAMMERS = "api.py"
"""The module whose readers know the types of Python."""


@cache
def found() -> tuple[list[Message], list[str]]:
    return messages.Package().messages()


def sentences() -> list[Message]:
    """All messages but those of wrong calls."""
    return [one for one in found()[0] if one.kind != "ValueError" or one.module not in DEFECTS]


def errors() -> list[Message]:
    """The errors, and the parts of errors that end them; Ctrl-C is none."""
    spoken = {"say", "print", "remark"}
    parts = {"ValueError", "SchemaError"}
    return [
        replace(one, template=one.template.removeprefix("unfade: "))
        for one in sentences()
        if one.kind not in spoken
        and not (one.kind in parts and one.module in IN_BRACKETS)
        and not one.template.startswith("unfade: stopped")
    ]


def test_the_lists_of_modules_hold_no_stale_entry() -> None:
    modules = {one.module for one in found()[0] if one.kind in ("ValueError", "SchemaError")}
    assert modules >= DEFECTS | IN_BRACKETS
    assert not DEFECTS & IN_BRACKETS


def assert_none(wrong: Iterable[Message]) -> None:
    """Shows the messages that have not the form, one a line."""
    lines = [f"{one.module}: {one.kind}: {one.shown()}" for one in wrong]
    assert not lines, "\n".join(lines)


def test_every_message_is_in_the_list() -> None:
    expected = messages.GOLDEN_FILE.read_text(encoding="utf-8")
    assert messages.text_of(found()[0]) == expected, (
        "if the change of a message is meant, read its new line in the list that "
        "'python tests/architecture/messages.py' writes"
    )


def test_every_message_can_be_followed_to_its_text() -> None:
    assert found()[1] == sorted(UNRESOLVED)


def is_one_line(text: str) -> bool:
    return "\n" not in text


def is_one_sentence(text: str) -> bool:
    return not text.endswith(".") and not re.search(r"[^.]\. ", text)


def has_single_spaces(text: str) -> bool:
    return "  " not in text and text == text.strip()


def is_calm(text: str) -> bool:
    return "!" not in text and not re.search(r"\b(please|sorry|oops)\b", text, re.IGNORECASE)


def has_straight_quotes(text: str) -> bool:
    return not re.search("[\u2018-\u201f`]", text)


def says_what_is_wrong(text: str) -> bool:
    return not re.search(r"\b(invalid|error:|failed to)", text, re.IGNORECASE)


def starts_small(text: str) -> bool:
    """Whether it starts without a capital, except in a name such as C2PA."""
    return not re.match(r"[A-Z][a-z]+(?![-a-z])", text)


def quotes_keys(text: str) -> bool:
    """Whether keys of film.toml are in quotes, so that they stand out from words."""
    sections = "film|source|reference|pair|curate|align|target|train|render|validate|deliver"
    return not re.search(rf"(?<!['\w/.])({sections})\.(?!toml)[a-z]\w*", text)


def has_units(text: str) -> bool:
    """Whether a size says that it is in pixels."""
    return not re.search(r"\{\} x \{\}", text) or "pixel" in text


FORM = {
    is_one_line: "{}: is missing\nrestore it",
    is_one_sentence: "{}: is missing. Restore it",
    has_single_spaces: "{}: is  missing",
    is_calm: "{}: is missing; please restore it",
    has_straight_quotes: "the \u201creference\u201d is missing",
    says_what_is_wrong: "{}: invalid value",
    starts_small: "Sealing {} files",
    quotes_keys: "{}: set render.strict to false",
    has_units: "{}: is {} x {}",
}
"""Rules for every sentence, each with one that breaks it."""


@pytest.mark.parametrize("rule", FORM)
def test_sentences_have_one_form(rule: Callable[[str], bool]) -> None:
    spoken = [one for one in sentences() if one.kind not in ("print", "remark")]
    assert_none(one for one in spoken if not rule(literal(one.template)))


def test_no_message_shows_what_only_a_programmer_can_read() -> None:
    code = re.compile(r"__name__|!r\}|\brepr\(|\b[A-Z]\w+Error\b|NoneType|<class")
    readers = [one for one in sentences() if one.module != PROGRAMMERS]
    assert_none(one for one in readers if code.search(one.template))


def starts_with_the_thing(text: str) -> object:
    """Whether a sentence starts with a file, a key, an option, a quoted name, or a noun."""
    names = r"\{\}|'|--|film\.toml|(source )?frame |standard output "
    return re.match(rf"({names}|the |this |a |an |two |no |there (is|are) )", text)


def test_an_error_starts_with_the_thing() -> None:
    whole = [one for one in errors() if one.kind != "ValueError"]
    assert_none(one for one in whole if not starts_with_the_thing(literal(one.template)))


def says_what_to_do(text: str) -> bool:
    """Whether something after a semicolon is to be done, or the sentence of a ValueError ends it,
    which says that itself."""
    for clause in text.split("; ")[1:]:
        if any(REMEDY.match(part) for part in re.split(r"[,:] ", clause)):
            return True
        if clause.startswith(("the nearest", "{}")):
            return True
    return text == "{}" or text.endswith(": {}")


@pytest.mark.parametrize("rule", [*FORM, starts_with_the_thing, says_what_to_do])
def test_each_rule_finds_a_sentence_that_breaks_it(rule: Callable[[str], object]) -> None:
    assert not rule(FORM.get(rule, "cannot read {}; it is damaged"))
    assert rule("{}: is {} x {} pixels, not 'source.live_area'; restore the file")


def test_an_error_says_what_to_do() -> None:
    assert_none(one for one in errors() if not says_what_to_do(literal(one.template)))
