"""File names are printed literally, whatever characters they have."""

import ast
import io
import sys
import time
from pathlib import Path

import pytest

from unfade.commands import app as cli
from unfade.commands import console
from unfade.commands.console import ProgressLines
from unfade.commands.failures import FailureReporter
from unfade.commands.terminal import REFRESHES_A_SECOND, LiveArea, plain_table, show, terminal
from unfade.errors import UnfadeError

NAME = "reel [b] [/b] [1976] :smile: 50%"


def show_live(monkeypatch: pytest.MonkeyPatch, said: str, label: str) -> None:
    """Shows a line and a bar on a terminal of 200 columns."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with LiveArea(terminal()) as area:
        area.say(said)
        for _ in area.track([1, 2], label, 2):
            time.sleep(1 / REFRESHES_A_SECOND)


def test_a_terminal_prints_names_literally(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show_live(monkeypatch, f"{NAME}: is there", NAME)
    output = capsys.readouterr().out
    assert f"{NAME}: is there" in output
    assert output.count(NAME) >= 2


def test_names_that_are_not_utf8_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="utf-8"))
    console.escape_unencodable()
    ProgressLines().say("r\udce9el: is there")
    assert written.getvalue() == b"r\\udce9el: is there\n"


def test_names_on_the_command_line_that_are_not_utf8_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["unfade", "new", "w", "--source", "r\udce9el.mkv"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2
    assert "r\\xe9el.mkv: its name has bytes that are not UTF-8" in capsys.readouterr().err


HOSTILE = "reel\x1b[2J\x07\x9b31m\u202elxe.\r\ud800"
WRITTEN_OUT = "reel\\x1b[2J\\x07\\x9b31m\\u202elxe.\\r\\ud800"


def test_what_would_steer_a_terminal_is_written_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    console.tell(HOSTILE)
    ProgressLines().say(HOSTILE)
    table = plain_table("name")
    table.add_row(HOSTILE)
    show(table)
    assert capsys.readouterr().out.count(WRITTEN_OUT) == 3


def test_a_live_area_writes_out_what_would_steer_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show_live(monkeypatch, HOSTILE, HOSTILE)
    output = capsys.readouterr().out
    assert output.count(WRITTEN_OUT) >= 2
    assert HOSTILE[:8] not in output


def test_commands_print_only_through_tell() -> None:
    """`print` would let a name or a note of a stranger steer the terminal."""
    printing = [
        file.name
        for file in Path(console.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert sorted(printing) == ["console.py", "failures.py", "failures.py"]


@pytest.mark.parametrize("error", [UnfadeError(HOSTILE), PermissionError(13, "no", HOSTILE)])
def test_an_error_is_one_line_without_control_characters(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit), FailureReporter(()):
        raise error
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert "reel\\x1b[2J" in line
