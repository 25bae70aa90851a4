"""The README and docs/: every command, option and link exists; the reference is up to date."""

import re
import runpy
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from unfade.commands.app import app
from unfade.film.time import FrameRange
from unfade.project.file import parse_project
from unfade.project.settings import Project
from unfade.project.template import TemplateElement, project_text

from ..fixtures import make_clip

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted((ROOT / "README.md", *DOCS.rglob("*.md")))
GENERATOR = runpy.run_path(str(DOCS / "make_reference.py"))


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [str(block) for block in found]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each command in a shell block, with its page."""
    for page in PAGES:
        for block in blocks(page, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                for words in _split(shlex.split(line, comments=True)):
                    yield name(page), words


def _split(words: list[str]) -> Iterator[list[str]]:
    """The commands of a line, without assignments of environment variables."""
    command: list[str] = []
    for word in [*words, "&&"]:
        if word == "&&":
            if command:
                yield command
            command = []
        elif command or not re.match(r"[A-Z_]+=", word):
            command.append(word)


COMMANDS = list(commands())
OF_UNFADE = [words for _, words in COMMANDS if words[0] == "unfade"]


def test_the_reference_of_film_toml_is_up_to_date() -> None:
    written = (DOCS / "film-toml.md").read_text(encoding="utf-8")
    assert written == GENERATOR["page"](), "run docs/make_reference.py"


def test_the_published_schema_of_provenance_is_up_to_date() -> None:
    written = (DOCS / "provenance.schema.json").read_text(encoding="utf-8")
    assert written == GENERATOR["schema"](), "run docs/make_reference.py"


def keys(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, Any]]:
    """Each key of film.toml with its field."""
    for own, field in model.model_fields.items():
        key = f"{before}{field.alias or own}"
        tables = list(GENERATOR["_models_in"](field.annotation))
        if before:
            yield key, field
        for table in tables:
            yield from keys(table, f"{key}.")


KEYS = dict(keys(Project))


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_its_meaning_in_the_reference(key: str) -> None:
    assert KEYS[key].description
    inherited = key.startswith("reference.") and key != "reference.name"
    heading = key.replace("reference.", "source.") if inherited else key
    assert f"\n### {heading}\n" in (DOCS / "film-toml.md").read_text(encoding="utf-8")


UNITLESS = {"train.learning_rate", "train.seed", "render.version", "ingest.balance.gamma"}


@pytest.mark.parametrize("key", [key for key, field in KEYS.items() if key not in UNITLESS])
def test_every_number_has_a_unit(key: str) -> None:
    parts = str(KEYS[key].annotation)
    is_number = re.search(r"\b(int|float|Fraction)\b", parts) and "Balance" not in parts
    assert not is_number or "unit" in KEYS[key].json_schema_extra


def test_readme_and_docs_show_film_toml() -> None:
    assert blocks(ROOT / "README.md", "toml")
    assert sum(len(blocks(page, "toml")) for page in PAGES) >= 8


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_film_toml_in_the_docs_can_be_loaded(page: Path) -> None:
    for block in blocks(page, "toml"):
        missing = {"film": '[film]\ntitle = "x"\n', "source": '[source]\npath = "a"\n'}
        found = tomllib.loads(block)
        head = "".join(text for section, text in missing.items() if section not in found)
        if "reference" not in found:
            block += '\n[reference]\npath = "b"\n'
        assert parse_project(head + block, page).has_colour()


def test_the_docs_do_not_declare_a_table_of_a_new_film_toml_again() -> None:
    """A table that `unfade new` writes has a comment that says so."""
    clip = make_clip("a", FrameRange(first=0, last=9), 64, 48)
    element = TemplateElement("a", "a", clip)
    present = {*tomllib.loads(project_text("x", element, [element]))}
    for page in sorted(DOCS.rglob("*.md")):
        for block in blocks(page, "toml"):
            bare = {*re.findall(r"^\[(\w+)\]$", block, re.MULTILINE)}
            assert not bare & present, name(page)


def commands_of(command: Any) -> dict[str, Any]:
    """The commands of a group by name; empty for a single command."""
    return getattr(command, "commands", {})


def parse(words: list[str]) -> None:
    """Checks names and values of a command of the docs, and runs nothing."""
    command: Any = typer.main.get_command(app)
    arguments = words[1:]
    while (below := commands_of(command)) and arguments[0] not in ("--help", "--version"):
        assert arguments[0] in below, f"there is no command '{arguments[0]}'"
        command, arguments = below[arguments[0]], arguments[1:]
    if arguments not in (["--help"], ["--version"]):
        command.make_context("unfade", arguments)


@pytest.mark.parametrize("words", OF_UNFADE, ids=" ".join)
def test_every_command_and_option_in_the_docs_exists(words: list[str]) -> None:
    parse(words)


@pytest.mark.parametrize(
    "wrong",
    [
        "unfade rum film.toml",
        "unfade pairs lisp film.toml",
        "unfade run film.toml --untill train",
        "unfade pairs why film.toml",
        "unfade pairs drop film.toml twelve",
    ],
)
def test_a_command_that_does_not_exist_fails(wrong: str) -> None:
    with pytest.raises(Exception, match=r"there is no|such option|issing|integer"):
        parse(wrong.split())


def test_the_docs_name_every_command() -> None:
    assert {*commands_of(typer.main.get_command(app))} <= {words[1] for words in OF_UNFADE}


def test_every_make_target_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {words[1] for _, words in COMMANDS if words[0] == "make"}
    assert named
    assert named <= targets


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MyST name them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_has_a_target(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def messages() -> list[str]:
    """The messages in the page on troubleshooting; … stands for a part that differs."""
    text = (DOCS / "troubleshooting.md").read_text()
    parts = [text.partition(f"\n## What {who} says\n")[2] for who in ("the verdict", "a command")]
    tables = [part.partition("\n## ")[0] for part in parts]
    rows = re.findall(r"^\| (.+?) \|", "\n".join(tables), re.MULTILINE)
    return [row for row in rows if row not in ("sentence", "message", "---")]


@pytest.fixture(scope="module")
def words_of_the_program() -> str:
    """The source code, with each message that spans lines joined into one."""
    files = sorted((ROOT / "src/unfade").rglob("*.py"))
    return "\n".join(re.sub(r'"\s*\n\s*f?"', "", file.read_text()) for file in files).lower()


@pytest.mark.parametrize("message", messages())
def test_every_message_in_troubleshooting_is_one_of_the_program(
    message: str, words_of_the_program: str
) -> None:
    for part in message.lower().replace('"', '\\"').split("…"):
        assert part.strip() in words_of_the_program, part


def test_the_tests_that_pages_name_exist() -> None:
    named = {test for page in PAGES for test in re.findall(r"`(test_\w+)`", page.read_text())}
    sources = [path.read_text() for path in (ROOT / "tests").rglob("*.py")]
    defined = {test for text in sources for test in re.findall(r"^def (test_\w+)", text, re.M)}
    assert len(named) > 20
    assert named <= defined
