"""File names are printed literally, whatever characters they have."""

import io
import sys
import time

import pytest

from unfade.commands import app as cli
from unfade.commands import console
from unfade.commands.console import ProgressLines
from unfade.commands.terminal import REFRESHES_A_SECOND, LiveArea, terminal

NAME = "reel [b] [/b] [1976] :smile: 50%"


def test_a_terminal_prints_names_literally(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with LiveArea(terminal()) as area:
        area.say(f"{NAME}: is there")
        for _ in area.track([1, 2], NAME, 2):
            time.sleep(1 / REFRESHES_A_SECOND)
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
